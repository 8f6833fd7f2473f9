//! Tables and columns: DDL, and what `_tables` and `_columns` keep of them.

use duckdb::{Result as Sql, params};
use serde_json::Value;

use super::convert::wide_value;
use super::{Database, Result, quoted};
use crate::destination::kept;
use crate::destination::{DestinationError, SchemaChange, Widening};
use crate::resource::{ColumnKind, ItemKind};
use crate::schema::kind::{kind_from_name, kind_name};
use crate::schema::table::{Column, Table};

/// The name of the hidden copy in which a complete read gathers.
pub(super) fn stage_of(table: &str) -> String {
    format!("_stage_of_{table}")
}

pub(super) fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "BOOLEAN",
        ColumnKind::Int => "BIGINT",
        ColumnKind::Float => "DOUBLE",
        ColumnKind::Date => "DATE",
        ColumnKind::Timestamp => "TIMESTAMP",
        ColumnKind::Text | ColumnKind::Json => "VARCHAR",
        ColumnKind::List(ItemKind::Bool) => "BOOLEAN[]",
        ColumnKind::List(ItemKind::Int) => "BIGINT[]",
        ColumnKind::List(ItemKind::Float) => "DOUBLE[]",
        ColumnKind::List(ItemKind::Date) => "DATE[]",
        ColumnKind::List(ItemKind::Timestamp) => "TIMESTAMP[]",
        ColumnKind::List(ItemKind::Text) => "VARCHAR[]",
    }
}

pub(super) fn widening(from: ColumnKind, to: ColumnKind) -> Widening {
    if from == to { Widening::Free } else { Widening::InPlace }
}

/// Makes an empty table with the columns of another, under this name.
pub(super) fn table_sql(table: &Table, name: &str) -> String {
    let column = |column: &Column| format!("{} {}", quoted(&column.name), column_type(column.kind));
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    format!("CREATE TABLE {} (\n    {}\n)", quoted(name), columns.join(",\n    "))
}

impl Database {
    pub(super) fn change_schema(&self, change: &SchemaChange, load_id: &str) -> Result<()> {
        let name = change.table();
        match change {
            SchemaChange::CreateTable(table) => {
                if self.is_ours(name).map_err(self.place.failed("find", name))? {
                    return Ok(());
                }
                if self.exists(name).map_err(self.place.failed("find", name))? {
                    let (place, table) = (self.place.name(), name.to_owned());
                    return Err(DestinationError::ForeignTable { place, table });
                }
                self.create(table, load_id).map_err(self.place.failed("create", name))
            }
            SchemaChange::AddColumn { column, .. } => {
                self.add_column(name, column, load_id).map_err(self.place.failed("add a column to", name))
            }
            SchemaChange::AlterColumn { from, to, .. } => {
                self.alter_column(name, from, to).map_err(self.place.failed("widen a column of", name))
            }
            SchemaChange::SetKey { key, .. } => {
                self.set_key(name, key).map_err(self.place.failed("set the key of", name))
            }
        }
    }

    fn is_ours(&self, table: &str) -> Sql<bool> {
        let sql = "SELECT 1 FROM _tables JOIN duckdb_tables() AS there USING (table_name)
                   WHERE database_name = current_database() AND schema_name = 'main' AND table_name = ?";
        self.connected.prepare(sql)?.exists([table])
    }

    /// DuckDB takes names that differ in case for the same.
    pub(super) fn exists(&self, table: &str) -> Sql<bool> {
        let sql = "SELECT 1 FROM information_schema.tables
                   WHERE table_catalog = current_database() AND table_schema = 'main'
                   AND lower(table_name) = lower(?)";
        self.connected.prepare(sql)?.exists([table])
    }

    fn create(&self, table: &Table, load_id: &str) -> Sql<()> {
        self.create_copy(table, &table.name)?;
        self.connected.execute("DELETE FROM _columns WHERE table_name = ?", [&table.name])?;
        self.connected.execute("DELETE FROM _tables WHERE table_name = ?", [&table.name])?;
        self.connected.execute(
            "INSERT INTO _tables (table_name, parent, source, key, load_id) VALUES (?, ?, ?, ?, ?)",
            params![table.name, table.parent, table.source, key_json(&table.key), load_id],
        )?;
        self.note_columns(&table.name, &table.columns, load_id)
    }

    /// Makes an empty table with the columns of another.
    pub(super) fn create_copy(&self, table: &Table, name: &str) -> Sql<()> {
        self.connected.execute_batch(&table_sql(table, name))
    }

    /// The table, and its stage where it has one.
    fn copies(&self, table: &str) -> Sql<Vec<String>> {
        let stage = stage_of(table);
        let has_stage = self.exists(&stage)?;
        Ok(std::iter::once(table.to_owned()).chain(has_stage.then_some(stage)).collect())
    }

    fn add_column(&self, table: &str, column: &Column, load_id: &str) -> Sql<()> {
        for copy in self.copies(table)? {
            let (copy, name) = (quoted(&copy), quoted(&column.name));
            let sql =
                format!("ALTER TABLE {copy} ADD COLUMN IF NOT EXISTS {name} {}", column_type(column.kind));
            self.connected.execute_batch(&sql)?;
        }
        let forget = "DELETE FROM _columns WHERE table_name = ? AND column_name = ?";
        self.connected.prepare_cached(forget)?.execute([table, &column.name])?;
        self.note_columns(table, std::slice::from_ref(column), load_id)
    }

    fn alter_column(&self, table: &str, from: &Column, to: &Column) -> Sql<()> {
        if from.kind != to.kind && self.kind_of(table, &to.name)?.is_some_and(|kind| kind != to.kind) {
            for copy in self.copies(table)? {
                self.convert(&copy, from, to)?;
            }
        }
        self.connected.execute(
            "UPDATE _columns SET kind = ?, seen = ?, source = ? WHERE table_name = ? AND column_name = ?",
            params![kind_name(to.kind), to.seen.name(), to.source, table, to.name],
        )?;
        Ok(())
    }

    /// DuckDB changes no column of a table that has an index: people's own are made again, on a copy.
    fn convert(&self, copy: &str, from: &Column, to: &Column) -> Sql<()> {
        let column = quoted(&to.name);
        let (table, wide) = (quoted(copy), wide_value(&column, from, to));
        let indexes = self.indexes(copy)?;
        if indexes.is_empty() {
            let declared = column_type(to.kind);
            let alter = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {declared} USING {wide}");
            return self.connected.execute_batch(&alter);
        }
        let new = quoted(&format!("_wider_{copy}"));
        self.connected.execute_batch(&format!(
            "CREATE TABLE {new} AS SELECT * REPLACE ({wide} AS {column}) FROM {table};
             DROP TABLE {table};
             ALTER TABLE {new} RENAME TO {table};"
        ))?;
        indexes.iter().try_for_each(|sql| self.connected.execute_batch(sql))
    }

    /// The SQL of the indexes of a table.
    pub(super) fn indexes(&self, table: &str) -> Sql<Vec<String>> {
        let sql = "SELECT sql FROM duckdb_indexes() WHERE database_name = current_database()
                   AND schema_name = 'main' AND table_name = ? AND sql IS NOT NULL";
        self.connected.prepare(sql)?.query_map([table], |row| row.get(0))?.collect()
    }

    /// Rows are numbered as they come, so the highest number is the last; where a column has the name of the number, it
    /// gets another one for a moment.
    fn set_key(&self, table: &str, key: &[String]) -> Sql<()> {
        for copy in self.copies(table)?.iter().filter(|_| !key.is_empty()) {
            let hidden = self.column_names(copy)?.into_iter().find(|name| name.eq_ignore_ascii_case("rowid"));
            let (copy, aside) = (quoted(copy), quoted("_rowid_column"));
            let rename = |from: &str, to: &str| {
                self.connected.execute_batch(&format!("ALTER TABLE {copy} RENAME COLUMN {from} TO {to}"))
            };
            let columns = key.iter().map(|name| match &hidden {
                Some(hidden) if hidden == name => aside.clone(),
                _ => quoted(name),
            });
            let columns = columns.collect::<Vec<_>>().join(", ");
            hidden.as_deref().map_or(Ok(()), |hidden| rename(&quoted(hidden), &aside))?;
            self.connected.execute_batch(&format!(
                "DELETE FROM {copy} WHERE rowid NOT IN (SELECT max(rowid) FROM {copy} GROUP BY {columns})"
            ))?;
            hidden.as_deref().map_or(Ok(()), |hidden| rename(&aside, &quoted(hidden)))?;
        }
        let sql = "UPDATE _tables SET key = ? WHERE table_name = ?";
        self.connected.execute(sql, params![key_json(key), table])?;
        Ok(())
    }

    /// Of columns that are not noted yet.
    fn note_columns(&self, table: &str, columns: &[Column], load_id: &str) -> Sql<()> {
        let names = ["table_name", "column_name", "kind", "seen", "source", "load_id"];
        let mut appender = self.connected.appender_with_columns("_columns", &names)?;
        for column in columns {
            let (kind, seen) = (kind_name(column.kind), column.seen.name());
            appender.append_row(params![table, column.name, kind, seen, column.source, load_id])?;
        }
        appender.flush()
    }

    pub(super) fn kind_of(&self, table: &str, column: &str) -> Sql<Option<ColumnKind>> {
        let sql = "SELECT kind FROM _columns WHERE table_name = ? AND column_name = ?";
        let mut statement = self.connected.prepare_cached(sql)?;
        let mut kinds = statement.query_map([table, column], |row| row.get::<_, String>(0))?;
        Ok(kinds.next().transpose()?.as_deref().and_then(kind_from_name))
    }

    pub(super) fn column_names(&self, table: &str) -> Sql<Vec<String>> {
        let sql = "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database()
                   AND schema_name = 'main' AND table_name = ? ORDER BY column_index";
        self.connected.prepare(sql)?.query_map([table], |row| row.get(0))?.collect()
    }

    /// The tables of `_tables` that are still there, with those of their columns that are.
    pub(super) fn read_tables(&self) -> Result<Vec<Table>> {
        let read = || -> Sql<Vec<Table>> {
            let mut statement = self.connected.prepare(
                "SELECT table_name, parent, source, key FROM _tables
                 JOIN duckdb_tables() AS there USING (table_name)
                 WHERE database_name = current_database() AND schema_name = 'main' ORDER BY table_name",
            )?;
            let tables = statement.query_map([], |row| {
                let key: String = row.get(3)?;
                Ok(Table {
                    name: row.get(0)?,
                    parent: row.get(1)?,
                    source: row.get(2)?,
                    key: serde_json::from_str(&key).unwrap_or_default(),
                    columns: Vec::new(),
                })
            })?;
            tables.collect()
        };
        let mut tables = read().map_err(self.place.failed("read", "_tables"))?;
        for table in &mut tables {
            table.columns = self.read_columns(&table.name)?;
        }
        Ok(tables)
    }

    fn read_columns(&self, table: &str) -> Result<Vec<Column>> {
        let read = || -> Sql<Vec<[String; 4]>> {
            let mut statement = self.connected.prepare_cached(
                "SELECT noted.column_name, kind, seen, source FROM _columns AS noted
                 JOIN duckdb_columns() AS there USING (table_name, column_name)
                 WHERE database_name = current_database() AND schema_name = 'main' AND table_name = ?
                 ORDER BY column_index",
            )?;
            let columns = statement
                .query_map([table], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
            columns.collect()
        };
        let columns = read().map_err(self.place.failed("read the columns of", table))?.into_iter();
        let unreadable = |column, value: &str| self.place.unreadable("_columns", column, value);
        columns.map(|texts| kept::column(texts, &unreadable)).collect()
    }
}

fn key_json(key: &[String]) -> String {
    Value::from(key).to_string()
}
