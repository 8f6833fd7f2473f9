//! Sets of resources that belong together, by the collection that a path leads to.

use crate::endpoint::Path;

/// A named choice of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
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

/// The presets, apart from `all`, that take the endpoint at a path.
pub(crate) fn presets(path: &Path) -> Vec<Preset> {
    let mut presets = Vec::new();
    if super::lies_at_any(path, &CORE) {
        presets.push(Preset::Core);
    }
    let costly = path.literals().any(|literal| COSTLY.contains(&literal));
    for (preset, topics) in
        [(Preset::Ci, &CI[..]), (Preset::Planning, &PLANNING), (Preset::Security, &SECURITY)]
    {
        if !costly && topics.contains(&topic(path)) {
            presets.push(preset);
        }
    }
    if super::audience(path) == super::Audience::Admin {
        presets.push(Preset::Admin);
    }
    presets
}

fn topic(path: &Path) -> &str {
    let mut literals = path.literals();
    let root = literals.next().unwrap_or_default();
    let below = literals.find(|literal| *literal != "repository");
    match (root, below) {
        ("projects" | "groups", Some(below)) => below,
        _ => root,
    }
}
