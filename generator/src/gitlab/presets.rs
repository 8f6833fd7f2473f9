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

const CI: [&str; 16] = [
    "bridges",
    "ci",
    "deployments",
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
    "statuses",
    "dora",
];

const PLANNING: [&str; 13] = [
    "issues",
    "epics",
    "milestones",
    "boards",
    "epic_boards",
    "iterations",
    "labels",
    "issue_links",
    "related_epics",
    "related_epic_links",
    "todos",
    "burndown_events",
    "lists",
];

const SECURITY: [&str; 17] = [
    "vulnerabilities",
    "vulnerability_findings",
    "vulnerability_exports",
    "dependencies",
    "dependency_list_exports",
    "security",
    "security_settings",
    "protected_branches",
    "protected_tags",
    "protected_environments",
    "audit_events",
    "approval_rules",
    "approvals",
    "external_status_checks",
    "managed_licenses",
    "push_rule",
    "attestations",
];

/// The presets, apart from `all`, that take the endpoint at a path.
pub(crate) fn presets(path: &Path) -> Vec<Preset> {
    let any = |words: &[&str]| path.literals().any(|literal| words.contains(&literal));
    let mut presets = Vec::new();
    if CORE.iter().any(|pattern| super::lies_at(path, pattern)) {
        presets.push(Preset::Core);
    }
    for (preset, words) in
        [(Preset::Ci, &CI[..]), (Preset::Planning, &PLANNING), (Preset::Security, &SECURITY)]
    {
        if any(words) {
            presets.push(preset);
        }
    }
    if super::audience(path) == super::Audience::Admin {
        presets.push(Preset::Admin);
    }
    presets
}
