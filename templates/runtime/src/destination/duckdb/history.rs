//! Versions of records: which rows equal the last one, which take its place, and which versions end.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use duckdb::Result as Sql;

use super::write::{KEYS, ROW, same, unfit};
use super::{Database, quoted, quoted_list};
use crate::schema::arrow::instants;
use crate::schema::table::{DIGEST, VALID_FROM, VALID_TO};

/// The table of the versions that rows of a batch take the place of, and its column of when those began to hold.
const HELD: &str = "_held_of_batch";
const SINCE: &str = "_since_of_batch";

/// Since when the versions held that rows take the place of, in microseconds, by the places of the rows.
pub(super) type Held = BTreeMap<i64, Option<i64>>;

impl Database {
    /// Which rows equal the last version of what they are versions of: their places. The last column is the digest.
    pub(super) fn same_as_last(&self, table: &str, keys: &RecordBatch) -> Sql<Vec<i64>> {
        let identity = first(keys, 1)?;
        self.put_keys(table, keys)?;
        let sql = format!(
            "SELECT k.{ROW} FROM ({}) AS t JOIN {KEYS} AS k ON {} AND t.{DIGEST} = k.{DIGEST}",
            last_versions(table, &identity, "true"),
            same("t", "k", &identity),
        );
        self.connected.prepare(&sql)?.query_map([], |row| row.get(0))?.collect()
    }

    /// Takes out the versions that rows take the place of, because both have the same digest, and ends all others that
    /// hold. The last columns are the digest and when the row begins to hold.
    pub(super) fn keep_or_end(&self, table: &str, keys: &RecordBatch) -> Sql<Held> {
        if keys.num_rows() == 0 {
            return Ok(Held::new());
        }
        let identity = first(keys, 2)?;
        self.put_keys(table, keys)?;
        let names = identity.schema_ref().fields().iter().map(|field| quoted(field.name()));
        let names: String = names.map(|name| format!("t.{name}, ")).collect();
        let same = same("t", "k", &identity);
        let last = last_versions(table, &identity, &format!("t.{VALID_TO} IS NULL"));
        let table = quoted(table);
        self.connected.execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE {HELD} AS
                 SELECT {names} t.{DIGEST}, t._load_id, t._loaded_at, k.{ROW}, epoch_us(t.{VALID_FROM}) AS {SINCE}
                 FROM ({last}) AS t JOIN {KEYS} AS k ON {same} AND t.{DIGEST} = k.{DIGEST};
             DELETE FROM {table} AS t USING {HELD} AS k WHERE {same} AND t.{VALID_TO} IS NULL
                 AND t.{DIGEST} = k.{DIGEST} AND t._load_id = k._load_id AND t._loaded_at = k._loaded_at;
             UPDATE {table} AS t SET {VALID_TO} = k.{VALID_FROM} FROM {KEYS} AS k
                 WHERE {same} AND t.{VALID_TO} IS NULL;"
        ))?;
        let mut held = self.connected.prepare(&format!("SELECT {ROW}, {SINCE} FROM {HELD}"))?;
        held.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }
}

/// The rows as they are kept: those that take the place of a version hold since that began to.
pub(super) fn held_since(rows: &RecordBatch, held: &Held) -> Sql<RecordBatch> {
    let columns = rows.schema_ref().fields().iter().zip(rows.columns()).map(|(field, array)| {
        match array.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(own) if field.name() == VALID_FROM => {
                let since = (0_i64..).zip(own).map(|(row, own)| held.get(&row).copied().unwrap_or(own));
                instants(since)
            }
            _ => array.clone(),
        }
    });
    RecordBatch::try_new(rows.schema(), columns.collect()).map_err(unfit)
}

/// All columns but the last ones.
fn first(keys: &RecordBatch, but: usize) -> Sql<RecordBatch> {
    let identity: Vec<usize> = (0..keys.num_columns().saturating_sub(but)).collect();
    keys.project(&identity).map_err(unfit)
}

/// The SQL for the last versions of the records of a batch, of those that meet the condition.
fn last_versions(table: &str, identity: &RecordBatch, condition: &str) -> String {
    let names = quoted_list(identity.schema_ref().fields().iter().map(|field| field.name().as_str()));
    let names = if names.is_empty() { "1".to_owned() } else { names };
    format!(
        "SELECT t.* FROM {} AS t SEMI JOIN {KEYS} AS k ON {} WHERE {condition}
         QUALIFY row_number() OVER (PARTITION BY {names} ORDER BY t._load_id DESC, t._loaded_at DESC) = 1",
        quoted(table),
        same("t", "k", identity),
    )
}
