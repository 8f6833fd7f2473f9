//! Tables and columns: DDL, and what `_tables` and `_columns` keep of them.

use rusqlite::{OptionalExtension, Result as Sql, params};
use serde_json::Value;

use super::convert::FUNCTION;
use super::{Sqlite, quoted, quoted_list};
use crate::destination::{DestinationError, SchemaChange};
use crate::resource::ColumnKind;
use crate::schema::kind::{Seen, kind_from_name, kind_name};
use crate::schema::table::{Column, Table};

/// The name of the hidden copy in which a complete read gathers.
pub(super) fn stage_of(table: &str) -> String {
    format!("_stage_of_{table}")
}

/// The name of the unique index on the key.
fn key_index_of(table: &str) -> String {
    format!("_key_of_{table}")
}

fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool | ColumnKind::Int => "INTEGER",
        ColumnKind::Float => "REAL",
        ColumnKind::Date | ColumnKind::Timestamp | ColumnKind::Text | ColumnKind::Json => "TEXT",
    }
}

impl Sqlite {
    pub(super) fn change_schema(
        &mut self,
        change: &SchemaChange,
        load_id: &str,
    ) -> Result<(), DestinationError> {
        let name = change.table();
        match change {
            SchemaChange::CreateTable(table) => {
                if self.exists(name).map_err(self.failed("find", name))? {
                    return Err(self.foreign(name));
                }
                self.create(table, load_id).map_err(self.failed("create", name))?;
                self.tables.insert(name.to_owned(), table.clone());
            }
            SchemaChange::AddColumn { column, .. } => {
                self.add_column(name, column, load_id).map_err(self.failed("add a column to", name))?;
                self.change_table(name, |table| table.columns.push(column.clone()));
            }
            SchemaChange::AlterColumn { from, to, .. } => {
                let table = self.table(name)?;
                self.alter_column(table, from, to).map_err(self.failed("widen a column of", name))?;
                self.change_table(name, |table| {
                    table.columns.iter_mut().filter(|column| column.name == to.name).for_each(|column| {
                        column.clone_from(to);
                    });
                });
            }
            SchemaChange::SetKey { key, .. } => {
                let table = self.table(name)?;
                self.set_key(table, key).map_err(self.failed("set the key of", name))?;
                self.change_table(name, |table| table.key.clone_from(key));
            }
        }
        Ok(())
    }

    fn foreign(&self, table: &str) -> DestinationError {
        DestinationError::ForeignTable { place: self.place.clone(), table: table.to_owned() }
    }

    fn change_table(&mut self, name: &str, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.get_mut(name) {
            change(table);
        }
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
        let column = |column: &Column| format!("{} {}", quoted(&column.name), column_type(column.kind));
        let columns: Vec<String> = table.columns.iter().map(column).collect();
        let sql = format!("CREATE TABLE {} ({}) STRICT", quoted(name), columns.join(", "));
        self.connection.execute_batch(&sql)?;
        self.create_key(name, &table.key)
    }

    fn create_key(&self, name: &str, key: &[String]) -> Sql<()> {
        if key.is_empty() {
            return Ok(());
        }
        let columns = quoted_list(key.iter().map(String::as_str));
        let index = quoted(&key_index_of(name));
        self.connection.execute_batch(&format!("CREATE UNIQUE INDEX {index} ON {} ({columns})", quoted(name)))
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
            let sql = format!("ALTER TABLE {copy} ADD COLUMN {name} {}", column_type(column.kind));
            self.connection.execute_batch(&sql)?;
        }
        self.note_column(table, column, load_id)
    }

    fn alter_column(&self, table: &Table, from: &Column, to: &Column) -> Sql<()> {
        if from.kind != to.kind {
            for copy in self.copies(&table.name)? {
                self.rebuild(table, &copy, from, to)?;
            }
        }
        self.connection.execute(
            "UPDATE _columns SET kind = ?3, seen = ?4 WHERE table_name = ?1 AND column_name = ?2",
            params![table.name, to.name, kind_name(to.kind), to.seen.name()],
        )?;
        Ok(())
    }

    /// SQLite cannot change the type of a column: the rows move to a new table, which then takes the old one's place.
    /// Indexes and triggers that people made on the old one are made again; views hold by name.
    fn rebuild(&self, table: &Table, copy: &str, from: &Column, to: &Column) -> Sql<()> {
        let new_name = format!("_wider_{copy}");
        let kinds = (kind_name(from.kind), kind_name(to.kind));
        let value = |column: &Column| {
            let name = quoted(&column.name);
            if column.name == to.name {
                format!("{FUNCTION}({name}, '{}', '{}')", kinds.0, kinds.1)
            } else {
                name
            }
        };
        let values: Vec<String> = table.columns.iter().map(value).collect();
        let columns = table.columns.iter().map(|column| if column.name == to.name { to } else { column });
        let wider = Table { key: Vec::new(), columns: columns.cloned().collect(), ..table.clone() };
        let attached = self.attached(copy)?;
        self.create_copy(&wider, &new_name)?;
        let (old, new) = (quoted(copy), quoted(&new_name));
        let columns = quoted_list(table.columns.iter().map(|column| column.name.as_str()));
        self.connection.execute_batch(&format!(
            "INSERT INTO {new} ({columns}) SELECT {} FROM {old};
             DROP TABLE {old};
             ALTER TABLE {new} RENAME TO {old};",
            values.join(", "),
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

    fn set_key(&self, table: &Table, key: &[String]) -> Sql<()> {
        for copy in self.copies(&table.name)? {
            self.connection
                .execute_batch(&format!("DROP INDEX IF EXISTS {}", quoted(&key_index_of(&copy))))?;
            if let (Some(row), false) = (row_name(table), key.is_empty()) {
                let columns = quoted_list(key.iter().map(String::as_str));
                let copy = quoted(&copy);
                self.connection.execute_batch(&format!(
                    "DELETE FROM {copy} WHERE {row} NOT IN (SELECT max({row}) FROM {copy} GROUP BY {columns})"
                ))?;
            }
            self.create_key(&copy, key)?;
        }
        let sql = "UPDATE _tables SET key = ?2 WHERE table_name = ?1";
        self.connection.execute(sql, params![table.name, key_json(key)])?;
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

    /// The tables of `_tables` that are still there, with those of their columns that are.
    pub(super) fn read_tables(&self) -> Result<Vec<Table>, DestinationError> {
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
        let mut tables = read().map_err(self.failed("read", "_tables"))?;
        for table in &mut tables {
            table.columns = self.read_columns(&table.name)?;
        }
        Ok(tables)
    }

    fn read_columns(&self, table: &str) -> Result<Vec<Column>, DestinationError> {
        let read = || -> Sql<Vec<(String, String, String, String)>> {
            let mut statement = self.connection.prepare(
                "SELECT c.column_name, c.kind, c.seen, c.source FROM pragma_table_info(?1) AS t
                 JOIN _columns AS c ON c.table_name = ?1 AND c.column_name = t.name ORDER BY t.cid",
            )?;
            let columns = statement
                .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            columns.collect()
        };
        let columns = read().map_err(self.failed("read the columns of", table))?.into_iter();
        let columns = columns.map(|(name, kind, seen, source)| {
            let kind = kind_from_name(&kind).ok_or_else(|| self.unreadable("_columns", "kind", &kind))?;
            let seen = Seen::from_name(&seen).ok_or_else(|| self.unreadable("_columns", "seen", &seen))?;
            Ok(Column { name, kind, seen, source })
        });
        columns.collect()
    }

    pub(super) fn has_no_rows(&self, table: &str) -> Result<bool, DestinationError> {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", quoted(table));
        let row = self.connection.query_row(&sql, [], |_| Ok(())).optional();
        Ok(row.map_err(self.failed("read", table))?.is_none())
    }
}

/// SQLite's own number of a row has three names, and a column can take away each.
pub(super) fn row_name(table: &Table) -> Option<&'static str> {
    let is_free = |name: &&str| table.columns.iter().all(|column| !column.name.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"].into_iter().find(is_free)
}

fn key_json(key: &[String]) -> String {
    Value::from(key).to_string()
}
