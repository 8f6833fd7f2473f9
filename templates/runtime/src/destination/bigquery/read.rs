//! Looks at what is loaded. What is free is asked for without a query: rows as they lie, and how many there are. What is a
//! query may be charged for as much as [`MOST_BILLED`]; one for which more would have to be read is refused before it runs.
//!
//! What a person has written is judged by the service, which says what kind of statement it is without running it. Only
//! one SELECT is run then: neither a script nor what a script is made of, nor an export.
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2>

use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::cells::text_of;
use super::client::{Answer as Told, Request};
use super::dataset::Dataset;
use super::fault::Fault;
use super::job::{Query, new_id};
use super::names::{self, quoted};
use super::{BigQuery, schema};
use crate::config;
use crate::destination::reading::select::{Dialect, Statement, Written, by_position, is_text};
use crate::destination::reading::{
    Answer, COUNTING, Filter, Gathered, MOST_ROWS, PATIENCE, Read, ReadError, Window,
};
use crate::destination::{Destination, LoadEntry, Reader, Result};
use crate::schema::table::Table;

/// How many bytes a query may be charged for: a hundredth of the tebibyte that prices are for.
const MOST_BILLED: u64 = 10 << 30;

/// How many requests are on their way at a time.
const AT_ONCE: usize = 8;

/// What a value is called in a query.
const VALUE: &str = "value";

const DIALECT: Dialect = Dialect {
    name: "BigQuery",
    quoted,
    as_text: |column, kind| {
        if is_text(kind) { column.to_owned() } else { format!("CAST({column} AS STRING)") }
    },
    is_plain: |kind| !is_text(kind),
    contains: by_position,
    value: Written::Parameter("@value"),
    type_of: |kind| (!is_text(kind)).then(|| schema::column_type(kind)),
};

/// A dataset that is looked at.
#[derive(Debug)]
struct Look(BigQuery);

pub(super) fn open(config: &config::Destination) -> Result<Box<dyn Reader>> {
    let bigquery = BigQuery::open(config)?;
    let failed = bigquery.dataset.place.package_failed("be looked at");
    // From then on jobs run where it is.
    bigquery.dataset.find().map_err(failed)?;
    Ok(Box::new(Look(bigquery)))
}

impl Reader for Look {
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>> {
        self.0.loads(most)
    }

    fn tables(&mut self) -> Result<Vec<Table>> {
        if self.0.has_loads()? { schema::tables(&self.0.dataset) } else { Ok(Vec::new()) }
    }

    fn count(&mut self, table: &Table, filter: Option<&Filter>) -> Read<Option<u64>> {
        let dataset = &self.0.dataset;
        let failed = dataset.place.failed("count the rows of", &table.name);
        let Some(filter) = filter else { return self.count_all(table).map(Some) };
        let query = query_of(DIALECT.count(&dataset.table(&table.name), Some(filter)));
        let counted = dataset.ask(&query, COUNTING, Gathered::new(Vec::new(), 1));
        let cell =
            counted.map_err(failed)?.and_then(|answer| answer.rows.into_iter().next()?.into_iter().next()?);
        Ok(cell.and_then(|cell| cell.parse().ok()))
    }

    fn counts(&mut self, tables: &[&Table]) -> Read<Vec<Option<u64>>> {
        at_once(tables, |table| self.count_all(table).map(Some)).into_iter().collect()
    }

    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer> {
        let dataset = &self.0.dataset;
        let failed = dataset.place.failed("read", &table.name);
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let gathered = Gathered::new(columns, window.most);
        if window.filter.is_none() && window.sort.is_none() {
            return Ok(dataset.list(table, window.skip, gathered).map_err(failed)?);
        }
        let query = query_of(DIALECT.rows(&dataset.table(&table.name), table, window));
        let answer = dataset.ask(&query, PATIENCE, gathered);
        answer.map_err(failed)?.ok_or(ReadError::Slow)
    }

    fn dialect(&self) -> Option<&'static str> {
        Some(DIALECT.name)
    }

    fn quoted(&self, name: &str) -> String {
        quoted(name)
    }

    /// `groups` is a word of the language, and so are others that tables may be called.
    fn written(&self, name: &str) -> String {
        quoted(name)
    }

    fn literal(&self, text: &str) -> String {
        names::literal(text)
    }

    fn query(&mut self, sql: &str) -> Read<Answer> {
        let query = Query::new(sql);
        let kind = self.0.dataset.kind_of(&query).map_err(|fault| self.said(fault))?;
        if kind.as_deref() == Some("SELECT") { self.answer(&query) } else { Err(ReadError::OnlyReads) }
    }

    /// A query takes a second, whatever it does.
    fn answers(&mut self, statements: &[String]) -> Vec<Read<Answer>> {
        at_once(statements, |sql| self.answer(&Query::new(sql)))
    }
}

impl Look {
    fn count_all(&self, table: &Table) -> Read<u64> {
        let dataset = &self.0.dataset;
        let failed = dataset.place.failed("count the rows of", &table.name);
        Ok(dataset.count(&table.name).map_err(failed)?)
    }

    fn answer(&self, query: &Query) -> Read<Answer> {
        let gathered = Gathered::new(Vec::new(), MOST_ROWS);
        let answer = self.0.dataset.ask(query, PATIENCE, gathered);
        answer.map_err(|fault| self.said(fault))?.ok_or(ReadError::Slow)
    }

    fn said(&self, fault: Fault) -> ReadError {
        match fault {
            Fault::Refused(said) if said.status != 401 => ReadError::Said(said.message.to_string()),
            fault => self.0.dataset.place.package_failed("answer a statement")(fault).into(),
        }
    }
}

/// Does the same for each, for some of them at a time.
fn at_once<T: Sync, D: Send>(things: &[T], work: impl Fn(&T) -> D + Sync) -> Vec<D> {
    let work = &work;
    let groups = things.chunks(AT_ONCE).map(|group| {
        thread::scope(|scope| {
            let begun: Vec<_> = group.iter().map(|thing| scope.spawn(move || work(thing))).collect();
            let ended =
                begun.into_iter().map(|work| work.join().unwrap_or_else(|fault| resume_unwind(fault)));
            ended.collect::<Vec<_>>()
        })
    });
    groups.flatten().collect()
}

fn query_of((sql, value): Statement) -> Query {
    let query = Query::new(sql);
    match value {
        Some(value) => query.with(VALUE, value),
        None => query,
    }
}

impl Dataset {
    /// A query that only looks.
    fn looking(&self, query: &Query) -> Map<String, Value> {
        let mut looking = query.configuration();
        looking.insert(
            "defaultDataset".to_owned(),
            json!({ "projectId": &*self.project, "datasetId": &*self.name }),
        );
        looking.insert("maximumBytesBilled".to_owned(), MOST_BILLED.to_string().into());
        looking
    }

    /// What kind of statement it is, which is found out without running it and costs nothing.
    fn kind_of(&self, query: &Query) -> Told<Option<String>> {
        let body = json!({
            "jobReference": { "projectId": &*self.project, "location": self.location() },
            "configuration": { "dryRun": true, "query": self.looking(query) },
        });
        let request = Request::new(Method::POST, ["projects", &*self.project, "jobs"]).json(&body);
        let job = self.client.send(request)?;
        let kind = job.pointer("/statistics/query/statementType").and_then(Value::as_str);
        Ok(kind.map(str::to_owned))
    }

    /// What a query finds; `None` where that takes longer.
    fn ask(&self, query: &Query, patience: Duration, mut gathered: Gathered) -> Told<Option<Answer>> {
        let mut body = self.looking(query);
        body.extend([
            ("requestId".to_owned(), new_id().into()),
            ("location".to_owned(), self.location().into()),
            ("timeoutMs".to_owned(), u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).into()),
            // One more than is shown tells that there is more.
            ("maxResults".to_owned(), (gathered.most() + 1).into()),
            ("formatOptions".to_owned(), json!({ "useInt64Timestamp": true })),
        ]);
        let request = Request::new(Method::POST, ["projects", &*self.project, "queries"]).json(&body.into());
        let page = self.client.send(request)?;
        if page.get("jobComplete").and_then(Value::as_bool) != Some(true) {
            self.cancel(&page)?;
            return Ok(None);
        }
        let fields = page.pointer("/schema/fields").and_then(Value::as_array);
        let fields = fields.map(Vec::as_slice).unwrap_or_default();
        let name = |field: &Value| Some(field.get("name")?.as_str()?.to_owned());
        gathered.name(fields.iter().filter_map(name).collect());
        push(&page, fields, &mut gathered);
        let mut answer = gathered.end();
        // A page may end before its time, where rows are long.
        answer.has_more |= has_next(&page);
        Ok(Some(answer))
    }

    /// Ends a query that nobody waits for any more.
    fn cancel(&self, page: &Value) -> Told<()> {
        let Some(id) = page.pointer("/jobReference/jobId").and_then(Value::as_str) else { return Ok(()) };
        let request = Request::new(Method::POST, ["projects", &*self.project, "jobs", id, "cancel"]);
        self.client.send(request.query("location", self.location())).map(drop)
    }

    /// Rows of a table as they lie.
    fn list(&self, table: &Table, skip: u64, mut gathered: Gathered) -> Told<Answer> {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let fields = schema::fields(&table.columns);
        let fields = fields.as_array().map(Vec::as_slice).unwrap_or_default();
        let (mut at, end) =
            (skip, skip.saturating_add(u64::try_from(gathered.most()).unwrap_or_default() + 1));
        while at < end {
            let page = self.page(&table.name, &names, at, end - at)?;
            let pushed = push(&page, fields, &mut gathered);
            at = at.saturating_add(pushed);
            if pushed == 0 || !has_next(&page) {
                break;
            }
        }
        Ok(gathered.end())
    }
}

/// Takes the rows of a page; how many there was room for.
fn push(page: &Value, fields: &[Value], gathered: &mut Gathered) -> u64 {
    let rows = page.get("rows").and_then(Value::as_array).into_iter().flatten();
    let cell = |(cell, field): (&Value, &Value)| text_of(cell.get("v")?, field);
    let rows = rows.map(|row| {
        let cells = row.get("f").and_then(Value::as_array).into_iter().flatten();
        cells.zip(fields).map(cell).collect()
    });
    let mut pushed = 0;
    for row in rows {
        if !gathered.push(row) {
            break;
        }
        pushed += 1;
    }
    pushed
}

fn has_next(page: &Value) -> bool {
    page.get("pageToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty())
}
