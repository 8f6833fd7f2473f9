//! The dataset and its tables as the service keeps them, without any SQL: what is asked here costs nothing.
//! <https://cloud.google.com/bigquery/docs/reference/rest>

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Request};
use super::fault::{Fault, Place};
use super::schema::fields;
use super::settings::Settings;
use crate::destination::DestinationError;
use crate::schema::table::Column;

/// Where a dataset is whose place nobody has named.
const LOCATION: &str = "US";

/// A hidden table that a dead load has left goes by itself after this time. No load takes so long.
const LIFETIME: Duration = Duration::from_secs(14 * 86_400);

/// How many rows or tables an answer may have.
const PAGE: &str = "10000";

/// Row by row, each cell as text.
pub(super) type Cells = Vec<Option<String>>;

/// A dataset, and the way to it, which clones share.
#[derive(Debug, Clone)]
pub(super) struct Dataset {
    pub(super) client: Client,
    pub(super) place: Place,
    pub(super) project: Arc<str>,
    pub(super) name: Arc<str>,
    wanted: Option<Arc<str>>,
    /// Where it is, once that is known.
    location: Arc<OnceLock<String>>,
}

impl Dataset {
    pub(super) fn new(settings: Settings) -> Result<Self, DestinationError> {
        let Settings { project, dataset, location, endpoint, credentials, place } = settings;
        let client = Client::new(&endpoint, credentials).map_err(place.package_failed("be reached"))?;
        Ok(Self {
            client,
            place,
            project: project.into(),
            name: dataset.into(),
            wanted: location.map(Into::into),
            location: Arc::default(),
        })
    }

    /// Where jobs have to run.
    pub(super) fn location(&self) -> &str {
        self.location.get().map_or(LOCATION, String::as_str)
    }

    fn request<'p>(&'p self, method: Method, path: &[&'p str]) -> Request {
        let start = ["projects", &*self.project, "datasets"];
        Request::new(method, start.into_iter().chain(path.iter().copied()))
    }

    /// Whether it is there. From then on jobs run where it is.
    pub(super) fn find(&self) -> Answer<bool> {
        match self.client.send(self.request(Method::GET, &[&self.name])) {
            Ok(found) => {
                let location = found.get("location").and_then(Value::as_str).unwrap_or(LOCATION);
                // It does not move.
                let _ = self.location.set(location.to_owned());
                Ok(true)
            }
            Err(fault) if fault.is_missing() => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Makes it if it is not there; whether it was made.
    pub(super) fn make(&self) -> Answer<bool> {
        if self.find()? {
            return Ok(false);
        }
        let location = self.wanted.as_deref().unwrap_or(LOCATION);
        let body = json!({
            "datasetReference": { "projectId": &*self.project, "datasetId": &*self.name },
            "location": location,
        });
        match self.client.send(self.request(Method::POST, &[]).json(&body)) {
            Ok(_) => self.find().map(|_| true),
            Err(fault) if fault.is_there() => self.find().map(|_| false),
            Err(fault) => Err(fault),
        }
    }

    /// Takes it away if it is empty.
    pub(super) fn remove(&self) -> Answer<()> {
        self.client.send(self.request(Method::DELETE, &[&self.name])).map(drop)
    }

    /// The names of its tables.
    pub(super) fn tables(&self) -> Answer<Vec<String>> {
        let mut names = Vec::new();
        let request = self.request(Method::GET, &[&self.name, "tables"]).query("maxResults", PAGE);
        self.pages(&request, |page| {
            let tables = page.get("tables").and_then(Value::as_array).into_iter().flatten();
            let name =
                |table: &Value| Some(table.get("tableReference")?.get("tableId")?.as_str()?.to_owned());
            names.extend(tables.filter_map(name));
            Ok(())
        })?;
        Ok(names)
    }

    /// Makes a hidden table.
    pub(super) fn make_table(&self, name: &str, columns: &[Column]) -> Answer<()> {
        let ends = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + LIFETIME;
        let body = json!({
            "tableReference": self.reference(name),
            "schema": { "fields": fields(columns) },
            "expirationTime": ends.as_millis().to_string(),
        });
        match self.client.send(self.request(Method::POST, &[&self.name, "tables"]).json(&body)) {
            Err(fault) if !fault.is_there() => Err(fault),
            _ => Ok(()),
        }
    }

    /// What is not there is no fault.
    pub(super) fn remove_table(&self, name: &str) -> Answer<()> {
        match self.client.send(self.request(Method::DELETE, &[&self.name, "tables", name])) {
            Err(fault) if !fault.is_missing() => Err(fault),
            _ => Ok(()),
        }
    }

    fn show(&self, name: &str) -> Answer<Value> {
        self.client.send(self.request(Method::GET, &[&self.name, "tables", name]))
    }

    fn patch(&self, name: &str, change: &Value) -> Answer<()> {
        let request = self.request(Method::PATCH, &[&self.name, "tables", name]);
        self.client.send(request.json(change)).map(drop)
    }

    /// Whether there is a table or a view of this name.
    pub(super) fn has(&self, name: &str) -> Answer<bool> {
        match self.show(name) {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_missing() => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Sees to it that there is a view of this query; who may read one that is there can go on.
    pub(super) fn make_view(&self, name: &str, query: &str) -> Answer<()> {
        let view = json!({ "query": query, "useLegacySql": false });
        let query_of = |found: &Value| Some(found.get("view")?.get("query")?.as_str()?.to_owned());
        match self.show(name) {
            Ok(found) => match query_of(&found) {
                Some(there) if there == query => Ok(()),
                Some(_) => self.patch(name, &json!({ "view": view })),
                None => Err(Fault::Strange("there is a table of that name")),
            },
            Err(fault) if fault.is_missing() => {
                let body = json!({ "tableReference": self.reference(name), "view": view });
                self.client.send(self.request(Method::POST, &[&self.name, "tables"]).json(&body)).map(drop)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Has a table tell what it and its columns are about; what it tells of them already is not changed.
    pub(super) fn describe(
        &self,
        table: &str,
        own: Option<&str>,
        columns: &BTreeMap<&str, String>,
    ) -> Answer<()> {
        let found = self.show(table)?;
        let fields = found.get("schema").and_then(|schema| schema.get("fields")?.as_array());
        let mut fields = fields.cloned().unwrap_or_default();
        for field in fields.iter_mut().filter_map(Value::as_object_mut) {
            let text = field.get("name").and_then(|name| columns.get(name.as_str()?));
            if let Some(text) = text {
                field.insert("description".to_owned(), json!(text));
            }
        }
        let mut change = json!({ "schema": { "fields": fields } });
        if let (Some(text), Some(change)) = (own, change.as_object_mut()) {
            change.insert("description".to_owned(), json!(text));
        }
        self.patch(table, &change)
    }

    /// The columns that a table's rows are ordered by.
    pub(super) fn clustering(&self, table: &str) -> Answer<Vec<String>> {
        let found = self.show(table)?;
        let fields = found.get("clustering").and_then(|clustering| clustering.get("fields")?.as_array());
        Ok(fields.into_iter().flatten().filter_map(|field| field.as_str().map(str::to_owned)).collect())
    }

    /// From now on rows are in no order; which columns of what type they have is free then.
    pub(super) fn end_clustering(&self, table: &str) -> Answer<()> {
        self.patch(table, &json!({ "clustering": null }))
    }

    /// Shows the rows of a table, in these columns; no query is made for it, and none is charged.
    pub(super) fn each_row(
        &self,
        table: &str,
        columns: &[&str],
        mut visit: impl FnMut(Cells) -> Answer<()>,
    ) -> Answer<()> {
        let request = self.request(Method::GET, &[&self.name, "tables", table, "data"]);
        let request = request.query("maxResults", PAGE).query("selectedFields", columns.join(","));
        self.pages(&request, |page| cells(page).into_iter().try_for_each(&mut visit))
    }

    /// Some of the rows, with times as microseconds; free as well.
    pub(super) fn page(&self, table: &str, columns: &[&str], start: u64, most: u64) -> Answer<Value> {
        let request = self.request(Method::GET, &[&self.name, "tables", table, "data"]);
        let request = request.query("startIndex", start.to_string()).query("maxResults", most.to_string());
        let request = request.query("selectedFields", columns.join(","));
        self.client.send(request.query("formatOptions.useInt64Timestamp", "true"))
    }

    /// How many rows a table has.
    pub(super) fn count(&self, table: &str) -> Answer<u64> {
        let found = self.show(table)?;
        let rows = found.get("numRows").and_then(Value::as_str).and_then(|rows| rows.parse().ok());
        rows.ok_or(Fault::Strange("the answer does not say how many rows there are"))
    }

    fn pages(&self, request: &Request, mut visit: impl FnMut(&Value) -> Answer<()>) -> Answer<()> {
        let mut next: Option<String> = None;
        loop {
            let asked = match &next {
                None => request.clone(),
                Some(token) => request.clone().query("pageToken", token.as_str()),
            };
            let page = self.client.send(asked)?;
            visit(&page)?;
            let token = ["nextPageToken", "pageToken"].iter().find_map(|key| page.get(key)?.as_str());
            match token.filter(|token| !token.is_empty()) {
                None => return Ok(()),
                Some(token) if next.as_deref() == Some(token) => {
                    return Err(Fault::Strange("a page names itself as the next"));
                }
                Some(token) => next = Some(token.to_owned()),
            }
        }
    }

    pub(super) fn reference(&self, table: &str) -> Value {
        json!({ "projectId": &*self.project, "datasetId": &*self.name, "tableId": table })
    }
}

/// The cells of an answer's rows.
pub(super) fn cells(page: &Value) -> Vec<Cells> {
    let rows = page.get("rows").and_then(Value::as_array).into_iter().flatten();
    let cell = |cell: &Value| cell.get("v")?.as_str().map(str::to_owned);
    let row = |row: &Value| row.get("f").and_then(Value::as_array).into_iter().flatten().map(cell).collect();
    rows.map(row).collect()
}
