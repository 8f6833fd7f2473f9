//! Indexes for those who query, and how tables are made. There are no comments.

use rusqlite::Result as Sql;

use super::schema::table_sql;
use super::{Database, Result};
use crate::config;
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{Aid, Definitions};
use crate::schema::table::Table;

/// Tables as a load makes them.
#[derive(Debug)]
struct Sqlite;

pub(super) fn definitions(config: &config::Destination) -> Result<Box<dyn Definitions>> {
    super::settings(config)?;
    Ok(Box::new(Sqlite))
}

impl Definitions for Sqlite {
    fn schema(&self) -> String {
        "main".to_owned()
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS TEXT)")
    }

    fn statements(&self, table: &Table, aid: Option<&Aid>) -> Vec<String> {
        let indexes = aid.into_iter().flat_map(|aid| &aid.indexes);
        let indexes = indexes.map(|columns| index(&table.name, columns));
        table_sql(table, &table.name).into_iter().chain(indexes).collect()
    }
}

fn index(table: &str, columns: &[String]) -> String {
    let name = format!("_by_{}_of_{table}", columns.join("_"));
    let columns = quoted_list(columns.iter().map(String::as_str));
    format!("CREATE INDEX IF NOT EXISTS {} ON {} ({columns})", quoted(&name), quoted(table))
}

impl Database {
    pub(super) fn aid(&self, aid: &Aid) -> Result<()> {
        self.index_for(aid).map_err(self.place.failed("make an index on", &aid.table))
    }

    fn index_for(&self, aid: &Aid) -> Sql<()> {
        if aid.indexes.is_empty() {
            return Ok(());
        }
        let there = self.indexes_of(&aid.table)?;
        let is_missing = |columns: &&Vec<String>| {
            let finds = |index: &Vec<String>| {
                index.get(..columns.len()).is_some_and(|first| columns.iter().all(|own| first.contains(own)))
            };
            !there.iter().any(finds)
        };
        let missing = aid.indexes.iter().filter(is_missing);
        missing
            .map(|columns| index(&aid.table, columns))
            .try_for_each(|sql| self.connection.execute_batch(&sql))
    }

    /// The columns of each index that has all rows.
    fn indexes_of(&self, table: &str) -> Sql<Vec<Vec<String>>> {
        let sql = "SELECT name FROM pragma_index_list(?1) WHERE NOT partial";
        let mut statement = self.connection.prepare_cached(sql)?;
        let names = statement.query_map([table], |row| row.get(0))?.collect::<Sql<Vec<String>>>()?;
        let columns = |name: &String| -> Sql<Vec<String>> {
            let sql = "SELECT coalesce(name, '') FROM pragma_index_info(?1) ORDER BY seqno";
            self.connection.prepare_cached(sql)?.query_map([name], |row| row.get(0))?.collect()
        };
        names.iter().map(columns).collect()
    }
}
