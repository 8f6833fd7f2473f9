use serde_json::{Value, json};

use super::numbered;
use super::user::extend;
use crate::world::{HOUR, Kind, MEMBER, Moment, Project, SECOND, Snapshot, ids, words};

const STATUSES: [&str; 6] = ["success", "success", "failed", "canceled", "skipped", "manual"];
const STAGES: [&str; 4] = ["build", "test", "déploiement", "cleanup"];

impl Snapshot {
    pub(crate) fn pipeline_created_at(&self, project: &Project, number: i64) -> Moment {
        self.created_at(Kind::Pipeline, project, number)
    }

    pub(crate) fn pipeline_updated_at(&self, project: &Project, number: i64) -> Moment {
        if let Some(touch) = self.edits.touched(Kind::Pipeline, project.index, number) {
            return touch.at;
        }
        let minutes = self.plan.seed.below(300, "pipeline time", &[project.ordinal(), number]);
        self.pipeline_created_at(project, number).plus(minutes * 60 * SECOND)
    }

    pub(crate) fn pipeline_status(&self, project: &Project, number: i64) -> &'static str {
        self.plan.seed.text(&STATUSES, "pipeline status", &[project.ordinal(), number])
    }

    pub(crate) fn pipeline(&self, project: &Project, number: i64) -> Value {
        let id = ids::pipeline(project.ordinal(), number);
        json!({
            "id": id,
            "iid": number,
            "project_id": project.id,
            "sha": self.commit_sha(project, 1 + number % project.holds.commits.max(1)),
            "ref": if number % 3 == 0 { "feature/suche" } else { "main" },
            "status": self.pipeline_status(project, number),
            "source": if number % 4 == 0 { "schedule" } else { "push" },
            "created_at": self.pipeline_created_at(project, number),
            "updated_at": self.pipeline_updated_at(project, number),
            "web_url": format!("{}/-/pipelines/{id}", project.web_url()),
            "name": (number % 5 == 0).then_some("Nightly 🌙"),
        })
    }

    pub(crate) fn pipeline_in_detail(&self, project: &Project, number: i64) -> Value {
        let mut record = self.pipeline(project, number);
        let created = self.pipeline_created_at(project, number);
        let status = self.pipeline_status(project, number);
        extend(
            &mut record,
            json!({
                "before_sha": "0".repeat(40),
                "tag": false,
                "yaml_errors": Value::Null,
                "user": self.user_basic(MEMBER),
                "started_at": (status != "skipped").then(|| created.plus(10 * SECOND)),
                "finished_at": (status != "manual").then(|| self.pipeline_updated_at(project, number)),
                "committed_at": Value::Null,
                "duration": (number % 2 == 0).then_some(90 + number % 60),
                "queued_duration": number % 7,
                "coverage": (number % 3 == 0).then(|| format!("{}.50", 60 + number % 40)),
                "detailed_status": {
                    "icon": format!("status_{status}"),
                    "text": status,
                    "label": status,
                    "group": status,
                    "has_details": true,
                    "illustration": Value::Null,
                },
                "archived": false,
            }),
        );
        record
    }

    pub(crate) fn pipeline_variables(&self, number: i64) -> Vec<Value> {
        numbered(
            number % 2,
            |_| json!({"variable_type": "env_var", "key": "TARGET", "value": "prod \"blue\"", "raw": false}),
        )
    }

    /// Jobs are numbered through a project: those of its first pipeline come first.
    pub(crate) fn job_pipeline(&self, number: i64) -> i64 {
        (number - 1) / self.plan.size.jobs_per_pipeline.max(1) + 1
    }

    /// How many jobs of a pipeline are told apart by their names; each of them ran as often as it was retried, and once more.
    pub(crate) fn different_jobs(&self) -> i64 {
        (self.plan.size.jobs_per_pipeline / (1 + self.plan.size.retries).max(1)).max(1)
    }

    pub(crate) fn job_created_at(&self, project: &Project, number: i64) -> Moment {
        self.pipeline_created_at(project, self.job_pipeline(number)).plus(SECOND)
    }

    pub(crate) fn job_status(&self, project: &Project, number: i64) -> &'static str {
        self.plan.seed.text(&STATUSES, "job status", &[project.ordinal(), number])
    }

    pub(crate) fn job(&self, project: &Project, number: i64) -> Value {
        let mut record = self.job_run(project, number);
        let pipeline = self.job_pipeline(number);
        let commit = 1 + pipeline % project.holds.commits.max(1);
        let artifacts = json!([{"file_type": "trace", "size": 1_500 + number, "filename": "job.log", "file_format": Value::Null}]);
        extend(
            &mut record,
            json!({
                "user": self.user(MEMBER),
                "commit": self.commit(project, commit, false),
                "pipeline": {
                    "id": ids::pipeline(project.ordinal(), pipeline),
                    "iid": pipeline,
                    "project_id": project.id,
                    "sha": self.commit_sha(project, commit),
                    "ref": "main",
                    "status": self.pipeline_status(project, pipeline),
                    "source": "push",
                    "created_at": self.pipeline_created_at(project, pipeline),
                    "updated_at": self.pipeline_updated_at(project, pipeline),
                    "web_url": format!("{}/-/pipelines/{}", project.web_url(), ids::pipeline(project.ordinal(), pipeline)),
                },
                "project": {"ci_job_token_scope_enabled": false},
                "artifacts": artifacts,
                "artifacts_file": (number % 5 == 0).then(|| json!({"filename": "artifacts.zip", "size": 1_000})),
                "runner": (number % 2 == 0).then(|| self.runner_basic(1)),
                "runner_manager": Value::Null,
                "artifacts_expire_at": Value::Null,
                "archived": false,
                "tag_list": if number % 3 == 0 { vec!["docker", "größer"] } else { Vec::new() },
            }),
        );
        record
    }

    fn job_run(&self, project: &Project, number: i64) -> Value {
        let created = self.job_created_at(project, number);
        let status = self.job_status(project, number);
        let ran = matches!(status, "success" | "failed");
        let id = ids::job(project.ordinal(), number);
        let stage = number % self.different_jobs();
        let seconds = self.plan.seed.within(1..=400, "job", &[project.ordinal(), number]);
        let duration = f64::from(i32::try_from(seconds).unwrap_or(0)) + 0.125;
        json!({
            "id": id,
            "status": status,
            "stage": usize::try_from(stage).ok().and_then(|stage| STAGES.get(stage)).unwrap_or(&"test"),
            "name": format!("job {stage}: «lint»"),
            "ref": "main",
            "tag": false,
            "coverage": (number % 3 == 0).then_some(87.5),
            "allow_failure": number % 4 == 0,
            "created_at": created,
            "started_at": ran.then(|| created.plus(2 * SECOND)),
            "finished_at": ran.then(|| created.plus((2 + seconds) * SECOND)),
            "erased_at": Value::Null,
            "duration": ran.then_some(duration),
            "queued_duration": ran.then_some(1.5),
            "failure_reason": (status == "failed").then_some("script_failure"),
            "web_url": format!("{}/-/jobs/{id}", project.web_url()),
        })
    }

    /// Triggers of pipelines elsewhere; the first pipeline of a project has one.
    pub(crate) fn bridges(&self, project: &Project, pipeline: i64) -> Vec<Value> {
        numbered(i64::from(pipeline == 1), |_| {
            let mut bridge = self.job_run(project, 1);
            let more = json!({
                "id": ids::job(project.ordinal(), 90_000_000),
                "name": "trigger",
                "pipeline": self.pipeline(project, 1),
                "user": self.user(MEMBER),
                "commit": self.commit(project, 1, false),
                "downstream_pipeline": Value::Null,
            });
            extend(&mut bridge, more);
            bridge
        })
    }

    pub(crate) fn pipeline_schedule(&self, project: &Project, number: i64) -> Value {
        json!({
            "id": ids::small(20_000, project.ordinal(), number),
            "description": words::title(self.plan.seed, "schedule", &[project.ordinal(), number]),
            "ref": "refs/heads/main",
            "cron": "0 4 * * *",
            "cron_timezone": "Europe/Berlin",
            "next_run_at": Moment::NOW.plus(4 * HOUR),
            "active": number % 2 == 1,
            "created_at": Moment::START.plus(number * HOUR),
            "updated_at": Moment::START.plus(number * 2 * HOUR),
            "owner": self.user_basic(MEMBER),
        })
    }

    fn runner_basic(&self, number: i64) -> Value {
        json!({
            "id": 70 + number,
            "description": format!("runner {number}"),
            "ip_address": Value::Null,
            "active": true,
            "paused": false,
            "is_shared": true,
            "runner_type": "instance_type",
            "name": "gitlab-runner",
            "online": number % 2 == 1,
            "created_at": Moment::START,
            "status": if number % 2 == 1 { "online" } else { "never_contacted" },
            "job_execution_status": "idle",
        })
    }

    /// The same shared runners serve every project: their ids repeat under each parent.
    pub(crate) fn runners(&self) -> Vec<Value> {
        numbered(self.plan.size.handful, |number| self.runner_basic(number))
    }
}
