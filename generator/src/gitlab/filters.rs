//! Filters that hide rows unless told otherwise, and filters that must be sent in pairs.

use super::Place;

/// Query parameters to send so that nothing is hidden.
///
/// Source: the defaults in GitLab's document and documentation of each endpoint.
const HIDDEN: [(&str, &str, &str); 14] = [
    ("/issues", "scope", "all"),
    ("/merge_requests", "scope", "all"),
    ("/issues_statistics", "scope", "all"),
    ("/issues", "non_archived", "false"),
    ("/groups/{}/issues", "non_archived", "false"),
    ("/groups/{}/merge_requests", "non_archived", "false"),
    ("/groups/{}/projects", "with_shared", "false"),
    ("/groups/{}", "with_projects", "false"),
    ("/groups/{}/epics", "include_descendant_groups", "false"),
    ("/projects/{}/vulnerability_findings", "scope", "all"),
    ("/projects/{}/repository/commits", "all", "true"),
    ("/projects/{}/repository/commits", "with_stats", "true"),
    ("/projects/{}/repository/tree", "recursive", "true"),
    ("/projects/{}/pipelines/{}/jobs", "include_retried", "true"),
];

pub(crate) fn hidden_filters(place: &Place) -> impl Iterator<Item = (&'static str, &'static str)> {
    HIDDEN.iter().filter(|(pattern, ..)| place.is(pattern)).map(|(_, name, value)| (*name, *value))
}

/// What a time bound needs beside it to work.
///
/// Source: `updated_after` of projects has an effect only with `order_by=updated_at`; deployments refuse a bound that
/// is not paired with the same order (GitLab's documentation and `deployments_finder.rb`).
pub(crate) fn needs(place: &Place, param: &str) -> Option<&'static str> {
    match param {
        _ if place.is_nowhere() => None,
        "updated_after" => Some("updated_at"),
        "finished_after" => Some("finished_at"),
        "last_activity_after" => Some("last_activity_at"),
        _ => None,
    }
}

/// Filters that take `None` and `Any` beside ids and numbers, which documents of version 2 call numbers alone, and lists
/// where those call them texts.
///
/// Source: the validators `integer_none_any` and `array_none_any` of `lib/api` in GitLab's repository.
const NONE_OR_ANY: [&str; 8] = [
    "approved_by_ids",
    "approved_by_usernames",
    "approver_ids",
    "assignee_id",
    "epic_id",
    "iteration_id",
    "reviewer_id",
    "weight",
];

/// Whether a filter takes more than its declared type says.
pub(crate) fn takes_none_or_any(param: &str) -> bool {
    let bare = param.strip_prefix("not[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(param);
    NONE_OR_ANY.contains(&bare)
}
