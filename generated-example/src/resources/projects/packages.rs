//! Resources of `projects/packages`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_PACKAGES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/packages`
///
/// Packages of a project.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, unique in the instance
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for 6 hours while its project is quiet: most of what changes it is activity of the project; edits, schedules and jobs that end are not
pub const PROJECT_PACKAGES: Resource = Resource {
    name: "project_packages",
    table: "project_packages",
    path: "/projects/{id}/packages",
    about: "Packages of a project",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::one_of(
            "package_type",
            &[
                "maven",
                "npm",
                "conan",
                "nuget",
                "pypi",
                "composer",
                "generic",
                "golang",
                "debian",
                "rubygems",
                "helm",
                "terraform_module",
                "rpm",
                "ml_model",
                "cargo",
            ],
        ),
        Filter::text("package_name"),
        Filter::text("package_version"),
        Filter::bool("include_versionless"),
        Filter::one_of(
            "status",
            &[
                "default",
                "hidden",
                "processing",
                "error",
                "pending_destruction",
                "deprecated",
            ],
        ),
        Filter::one_of("order_by", &["created_at", "name", "version", "type"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    unless: &[Sign::new("packages_enabled", &["false"])],
    quiet_refresh: Duration::from_hours(6),
    columns: &[
        Column::int("id"),
        Column::text("name"),
        Column::text("conan_package_name"),
        Column::text("version"),
        Column::text("package_type"),
        Column::text("status"),
        Column::timestamp("created_at"),
        Column::timestamp("last_downloaded_at"),
        Column::int("creator_id"),
        Column::int("project_id"),
        Column::text("project_path"),
        Column::int("pipeline__id"),
        Column::int("pipeline__iid"),
        Column::int("pipeline__project_id"),
        Column::timestamp("pipeline__created_at"),
        Column::timestamp("pipeline__updated_at"),
    ],
    ..Resource::DEFAULT
};
