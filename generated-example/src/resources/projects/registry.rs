//! Resources of `projects/registry`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_REGISTRY_REPOSITORIES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/registry/repositories`
///
/// Image repositories of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - one list for many: `/api/v4/groups/{id}/registry/repositories` has the same records, and `project_id` says whose each is, without the filters `tags`, `tags_count`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_REGISTRY_REPOSITORIES: Resource = Resource {
    name: "project_registry_repositories",
    table: "project_registry_repositories",
    path: "/projects/{id}/registry/repositories",
    about: "Image repositories of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[Filter::bool("tags"), Filter::bool("tags_count")],
    wide: &[
        Wide {
            path: "/groups/{id}/registry/repositories",
            over: Over::Group,
            parent_field: "project_id",
            pagination: Pagination::Offset,
            lacks: &["tags", "tags_count"],
            ..Wide::DEFAULT
        },
    ],
    unless: &[Sign::new("container_registry_access_level", &["disabled"])],
    refresh_every: Duration::from_hours(24),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::text("path"),
        Column::int("project_id"),
        Column::text("location"),
        Column::timestamp("created_at"),
        Column::timestamp("cleanup_policy_started_at"),
        Column::int("tags_count"),
        Column::text("delete_api_path"),
        Column::int("size"),
        Column::text("status"),
    ],
    ..Resource::DEFAULT
};
