//! Yours: filter, change or drop records before they are loaded. Written once, never touched by an update.
//!
//! [`record`] is called for every record of every resource. What is below a record (the notes of an issue) is fetched
//! by the record as GitLab sent it, so a changed or removed field breaks nothing; a record that is dropped starts
//! nothing below it. The columns of the parent in a child's table hold what GitLab sent, too.

use crate::page::{Keep, Record};
use crate::resource::Resource;

/// Says whether the record is loaded, and may change it first.
///
/// ```ignore
/// match resource.name {
///     // No bots.
///     "users" if record.get("bot") == Some(&true.into()) => return Keep::No,
///     // No addresses.
///     "project_commits" => {
///         record.shift_remove("author_email");
///         record.shift_remove("committer_email");
///     }
///     _ => {}
/// }
/// ```
#[allow(unused_variables)]
pub fn record(resource: &Resource, record: &mut Record) -> Keep {
    Keep::Yes
}
