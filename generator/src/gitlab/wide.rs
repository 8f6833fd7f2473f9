//! What lists of groups and of the instance say otherwise than the list of one project does.

use super::Place;

/// Lists whose records hold more than those of one project.
///
/// Source: `lib/api/entities/package.rb` in GitLab's repository: `project_id` and `project_path` come with the packages
/// of a group alone.
const FULLER: [(&str, &str); 1] =
    [("/groups/{}/packages", "its records have a `project_path`, and those of a project do not")];

/// Fields that are told from where the list stands, and those that hold what they say in the list of a project.
///
/// Source: `lib/api/entities/issuable_references.rb`: `relative` is what one would write in the group, or in the project,
/// that was asked; in its own project, that is `short`.
const RELATIVE: [(&str, &str); 1] = [("references.relative", "references.short")];

/// Why the records of a wide list are others, if they are.
pub(crate) fn differs_widely(place: &Place) -> Option<&'static str> {
    FULLER.iter().find(|(pattern, _)| place.is(pattern)).map(|(_, why)| *why)
}

/// Fields of a wide list that say what others do.
pub(crate) fn relative_fields(place: &Place) -> &'static [(&'static str, &'static str)] {
    if place.is_nowhere() { &[] } else { &RELATIVE }
}
