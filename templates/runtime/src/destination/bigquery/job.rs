//! Jobs: queries, scripts, and files to load. Each has an id before it is sent, so that one whose answer was lost is found
//! again and not done twice. <https://cloud.google.com/bigquery/docs/running-jobs>

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::client::{Answer, Request, pauses};
use super::dataset::{Cells, Dataset, cells};
use super::fault::Fault;
use super::schema::fields;
use crate::schema::table::Column;

/// For how long a request waits until a query is done.
const WAIT_MILLIS: &str = "20000";

/// How long one waits before one looks at a load again, and how long at most.
const LOOK_AFTER: Duration = Duration::from_millis(100);
const LOOK_AT_MOST: Duration = Duration::from_secs(2);

/// A statement or several, with what they are about.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    pub(super) sql: String,
    /// By name, as `@name` stands in the SQL.
    pub(super) parameters: Vec<(String, Parameter)>,
}

#[derive(Debug, Clone)]
pub(super) enum Parameter {
    Text(String),
    Texts(Vec<String>),
}

/// What came of a query.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Cells>,
    /// How many rows a single statement has changed.
    pub(super) affected: u64,
}

impl Query {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), parameters: Vec::new() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.push((name.to_owned(), Parameter::Text(value.into())));
        self
    }

    /// What requests say of it.
    pub(super) fn configuration(&self) -> Map<String, Value> {
        let parameters: Value = self.parameters.iter().map(|(name, value)| value.json(name)).collect();
        Map::from_iter([
            ("query".to_owned(), self.sql.as_str().into()),
            ("useLegacySql".to_owned(), false.into()),
            ("parameterMode".to_owned(), "NAMED".into()),
            ("queryParameters".to_owned(), parameters),
        ])
    }
}

impl Parameter {
    fn json(&self, name: &str) -> Value {
        match self {
            Self::Text(text) => json!({
                "name": name,
                "parameterType": { "type": "STRING" },
                "parameterValue": { "value": text },
            }),
            Self::Texts(texts) => json!({
                "name": name,
                "parameterType": { "type": "ARRAY", "arrayType": { "type": "STRING" } },
                "parameterValue": { "arrayValues": texts.iter().map(|text| json!({ "value": text })).collect::<Vec<_>>() },
            }),
        }
    }
}

/// An id that no other job or request has.
pub(super) fn new_id() -> String {
    let id: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
    format!("gitlab-pipeline-{id}")
}

/// What became of a job that is done: what it was for, or why it failed.
type Ended<T> = Result<T, Fault>;

impl Dataset {
    pub(super) fn query(&self, query: &Query) -> Answer<Outcome> {
        let configuration = json!({ "query": query.configuration() });
        until_known(&new_id(), |id| {
            self.begin(id, &configuration, None)?;
            self.outcome(id)
        })
    }

    /// Adds the rows of a Parquet file to a table, by an id that no other file has: a load that was begun before under it is
    /// waited for. How many rows came in.
    pub(super) fn load(&self, id: &str, table: &str, columns: &[Column], file: &[u8]) -> Answer<u64> {
        let configuration = json!({ "load": {
            "destinationTable": self.reference(table),
            "sourceFormat": "PARQUET",
            "schema": { "fields": fields(columns) },
            "createDisposition": "CREATE_NEVER",
            "writeDisposition": "WRITE_APPEND",
        }});
        until_known(id, |id| {
            self.begin(id, &configuration, Some(file))?;
            self.loaded(id)
        })
    }

    /// Sends a job; one that is there already was sent before.
    fn begin(&self, id: &str, configuration: &Value, file: Option<&[u8]>) -> Answer<()> {
        let reference = json!({ "projectId": &*self.project, "jobId": id, "location": self.location() });
        let body = json!({ "jobReference": reference, "configuration": configuration });
        let request = Request::new(Method::POST, ["projects", &*self.project, "jobs"]);
        let request = match file {
            None => request.json(&body),
            Some(file) => request.upload(&body, file),
        };
        match self.client.send(request) {
            Err(fault) if !fault.is_there() => Err(fault),
            _ => Ok(()),
        }
    }

    /// Waits until a query is done.
    fn outcome(&self, id: &str) -> Answer<Ended<Outcome>> {
        let request = self.job("queries", id).query("timeoutMs", WAIT_MILLIS);
        let mut outcome = Outcome::default();
        let mut next: Option<String> = None;
        loop {
            let asked = match &next {
                None => request.clone(),
                Some(token) => request.clone().query("pageToken", token.as_str()),
            };
            let answer = match self.client.send(asked) {
                Ok(answer) => answer,
                // Of a query that failed the results are its fault.
                Err(fault) => return self.failure(id).map_or(Err(fault), |failure| Ok(Err(failure))),
            };
            match answer.get("jobComplete").and_then(Value::as_bool) {
                Some(true) => {}
                Some(false) => continue,
                None => return Err(Fault::Strange("the answer does not say whether the job is done")),
            }
            outcome.rows.extend(cells(&answer));
            outcome.affected = number(answer.get("numDmlAffectedRows"));
            match answer.get("pageToken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
                None => return Ok(Ok(outcome)),
                Some(token) => next = Some(token.to_owned()),
            }
        }
    }

    /// Waits until a load is done; how many rows it has added.
    fn loaded(&self, id: &str) -> Answer<Ended<u64>> {
        let mut pause = LOOK_AFTER;
        loop {
            let job = self.client.send(self.job("jobs", id))?;
            if is_done(&job) {
                let rows =
                    job.get("statistics").and_then(|statistics| statistics.get("load")?.get("outputRows"));
                return Ok(failure_of(&job).map_or_else(|| Ok(number(rows)), Err));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOK_AT_MOST);
        }
    }

    /// Why a job failed, if it did.
    fn failure(&self, id: &str) -> Option<Fault> {
        let job = self.client.send(self.job("jobs", id)).ok()?;
        failure_of(&job).filter(|_| is_done(&job))
    }

    fn job(&self, of: &str, id: &str) -> Request {
        let request = Request::new(Method::GET, ["projects", &*self.project, of, id]);
        request.query("location", self.location())
    }
}

/// Asks for a job until it is known what became of it. The id stays the same as long as that is not known, so that nothing is
/// done twice; a job that failed has done nothing and has used its id up.
fn until_known<T>(id: &str, ask: impl Fn(&str) -> Answer<Ended<T>>) -> Answer<T> {
    let (mut pauses, mut failed) = (pauses(), 0_u32);
    loop {
        let own = if failed == 0 { id.to_owned() } else { format!("{id}-{failed}") };
        let fault = match ask(&own) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(fault)) if fault.may_run_again() => {
                failed += 1;
                fault
            }
            Err(fault) if fault.is_passing() => fault,
            Ok(Err(fault)) | Err(fault) => return Err(fault),
        };
        let Some(pause) = pauses.next() else { return Err(fault) };
        tracing::debug!(%fault, ?pause, "asking for a job again");
        std::thread::sleep(pause);
    }
}

fn is_done(job: &Value) -> bool {
    job.get("status").and_then(|status| status.get("state")?.as_str()) == Some("DONE")
}

fn failure_of(job: &Value) -> Option<Fault> {
    job.get("status")?.get("errorResult").map(|error| Fault::refused(0, error))
}

/// Google writes 64-bit numbers as text.
fn number(value: Option<&Value>) -> u64 {
    value.and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or_default()
}
