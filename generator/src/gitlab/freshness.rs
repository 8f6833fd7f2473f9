//! How often lists change, and what tells that they have.
//!
//! A project's `last_activity_at` moves with its events: pushes, what is opened, closed, merged, approved or commented,
//! milestones opened and closed, people who join and leave (`EventCreateService` and `Event#reset_project_activity` in
//! GitLab's code), once an hour at most. Edits, labels put on, scheduled pipelines, jobs that end and whatever an
//! administrator sets are no events.

use std::time::Duration;

use super::Place;

/// How long a list may be left alone once it is read; zero: every run asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refresh {
    /// Whatever happens.
    pub every: Duration,
    /// While the project shows no activity.
    pub quiet: Duration,
}

/// The field of a record that says when something happened below it, and how late that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    pub field: &'static str,
    pub grain: Duration,
}

const DAY: Duration = Duration::from_hours(24);

/// What may be missed of what activity does not tell of comes so soon.
const QUARTER: Duration = Duration::from_hours(6);

/// What is set up and seldom changed, in few rows and without a bound on time (the pages of GitLab's REST API on each). All
/// words of a path below a project or a group have to be of these.
const SLOW: [&str; 44] = [
    "access_requests",
    "approval_rules",
    "approval_settings",
    "approvals",
    "badges",
    "boards",
    "cluster_agents",
    "custom_attributes",
    "deploy_keys",
    "deploy_tokens",
    "epic_boards",
    "external_status_checks",
    "feature_flags",
    "feature_flags_user_lists",
    "freeze_periods",
    "groups",
    "hooks",
    "integrations",
    "invited_groups",
    "iterations",
    "job_token_scope",
    "labels",
    "languages",
    "ldap_group_links",
    "lists",
    "members",
    "metric_images",
    "milestones",
    "pipeline_schedules",
    "protected_branches",
    "protected_environments",
    "protected_tags",
    "push_rule",
    "registry",
    "remote_mirrors",
    "repositories",
    "runners",
    "saml_group_links",
    "services",
    "share_locations",
    "snippets",
    "templates",
    "users",
    "variables",
];

/// Below a project, by the first word: what a push or an event is the only way to change.
const TOLD: [&str; 2] = ["events", "repository"];

/// The same, where most of what changes is an event.
const MOSTLY_TOLD: [&str; 9] = [
    "deployments",
    "environments",
    "issues",
    "jobs",
    "merge_requests",
    "packages",
    "pipelines",
    "releases",
    "wikis",
];

/// How long it may be left alone, and why; `None`: every run asks for it.
pub(crate) fn refresh(place: &Place) -> Option<(Refresh, &'static str)> {
    let slow = Refresh { every: DAY, quiet: DAY };
    if place.is("/projects/{}/repository/contributors") {
        return Some((slow, "a summary of all commits, which GitLab counts anew for each request"));
    }
    if place.below_a_start().is_some_and(|mut words| words.all(|word| SLOW.contains(&word))) {
        return Some((slow, "it is set up and seldom changed"));
    }
    let is_told = |words: &[&str]| place.in_project().is_some_and(|word| words.contains(&word));
    if is_told(&TOLD) {
        let quiet = Refresh { every: Duration::ZERO, quiet: DAY };
        return Some((quiet, "pushes and events are activity of the project, and nothing else changes it"));
    }
    let quiet = Refresh { every: Duration::ZERO, quiet: QUARTER };
    is_told(&MOSTLY_TOLD).then_some((
        quiet,
        "most of what changes it is activity of the project; edits, schedules and jobs that end are not",
    ))
}

/// What tells of activity (the Projects API: `last_activity_at`). An event within the hour after another does not move
/// it, and events may be written an hour late.
pub(crate) fn activity(place: &Place) -> Option<Activity> {
    place.is("/projects").then_some(Activity { field: "last_activity_at", grain: Duration::from_hours(2) })
}
