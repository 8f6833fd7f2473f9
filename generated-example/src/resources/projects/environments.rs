//! Resources of `projects/environments`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_ENVIRONMENTS],
    below: &[],
};

/// `GET /api/v4/projects/{id}/environments`
///
/// Environments of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_ENVIRONMENTS: Resource = Resource {
    name: "project_environments",
    table: "project_environments",
    path: "/projects/{id}/environments",
    about: "Environments of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::text("name"),
        Filter::text("search"),
        Filter::one_of("states", &["available", "stopping", "stopped"]),
    ],
    unless: &[
        Sign::new("environments_access_level", &["disabled"]),
        Sign::new("builds_access_level", &["disabled"]),
        Sign::new("repository_access_level", &["disabled"]),
    ],
    quiet_refresh: Duration::from_hours(6),
    frozen: Some(Sign::new("archived", &["true"])),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::text("slug"),
        Column::text("external_url"),
        Column::timestamp("created_at"),
        Column::timestamp("updated_at"),
        Column::text("description"),
        Column::text("tier"),
        Column::int("project__id"),
        Column::timestamp("project__created_at"),
        Column::json("project__tag_list").about("Old name of `topics`"),
        Column::json("project__topics"),
        Column::int("project__forks_count"),
        Column::int("project__star_count"),
        Column::timestamp("project__last_activity_at")
            .about("Moves at most once an hour"),
        Column::int("last_deployment__id"),
        Column::int("last_deployment__iid"),
        Column::timestamp("last_deployment__created_at"),
        Column::timestamp("last_deployment__updated_at"),
        Column::text("state"),
        Column::timestamp("auto_stop_at"),
        Column::int("cluster_agent__id"),
        Column::timestamp("cluster_agent__created_at"),
        Column::int("cluster_agent__created_by_user_id"),
        Column::bool("cluster_agent__is_receptive"),
        Column::text("kubernetes_namespace"),
        Column::text("flux_resource_path"),
        Column::text("auto_stop_setting"),
    ],
    ..Resource::DEFAULT
};
