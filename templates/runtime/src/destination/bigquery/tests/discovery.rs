//! The published description of the API: every request of every test here is held to it.
//! <https://bigquery.googleapis.com/discovery/v1/apis/bigquery/v2/rest>

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use reqwest::Method;
use serde_json::{Value, json};
use test_servers::BigQuery as Server;

use super::super::client::Request;
use super::Dataset;
use crate::destination::conformance::Place;
use crate::destination::{Claim, Mode};
use crate::resource::ColumnKind::Int;
use crate::schema::table::TableRows;

static SENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn published() -> &'static Value {
    static PUBLISHED: OnceLock<Value> = OnceLock::new();
    PUBLISHED.get_or_init(|| serde_json::from_str(&Server::discovery()).unwrap())
}

/// # Panics
/// When there is no such request.
pub(in super::super) fn check(request: &Request) {
    match fault_of(request) {
        Ok(id) => drop(SENT.lock().unwrap_or_else(PoisonError::into_inner).insert(id)),
        Err(fault) => panic!("{} {:?}: {fault}", request.method, request.path),
    }
}

/// The id of the method that is called, or what it does not know.
fn fault_of(request: &Request) -> Result<String, String> {
    let is_upload = request.path.first().is_some_and(|first| first == "upload");
    let resources = published()["resources"].as_object().unwrap().values();
    let mut methods = resources.flat_map(|resource| resource["methods"].as_object().unwrap().values());
    let method = methods.find(|method| {
        let upload = method.pointer("/mediaUpload/protocols/simple/path").and_then(Value::as_str);
        let plain = format!("bigquery/v2/{}", method["flatPath"].as_str().unwrap());
        let path = if is_upload { upload.unwrap_or_default().replace('+', "") } else { plain };
        method["httpMethod"] == request.method.as_str() && is_of(&request.path, path.trim_start_matches('/'))
    });
    let method = method.ok_or("there is no such method")?;
    for (name, _) in &request.query {
        if method["parameters"].get(name).is_none() && published()["parameters"].get(name).is_none() {
            return Err(format!("it has no parameter `{name}`"));
        }
    }
    let body = request.body.as_ref().map(|(kind, body)| body_of(kind, body));
    match (&body, method["request"]["$ref"].as_str()) {
        (Some(body), Some(schema)) => conforms(body, &published()["schemas"][schema], schema)?,
        (None, _) => {}
        (Some(_), None) => return Err("it takes no body".to_owned()),
    }
    Ok(method["id"].as_str().unwrap().to_owned())
}

fn is_of(path: &[String], template: &str) -> bool {
    let segments: Vec<&str> = template.split('/').collect();
    let is_same =
        |(own, wanted): (&String, &&str)| wanted.starts_with('{') && !wanted.contains("}:") || own == wanted;
    segments.len() == path.len() && path.iter().zip(&segments).all(is_same)
}

/// The JSON of a body, also where a file follows it.
fn body_of(kind: &str, body: &[u8]) -> Value {
    if !kind.starts_with("multipart/related") {
        return serde_json::from_slice(body).unwrap();
    }
    let start = body.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    serde_json::Deserializer::from_slice(&body[start..]).into_iter().next().unwrap().unwrap()
}

fn conforms(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return conforms(value, &published()["schemas"][reference], at);
    }
    match (schema["type"].as_str(), value) {
        (Some("object"), Value::Object(object)) => object.iter().try_for_each(|(name, value)| {
            let property = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
            let property = property.ok_or_else(|| format!("`{at}` has no field `{name}`"))?;
            conforms(value, property, &format!("{at}.{name}"))
        }),
        (Some("array"), Value::Array(items)) => {
            items.iter().try_for_each(|item| conforms(item, &schema["items"], at))
        }
        (Some("integer"), Value::Number(number)) if number.is_i64() => Ok(()),
        (Some("string"), Value::String(_)) | (Some("boolean"), Value::Bool(_)) | (_, Value::Null) => Ok(()),
        (wanted, _) => Err(format!("`{at}` takes {wanted:?}, and not {value}")),
    }
}

#[test]
fn what_is_not_published_is_noticed() {
    let of = |path: &[&str]| Request::new(Method::POST, path.iter().copied());
    let fault = |request: Request| fault_of(&request).unwrap_err();
    assert_eq!(fault(of(&["projects", "p", "works"])), "there is no such method");
    let jobs = of(&["projects", "p", "jobs"]);
    assert_eq!(fault(jobs.clone().query("wait", "1")), "it has no parameter `wait`");
    let job = json!({ "configuration": { "query": { "sql": "SELECT 1" } } });
    assert_eq!(fault(jobs.clone().json(&job)), "`Job.configuration.query` has no field `sql`");
    let job = json!({ "configuration": { "query": { "useLegacySql": "no" } } });
    assert!(fault(jobs.clone().json(&job)).contains("takes Some(\"boolean\")"));
    let job = json!({ "configuration": { "load": { "sourceFormat": "PARQUET" } } });
    assert_eq!(fault_of(&jobs.upload(&job, b"PAR1")), Ok("bigquery.jobs.insert".to_owned()));
}

#[test]
fn a_load_makes_requests_that_are_published() {
    let dataset = Dataset::new();
    dataset.open().probe().unwrap();
    let mut load = dataset.open().open_load(&Claim::new("test")).unwrap();
    let rows = TableRows::of("t", &["id"], &[("id", Int)], &[json!([1])]);
    super::lasting::put(load.as_mut(), &rows, &Mode::Merge);
    load.close().unwrap();
    let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    let expected = [
        "bigquery.datasets.delete",
        "bigquery.datasets.get",
        "bigquery.datasets.insert",
        "bigquery.jobs.get",
        "bigquery.jobs.getQueryResults",
        "bigquery.jobs.insert",
        "bigquery.tabledata.list",
        "bigquery.tables.delete",
        "bigquery.tables.insert",
        "bigquery.tables.list",
    ];
    let missing: Vec<_> = expected.iter().filter(|id| !sent.contains(**id)).collect();
    assert!(missing.is_empty(), "{missing:?} of {sent:?}");
}
