//! Sets of resources that belong together, by the collection that a path leads to.

use super::{Audience, Place, audience, topic};

/// A named choice of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Groups, projects, and what most people ask of them.
    Core,
    /// Pipelines, jobs, deployments, environments, runners.
    Ci,
    /// Issues, epics, milestones, boards, iterations.
    Planning,
    /// Vulnerabilities, dependencies, protection rules, audit events.
    Security,
    /// What an administrator of an instance sees.
    Admin,
    /// Everything; what carries secrets is rendered but off.
    All,
}

impl Preset {
    /// As the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Ci => "ci",
            Self::Planning => "planning",
            Self::Security => "security",
            Self::Admin => "admin",
            Self::All => "all",
        }
    }
}

/// Collections of the core preset.
const CORE: [&str; 44] = [
    "/groups",
    "/groups/{}/members",
    "/groups/{}/labels",
    "/groups/{}/milestones",
    "/groups/{}/boards",
    "/groups/{}/iterations",
    "/groups/{}/epics",
    "/projects",
    "/projects/{}/members",
    "/projects/{}/users",
    "/projects/{}/labels",
    "/projects/{}/milestones",
    "/projects/{}/boards",
    "/projects/{}/boards/{}/lists",
    "/projects/{}/languages",
    "/projects/{}/events",
    "/projects/{}/snippets",
    "/projects/{}/issues",
    "/projects/{}/issues/{}/notes",
    "/projects/{}/issues/{}/links",
    "/projects/{}/issues/{}/resource_state_events",
    "/projects/{}/issues/{}/resource_label_events",
    "/projects/{}/merge_requests",
    "/projects/{}/merge_requests/{}/notes",
    "/projects/{}/merge_requests/{}/commits",
    "/projects/{}/merge_requests/{}/approvals",
    "/projects/{}/merge_requests/{}/resource_state_events",
    "/projects/{}/merge_requests/{}/resource_label_events",
    "/projects/{}/repository/branches",
    "/projects/{}/repository/commits",
    "/projects/{}/repository/tags",
    "/projects/{}/repository/contributors",
    "/projects/{}/releases",
    "/projects/{}/pipelines",
    "/projects/{}/pipelines/{}/jobs",
    "/projects/{}/pipelines/{}/bridges",
    "/projects/{}/deployments",
    "/projects/{}/environments",
    "/projects/{}/pipeline_schedules",
    "/projects/{}/protected_branches",
    "/projects/{}/protected_tags",
    "/projects/{}/registry/repositories",
    "/projects/{}/packages",
    "/metadata",
];

/// What a path is about, for the presets that are about one topic: its first literal below a project or group.
const CI: [&str; 14] = [
    "ci",
    "deployments",
    "dora",
    "environments",
    "freeze_periods",
    "job_token_scope",
    "jobs",
    "merge_trains",
    "pipeline_schedules",
    "pipelines",
    "resource_groups",
    "runners",
    "runner_controllers",
    "test_report_summary",
];

const PLANNING: [&str; 9] = [
    "boards",
    "epic_boards",
    "epics",
    "issues",
    "iterations",
    "labels",
    "milestones",
    "related_epic_links",
    "todos",
];

const SECURITY: [&str; 15] = [
    "approval_rules",
    "approvals",
    "attestations",
    "audit_events",
    "dependencies",
    "external_status_checks",
    "managed_licenses",
    "protected_branches",
    "protected_environments",
    "protected_tags",
    "push_rule",
    "security",
    "security_settings",
    "vulnerabilities",
    "vulnerability_findings",
];

/// Collections that cost a request for each record of a long list and tell little, or repeat what another tells: they
/// come by name only.
const COSTLY: [&str; 7] = [
    "artifacts",
    "award_emoji",
    "discussions",
    "metric_images",
    "participants",
    "closed_by",
    "related_merge_requests",
];

/// Where a preset starts, and what it takes although another list gives the same records with fewer fields.
const ALSO: [(Preset, &str); 7] = [
    (Preset::Ci, "/groups"),
    (Preset::Ci, "/projects"),
    (Preset::Ci, "/projects/{}/pipelines/{}"),
    (Preset::Ci, "/runners/{}"),
    (Preset::Planning, "/groups"),
    (Preset::Planning, "/projects"),
    (Preset::Planning, "/projects/{}/merge_requests/{}"),
];

/// The presets, apart from `all`, that take the endpoint at a place.
pub(crate) fn presets(place: &Place) -> Vec<Preset> {
    let mut presets = Vec::new();
    if place.is_any(&CORE) {
        presets.push(Preset::Core);
    }
    let costly = place.has(&COSTLY);
    for (preset, topics) in
        [(Preset::Ci, &CI[..]), (Preset::Planning, &PLANNING), (Preset::Security, &SECURITY)]
    {
        let also = ALSO.iter().any(|(known, pattern)| *known == preset && place.is(pattern));
        if also || (!costly && topics.contains(&topic(place))) {
            presets.push(preset);
        }
    }
    if audience(place) == Audience::Admin {
        presets.push(Preset::Admin);
    }
    presets
}

/// Whether a topical preset takes a detail, at a request a record, for what it adds to its list: a pipeline's duration
/// and coverage, a runner's tags and last contact, the head pipeline of a merge request.
pub(crate) fn wants_detail(place: &Place) -> bool {
    ALSO.iter().any(|(_, pattern)| pattern.ends_with("{}") && place.is(pattern))
}
