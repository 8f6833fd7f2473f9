//! How GitLab's paths are read aloud.

use super::Place;

/// Collections that GitLab has in several places, so that what lies below one has to say below which.
///
/// Source: GitLab's documentation, by the paths of each collection.
const SEVERAL_HOMES: [&str; 33] = [
    "access_requests",
    "access_tokens",
    "approval_rules",
    "audit_events",
    "award_emoji",
    "badges",
    "boards",
    "clusters",
    "custom_attributes",
    "debian_distributions",
    "deploy_tokens",
    "discussions",
    "events",
    "hooks",
    "integrations",
    "invitations",
    "iterations",
    "labels",
    "lists",
    "members",
    "members_all",
    "milestones",
    "notes",
    "notification_settings",
    "protected_branches",
    "protected_environments",
    "repository_storage_moves",
    "service_accounts",
    "uploads",
    "variables",
    "wiki_pages",
    "wikis",
    "work_items",
];

/// Whether a collection, its literals joined by `_`, has several places in GitLab.
pub(crate) fn has_several_homes(collection: &str) -> bool {
    SEVERAL_HOMES.contains(&collection)
}

/// Parts of paths that only say where a collection is kept: the branches of a repository are the project's.
pub(crate) fn is_noise(literal: &str) -> bool {
    literal == "repository"
}

/// What an endpoint is about: its first literal below a project or group.
pub(super) fn topic(place: &Place) -> &str {
    let mut literals = place.literals();
    let root = literals.next().unwrap_or_default();
    let below = literals.find(|literal| !is_noise(literal));
    match (root, below) {
        ("projects" | "groups", Some(below)) => below,
        _ => root,
    }
}
