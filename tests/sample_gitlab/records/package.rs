//! Container registry and packages.

use serde_json::{Value, json};

use super::numbered;
use crate::world::{DAY, MEMBER, Moment, Project, Snapshot, ids};

impl Snapshot {
    pub(crate) fn registry_repository(&self, project: &Project, number: i64) -> Value {
        let name = if number == 1 { String::new() } else { format!("image-{number}") };
        let path = format!("{}/{name}", project.full_path);
        json!({
            "id": ids::small(90_000, project.ordinal(), number),
            "name": name,
            "path": path.trim_end_matches('/'),
            "project_id": project.id,
            "location": format!("registry.sample.invalid/{}", path.trim_end_matches('/')),
            "created_at": Moment::START.plus(number * DAY),
            "cleanup_policy_started_at": Value::Null,
            "status": Value::Null,
        })
    }

    pub(crate) fn registry_tag(&self, project: &Project, number: i64) -> Value {
        let name = format!("1.{number:04}");
        json!({
            "name": name,
            "path": format!("{}:{name}", project.full_path),
            "location": format!("registry.sample.invalid/{}:{name}", project.full_path),
        })
    }

    pub(crate) fn package(&self, project: &Project, number: i64) -> Value {
        json!({
            "id": ids::small(110_000, project.ordinal(), number),
            "name": format!("@größe/paket-{number}"),
            "version": format!("1.0.{number}"),
            "package_type": if number % 2 == 0 { "npm" } else { "generic" },
            "status": "default",
            "_links": {
                "web_path": format!("/{}/-/packages/{number}", project.full_path),
                "delete_api_path": format!("{}/packages/{number}", project.api_url()),
            },
            "created_at": Moment::START.plus(number * DAY),
            "last_downloaded_at": Value::Null,
            "creator_id": self.plan.user_id(MEMBER),
            "project_id": project.id,
            "project_path": project.full_path,
            "tags": [],
            "pipelines": numbered((number % 2).min(project.holds.pipelines), |pipeline| self.pipeline(project, pipeline)),
        })
    }
}
