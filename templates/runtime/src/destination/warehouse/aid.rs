//! Comments for those who query, and how tables are made. Warehouses have no indexes.

use std::collections::BTreeSet;

use super::fault::Answer;
use super::lease;
use super::schema::Schema;
use super::session::{Session, rows};
use crate::destination::{Aid, Claim, Definitions, Result};
use crate::schema::table::Table;

/// Tables as a load makes them.
impl Definitions for Schema {
    fn schema(&self) -> String {
        self.warehouse.schema().to_owned()
    }

    fn named(&self, name: &str) -> String {
        self.warehouse.named(name)
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS VARCHAR)")
    }

    fn statements(&self, table: &Table, aid: Option<&Aid>) -> Vec<String> {
        let comments = aid.into_iter().flat_map(|aid| comments(self, aid, &BTreeSet::new()));
        std::iter::once(self.table_sql(table)).chain(comments).collect()
    }
}

/// The names of a table and of a column that have a comment, as they are called there; a table itself has no column's.
type Commented = BTreeSet<(String, String)>;

/// Makes what is missing.
pub(super) fn aid(session: &mut dyn Session, schema: &Schema, claim: &Claim, aids: &[Aid]) -> Result<()> {
    let there = commented(session, schema).map_err(schema.place().package_failed("look for comments"))?;
    let missing = aids.iter().map(|aid| (&aid.table, comments(schema, aid, &there)));
    for (table, missing) in missing.filter(|(_, missing)| !missing.is_empty()) {
        // Tables may be many.
        lease::renew(session, schema, claim)?;
        let made = missing.iter().try_for_each(|sql| session.run(sql).map(drop));
        made.map_err(schema.place().failed("comment on", table))?;
    }
    Ok(())
}

fn commented(session: &mut dyn Session, schema: &Schema) -> Answer<Commented> {
    let found = rows(session, &schema.warehouse.commented())?.into_iter();
    Ok(found
        .filter_map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(table), column]) => Some((table, column.unwrap_or_default())),
            _ => None,
        })
        .collect())
}

/// Those that are not there, in few statements: a statement takes a while, whatever it does.
fn comments(schema: &Schema, aid: &Aid, there: &Commented) -> Vec<String> {
    let warehouse = &schema.warehouse;
    let table = schema.table(&aid.table);
    let is_missing = |column: &str| !there.contains(&(warehouse.named(&aid.table), warehouse.named(column)));
    let literal = |text: &str| warehouse.plain_literal(&text.replace('\0', ""));
    let own = (!aid.about.is_empty() && is_missing(""))
        .then(|| format!("COMMENT ON TABLE {table} IS {}", literal(&aid.about)));
    let columns = aid.columns.iter().filter(|(name, _)| is_missing(name));
    let columns: Vec<[String; 2]> =
        columns.map(|(name, about)| [schema.column(name), literal(about)]).collect();
    let columns = (!columns.is_empty()).then(|| warehouse.comment_on_columns(&table, &columns));
    own.into_iter().chain(columns).collect()
}
