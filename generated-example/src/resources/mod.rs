//! The resources of this pipeline: plain data, written by `gitlab-init` from the OpenAPI document.
//!
//! Change what you need to. `gitlab-init explain RESOURCE` tells why each fact is as it is.
#[rustfmt::skip]
pub mod boards;
#[rustfmt::skip]
pub mod branches;
#[rustfmt::skip]
pub mod commits;
#[rustfmt::skip]
pub mod contributors;
#[rustfmt::skip]
pub mod deployments;
#[rustfmt::skip]
pub mod environments;
#[rustfmt::skip]
pub mod epics;
#[rustfmt::skip]
pub mod events;
#[rustfmt::skip]
pub mod groups;
#[rustfmt::skip]
pub mod issues;
#[rustfmt::skip]
pub mod iterations;
#[rustfmt::skip]
pub mod labels;
#[rustfmt::skip]
pub mod languages;
#[rustfmt::skip]
pub mod members;
#[rustfmt::skip]
pub mod merge_requests;
#[rustfmt::skip]
pub mod metadata;
#[rustfmt::skip]
pub mod milestones;
#[rustfmt::skip]
pub mod packages;
#[rustfmt::skip]
pub mod pipeline_schedules;
#[rustfmt::skip]
pub mod pipelines;
#[rustfmt::skip]
pub mod projects;
#[rustfmt::skip]
pub mod protected_branches;
#[rustfmt::skip]
pub mod protected_tags;
#[rustfmt::skip]
pub mod registry;
#[rustfmt::skip]
pub mod releases;
#[rustfmt::skip]
pub mod snippets;
#[rustfmt::skip]
pub mod tags;
#[rustfmt::skip]
pub mod users;
use gitlab_pipeline::resource::Resource;

/// The path of the server below which their paths are.
pub const API_ROOT: &str = "/api/v4";

/// All resources, parents before their children.
pub const ALL: &[&Resource] = &[
    &metadata::METADATA,
    &groups::GROUPS,
    &projects::PROJECTS,
    &members::GROUP_MEMBERS,
    &languages::PROJECT_LANGUAGES,
    &users::PROJECT_USERS,
    &members::PROJECT_MEMBERS,
    &events::PROJECT_EVENTS,
    &snippets::PROJECT_SNIPPETS,
    &commits::PROJECT_COMMITS,
    &branches::PROJECT_BRANCHES,
    &tags::PROJECT_TAGS,
    &contributors::PROJECT_CONTRIBUTORS,
    &protected_branches::PROJECT_PROTECTED_BRANCHES,
    &protected_tags::PROJECT_PROTECTED_TAGS,
    &releases::PROJECT_RELEASES,
    &issues::PROJECT_ISSUES,
    &labels::PROJECT_LABELS,
    &labels::GROUP_LABELS,
    &milestones::PROJECT_MILESTONES,
    &milestones::GROUP_MILESTONES,
    &iterations::GROUP_ITERATIONS,
    &boards::PROJECT_BOARDS,
    &boards::GROUP_BOARDS,
    &epics::GROUP_EPICS,
    &merge_requests::PROJECT_MERGE_REQUESTS,
    &pipelines::PROJECT_PIPELINES,
    &pipeline_schedules::PROJECT_PIPELINE_SCHEDULES,
    &environments::PROJECT_ENVIRONMENTS,
    &deployments::PROJECT_DEPLOYMENTS,
    &packages::PROJECT_PACKAGES,
    &registry::PROJECT_REGISTRY_REPOSITORIES,
    &issues::ISSUE_NOTES,
    &issues::ISSUE_LINKS,
    &issues::ISSUE_RESOURCE_STATE_EVENTS,
    &issues::ISSUE_RESOURCE_LABEL_EVENTS,
    &boards::PROJECT_BOARD_LISTS,
    &merge_requests::MERGE_REQUEST_COMMITS,
    &merge_requests::MERGE_REQUEST_APPROVALS,
    &merge_requests::MERGE_REQUEST_NOTES,
    &merge_requests::MERGE_REQUEST_RESOURCE_STATE_EVENTS,
    &merge_requests::MERGE_REQUEST_RESOURCE_LABEL_EVENTS,
    &pipelines::PIPELINE_JOBS,
    &pipelines::PIPELINE_BRIDGES,
];
