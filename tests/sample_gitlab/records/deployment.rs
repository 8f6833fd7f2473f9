use serde_json::{Value, json};

use crate::world::{HOUR, MEMBER, Moment, Project, Snapshot, ids, timeline};

impl Snapshot {
    pub(crate) fn deployment_created_at(&self, project: &Project, number: i64) -> Moment {
        timeline::nth_of(number, project.holds.deployments)
    }

    pub(crate) fn deployment(&self, project: &Project, number: i64) -> Value {
        let created = self.deployment_created_at(project, number);
        let jobs = project.holds.pipelines * self.plan.size.jobs_per_pipeline;
        let succeeded = number % 4 != 0;
        json!({
            "id": 80_000_000 + project.ordinal() * 1_000_000 + number,
            "iid": number,
            "ref": "main",
            "sha": self.commit_sha(project, 1 + number % project.holds.commits.max(1)),
            "created_at": created,
            "updated_at": created.plus((number * 7 % 50) * HOUR),
            "finished_at": succeeded.then(|| created.plus(HOUR)),
            "user": self.user_basic(MEMBER),
            "environment": self.environment_basic(project, 1 + number % self.plan.size.handful.max(1)),
            "deployable": if jobs > 0 && number % 5 != 0 { self.job(project, 1 + number % jobs) } else { Value::Null },
            "status": match number % 8 {
                0 => "running",
                4 => "failed",
                _ => "success",
            },
        })
    }

    fn environment_basic(&self, project: &Project, number: i64) -> Value {
        let name = if number == 1 { "production".to_owned() } else { format!("review/ünï-{number}") };
        json!({
            "id": ids::small(30_000, project.ordinal(), number),
            "name": name,
            "slug": format!("env-{number}"),
            "external_url": (number == 1).then_some("https://example.com"),
            "created_at": Moment::START,
            "updated_at": Moment::START.plus(number * HOUR),
        })
    }

    pub(crate) fn environment(&self, project: &Project, number: i64) -> Value {
        let mut record = self.environment_basic(project, number);
        let more = json!({
            "tier": if number == 1 { "production" } else { "development" },
            "state": if number % 3 == 0 { "stopped" } else { "available" },
            "auto_stop_at": Value::Null,
            "cluster_agent": Value::Null,
            "kubernetes_namespace": Value::Null,
            "description": "",
            "auto_stop_setting": "always",
        });
        super::user::extend(&mut record, more);
        record
    }
}
