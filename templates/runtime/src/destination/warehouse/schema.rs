//! Tables and columns: names and definitions as SQL writes them, changes, and what `_tables` and `_columns` keep.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Warehouse;
use super::fault::{Answer, Place};
use super::session::{Session, count, finds, rows, transaction};
use crate::destination::kept;
use crate::destination::sql::quoted;
use crate::destination::{DestinationError, Result, SchemaChange};
use crate::resource::ColumnKind;
use crate::schema::Naming;
use crate::schema::kind::{kind_from_name, kind_name};
use crate::schema::table::{Column, Table};

/// What hidden tables are called: nothing else begins so. Those of a load have a part of its token in their names, so
/// that two loads never write to the same one.
const HIDDEN: [&str; 5] = ["_stage_", "_new_", "_gone_", "_open_", "_kept_"];

const LONGEST_HIDDEN: usize = 100;

/// The number of a row among those that are the same.
pub(super) const RANK: &str = "_rank";

/// The schema that the tables lie in.
#[derive(Debug, Clone)]
pub(in super::super) struct Schema {
    pub(super) warehouse: Arc<dyn Warehouse>,
}

impl Schema {
    pub(super) fn new(warehouse: Arc<dyn Warehouse>) -> Self {
        Self { warehouse }
    }

    pub(super) fn place(&self) -> &Place {
        self.warehouse.place()
    }

    /// A table of it, as SQL writes it.
    pub(in super::super) fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(self.warehouse.schema()), self.column(name))
    }

    /// A column, or a table within a statement that names it.
    pub(in super::super) fn column(&self, name: &str) -> String {
        quoted(&self.warehouse.named(name))
    }

    pub(super) fn columns<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> String {
        self.columns_of("", names)
    }

    /// Columns of a table by its alias or name.
    pub(super) fn columns_of<'n>(&self, of: &str, names: impl IntoIterator<Item = &'n str>) -> String {
        let names = names.into_iter().map(|name| format!("{of}{}", self.column(name)));
        names.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn literal(&self, text: &str) -> String {
        self.warehouse.literal(text)
    }

    pub(super) fn literals<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> String {
        texts.into_iter().map(|text| self.literal(text)).collect::<Vec<_>>().join(", ")
    }

    /// An instant, as SQL writes it.
    pub(super) fn instant(&self, micros: i64) -> String {
        let text = self.literal(&crate::schema::time::instant_text(micros));
        format!("CAST({text} AS {})", self.warehouse.column_type(ColumnKind::Timestamp))
    }

    /// The name of a hidden table of a load. It is no longer than what files may be called, too.
    pub(super) fn hidden(&self, start: &str, load: &str, table: &str) -> String {
        let naming = self.warehouse.naming();
        let naming = Naming { longest: naming.longest.min(LONGEST_HIDDEN), ..naming };
        naming.fitting(format!("{start}{load}_{table}"), table)
    }

    /// The name of the hidden copy in which a complete read gathers.
    pub(super) fn stage(&self, load: &str, table: &str) -> String {
        self.hidden("_stage_", load, table)
    }

    /// The definitions of columns, as `CREATE TABLE` has them.
    pub(super) fn definitions<'c>(&self, columns: impl IntoIterator<Item = &'c Column>) -> String {
        let column = |column: &Column| {
            format!("{} {}", self.column(&column.name), self.warehouse.column_type(column.kind))
        };
        columns.into_iter().map(column).collect::<Vec<_>>().join(",\n    ")
    }

    /// Makes an empty table.
    pub(super) fn table_sql(&self, table: &Table) -> String {
        let (columns, layout) = (self.definitions(&table.columns), self.warehouse.layout(table, self));
        format!("CREATE TABLE {} (\n    {columns}\n){layout}", self.table(&table.name))
    }

    /// Makes a hidden table anew.
    pub(super) fn make_passing(&self, session: &mut dyn Session, name: &str, table: &Table) -> Answer<()> {
        let own = self.table(name);
        session.run(&format!("DROP TABLE IF EXISTS {own}"))?;
        self.make_if_missing(session, name, table)
    }

    pub(super) fn make_if_missing(&self, session: &mut dyn Session, name: &str, table: &Table) -> Answer<()> {
        let (passing, own) = (self.warehouse.passing_table(), self.table(name));
        let (columns, layout) = (self.definitions(&table.columns), self.warehouse.layout(table, self));
        session.run(&format!("CREATE {passing} IF NOT EXISTS {own} ({columns}){layout}")).map(drop)
    }

    pub(super) fn drop_table(&self, session: &mut dyn Session, name: &str) -> Answer<()> {
        session.run(&format!("DROP TABLE IF EXISTS {}", self.table(name))).map(drop)
    }

    /// Whether it has a table or a view of this name.
    pub(super) fn has(&self, session: &mut dyn Session, name: &str) -> Answer<bool> {
        let name = self.literal(&self.warehouse.named(name));
        let sql = format!("{} AND table_name = {name}", self.names());
        finds(session, &sql)
    }

    fn names(&self) -> String {
        let schema = self.literal(self.warehouse.schema());
        format!(
            "SELECT CAST(table_name AS VARCHAR) FROM information_schema.tables WHERE table_schema = {schema}"
        )
    }

    /// Makes the schema if it is not there.
    pub(super) fn create(&self, session: &mut dyn Session) -> Answer<()> {
        let name = self.warehouse.schema();
        let sql = format!(
            "SELECT CAST(schema_name AS VARCHAR) FROM information_schema.schemata WHERE schema_name = {}",
            self.literal(name)
        );
        // `IF NOT EXISTS` asks for the right to make one also when it is there.
        if !finds(session, &sql)? {
            match session.run(&format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(name))) {
                // Another came first.
                Err(_) if finds(session, &sql)? => {}
                made => drop(made?),
            }
        }
        self.warehouse.enter(session)
    }

    /// Drops hidden tables, of one load or of all.
    pub(super) fn drop_hidden(&self, session: &mut dyn Session, load: &str) -> Answer<()> {
        let starts = HIDDEN.map(|start| self.warehouse.named(&format!("{start}{load}")));
        let names = rows(session, &self.names())?.into_iter().filter_map(|row| row.into_iter().next()?);
        for name in names.filter(|name| starts.iter().any(|start| name.starts_with(start.as_str()))) {
            let own = format!("{}.{}", quoted(self.warehouse.schema()), quoted(&name));
            session.run(&format!("DROP TABLE IF EXISTS {own}"))?;
        }
        Ok(())
    }

    /// The columns that are there by table, in their order, as they are called there.
    pub(super) fn there(
        &self,
        session: &mut dyn Session,
        table: Option<&str>,
    ) -> Answer<BTreeMap<String, Vec<String>>> {
        let only = table.map(|table| self.literal(&self.warehouse.named(table)));
        let sql = format!(
            "SELECT CAST(table_name AS VARCHAR), CAST(column_name AS VARCHAR) FROM information_schema.columns
             WHERE table_schema = {}{} ORDER BY table_name, ordinal_position",
            self.literal(self.warehouse.schema()),
            only.map(|table| format!(" AND table_name = {table}")).unwrap_or_default()
        );
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows(session, &sql)? {
            if let Ok([Some(table), Some(column)]) = <[Option<String>; 2]>::try_from(row) {
                tables.entry(table).or_default().push(column);
            }
        }
        Ok(tables)
    }

    /// The kinds of a table's columns, as they are noted.
    pub(super) fn kinds(
        &self,
        session: &mut dyn Session,
        table: &str,
    ) -> Answer<BTreeMap<String, ColumnKind>> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {} = {}",
            self.columns(["column_name", "kind"]),
            self.table("_columns"),
            self.column("table_name"),
            self.literal(table)
        );
        let mut kinds = BTreeMap::new();
        for row in rows(session, &sql)? {
            if let Ok([Some(column), Some(kind)]) = <[Option<String>; 2]>::try_from(row) {
                kinds.extend(kind_from_name(&kind).map(|kind| (column, kind)));
            }
        }
        Ok(kinds)
    }
}

/// The tables of `_tables` that are still there, with those of their columns that are.
pub(super) fn tables(session: &mut dyn Session, schema: &Schema) -> Result<Vec<Table>> {
    let place = schema.place();
    let there = schema.there(session, None).map_err(place.package_failed("list tables"))?;
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        schema.columns(["table_name", "parent", "source", "key"]),
        schema.table("_tables"),
        schema.column("table_name")
    );
    let noted = rows(session, &sql).map_err(place.failed("read", "_tables"))?;
    let sql = format!(
        "SELECT {} FROM {}",
        schema.columns(["table_name", "column_name", "kind", "seen", "source"]),
        schema.table("_columns")
    );
    let columns = rows(session, &sql).map_err(place.failed("read", "_columns"))?;
    let mut columns = columns.into_iter().map(|row| column_of(place, row)).collect::<Result<Vec<_>>>()?;
    let table_of = |row: Vec<Option<String>>| {
        let [Some(name), parent, source, key] = <[Option<String>; 4]>::try_from(row).ok()? else {
            return None;
        };
        let places = there.get(&schema.warehouse.named(&name))?;
        let place_of = |column: &Column| {
            let own = schema.warehouse.named(&column.name);
            places.iter().position(|place| *place == own)
        };
        let own = columns.extract_if(.., |(table, _)| *table == name).map(|(_, column)| column);
        let mut own: Vec<(usize, Column)> =
            own.filter_map(|column| Some((place_of(&column)?, column))).collect();
        own.sort_by_key(|(place, _)| *place);
        let key = key.and_then(|key| serde_json::from_str(&key).ok()).unwrap_or_default();
        let columns = own.into_iter().map(|(_, column)| column).collect();
        Some(Table { name, parent, source: source.unwrap_or_default(), key, columns })
    };
    Ok(noted.into_iter().filter_map(table_of).collect())
}

fn column_of(place: &Place, row: Vec<Option<String>>) -> Result<(String, Column)> {
    let mut texts = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || texts.next().unwrap_or_default();
    let (table, column) = (next(), [next(), next(), next(), next()]);
    Ok((table, kept::column(column, &|column, value| place.unreadable("_columns", column, value))?))
}

/// Makes changes.
pub(super) struct Changing<'s> {
    pub(super) schema: &'s Schema,
    /// A part of the load's token.
    pub(super) load: &'s str,
    pub(super) load_id: &'s str,
    /// Tables that have a stage.
    pub(super) staged: &'s BTreeSet<String>,
}

impl Changing<'_> {
    pub(super) fn change(&self, session: &mut dyn Session, change: &SchemaChange) -> Result<()> {
        let place = self.schema.place();
        let name = change.table();
        match change {
            SchemaChange::CreateTable(table) => {
                if self.schema.has(session, name).map_err(place.failed("find", name))? {
                    return match self.is_noted(session, name).map_err(place.failed("find", name))? {
                        true => Ok(()),
                        false => {
                            let (place, table) = (place.name(), name.to_owned());
                            Err(DestinationError::ForeignTable { place, table })
                        }
                    };
                }
                self.create(session, table).map_err(place.failed("create", name))
            }
            SchemaChange::AddColumn { column, .. } => {
                self.add_column(session, name, column).map_err(place.failed("add a column to", name))
            }
            SchemaChange::AlterColumn { from, to, .. } => {
                self.alter_column(session, name, from, to).map_err(place.failed("change a column of", name))
            }
            SchemaChange::SetKey { key, .. } => self.set_key(session, name, key),
        }
    }

    fn is_noted(&self, session: &mut dyn Session, table: &str) -> Answer<bool> {
        let (own, name) = (self.schema.table("_tables"), self.schema.column("table_name"));
        finds(session, &format!("SELECT {name} FROM {own} WHERE {name} = {}", self.schema.literal(table)))
    }

    fn create(&self, session: &mut dyn Session, table: &Table) -> Answer<()> {
        let schema = self.schema;
        for own in ["_tables", "_columns"] {
            let (name, own) = (schema.column("table_name"), schema.table(own));
            session.run(&format!("DELETE FROM {own} WHERE {name} = {}", schema.literal(&table.name)))?;
        }
        self.note_columns(session, &table.name, &table.columns)?;
        let parent = table.parent.as_ref().map_or("NULL".to_owned(), |parent| schema.literal(parent));
        let texts = [&table.source, &key_json(&table.key), self.load_id].map(|text| schema.literal(text));
        session.run(&format!(
            "INSERT INTO {} ({}) VALUES ({}, {parent}, {})",
            schema.table("_tables"),
            schema.columns(["table_name", "parent", "source", "key", "load_id"]),
            schema.literal(&table.name),
            texts.join(", ")
        ))?;
        session.run(&schema.table_sql(table)).map(drop)
    }

    fn note_columns(&self, session: &mut dyn Session, table: &str, columns: &[Column]) -> Answer<()> {
        if columns.is_empty() {
            return Ok(());
        }
        let schema = self.schema;
        let rows = columns.iter().map(|column| {
            let (kind, seen) = (kind_name(column.kind), column.seen.name());
            format!("({})", schema.literals([table, &column.name, kind, seen, &column.source, self.load_id]))
        });
        session
            .run(&format!(
                "INSERT INTO {} ({}) VALUES {}",
                schema.table("_columns"),
                schema.columns(["table_name", "column_name", "kind", "seen", "source", "load_id"]),
                rows.collect::<Vec<_>>().join(", ")
            ))
            .map(drop)
    }

    /// The table, and its stage where it has one.
    fn copies(&self, table: &str) -> Vec<String> {
        let stage = self.staged.contains(table).then(|| self.schema.stage(self.load, table));
        std::iter::once(table.to_owned()).chain(stage).collect()
    }

    fn add_column(&self, session: &mut dyn Session, table: &str, column: &Column) -> Answer<()> {
        let schema = self.schema;
        let there = schema.there(session, Some(table))?;
        let (own, of) = (schema.warehouse.named(&column.name), schema.warehouse.named(table));
        let is_there = there.get(&of).is_some_and(|columns| columns.contains(&own));
        if !is_there || !self.kinds_have(session, table, column)? {
            session.run(&format!("DELETE FROM {}", self.row_of(table, &column.name)))?;
            self.note_columns(session, table, std::slice::from_ref(column))?;
        }
        for copy in self.copies(table) {
            let there = schema.there(session, Some(&copy))?;
            let has = there.values().any(|columns| columns.contains(&own));
            if !has {
                let definition = schema.definitions([column]);
                session.run(&format!("ALTER TABLE {} ADD COLUMN {definition}", schema.table(&copy)))?;
            }
        }
        Ok(())
    }

    fn kinds_have(&self, session: &mut dyn Session, table: &str, column: &Column) -> Answer<bool> {
        Ok(self.schema.kinds(session, table)?.contains_key(&column.name))
    }

    /// A type changes only where a column has no value, or where both types are the same there: it is made again.
    fn alter_column(&self, session: &mut dyn Session, table: &str, from: &Column, to: &Column) -> Answer<()> {
        let schema = self.schema;
        let kind = self.schema.kinds(session, table)?.get(&to.name).copied();
        let types = [kind.unwrap_or(from.kind), to.kind].map(|kind| schema.warehouse.column_type(kind));
        let sql = format!(
            "UPDATE {} SET {} = {}, {} = {}, {} = {} WHERE {}",
            schema.table("_columns"),
            schema.column("kind"),
            schema.literal(kind_name(to.kind)),
            schema.column("seen"),
            schema.literal(to.seen.name()),
            schema.column("source"),
            schema.literal(&to.source),
            self.condition_of(table, &to.name)
        );
        let [old, new] = types;
        if old != new {
            let name = schema.column(&to.name);
            for copy in self.copies(table) {
                let own = schema.table(&copy);
                session.run(&format!("ALTER TABLE {own} DROP COLUMN {name}"))?;
                if copy == table {
                    session.run(&sql)?;
                }
                session.run(&format!("ALTER TABLE {own} ADD COLUMN {name} {new}"))?;
            }
            return Ok(());
        }
        session.run(&sql).map(drop)
    }

    /// The row of a column among those of `_columns`, as `DELETE FROM` has it.
    fn row_of(&self, table: &str, column: &str) -> String {
        format!("{} WHERE {}", self.schema.table("_columns"), self.condition_of(table, column))
    }

    fn condition_of(&self, table: &str, column: &str) -> String {
        let schema = self.schema;
        format!(
            "{} = {} AND {} = {}",
            schema.column("table_name"),
            schema.literal(table),
            schema.column("column_name"),
            schema.literal(column)
        )
    }

    /// Of rows that are the same by the new key, the last written stays.
    fn set_key(&self, session: &mut dyn Session, table: &str, key: &[String]) -> Result<()> {
        let failed = self.schema.place().failed("set the key of", table);
        for copy in self.copies(table).iter().filter(|_| !key.is_empty()) {
            self.keep_last(session, copy, key)?;
        }
        let (own, name) = (self.schema.table("_tables"), self.schema.column("table_name"));
        let key_column = self.schema.column("key");
        let [key, table] = [&key_json(key), table].map(|text| self.schema.literal(text));
        let sql = format!("UPDATE {own} SET {key_column} = {key} WHERE {name} = {table}");
        session.run(&sql).map(drop).map_err(failed)
    }

    fn keep_last(&self, session: &mut dyn Session, table: &str, key: &[String]) -> Result<()> {
        let schema = self.schema;
        let place = schema.place();
        let failed = place.failed("set the key of", table);
        let own = schema.table(table);
        let by = schema.columns(key.iter().map(String::as_str));
        let twice = format!(
            "SELECT CAST(COUNT(*) AS VARCHAR) FROM (SELECT {by} FROM {own} GROUP BY {by} HAVING COUNT(*) > 1) AS t"
        );
        if count(session, &twice).map_err(&failed)? == 0 {
            return Ok(());
        }
        let there = schema.there(session, Some(table)).map_err(&failed)?;
        let columns = there.into_values().next().unwrap_or_default();
        let names = columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        let loaded = ["_load_id", "_loaded_at"].map(|name| schema.warehouse.named(name));
        let order = loaded.iter().filter(|name| columns.contains(name));
        let order: Vec<String> = order.map(|name| format!("{} DESC NULLS LAST", quoted(name))).collect();
        let order = if order.is_empty() { by.clone() } else { order.join(", ") };
        let (kept, rank) = (schema.hidden("_kept_", self.load, table), schema.column(RANK));
        schema.drop_table(session, &kept).map_err(&failed)?;
        let kept = schema.table(&kept);
        let make = format!(
            "CREATE {} {kept} AS SELECT {names} FROM (
                 SELECT {names}, ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY {order}) AS {rank} FROM {own}
             ) AS t WHERE {rank} = 1",
            schema.warehouse.passing_table()
        );
        session.run(&make).map_err(&failed)?;
        transaction(session, place, "change tables", |session| {
            session.run(&format!("DELETE FROM {own}")).map_err(&failed)?;
            let fill = format!("INSERT INTO {own} ({names}) SELECT {names} FROM {kept}");
            session.run(&fill).map(drop).map_err(&failed)
        })?;
        session.run(&format!("DROP TABLE IF EXISTS {kept}")).map(drop).map_err(failed)
    }
}

pub(super) fn key_json(key: &[String]) -> String {
    serde_json::Value::from(key).to_string()
}
