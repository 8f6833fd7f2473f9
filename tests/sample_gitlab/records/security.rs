use serde_json::{Value, json};

use crate::world::{DAY, Moment, Project, Snapshot, ids};

const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

impl Snapshot {
    pub(crate) fn vulnerability(&self, project: &Project, number: i64) -> Value {
        let made = Moment::START.plus(number * DAY);
        json!({
            "id": ids::small(120_000, project.ordinal(), number),
            "title": format!("SQL injection in 'query{number}'"),
            "description": Value::Null,
            "state": if number % 3 == 0 { "dismissed" } else { "detected" },
            "severity": self.plan.seed.text(&SEVERITIES, "severity", &[project.ordinal(), number]),
            "report_type": "sast",
            "project": {"id": project.id, "name": project.name, "full_path": format!("/{}", project.full_path)},
            "finding": {"id": number, "uuid": self.plan.seed.sha("finding", &[project.ordinal(), number])},
            "resolved_on_default_branch": false,
            "project_default_branch": "main",
            "author_id": self.plan.user_id(1),
            "resolved_by_id": Value::Null,
            "dismissed_by_id": Value::Null,
            "confirmed_by_id": Value::Null,
            "created_at": made,
            "updated_at": made,
            "resolved_at": Value::Null,
            "dismissed_at": (number % 3 == 0).then(|| made.plus(DAY)),
            "confirmed_at": Value::Null,
            "due_date": Value::Null,
        })
    }

    pub(crate) fn vulnerability_finding(&self, project: &Project, number: i64) -> Value {
        json!({
            "id": ids::small(130_000, project.ordinal(), number),
            "report_type": "sast",
            "name": format!("SQL injection in 'query{number}'"),
            "severity": self.plan.seed.text(&SEVERITIES, "severity", &[project.ordinal(), number]),
            "scanner": {"external_id": "semgrep", "name": "Semgrep", "vendor": "GitLab"},
            "identifiers": [{"external_type": "cwe", "external_id": "89", "name": "CWE-89", "url": Value::Null}],
            "project_fingerprint": Value::Null,
            "uuid": self.plan.seed.sha("finding", &[project.ordinal(), number]),
            "create_issue_path": Value::Null,
            "project": {"id": project.id, "name": project.name, "full_path": format!("/{}", project.full_path)},
            "dismissal_feedback": Value::Null,
            "issue_feedback": Value::Null,
            "state": if number % 3 == 0 { "dismissed" } else { "detected" },
            "location": {"file": "src/query.rs", "start_line": number, "end_line": number + 1},
            "solution": Value::Null,
            "links": [],
        })
    }
}
