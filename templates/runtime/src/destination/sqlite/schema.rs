//! Tables and columns: DDL, and what `_tables` and `_columns` keep of them.

use rusqlite::{OptionalExtension, Result as Sql, params};
use serde_json::Value;

use super::convert::FUNCTION;
use super::{Database, Result};
use crate::destination::kept;
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{DestinationError, SchemaChange, Widening};
use crate::resource::ColumnKind;
use crate::schema::kind::{Seen, kind_name};
use crate::schema::table::{Column, Table};

/// The name of the hidden copy in which a complete read gathers.
pub(super) fn stage_of(table: &str) -> String {
    format!("_stage_of_{table}")
}

/// The name of the unique index on the key.
fn key_index_of(table: &str) -> String {
    format!("_key_of_{table}")
}

pub(super) fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool | ColumnKind::Int => "INTEGER",
        ColumnKind::Float => "REAL",
        // Lists come as JSON: it has no list columns.
        ColumnKind::Date
        | ColumnKind::Timestamp
        | ColumnKind::Text
        | ColumnKind::List(_)
        | ColumnKind::Json => "TEXT",
    }
}

/// Times are stored as their text.
pub(super) fn widening(from: ColumnKind, to: ColumnKind) -> Widening {
    let is_same =
        matches!((from, to), (ColumnKind::Date | ColumnKind::Timestamp, ColumnKind::Text)) || from == to;
    if is_same { Widening::Free } else { Widening::InPlace }
}

/// Makes an empty table with the columns and the key of another, under this name.
pub(super) fn table_sql(table: &Table, name: &str) -> Vec<String> {
    let column = |column: &Column| format!("{} {}", quoted(&column.name), column_type(column.kind));
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    let made = format!("CREATE TABLE {} (\n    {}\n) STRICT", quoted(name), columns.join(",\n    "));
    std::iter::once(made).chain(key_sql(name, &table.key)).collect()
}

fn key_sql(name: &str, key: &[String]) -> Option<String> {
    let columns = quoted_list(key.iter().map(String::as_str));
    let index = quoted(&key_index_of(name));
    (!key.is_empty()).then(|| format!("CREATE UNIQUE INDEX {index} ON {} ({columns})", quoted(name)))
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
                    return Err(DestinationError::ForeignTable {
                        place: self.place.name(),
                        table: name.to_owned(),
                    });
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
        let sql = "SELECT 1 FROM _tables JOIN sqlite_schema ON name = table_name AND type = 'table'
                   WHERE table_name = ?1";
        self.connection.prepare_cached(sql)?.exists([table])
    }

    pub(super) fn exists(&self, table: &str) -> Sql<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
        )?;
        statement.exists([table])
    }

    fn create(&self, table: &Table, load_id: &str) -> Sql<()> {
        self.create_copy(table, &table.name)?;
        self.connection.execute("DELETE FROM _columns WHERE table_name = ?1", [&table.name])?;
        self.connection.execute(
            "INSERT OR REPLACE INTO _tables (table_name, parent, source, key, load_id) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![table.name, table.parent, table.source, key_json(&table.key), load_id],
        )?;
        table.columns.iter().try_for_each(|column| self.note_column(&table.name, column, load_id))
    }

    /// Makes an empty table with the columns and the key of another.
    pub(super) fn create_copy(&self, table: &Table, name: &str) -> Sql<()> {
        table_sql(table, name).iter().try_for_each(|sql| self.connection.execute_batch(sql))
    }

    /// The table, and its stage where it has one.
    fn copies(&self, table: &str) -> Sql<Vec<String>> {
        let stage = stage_of(table);
        let has_stage = self.exists(&stage)?;
        Ok(std::iter::once(table.to_owned()).chain(has_stage.then_some(stage)).collect())
    }

    fn add_column(&self, table: &str, column: &Column, load_id: &str) -> Sql<()> {
        for copy in self.copies(table)? {
            if self.column_names(&copy)?.contains(&column.name) {
                continue;
            }
            let (copy, name) = (quoted(&copy), quoted(&column.name));
            let sql = format!("ALTER TABLE {copy} ADD COLUMN {name} {}", column_type(column.kind));
            self.connection.execute_batch(&sql)?;
        }
        self.note_column(table, column, load_id)
    }

    fn alter_column(&self, table: &str, from: &Column, to: &Column) -> Sql<()> {
        let is_there = |kind: &String| *kind == kind_name(to.kind);
        if from.kind != to.kind && !self.kind_of(table, &to.name)?.as_ref().is_some_and(is_there) {
            for copy in self.copies(table)? {
                self.convert(&copy, from, to)?;
            }
        }
        self.connection.execute(
            "UPDATE _columns SET kind = ?3, seen = ?4, source = ?5 WHERE table_name = ?1 AND column_name = ?2",
            params![table, to.name, kind_name(to.kind), to.seen.name(), to.source],
        )?;
        Ok(())
    }

    /// The rows move only where the column's type is another, which SQLite cannot change.
    fn convert(&self, copy: &str, from: &Column, to: &Column) -> Sql<()> {
        if column_type(from.kind) != column_type(to.kind) {
            return self.rebuild(copy, from, to);
        }
        if from.seen == Seen::Nothing || widening(from.kind, to.kind) == Widening::Free {
            return Ok(());
        }
        let column = quoted(&to.name);
        let wide = wide_value(&column, from, to);
        let sql = format!("UPDATE {} SET {column} = {wide} WHERE {column} IS NOT NULL", quoted(copy));
        self.connection.execute_batch(&sql)
    }

    /// The rows move to a new table, which then takes the old one's place. Indexes and triggers that people made on the
    /// old one are made again; views hold by name.
    fn rebuild(&self, copy: &str, from: &Column, to: &Column) -> Sql<()> {
        let new_name = format!("_wider_{copy}");
        let columns = self.column_types(copy)?;
        let definitions = columns.iter().map(|(name, declared)| {
            let declared = if *name == to.name { column_type(to.kind) } else { declared };
            format!("{} {declared}", quoted(name))
        });
        let values = columns.iter().map(|(name, _)| {
            let name_in_sql = quoted(name);
            if *name == to.name { wide_value(&name_in_sql, from, to) } else { name_in_sql }
        });
        let (definitions, values) =
            (definitions.collect::<Vec<_>>().join(", "), values.collect::<Vec<_>>().join(", "));
        let names = quoted_list(columns.iter().map(|(name, _)| name.as_str()));
        let (old, new) = (quoted(copy), quoted(&new_name));
        let attached = self.attached(copy)?;
        self.connection.execute_batch(&format!(
            "CREATE TABLE {new} ({definitions}) STRICT;
             INSERT INTO {new} ({names}) SELECT {values} FROM {old};
             DROP TABLE {old};
             ALTER TABLE {new} RENAME TO {old};",
        ))?;
        attached.iter().try_for_each(|sql| self.connection.execute_batch(sql))
    }

    /// The SQL of all indexes and triggers of a table, the key's among them.
    fn attached(&self, table: &str) -> Sql<Vec<String>> {
        let mut statement = self.connection.prepare(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        )?;
        statement.query_map([table], |row| row.get(0))?.collect()
    }

    fn set_key(&self, table: &str, key: &[String]) -> Sql<()> {
        for copy in self.copies(table)? {
            self.connection
                .execute_batch(&format!("DROP INDEX IF EXISTS {}", quoted(&key_index_of(&copy))))?;
            let names = self.column_names(&copy)?;
            let row_name = row_name(names.iter().map(String::as_str));
            if let (Some(row), false) = (row_name, key.is_empty()) {
                let columns = quoted_list(key.iter().map(String::as_str));
                let copy = quoted(&copy);
                self.connection.execute_batch(&format!(
                    "DELETE FROM {copy} WHERE {row} NOT IN (SELECT max({row}) FROM {copy} GROUP BY {columns})"
                ))?;
            }
            key_sql(&copy, key).map_or(Ok(()), |sql| self.connection.execute_batch(&sql))?;
        }
        let sql = "UPDATE _tables SET key = ?2 WHERE table_name = ?1";
        self.connection.execute(sql, params![table, key_json(key)])?;
        Ok(())
    }

    fn note_column(&self, table: &str, column: &Column, load_id: &str) -> Sql<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO _columns (table_name, column_name, kind, seen, source, load_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let (kind, seen) = (kind_name(column.kind), column.seen.name());
        statement.execute(params![table, column.name, kind, seen, column.source, load_id])?;
        Ok(())
    }

    fn kind_of(&self, table: &str, column: &str) -> Sql<Option<String>> {
        let sql = "SELECT kind FROM _columns WHERE table_name = ?1 AND column_name = ?2";
        self.connection.prepare_cached(sql)?.query_row([table, column], |row| row.get(0)).optional()
    }

    pub(super) fn column_names(&self, table: &str) -> Sql<Vec<String>> {
        Ok(self.column_types(table)?.into_iter().map(|(name, _)| name).collect())
    }

    /// Names and declared types, as they stand in the table.
    fn column_types(&self, table: &str) -> Sql<Vec<(String, String)>> {
        let sql = "SELECT name, type FROM pragma_table_info(?1) ORDER BY cid";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// The tables of `_tables` that are still there, with those of their columns that are.
    pub(super) fn read_tables(&self) -> Result<Vec<Table>> {
        let read = || -> Sql<Vec<Table>> {
            let mut statement = self.connection.prepare(
                "SELECT table_name, parent, source, key FROM _tables
                 WHERE table_name IN (SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY table_name",
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
            let mut statement = self.connection.prepare_cached(
                "SELECT c.column_name, c.kind, c.seen, c.source FROM pragma_table_info(?1) AS t
                 JOIN _columns AS c ON c.table_name = ?1 AND c.column_name = t.name ORDER BY t.cid",
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

/// The SQL for a column's value in its wider kind. A column that has seen nothing holds nothing.
fn wide_value(column: &str, from: &Column, to: &Column) -> String {
    if from.seen == Seen::Nothing {
        return "NULL".to_owned();
    }
    format!("{FUNCTION}({column}, '{}', '{}')", kind_name(from.kind), kind_name(to.kind))
}

/// SQLite's own number of a row has three names, and a column can take away each.
pub(super) fn row_name<'c>(columns: impl Iterator<Item = &'c str>) -> Option<&'static str> {
    let columns: Vec<&str> = columns.collect();
    let is_free = |name: &&str| columns.iter().all(|column| !column.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"].into_iter().find(is_free)
}

fn key_json(key: &[String]) -> String {
    Value::from(key).to_string()
}
