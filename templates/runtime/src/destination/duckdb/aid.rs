//! Comments for those who query, and how tables are made. DuckDB finds rows by the bounds of their values: an index would
//! slow each load, and hold up changes of the table.

use std::collections::BTreeMap;

use duckdb::Result as Sql;

use super::schema::table_sql;
use super::{Database, Result, quoted};
use crate::config;
use crate::destination::sql::literal;
use crate::destination::{Aid, Definitions};
use crate::schema::table::Table;

/// Tables as a load makes them.
#[derive(Debug)]
struct Duckdb;

pub(super) fn definitions(config: &config::Destination) -> Result<Box<dyn Definitions>> {
    super::settings(config)?;
    Ok(Box::new(Duckdb))
}

impl Definitions for Duckdb {
    fn schema(&self) -> String {
        "main".to_owned()
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS VARCHAR)")
    }

    fn statements(&self, table: &Table, aid: Option<&Aid>) -> Vec<String> {
        let comments = aid.into_iter().flat_map(|aid| comments(aid, &BTreeMap::new()));
        std::iter::once(table_sql(table, &table.name)).chain(comments).collect()
    }
}

/// Those that are not there. `there` has the comments of all columns that there are, and that of the table without a name.
fn comments(aid: &Aid, there: &BTreeMap<String, bool>) -> Vec<String> {
    let table = quoted(&aid.table);
    let is_missing = |name: &str| !there.get(name).copied().unwrap_or_default();
    let own = (!aid.about.is_empty() && is_missing(""))
        .then(|| format!("COMMENT ON TABLE {table} IS {}", literal(&aid.about)));
    let columns = aid
        .columns
        .iter()
        .filter(|(name, _)| is_missing(name))
        .map(|(name, about)| format!("COMMENT ON COLUMN {table}.{} IS {}", quoted(name), literal(about)));
    own.into_iter().chain(columns).collect()
}

impl Database {
    pub(super) fn aid(&self, aid: &Aid) -> Result<()> {
        let missing = self.commented(&aid.table).map(|there| comments(aid, &there));
        let made = missing.and_then(|missing| self.connected.execute_batch(&missing.join(";\n")));
        made.map_err(self.place.failed("comment on", &aid.table))
    }

    /// By column, whether it has a comment; the table itself without a name.
    fn commented(&self, table: &str) -> Sql<BTreeMap<String, bool>> {
        let sql = "SELECT column_name, comment IS NOT NULL FROM duckdb_columns()
                   WHERE database_name = current_database() AND schema_name = 'main' AND table_name = ?1
                   UNION ALL SELECT '', comment IS NOT NULL FROM duckdb_tables()
                   WHERE database_name = current_database() AND schema_name = 'main' AND table_name = ?1";
        let mut statement = self.connected.prepare(sql)?;
        statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }
}
