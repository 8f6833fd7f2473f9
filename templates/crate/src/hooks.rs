//! Yours: filter, change or drop records before they are loaded. Written once, never touched by an update.
//!
//! A hook is called for every record of its resource. What is below a record (the notes of an issue) is fetched by the
//! record as GitLab sent it, so a changed or removed field breaks nothing; a record that is dropped starts nothing
//! below it. The columns of the parent in a child's table hold what GitLab sent, too.

use gitlab_pipeline::Hooks;

/// What happens to records, by resource.
///
/// ```ignore
/// use gitlab_pipeline::{Hooks, Keep};
///
/// Hooks::new()
///     // No bots.
///     .on("users", |record| if record.get("bot") == Some(&true.into()) { Keep::No } else { Keep::Yes })
///     // No addresses.
///     .on("project_commits", |record| {
///         record.remove("author_email");
///         record.remove("committer_email");
///         Keep::Yes
///     })
/// ```
pub fn hooks() -> Hooks {
    Hooks::new()
}
