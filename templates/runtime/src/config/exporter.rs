//! The variables of [gitlab-data-export](https://pypi.org/project/gitlab-data-export/), for jobs that ran it before.
//! `CHECKPOINT_JOB_ID`, without which that program does not start, tells that the others are meant; alone they are
//! anybody's.

use toml::Value;

use super::layers::{Environment, KeyPath};

/// What one variable says: as if `PIPELINE__…` said it.
pub(super) struct Said {
    pub(super) variable: &'static str,
    pub(super) keys: KeyPath,
    pub(super) value: Value,
}

pub(super) fn said(environment: &Environment) -> Vec<Said> {
    let set = |name: &str| environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    if set("CHECKPOINT_JOB_ID").is_none() {
        return Vec::new();
    }
    let one =
        |variable, keys: [&str; 2], value| Said { variable, keys: keys.map(str::to_owned).into(), value };
    let text = |text: &str| Value::String(text.to_owned());
    // A job has a place for itself there; here jobs with one dataset take turns.
    let mut all = vec![one("CHECKPOINT_JOB_ID", ["load", "lock_timeout"], text("1h"))];
    // One of the two is read, the group before the project.
    for (variable, names) in
        [("GITLAB_GROUP", ["groups", "projects"]), ("GITLAB_PROJECT", ["projects", "groups"])]
    {
        if let Some(name) = set(variable) {
            let [named, other] = names;
            all.push(one(variable, ["scope", named], Value::Array(vec![text(name)])));
            all.push(one(variable, ["scope", other], Value::Array(Vec::new())));
            break;
        }
    }
    if environment.contains_key("GITLAB_NO_RECURSION") {
        all.push(one("GITLAB_NO_RECURSION", ["scope", "subgroups"], Value::Boolean(false)));
    }
    if let Some(start) = set("GITLAB_BACKFILL_TIMESTAMP") {
        // `now`, or a day and a time with a space between them.
        let start = start.to_lowercase().replace(' ', "T");
        all.push(one("GITLAB_BACKFILL_TIMESTAMP", ["load", "start_date"], Value::String(start)));
    }
    if let Some(token) = set("GITLAB_OAUTH").filter(|_| set("GITLAB_TOKEN").is_none()) {
        all.push(one("GITLAB_OAUTH", ["gitlab", "token"], text(token)));
        all.push(one("GITLAB_OAUTH", ["gitlab", "token_type"], text("bearer")));
    }
    if let Some(dataset) = set("BIGQUERY_DATASET") {
        // It has the version of the API behind it.
        all.push(one("BIGQUERY_DATASET", ["destination", "dataset"], text(&format!("{dataset}_v4"))));
    }
    all
}
