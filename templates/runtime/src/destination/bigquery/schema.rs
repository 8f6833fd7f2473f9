//! Tables and columns: DDL, and what `_tables` and `_columns` keep of them. There is no transaction over DDL, so what is
//! made is noted before, and what is altered is noted after: in between, both readings are right.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Result;
use super::client::Answer;
use super::dataset::Dataset;
use super::job::Query;
use super::lease;
use super::names::{COLUMNS, LOADS, PACKAGES, STATE, TABLES, quoted, quoted_list};
use crate::destination::{DestinationError, SchemaChange, Widening, kept};
use crate::resource::ColumnKind;
use crate::schema::kind::{Seen, kind_name};
use crate::schema::table::{Column, Table};

/// By how many columns the rows of a table can be ordered.
const CLUSTERED_BY: usize = 4;

/// The column by whose days tables without a key are partitioned.
const LOADED_AT: &str = "_loaded_at";

/// JSON is text: a column of the type JSON would round numbers, drop keys that come twice and order the others, and could
/// neither be compared nor order a table, while all functions for JSON take text as well. A list is JSON, because an ARRAY
/// can neither be null nor hold a null.
pub(super) fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "BOOL",
        ColumnKind::Int => "INT64",
        ColumnKind::Float => "FLOAT64",
        ColumnKind::Date => "DATE",
        ColumnKind::Timestamp => "TIMESTAMP",
        ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_) => "STRING",
    }
}

/// What a type is as long as nothing else is noted.
fn kind_of_type(name: &str) -> Option<ColumnKind> {
    let kinds = [
        ColumnKind::Bool,
        ColumnKind::Int,
        ColumnKind::Float,
        ColumnKind::Date,
        ColumnKind::Timestamp,
        ColumnKind::Text,
    ];
    kinds.into_iter().find(|kind| column_type(*kind) == name)
}

/// Integers become floats in place, and text becomes JSON by being written so. Other types cannot be altered, but in a
/// table that is made anew, with all rights and views on it.
/// <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_column_set_data_type_statement>
pub(super) fn widening(from: ColumnKind, to: ColumnKind) -> Widening {
    match (from, to) {
        (from, to) if from == to => Widening::Free,
        (ColumnKind::Int, ColumnKind::Float) | (ColumnKind::Text, ColumnKind::Json) => Widening::InPlace,
        _ => Widening::No,
    }
}

/// The columns of a table as the REST API has them, which knows older names of the types.
pub(super) fn fields(columns: &[Column]) -> Value {
    let name_of = |kind| match column_type(kind) {
        "BOOL" => "BOOLEAN",
        "INT64" => "INTEGER",
        "FLOAT64" => "FLOAT",
        other => other,
    };
    columns.iter().map(|column| json!({ "name": column.name, "type": name_of(column.kind) })).collect()
}

fn definition(column: &Column) -> String {
    format!("{} {}", quoted(&column.name), column_type(column.kind))
}

/// Makes an empty table. `options` is what stands behind the type of a column of this name.
pub(super) fn table_sql(own: String, table: &Table, options: &dyn Fn(&str) -> String) -> String {
    let columns = table.columns.iter().map(|column| definition(column) + &options(&column.name));
    let columns = columns.collect::<Vec<_>>().join(",\n    ");
    format!("CREATE TABLE IF NOT EXISTS {own} (\n    {columns}\n){}", layout(table))
}

/// A table whose rows are found by a key is ordered by it. One without is read by when its rows came.
fn layout(table: &Table) -> String {
    if table.key.is_empty() {
        let has_time = table.column(LOADED_AT).is_some_and(|column| column.kind == ColumnKind::Timestamp);
        let by_day = format!(" PARTITION BY TIMESTAMP_TRUNC({}, DAY)", quoted(LOADED_AT));
        return if has_time { by_day } else { String::new() };
    }
    let orders = |column: &&Column| {
        column.seen != Seen::Nothing
            && !matches!(column.kind, ColumnKind::Float | ColumnKind::Json | ColumnKind::List(_))
    };
    let columns = table.key.iter().filter_map(|name| table.column(name)).filter(orders).take(CLUSTERED_BY);
    let columns = quoted_list(columns.map(|column| column.name.as_str()));
    if columns.is_empty() { String::new() } else { format!(" CLUSTER BY {columns}") }
}

/// Makes changes. `known` are the tables that are there; `stages` says which of them have a stage, and what it is called.
pub(super) struct Changing<'c> {
    pub(super) dataset: &'c Dataset,
    pub(super) known: &'c BTreeMap<String, Table>,
    pub(super) stages: &'c BTreeMap<String, String>,
    pub(super) load_id: &'c str,
    /// That of the load.
    pub(super) token: &'c str,
}

/// What a script is made of, in the order in which it runs.
#[derive(Debug, Default)]
struct Script {
    /// Rows of `_tables` and `_columns` for what is made.
    tables: Vec<Value>,
    columns: Vec<Value>,
    statements: Vec<String>,
    /// Changes of values, which the transaction makes that notes the rest.
    rewrites: Vec<String>,
    /// By table and column: kind, seen, source.
    altered: BTreeMap<(String, String), [String; 3]>,
    /// By table.
    keys: BTreeMap<String, String>,
}

impl Changing<'_> {
    pub(super) fn make(&self, changes: &[SchemaChange]) -> Result<()> {
        let mut script = Script::default();
        let mut made = BTreeSet::new();
        let is_made = |change: &SchemaChange| matches!(change, SchemaChange::CreateTable(_));
        let foreign = if changes.iter().any(is_made) { self.foreign()? } else { BTreeSet::new() };
        for change in changes {
            let name = change.table();
            match change {
                SchemaChange::CreateTable(table) => {
                    if foreign.contains(name) {
                        let (place, table) = (self.dataset.place.name(), name.to_owned());
                        return Err(DestinationError::ForeignTable { place, table });
                    }
                    if !self.known.contains_key(name) && made.insert(name) {
                        self.create(table, &mut script);
                    }
                }
                SchemaChange::AddColumn { column, .. } => self.add_column(name, column, &mut script),
                SchemaChange::AlterColumn { from, to, .. } => {
                    let altered = self.alter_column(name, (from, to), &mut script);
                    altered.map_err(self.dataset.place.failed("widen a column of", name))?;
                }
                SchemaChange::SetKey { key, .. } => self.set_key(name, key, &mut script),
            }
        }
        let query = script.query(self.dataset).with("token", self.token);
        let table = changes.first().map(SchemaChange::table).unwrap_or_default();
        let failed = self.dataset.place.failed("change", table);
        self.dataset.query(&query).map(drop).map_err(|fault| lease::lost_or(self.dataset, fault, failed))
    }

    /// The tables that are there and that no load has made.
    fn foreign(&self) -> Result<BTreeSet<String>> {
        let failed = self.dataset.place.package_failed("show its tables");
        let there = self.dataset.tables().map_err(&failed)?;
        let noted = noted_tables(self.dataset).map_err(&failed)?;
        let is_noted = |name: &String| noted.iter().any(|table| table.name == *name);
        Ok(there.into_iter().filter(|name| !is_noted(name)).collect())
    }

    fn create(&self, table: &Table, script: &mut Script) {
        let (dataset, name) = (self.dataset, &table.name);
        let key = json!(table.key).to_string();
        script.tables.push(json!([name, table.parent, table.source, key, self.load_id]));
        script.columns.extend(table.columns.iter().map(|column| self.note(name, column)));
        script.statements.push(table_sql(dataset.table(name), table, &|_| String::new()));
    }

    fn note(&self, table: &str, column: &Column) -> Value {
        let (kind, seen) = (kind_name(column.kind), column.seen.name());
        json!([table, column.name, kind, seen, column.source, self.load_id])
    }

    /// The table, and its stage where it has one.
    fn copies(&self, table: &str) -> Vec<String> {
        let stage = self.stages.get(table);
        std::iter::once(table).chain(stage.map(String::as_str)).map(|name| self.dataset.table(name)).collect()
    }

    fn kind_of(&self, table: &str, column: &str) -> Option<ColumnKind> {
        self.known.get(table).and_then(|table| table.column(column)).map(|column| column.kind)
    }

    fn add_column(&self, table: &str, column: &Column, script: &mut Script) {
        if self.kind_of(table, &column.name).is_none() {
            script.columns.push(self.note(table, column));
        }
        let definition = definition(column);
        for copy in self.copies(table) {
            script.statements.push(format!("ALTER TABLE {copy} ADD COLUMN IF NOT EXISTS {definition}"));
        }
    }

    fn alter_column(&self, table: &str, (from, to): (&Column, &Column), script: &mut Script) -> Answer<()> {
        let note = [kind_name(to.kind), to.seen.name(), &to.source].map(str::to_owned);
        script.altered.insert((table.to_owned(), to.name.clone()), note);
        if from.kind == to.kind || self.kind_of(table, &to.name) == Some(to.kind) {
            return Ok(());
        }
        let (column, wanted) = (quoted(&to.name), column_type(to.kind));
        if column_type(from.kind) != wanted && self.dataset.clustering(table)?.contains(&to.name) {
            self.dataset.end_clustering(table)?;
        }
        for copy in self.copies(table) {
            let statement = match (from.kind, to.kind) {
                _ if from.seen == Seen::Nothing && column_type(from.kind) == wanted => continue,
                // It holds nothing, so nothing is lost with it.
                _ if from.seen == Seen::Nothing => format!(
                    "ALTER TABLE {copy} DROP COLUMN IF EXISTS {column};
                     ALTER TABLE {copy} ADD COLUMN IF NOT EXISTS {column} {wanted}"
                ),
                (ColumnKind::Text, ColumnKind::Json) => {
                    script.rewrites.push(format!(
                        "UPDATE {copy} SET {column} = TO_JSON_STRING({column}) WHERE {column} IS NOT NULL"
                    ));
                    continue;
                }
                _ => format!("ALTER TABLE {copy} ALTER COLUMN {column} SET DATA TYPE {wanted}"),
            };
            script.statements.push(statement);
        }
        Ok(())
    }

    /// Of rows that are the same by the new key, the last written stays.
    fn set_key(&self, table: &str, key: &[String], script: &mut Script) {
        script.keys.insert(table.to_owned(), json!(key).to_string());
        let Some(known) = self.known.get(table).filter(|known| !key.is_empty() && known.key != key) else {
            return;
        };
        let loaded = ["_load_id", LOADED_AT].into_iter().filter(|name| known.column(name).is_some());
        let order: Vec<String> = loaded.map(|name| format!("{} DESC", quoted(name))).collect();
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let columns = quoted_list(known.columns.iter().map(|column| column.name.as_str()));
        let key = quoted_list(key.iter().map(String::as_str));
        for copy in self.copies(table) {
            let kept = format!("_kept_{}", script.rewrites.len());
            script.rewrites.push(format!(
                "CREATE TEMP TABLE {kept} AS SELECT {columns} FROM {copy} WHERE TRUE
                     QUALIFY ROW_NUMBER() OVER (PARTITION BY {key}{order}) = 1;
                 DELETE FROM {copy} WHERE TRUE;
                 INSERT INTO {copy} ({columns}) SELECT {columns} FROM {kept}"
            ));
        }
    }
}

impl Script {
    fn query(self, dataset: &Dataset) -> Query {
        let (tables, columns) = (dataset.table(TABLES), dataset.table(COLUMNS));
        let mut statements = vec![lease::keep(dataset).trim_end_matches(';').to_owned()];
        if !self.columns.is_empty() {
            let own = "CONCAT(table_name, CHR(10), column_name)";
            let noted = format!("CONCAT({}, CHR(10), {})", item(0), item(1));
            statements.push("BEGIN TRANSACTION".to_owned());
            if !self.tables.is_empty() {
                statements.push(format!(
                    "DELETE FROM {tables} WHERE table_name IN (SELECT {} FROM {});
                     DELETE FROM {columns} WHERE table_name IN (SELECT {} FROM {});
                     INSERT INTO {tables} (table_name, parent, source, key, load_id) SELECT {} FROM {}",
                    item(0),
                    items("made"),
                    item(0),
                    items("made"),
                    list(5),
                    items("made")
                ));
            }
            statements.push(format!(
                "DELETE FROM {columns} WHERE {own} IN (SELECT {noted} FROM {});
                 INSERT INTO {columns} (table_name, column_name, kind, seen, source, load_id) SELECT {} FROM {};
                 COMMIT TRANSACTION",
                items("added"), list(6), items("added")
            ));
        }
        statements.extend(self.statements);
        let is_altered = !self.rewrites.is_empty() || !self.altered.is_empty() || !self.keys.is_empty();
        statements.extend(is_altered.then(|| "BEGIN TRANSACTION".to_owned()));
        statements.extend(self.rewrites);
        if !self.altered.is_empty() {
            statements.push(format!(
                "UPDATE {columns} AS c SET kind = {}, seen = {}, source = {} FROM {} \
                 WHERE c.table_name = {} AND c.column_name = {}",
                item(2),
                item(3),
                item(4),
                items("altered"),
                item(0),
                item(1)
            ));
        }
        if !self.keys.is_empty() {
            statements.push(format!(
                "UPDATE {tables} AS t SET key = {} FROM {} WHERE t.table_name = {}",
                item(1),
                items("keys"),
                item(0)
            ));
        }
        statements.extend(is_altered.then(|| "COMMIT TRANSACTION".to_owned()));
        let altered = self
            .altered
            .iter()
            .map(|((table, column), [kind, seen, source])| json!([table, column, kind, seen, source]));
        let keys = self.keys.iter().map(|(table, key)| json!([table, key]));
        Query::new(statements.join(";\n"))
            .with("made", Value::Array(self.tables).to_string())
            .with("added", Value::Array(self.columns).to_string())
            .with("altered", altered.collect::<Value>().to_string())
            .with("keys", keys.collect::<Value>().to_string())
    }
}

/// The rows that a parameter holds, each a JSON array of texts, as something to select from.
pub(super) fn items(parameter: &str) -> String {
    format!("UNNEST(JSON_QUERY_ARRAY(@{parameter})) AS item")
}

/// One of those texts.
pub(super) fn item(at: usize) -> String {
    format!("JSON_VALUE(item, '$[{at}]')")
}

/// All of them.
pub(super) fn list(count: usize) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

/// SQL that makes what a pipeline keeps for itself.
pub(super) fn own_tables(dataset: &Dataset) -> String {
    let tables = [
        (TABLES, "table_name STRING, parent STRING, source STRING, key STRING, load_id STRING"),
        (
            COLUMNS,
            "table_name STRING, column_name STRING, kind STRING, seen STRING, source STRING, load_id STRING",
        ),
        (STATE, "resource STRING, `partition` STRING, state STRING, load_id STRING"),
        (
            LOADS,
            "load_id STRING, pipeline STRING, started_at TIMESTAMP, finished_at TIMESTAMP, status STRING, \
             `rows` STRING, report STRING",
        ),
        (PACKAGES, "load_id STRING, number INT64, part INT64"),
    ];
    let make = |(name, columns): (&str, &str)| {
        format!("CREATE TABLE IF NOT EXISTS {} ({columns});", dataset.table(name))
    };
    tables.into_iter().map(make).collect::<Vec<_>>().join("\n")
}

/// What `_tables` has, without columns.
fn noted_tables(dataset: &Dataset) -> Answer<Vec<Table>> {
    let mut tables = Vec::new();
    dataset.each_row(TABLES, &["table_name", "parent", "source", "key"], |row| {
        let mut cells = row.into_iter();
        let mut cell = || cells.next().flatten();
        let (name, parent, source, key) =
            (cell().unwrap_or_default(), cell(), cell().unwrap_or_default(), cell());
        let key = serde_json::from_str(&key.unwrap_or_default()).unwrap_or_default();
        tables.push(Table { name, parent, source, key, columns: Vec::new() });
        Ok(())
    })?;
    Ok(tables)
}

/// What changes make of what is known.
pub(super) fn apply(known: &mut BTreeMap<String, Table>, changes: &[SchemaChange]) {
    for change in changes {
        match (change, known.get_mut(change.table())) {
            (SchemaChange::CreateTable(table), None) => drop(known.insert(table.name.clone(), table.clone())),
            (SchemaChange::AddColumn { column, .. }, Some(table)) if table.column(&column.name).is_none() => {
                table.columns.push(column.clone());
            }
            (SchemaChange::AlterColumn { to, .. }, Some(table)) => {
                let column = table.columns.iter_mut().find(|column| column.name == to.name);
                column.into_iter().for_each(|column| column.clone_from(to));
            }
            (SchemaChange::SetKey { key, .. }, Some(table)) => table.key.clone_from(key),
            _ => {}
        }
    }
}

/// The tables of `_tables` that are still there, with those of their columns that are.
pub(super) fn tables(dataset: &Dataset) -> Result<Vec<Table>> {
    let mut tables = noted_tables(dataset).map_err(dataset.place.failed("read", TABLES))?;
    let mut notes: BTreeMap<(String, String), [String; 3]> = BTreeMap::new();
    let columns = ["table_name", "column_name", "kind", "seen", "source"];
    let read = dataset.each_row(COLUMNS, &columns, |row| {
        let texts: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        if let Ok([table, column, kind, seen, source]) = <[String; 5]>::try_from(texts) {
            notes.insert((table, column), [kind, seen, source]);
        }
        Ok(())
    });
    read.map_err(dataset.place.failed("read", COLUMNS))?;
    let there = format!(
        "SELECT table_name, column_name, data_type FROM {}.{}.INFORMATION_SCHEMA.COLUMNS \
         ORDER BY table_name, ordinal_position",
        quoted(&dataset.project),
        quoted(&dataset.name)
    );
    let there = dataset.query(&Query::new(there)).map_err(dataset.place.package_failed("read its tables"))?;
    for row in there.rows {
        let texts: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        let Ok([name, column, data_type]) = <[String; 3]>::try_from(texts) else { continue };
        let Some(table) = tables.iter_mut().find(|table| table.name == name) else { continue };
        let Some(note) = notes.remove(&(name, column.clone())) else { continue };
        table.columns.push(column_of(dataset, column, &data_type, note)?);
    }
    tables.retain(|table| !table.columns.is_empty());
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tables)
}

/// A load that died between an alteration and its note has left a type that is not the noted one.
fn column_of(dataset: &Dataset, name: String, data_type: &str, note: [String; 3]) -> Result<Column> {
    let [kind, seen, source] = note;
    let unreadable = |column, value: &str| dataset.place.unreadable(COLUMNS, column, value);
    let noted = kept::column([name, kind, seen, source], &unreadable)?;
    if column_type(noted.kind) == data_type {
        return Ok(noted);
    }
    let kind = kind_of_type(data_type).ok_or_else(|| unreadable("kind", data_type))?;
    Ok(Column { kind, ..noted })
}
