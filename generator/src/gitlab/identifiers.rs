//! The field by which GitLab looks a record up in a path, whatever a document calls the placeholder.

use super::Place;

/// Collections whose records go by `iid`, the number within their project or group.
///
/// Source: GitLab's page on the REST API, "id vs iid", and `find_project_issue` and its like in `lib/api/helpers.rb`.
const BY_IID: [&str; 5] = [
    "/projects/{}/issues",
    "/projects/{}/merge_requests",
    "/projects/{}/alert_management_alerts",
    "/projects/{}/feature_flags_user_lists",
    "/groups/{}/epics",
];

/// Collections whose records have an `iid` as well, but are looked up by their `id` in the instance.
///
/// Source: `lib/api/milestone_responses.rb`; iterations and requirements are found by `id` too.
const BY_ID: [&str; 5] = [
    "/projects/{}/milestones",
    "/groups/{}/milestones",
    "/projects/{}/iterations",
    "/groups/{}/iterations",
    "/projects/{}/snippets",
];

/// What hangs on an epic as on something to write notes on. The finder behind it takes an `iid` of issues and merge
/// requests alone and an `id` of all else; awards have a finder of their own, which takes the `iid` again.
///
/// Source: `finder_params_by_noteable_type_and_id` in `lib/api/helpers/notes_helpers.rb`, which resource events use as
/// well; `find_group_epic` in its extension of the Enterprise Edition; `lib/api/helpers/award_emoji.rb`.
const OF_NOTEABLES: [&str; 3] = ["/notes", "/discussions", "/resource_"];

/// The field that a placeholder right behind `collection` takes at a place, and why.
pub(crate) fn identifier(collection: &Place, place: &Place) -> Option<(&'static str, &'static str)> {
    let below = place.below(collection).unwrap_or_default();
    let as_noteable = OF_NOTEABLES.iter().any(|what| below.starts_with(what));
    if collection.is("/groups/{}/epics") && as_noteable && !below.contains("/award_emoji") {
        return Some(("id", "GitLab finds the notes and events of an epic by its `id`"));
    }
    if collection.is_any(&BY_IID) {
        return Some(("iid", "GitLab takes the `iid` there"));
    }
    collection.is_any(&BY_ID).then_some(("id", "GitLab takes the `id` there, whatever it is called"))
}
