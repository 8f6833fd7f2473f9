use serde_json::{Value, json};

use crate::world::{Moment, Project, Snapshot, ids, timeline};

impl Snapshot {
    pub(crate) fn event_created_at(&self, project: &Project, number: i64) -> Moment {
        timeline::nth_of(number, project.holds.events)
    }

    pub(crate) fn event(&self, project: &Project, number: i64) -> Value {
        let user = self.plan.somebody("event", &[project.ordinal(), number]);
        let pushed = number % 3 == 0 && project.holds.commits > 0;
        let push_data = pushed.then(|| {
            json!({
                "commit_count": 1,
                "action": "pushed",
                "ref_type": "branch",
                "commit_from": Value::Null,
                "commit_to": self.commit_sha(project, 1 + number % project.holds.commits),
                "ref": "main",
                "commit_title": "Déjà vu",
                "ref_count": Value::Null,
            })
        });
        json!({
            "id": 200_000_000_000 + project.ordinal() * 1_000_000_000 + number,
            "project_id": project.id,
            "action_name": if pushed { "pushed to" } else { "opened" },
            "target_id": (!pushed).then(|| ids::issue(project.ordinal(), number)),
            "target_iid": (!pushed).then_some(number),
            "target_type": (!pushed).then_some("Issue"),
            "author_id": self.plan.user_id(user),
            "target_title": (!pushed).then(|| self.issue_title(project, number)),
            "created_at": self.event_created_at(project, number),
            "author": self.user_basic(user),
            "push_data": push_data,
            "imported": false,
            "imported_from": "none",
            "author_username": self.plan.username(user),
        })
    }

    pub(crate) fn audit_event(
        &self,
        entity_type: &'static str,
        entity: i64,
        name: &str,
        number: i64,
    ) -> Value {
        let kind = if entity_type == "Project" { 1 } else { 2 };
        json!({
            "id": kind * 10_000_000_000 + entity * 1_000_000 + number,
            "author_id": self.plan.user_id(self.plan.somebody("audit", &[entity, number])),
            "entity_id": entity,
            "entity_type": entity_type,
            "event_name": "user_access_locked",
            "details": {
                "change": "visibility",
                "from": "Private",
                "to": Value::Null,
                "author_name": "root",
                "target_id": entity,
                "target_type": entity_type,
                "target_details": name,
                "ip_address": "127.0.0.1",
                "entity_path": name,
            },
            "created_at": timeline::nth_of(number, self.plan.size.events),
        })
    }
}
