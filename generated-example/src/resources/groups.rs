//! Resources of `groups`, written by `gitlab-init` from the OpenAPI document.

pub mod boards;
pub mod epics;
pub mod iterations;
pub mod labels;
pub mod members;
pub mod milestones;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&GROUPS],
    below: &[
        &boards::ALL,
        &epics::ALL,
        &iterations::ALL,
        &labels::ALL,
        &members::ALL,
        &milestones::ALL,
    ],
};

/// `GET /api/v4/groups`
///
/// Groups that the caller may see.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, and no parent
pub const GROUPS: Resource = Resource {
    name: "groups",
    table: "groups",
    path: "/groups",
    about: "Groups that the caller may see",
    record_key: &["id"],
    pagination: Pagination::Offset,
    filters: &[
        Filter::int("skip_groups").list(),
        Filter::bool("all_available"),
        Filter::text("search"),
        Filter::one_of("visibility", &["private", "internal", "public"]),
        Filter::bool("owned"),
        Filter::one_of("min_access_level", &["10", "15", "20", "25", "30", "40", "50"]),
        Filter::bool("top_level_only"),
        Filter::bool("statistics"),
        Filter::bool("archived"),
        Filter::bool("active"),
        Filter::time("marked_for_deletion_on"),
        Filter::text("repository_storage"),
        Filter::bool("with_custom_attributes"),
        Filter::any("custom_attributes"),
        Filter::one_of("order_by", &["name", "path", "id", "similarity"]),
        Filter::one_of("sort", &["asc", "desc"]),
    ],
    start: Some(Start::Groups),
    secrets: &["runners_token"],
    columns: &[
        Column::int("id"),
        Column::text("web_url"),
        Column::text("name"),
        Column::text("path"),
        Column::text("description"),
        Column::text("visibility"),
        Column::bool("share_with_group_lock"),
        Column::bool("require_two_factor_authentication"),
        Column::int("two_factor_grace_period"),
        Column::bool("auto_devops_enabled"),
        Column::bool("emails_disabled"),
        Column::bool("emails_enabled"),
        Column::bool("show_diff_preview_in_email"),
        Column::bool("mentions_disabled"),
        Column::bool("lfs_enabled"),
        Column::bool("archived"),
        Column::bool("math_rendering_limits_enabled"),
        Column::bool("lock_math_rendering_limits_enabled"),
        Column::bool("crm_enabled"),
        Column::bool("resource_access_token_notify_inherited"),
        Column::bool("lock_resource_access_token_notify_inherited"),
        Column::text("default_branch"),
        Column::int("default_branch_protection"),
        Column::text("avatar_url"),
        Column::bool("request_access_enabled"),
        Column::text("full_name"),
        Column::text("full_path"),
        Column::timestamp("created_at"),
        Column::int("parent_id"),
        Column::int("organization_id"),
        Column::text("shared_runners_setting"),
        Column::int("max_artifacts_size"),
        Column::int("statistics__storage_size"),
        Column::int("statistics__repository_size"),
        Column::int("statistics__wiki_size"),
        Column::int("statistics__lfs_objects_size"),
        Column::int("statistics__job_artifacts_size"),
        Column::int("statistics__pipeline_artifacts_size"),
        Column::int("statistics__packages_size"),
        Column::int("statistics__snippets_size"),
        Column::int("statistics__uploads_size"),
        Column::date("marked_for_deletion_on"),
        Column::int("root_storage_statistics__build_artifacts_size"),
        Column::int("root_storage_statistics__container_registry_size"),
        Column::bool("root_storage_statistics__container_registry_size_is_estimated"),
        Column::int("root_storage_statistics__dependency_proxy_size"),
        Column::int("root_storage_statistics__lfs_objects_size"),
        Column::int("root_storage_statistics__packages_size"),
        Column::int("root_storage_statistics__pipeline_artifacts_size"),
        Column::int("root_storage_statistics__repository_size"),
        Column::int("root_storage_statistics__snippets_size"),
        Column::int("root_storage_statistics__storage_size"),
        Column::int("root_storage_statistics__uploads_size"),
        Column::int("root_storage_statistics__wiki_size"),
        Column::text("ldap_cn"),
        Column::int("ldap_access"),
        Column::int("file_template_project_id"),
        Column::text("repository_storage"),
        Column::bool("duo_core_features_enabled"),
        Column::bool("duo_features_enabled"),
        Column::bool("lock_duo_features_enabled"),
        Column::bool("auto_duo_code_review_enabled"),
        Column::bool("web_based_commit_signing_enabled"),
        Column::bool("allow_personal_snippets"),
        Column::bool("built_in_project_templates_enabled"),
        Column::bool("lock_built_in_project_templates_enabled"),
    ],
    ..Resource::DEFAULT
};
