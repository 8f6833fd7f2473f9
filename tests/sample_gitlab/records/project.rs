use serde_json::{Value, json};

use super::user::extend;
use crate::world::{HOUR, Kind, MEMBER, Moment, PUBLIC_URL, Project, SHARE_ACCESS, Snapshot, timeline};

impl Project {
    pub(crate) fn web_url(&self) -> String {
        format!("{PUBLIC_URL}/{}", self.full_path)
    }

    pub(crate) fn api_url(&self) -> String {
        format!("{PUBLIC_URL}/api/v4/projects/{}", self.id)
    }
}

impl Snapshot {
    pub(crate) fn project_created_at(&self, project: &Project) -> Moment {
        timeline::nth_of(project.ordinal(), 10_000)
    }

    /// Moves at most hourly, as in the real thing.
    pub(crate) fn last_activity_at(&self, project: &Project) -> Moment {
        let days = self.plan.seed.below(300, "activity", &[project.ordinal()]);
        let at_start = self.project_created_at(project).plus((days * 24 + 7) * HOUR);
        self.edits.active(project.index).unwrap_or(at_start)
    }

    pub(crate) fn namespace_of_project(&self, project: &Project) -> Value {
        match project.group.and_then(|group| self.plan.group(group)) {
            Some(group) => self.namespace_of_group(group),
            None => self.namespace_of_user(MEMBER),
        }
    }

    fn default_branch(&self, project: &Project) -> Option<&'static str> {
        (!project.empty_repository).then_some("main")
    }

    /// The form of `simple=true` and of strangers.
    pub(crate) fn project_basic(&self, project: &Project) -> Value {
        let namespace = self.namespace_of_project(project);
        let owner = namespace.get("name").and_then(Value::as_str).unwrap_or_default();
        json!({
            "id": project.id,
            "description": if project.ordinal() % 2 == 0 { Some("Größtes \"Projekt\"\nseit 2024 🎉") } else { None },
            "name": project.name,
            "name_with_namespace": format!("{owner} / {}", project.name),
            "path": project.path,
            "path_with_namespace": project.full_path,
            "created_at": self.project_created_at(project),
            "default_branch": self.default_branch(project),
            "tag_list": ["sample", "数据"],
            "topics": ["sample", "数据"],
            "ssh_url_to_repo": format!("git@gitlab.sample.invalid:{}.git", project.full_path),
            "http_url_to_repo": format!("{}.git", project.web_url()),
            "web_url": project.web_url(),
            "readme_url": self.default_branch(project).map(|name| format!("{}/-/blob/{name}/README.md", project.web_url())),
            "forks_count": 0,
            "avatar_url": Value::Null,
            "star_count": project.ordinal() % 4,
            "last_activity_at": self.last_activity_at(project),
            "visibility": if project.public { "public" } else { "private" },
            "namespace": namespace,
        })
    }

    pub(crate) fn project(&self, project: &Project) -> Value {
        let mut record = self.project_basic(project);
        extend(&mut record, self.project_features(project));
        extend(&mut record, self.project_settings(project));
        record
    }

    fn project_features(&self, project: &Project) -> Value {
        let level = |on: bool| if on { "enabled" } else { "disabled" };
        json!({
            "_links": {
                "self": project.api_url(),
                "issues": format!("{}/issues", project.api_url()),
                "merge_requests": format!("{}/merge_requests", project.api_url()),
                "repo_branches": format!("{}/repository/branches", project.api_url()),
                "labels": format!("{}/labels", project.api_url()),
                "events": format!("{}/events", project.api_url()),
                "members": format!("{}/members", project.api_url()),
            },
            "packages_enabled": true,
            "empty_repo": project.empty_repository,
            "archived": project.archived,
            "owner": if project.group.is_none() { self.user_basic(MEMBER) } else { Value::Null },
            "resolve_outdated_diff_discussions": false,
            "container_expiration_policy": {
                "cadence": "1d", "enabled": false, "keep_n": 10, "older_than": "90d",
                "name_regex": ".*", "name_regex_keep": Value::Null, "next_run_at": Moment::NOW,
            },
            "repository_object_format": "sha1",
            "issues_enabled": project.issues_on,
            "merge_requests_enabled": true,
            "wiki_enabled": project.issues_on,
            "jobs_enabled": project.ci_on,
            "snippets_enabled": true,
            "can_create_merge_request_in": true,
            "request_access_enabled": true,
            "container_registry_image_prefix": format!("registry.sample.invalid/{}", project.full_path),
            "permissions": {
                "project_access": {"access_level": 40, "notification_level": 3},
                "group_access": Value::Null,
            },
            "container_registry_enabled": true,
            "service_desk_enabled": (project.ordinal() % 2 == 1).then_some(true),
            "issues_access_level": level(project.issues_on),
            "repository_access_level": "enabled",
            "merge_requests_access_level": "enabled",
            "wiki_access_level": level(project.issues_on),
            "builds_access_level": level(project.ci_on),
            "analytics_access_level": "enabled",
            "container_registry_access_level": "enabled",
            "forking_access_level": "enabled",
            "pages_access_level": "private",
            "requirements_access_level": "enabled",
            "security_and_compliance_access_level": "private",
            "snippets_access_level": "enabled",
            "environments_access_level": level(project.ci_on),
            "releases_access_level": "enabled",
        })
    }

    fn project_settings(&self, project: &Project) -> Value {
        let open = self.numbers(Kind::Issue, project).len();
        let is_odd = project.ordinal() % 2 == 1;
        json!({
            "emails_disabled": is_odd.then_some(false),
            "shared_runners_enabled": true,
            "lfs_enabled": true,
            "creator_id": self.plan.user_id(MEMBER),
            "import_url": Value::Null,
            "import_type": Value::Null,
            "import_status": "none",
            "open_issues_count": project.issues_on.then_some(open),
            "updated_at": self.last_activity_at(project),
            "ci_default_git_depth": 20,
            "ci_forward_deployment_enabled": true,
            "ci_allow_fork_pipelines_to_run_in_parent_project": true,
            "ci_job_token_scope_enabled": false,
            "ci_separated_caches": true,
            "auto_cancel_pending_pipelines": "enabled",
            "auto_devops_deploy_strategy": "continuous",
            "restrict_user_defined_variables": true,
            "keep_latest_artifact": true,
            "enforce_auth_checks_on_uploads": true,
            "only_allow_merge_if_all_discussions_are_resolved": false,
            "printing_merge_request_link_enabled": true,
            "remove_source_branch_after_merge": true,
            "merge_commit_template": is_odd.then_some("%{title}"),
            "squash_commit_template": is_odd.then_some("%{title}"),
            "build_timeout": 3_600,
            "build_git_strategy": "fetch",
            "auto_devops_enabled": false,
            "runners_token": "GR1348941sample",
            "runner_token_expiration_interval": is_odd.then_some(2_592_000),
            "ci_config_path": "",
            "public_jobs": true,
            "shared_with_groups": self.shares(project),
            "only_allow_merge_if_pipeline_succeeds": false,
            "allow_merge_on_skipped_pipeline": is_odd.then_some(true),
            "merge_method": "merge",
            "squash_option": "default_off",
            "suggestion_commit_message": is_odd.then_some("Apply it"),
            "autoclose_referenced_issues": true,
            "approvals_before_merge": 0,
            "mirror": false,
            "external_authorization_classification_label": "",
            "requirements_enabled": project.premium,
            "security_and_compliance_enabled": project.premium,
            "compliance_frameworks": if project.premium { vec!["SOX"] } else { Vec::new() },
            "merge_pipelines_enabled": false,
            "merge_trains_enabled": false,
            "code_suggestions": true,
        })
    }

    fn shares(&self, project: &Project) -> Vec<Value> {
        let invited = project.shared_into.and_then(|group| self.plan.group(group));
        let share = invited.map(|group| {
            json!({
                "group_id": group.id,
                "group_name": group.name,
                "group_full_path": group.full_path,
                "group_access_level": SHARE_ACCESS,
                "expires_at": Value::Null,
            })
        });
        share.into_iter().collect()
    }
}
