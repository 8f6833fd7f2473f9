//! What a project says of itself: which of its features are switched off, whether anything was ever pushed, and whether it
//! is archived.
//!
//! Source: what GitLab's code forbids where a feature is off (`ProjectPolicy`, the rules `…_disabled`), and the attributes
//! of the Projects API. Only the level `disabled` is off for everybody: what is `private` is there for members.

use super::Place;

/// Something that a record says of itself: a field has one of these values, as JSON writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    pub field: &'static str,
    pub values: &'static [&'static str],
}

/// A list that holds what GitLab writes beside what people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemNotes {
    /// The parameter and the value with which only what people write comes.
    pub without: (&'static str, &'static str),
    /// What a record of the parent says when nobody has written anything.
    pub none: Sign,
}

const DISABLED: &[&str] = &["disabled"];

/// What lies below a project, by its first word, and the levels each of which switches it off. Pipelines are not forbidden
/// where builds are off, as they may be those of another CI, and labels and milestones need both issues and merge
/// requests to be off.
const SWITCHES: [(&[&str], &[&str]); 10] = [
    (&["boards", "issues"], &["issues_access_level"]),
    (&["merge_requests"], &["merge_requests_access_level", "repository_access_level"]),
    (&["jobs", "pipeline_schedules"], &["builds_access_level", "repository_access_level"]),
    (
        &["deployments", "environments"],
        &["environments_access_level", "builds_access_level", "repository_access_level"],
    ),
    (&["pipelines", "repository"], &["repository_access_level"]),
    (&["snippets"], &["snippets_access_level"]),
    (&["wikis"], &["wiki_access_level"]),
    (&["releases"], &["releases_access_level"]),
    (&["feature_flags"], &["feature_flags_access_level"]),
    (&["registry"], &["container_registry_access_level"]),
];

const NO_PACKAGES: Sign = Sign { field: "packages_enabled", values: &["false"] };

/// A repository without a branch. Tags may be left in one.
const NO_BRANCHES: Sign = Sign { field: "empty_repo", values: &["true"] };
const IN_BRANCHES: [&str; 5] = [
    "/projects/{}/languages",
    "/projects/{}/repository/branches",
    "/projects/{}/repository/commits",
    "/projects/{}/repository/contributors",
    "/projects/{}/repository/tree",
];

/// An archived project is read-only (`READONLY_FEATURES_WHEN_ARCHIVED` in `ProjectPolicy`): in these nothing changes.
const ARCHIVED: Sign = Sign { field: "archived", values: &["true"] };
const READ_ONLY: [&str; 16] = [
    "boards",
    "deployments",
    "environments",
    "events",
    "issues",
    "jobs",
    "labels",
    "languages",
    "merge_requests",
    "milestones",
    "pipeline_schedules",
    "pipelines",
    "releases",
    "repository",
    "snippets",
    "wikis",
];

/// Notes: `activity_filter` leaves out those of the system (the Notes API), and `user_notes_count` counts all others, those
/// that the reader may not see as well (`Note.count_for_collection` in GitLab's code).
const SYSTEM_NOTES: SystemNotes = SystemNotes {
    without: ("activity_filter", "only_comments"),
    none: Sign { field: "user_notes_count", values: &["0"] },
};

/// The signs in a record of the project that there is nothing to ask for.
pub(crate) fn unless(place: &Place) -> Vec<Sign> {
    let word = place.on_project();
    let is_below = |words: &[&str]| word.is_some_and(|word| words.contains(&word));
    let levels = SWITCHES.iter().filter(|(words, _)| is_below(words)).flat_map(|(_, levels)| levels.iter());
    let mut signs: Vec<Sign> = levels.map(|level| Sign { field: level, values: DISABLED }).collect();
    signs.extend(is_below(&["packages"]).then_some(NO_PACKAGES));
    signs.extend(place.is_any(&IN_BRANCHES).then_some(NO_BRANCHES));
    signs
}

/// The sign in a record of the project that the list changes no more.
pub(crate) fn frozen(place: &Place) -> Option<Sign> {
    place.on_project().filter(|word| READ_ONLY.contains(word)).map(|_| ARCHIVED)
}

/// Whether the list holds what GitLab itself writes.
pub(crate) fn system_notes(place: &Place) -> Option<SystemNotes> {
    place.is_any(&["**/issues/{}/notes", "**/merge_requests/{}/notes"]).then_some(SYSTEM_NOTES)
}

/// Where GitLab shows the whole of a project.
pub(crate) fn shows_projects(place: &Place) -> bool {
    place.is_any(&["/projects", "/projects/{}", "/groups/{}/projects"])
}
