use serde_json::{Value, json};

use super::user::extend;
use crate::world::{Group, Moment, PUBLIC_URL, Snapshot, timeline};

impl Group {
    pub(crate) fn ordinal(&self) -> i64 {
        i64::try_from(self.index).unwrap_or(0)
    }

    pub(crate) fn web_url(&self) -> String {
        format!("{PUBLIC_URL}/groups/{}", self.full_path)
    }
}

impl Snapshot {
    pub(crate) fn group_created_at(&self, group: &Group) -> Moment {
        timeline::nth_of(group.ordinal(), 1_000)
    }

    fn parent_id(&self, group: &Group) -> Option<i64> {
        group.parent.and_then(|parent| self.plan.group(parent)).map(|parent| parent.id)
    }

    pub(crate) fn group(&self, group: &Group) -> Value {
        json!({
            "id": group.id,
            "web_url": group.web_url(),
            "name": group.name,
            "path": group.path,
            "description": if group.index == 0 { "The platform.\nSecond \"line\"." } else { "" },
            "visibility": if group.public { "public" } else { "private" },
            "share_with_group_lock": false,
            "require_two_factor_authentication": false,
            "two_factor_grace_period": 48,
            "project_creation_level": "developer",
            "auto_devops_enabled": (group.index == 0).then_some(true),
            "subgroup_creation_level": "maintainer",
            "emails_disabled": false,
            "emails_enabled": true,
            "mentions_disabled": (group.index == 0).then_some(false),
            "lfs_enabled": true,
            "archived": false,
            "default_branch": Value::Null,
            "default_branch_protection": 2,
            "default_branch_protection_defaults": {
                "allowed_to_push": [{"access_level": 40}],
                "allow_force_push": false,
                "allowed_to_merge": [{"access_level": 40}],
            },
            "avatar_url": Value::Null,
            "request_access_enabled": true,
            "full_name": group.full_name,
            "full_path": group.full_path,
            "created_at": self.group_created_at(group),
            "parent_id": self.parent_id(group),
            "organization_id": 1,
            "shared_runners_setting": "enabled",
            "max_artifacts_size": Value::Null,
            "marked_for_deletion_on": Value::Null,
            "ldap_cn": (group.index == 0).then_some("developers"),
            "ldap_access": (group.index == 0).then_some(30),
            "file_template_project_id": (group.index == 0).then_some(11),
            "ip_restriction_ranges": (group.index == 0).then_some("192.0.2.0/24"),
            "wiki_access_level": "enabled",
        })
    }

    /// The single group; its array of projects never holds more than 100.
    pub(crate) fn group_in_detail(&self, group: &Group, projects: Option<Vec<Value>>) -> Value {
        let mut record = self.group(group);
        extend(
            &mut record,
            json!({
                "shared_with_groups": [],
                "runners_token": "GR1348941sample",
                "enabled_git_access_protocol": "all",
                "prevent_sharing_groups_outside_hierarchy": false,
                "shared_runners_minutes_limit": Value::Null,
                "extra_shared_runners_minutes_limit": 1_000,
                "membership_lock": false,
            }),
        );
        if let Some(mut projects) = projects {
            projects.truncate(100);
            extend(&mut record, json!({"projects": projects, "shared_projects": []}));
        }
        record
    }

    pub(crate) fn namespace_of_group(&self, group: &Group) -> Value {
        json!({
            "id": group.id,
            "name": group.name,
            "path": group.path,
            "kind": "group",
            "full_path": group.full_path,
            "parent_id": self.parent_id(group),
            "avatar_url": Value::Null,
            "web_url": group.web_url(),
        })
    }
}
