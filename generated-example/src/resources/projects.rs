//! Resources of `projects`, written by `gitlab-init` from the OpenAPI document.

pub mod boards;
pub mod branches;
pub mod commits;
pub mod contributors;
pub mod deployments;
pub mod environments;
pub mod events;
pub mod issues;
pub mod labels;
pub mod languages;
pub mod members;
pub mod merge_requests;
pub mod milestones;
pub mod packages;
pub mod pipeline_schedules;
pub mod pipelines;
pub mod protected_branches;
pub mod protected_tags;
pub mod registry;
pub mod releases;
pub mod snippets;
pub mod tags;
pub mod users;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECTS],
    below: &[
        &boards::ALL,
        &branches::ALL,
        &commits::ALL,
        &contributors::ALL,
        &deployments::ALL,
        &environments::ALL,
        &events::ALL,
        &issues::ALL,
        &labels::ALL,
        &languages::ALL,
        &members::ALL,
        &merge_requests::ALL,
        &milestones::ALL,
        &packages::ALL,
        &pipeline_schedules::ALL,
        &pipelines::ALL,
        &protected_branches::ALL,
        &protected_tags::ALL,
        &registry::ALL,
        &releases::ALL,
        &snippets::ALL,
        &tags::ALL,
        &users::ALL,
    ],
};

/// `GET /api/v4/projects`
///
/// Projects that the caller may see.
///
/// - list: its 200 answer is declared as an array
/// - key `id`: its records have an `id`, and no parent
/// - incremental: `updated_after` bounds the time of the last change
pub const PROJECTS: Resource = Resource {
    name: "projects",
    table: "projects",
    path: "/projects",
    record_key: &["id"],
    pagination: Pagination::Keyset {
        order_by: "id",
        sort: "asc",
    },
    start: Some(Start::Projects),
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    secrets: &["runners_token"],
    columns: &[
        Column::int("id"),
        Column::text("description"),
        Column::text("name"),
        Column::text("name_with_namespace"),
        Column::text("path"),
        Column::text("path_with_namespace"),
        Column::timestamp("created_at"),
        Column::text("default_branch"),
        Column::json("tag_list"),
        Column::json("topics"),
        Column::text("ssh_url_to_repo"),
        Column::text("http_url_to_repo"),
        Column::text("web_url"),
        Column::text("readme_url"),
        Column::int("forks_count"),
        Column::text("license_url"),
        Column::text("avatar_url"),
        Column::int("star_count"),
        Column::timestamp("last_activity_at"),
        Column::text("visibility"),
        Column::int("namespace__id"),
        Column::int("namespace__parent_id"),
        Column::text("repository_storage"),
        Column::int("forked_from_project__id"),
        Column::timestamp("forked_from_project__created_at"),
        Column::json("forked_from_project__tag_list"),
        Column::json("forked_from_project__topics"),
        Column::int("forked_from_project__forks_count"),
        Column::int("forked_from_project__star_count"),
        Column::timestamp("forked_from_project__last_activity_at"),
        Column::text("container_registry_image_prefix"),
        Column::date("marked_for_deletion_at"),
        Column::date("marked_for_deletion_on"),
        Column::bool("packages_enabled"),
        Column::bool("empty_repo"),
        Column::bool("archived"),
        Column::int("owner__id"),
        Column::bool("owner__locked"),
        Column::bool("resolve_outdated_diff_discussions"),
        Column::bool("container_expiration_policy__enabled"),
        Column::int("container_expiration_policy__keep_n"),
        Column::timestamp("container_expiration_policy__next_run_at"),
        Column::text("repository_object_format"),
        Column::bool("issues_enabled"),
        Column::bool("merge_requests_enabled"),
        Column::bool("wiki_enabled"),
        Column::bool("jobs_enabled"),
        Column::bool("snippets_enabled"),
        Column::bool("container_registry_enabled"),
        Column::bool("service_desk_enabled"),
        Column::text("service_desk_address"),
        Column::bool("can_create_merge_request_in"),
        Column::bool("emails_disabled"),
        Column::bool("emails_enabled"),
        Column::bool("show_diff_preview_in_email"),
        Column::bool("shared_runners_enabled"),
        Column::bool("lfs_enabled"),
        Column::int("creator_id"),
        Column::bool("mr_default_target_self"),
        Column::text("import_url"),
        Column::text("import_type"),
        Column::text("import_status"),
        Column::text("import_error"),
        Column::int("open_issues_count"),
        Column::text("description_html"),
        Column::timestamp("updated_at"),
        Column::int("ci_default_git_depth"),
        Column::int("ci_delete_pipelines_in_seconds"),
        Column::bool("ci_forward_deployment_enabled"),
        Column::bool("ci_forward_deployment_rollback_allowed"),
        Column::bool("ci_job_token_scope_enabled"),
        Column::bool("ci_separated_caches"),
        Column::bool("ci_allow_fork_pipelines_to_run_in_parent_project"),
        Column::json("ci_id_token_sub_claim_components"),
        Column::text("build_git_strategy"),
        Column::bool("keep_latest_artifact"),
        Column::bool("restrict_user_defined_variables"),
        Column::text("ci_pipeline_variables_minimum_override_role"),
        Column::int("runner_token_expiration_interval"),
        Column::bool("group_runners_enabled"),
        Column::text("resource_group_default_process_mode"),
        Column::int("build_timeout"),
        Column::bool("auto_devops_enabled"),
        Column::text("auto_devops_deploy_strategy"),
        Column::bool("ci_push_repository_for_job_token_allowed"),
        Column::bool("protect_merge_request_pipelines"),
        Column::bool("ci_display_pipeline_variables"),
        Column::text("ci_config_path"),
        Column::bool("public_jobs"),
        Column::bool("only_allow_merge_if_pipeline_succeeds"),
        Column::bool("allow_merge_on_skipped_pipeline"),
        Column::bool("request_access_enabled"),
        Column::bool("only_allow_merge_if_all_discussions_are_resolved"),
        Column::bool("remove_source_branch_after_merge"),
        Column::bool("printing_merge_request_link_enabled"),
        Column::text("merge_method"),
        Column::text("squash_option"),
        Column::bool("enforce_auth_checks_on_uploads"),
        Column::text("suggestion_commit_message"),
        Column::text("merge_commit_template"),
        Column::text("squash_commit_template"),
        Column::text("mr_default_title_template"),
        Column::text("issue_branch_template"),
        Column::int("statistics__commit_count"),
        Column::int("statistics__storage_size"),
        Column::int("statistics__repository_size"),
        Column::int("statistics__wiki_size"),
        Column::int("statistics__lfs_objects_size"),
        Column::int("statistics__job_artifacts_size"),
        Column::int("statistics__pipeline_artifacts_size"),
        Column::int("statistics__packages_size"),
        Column::int("statistics__snippets_size"),
        Column::int("statistics__uploads_size"),
        Column::int("statistics__container_registry_size"),
        Column::bool("warn_about_potentially_unwanted_characters"),
        Column::bool("autoclose_referenced_issues"),
        Column::int("max_artifacts_size"),
        Column::int("approvals_before_merge"),
        Column::bool("mirror"),
        Column::int("mirror_user_id"),
        Column::bool("mirror_trigger_builds"),
        Column::bool("only_mirror_protected_branches"),
        Column::bool("mirror_overwrites_diverged_branches"),
        Column::text("external_authorization_classification_label"),
        Column::bool("requirements_enabled"),
        Column::bool("security_and_compliance_enabled"),
        Column::bool("secret_push_protection_enabled"),
        Column::bool("pre_receive_secret_detection_enabled"),
        Column::json("compliance_frameworks"),
        Column::text("issues_template"),
        Column::text("merge_requests_template"),
        Column::text("ci_restrict_pipeline_cancellation_role"),
        Column::bool("merge_pipelines_enabled"),
        Column::bool("merge_trains_enabled"),
        Column::bool("merge_trains_skip_train_allowed"),
        Column::text("merge_train_enforcement"),
        Column::int("max_pipelines_per_merge_train"),
        Column::bool("only_allow_merge_if_all_status_checks_passed"),
        Column::bool("allow_pipeline_trigger_approve_deployment"),
        Column::bool("prevent_merge_without_jira_issue"),
        Column::bool("auto_duo_code_review_enabled"),
        Column::text("reviewer_assignment_strategy"),
        Column::bool("duo_remote_flows_enabled"),
        Column::bool("duo_foundational_flows_enabled"),
        Column::bool("duo_sast_fp_detection_enabled"),
        Column::bool("duo_secret_detection_fp_enabled"),
        Column::bool("duo_sast_vr_workflow_enabled"),
        Column::bool("web_based_commit_signing_enabled"),
        Column::bool("spp_repository_pipeline_access"),
        Column::bool("security_policy_pipeline_must_succeed"),
        Column::text("merge_request_title_regex"),
        Column::text("merge_request_title_regex_description"),
        Column::bool("code_suggestions"),
    ],
    ..Resource::DEFAULT
};
