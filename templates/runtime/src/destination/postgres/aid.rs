//! Indexes and comments for those who query, and how tables are made.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::Result;
use super::connect::{Session, Sql};
use super::schema::{Schema, index, table_sql};
use super::settings::Address;
use crate::config;
use crate::destination::sql::quoted;
use crate::destination::{Aid, Definitions};
use crate::schema::table::Table;

/// What an index for those who query is called: nothing else begins so.
pub(super) const BY: &str = "_by_";

/// Tables as a load makes them.
#[derive(Debug)]
struct Postgres(Schema);

pub(super) fn definitions(config: &config::Destination) -> Result<Box<dyn Definitions>> {
    Ok(Box::new(Postgres(Schema::new(&Address::read(config)?.schema))))
}

impl Definitions for Postgres {
    fn schema(&self) -> String {
        self.0.name.clone()
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS text)")
    }

    fn statements(&self, table: &Table, aid: Option<&Aid>) -> Vec<String> {
        let aids = aid.into_iter().flat_map(|aid| missing(&self.0, aid, &There::default()));
        table_sql(&self.0, table).into_iter().chain(aids).collect()
    }
}

/// What tables have already.
#[derive(Debug, Default)]
struct There {
    /// By table, the columns of each index that has all rows.
    indexes: BTreeMap<String, Vec<Vec<String>>>,
    /// By table and column, comments; that of a table itself without a name.
    comments: BTreeMap<String, Vec<String>>,
}

/// Makes what is missing.
pub(super) fn aid(session: &Session, schema: &Schema, aids: &[Aid]) -> Sql<()> {
    let there = There::read(session, schema)?;
    let missing: Vec<String> = aids.iter().flat_map(|aid| missing(schema, aid, &there)).collect();
    if missing.is_empty() { Ok(()) } else { session.batch(&missing.join(";\n")) }
}

fn missing(schema: &Schema, aid: &Aid, there: &There) -> Vec<String> {
    let table = schema.table(&aid.table);
    let indexes = there.indexes.get(&aid.table).map_or(&[][..], Vec::as_slice);
    let finds = |columns: &Vec<String>| {
        let begins = |index: &Vec<String>| {
            index.get(..columns.len()).is_some_and(|first| columns.iter().all(|own| first.contains(own)))
        };
        indexes.iter().any(begins)
    };
    let has_comment = |name: &str| {
        there.comments.get(&aid.table).is_some_and(|columns| columns.iter().any(|column| column == name))
    };
    let indexes = aid.indexes.iter().filter(|columns| !finds(columns)).map(|columns| {
        let prefix = format!("{BY}{}_of_", columns.join("_"));
        index(schema, (&prefix, &aid.table), "", columns.iter().map(String::as_str))
    });
    let own = (!aid.about.is_empty() && !has_comment(""))
        .then(|| format!("COMMENT ON TABLE {table} IS {}", literal(&aid.about)));
    let columns = aid.columns.iter().filter(|(name, _)| !has_comment(name));
    let columns = columns
        .map(|(name, about)| format!("COMMENT ON COLUMN {table}.{} IS {}", quoted(name), literal(about)));
    indexes.chain(own).chain(columns).collect()
}

/// In any setting of the server, a backslash is a letter.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\0', "").replace('\\', "\\\\").replace('\'', "''"))
}

impl There {
    fn read(session: &Session, schema: &Schema) -> Sql<Self> {
        let mut there = Self::default();
        let sql = "SELECT c.relname::text, ARRAY(SELECT a.attname::text
                       FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, at)
                       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                       WHERE k.at <= i.indnkeyatts ORDER BY k.at)
                   FROM pg_catalog.pg_index i
                   JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND i.indisvalid AND i.indpred IS NULL";
        for row in session.rows(sql, &[(&schema.name, Type::TEXT)])? {
            there.indexes.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
        }
        let sql = "SELECT c.relname::text, coalesce(a.attname::text, '')
                   FROM pg_catalog.pg_description d
                   JOIN pg_catalog.pg_class c ON c.oid = d.objoid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   LEFT JOIN pg_catalog.pg_attribute a
                       ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
                   WHERE n.nspname = $1 AND d.classoid = 'pg_catalog.pg_class'::regclass";
        for row in session.rows(sql, &[(&schema.name, Type::TEXT)])? {
            there.comments.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
        }
        Ok(there)
    }
}
