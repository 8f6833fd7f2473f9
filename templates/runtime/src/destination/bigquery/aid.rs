//! Descriptions for those who query, and how tables are made. There are no indexes: a table is clustered by its key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::Result;
use super::client::Answer;
use super::dataset::Dataset;
use super::job::Query;
use super::lease;
use super::names::{literal, quoted};
use super::schema::table_sql;
use super::settings::Settings;
use crate::config;
use crate::destination::{Aid, Definitions};
use crate::schema::table::Table;

/// How many letters the description of a column has at most.
/// <https://cloud.google.com/bigquery/docs/schemas#column_descriptions>
const LONGEST: usize = 1_024;

/// Tables as a load makes them.
#[derive(Debug)]
struct Made(Dataset);

pub(super) fn open_definitions(config: &config::Destination) -> Result<Box<dyn Definitions>> {
    Ok(Box::new(Made(Dataset::new(Settings::read(config)?)?)))
}

impl Definitions for Made {
    fn schema(&self) -> String {
        self.0.name.to_string()
    }

    fn database(&self) -> Option<String> {
        Some(self.0.project.to_string())
    }

    fn quoted(&self, name: &str) -> String {
        quoted(name)
    }

    fn as_text(&self, column: &str) -> String {
        format!("CAST({column} AS STRING)")
    }

    /// A load describes tables when it is over, and no table is another for it.
    fn statements(&self, table: &Table, aid: Option<&Aid>) -> Vec<String> {
        let lacking = aid.map(|aid| Lacking::of(aid, &There::new()));
        let option = |text: &String| format!(" OPTIONS (description = {})", literal(text));
        let of_column = |name: &str| lacking.as_ref()?.columns.get(name).map(option);
        let own = lacking.as_ref().and_then(|lacking| lacking.own.as_ref()).map(option);
        let made = table_sql(self.0.table(&table.name), table, &|name| of_column(name).unwrap_or_default());
        vec![made + &own.unwrap_or_default()]
    }
}

/// The names of a table and of a column that are described; a table itself has no column's.
type There = BTreeSet<(String, String)>;

/// What a table lacks of its descriptions.
#[derive(Debug)]
struct Lacking<'a> {
    own: Option<String>,
    columns: BTreeMap<&'a str, String>,
}

impl<'a> Lacking<'a> {
    fn of(aid: &'a Aid, there: &There) -> Self {
        let is_missing = |column: &str, about: &str| {
            !about.is_empty() && !there.contains(&(aid.table.clone(), column.to_owned()))
        };
        let text = |about: &str| about.chars().filter(|letter| *letter != '\0').take(LONGEST).collect();
        let columns = aid.columns.iter().filter(|(name, about)| is_missing(name, about));
        Self {
            own: is_missing("", &aid.about).then(|| text(&aid.about)),
            columns: columns.map(|(name, about)| (name.as_str(), text(about))).collect(),
        }
    }
}

/// Describes what is not described: one query tells what that is, and each table takes one change.
pub(super) fn aid(dataset: &Dataset, token: &str, aids: &[Aid]) -> Result<()> {
    let mut renewed = Instant::now();
    let there = described(dataset).map_err(dataset.place.package_failed("look for descriptions"))?;
    for aid in aids {
        let Lacking { own, columns } = Lacking::of(aid, &there);
        if own.is_some() || !columns.is_empty() {
            if renewed.elapsed() > lease::RENEW_EVERY {
                lease::renew(dataset, token)?;
                renewed = Instant::now();
            }
            let described = dataset.describe(&aid.table, own.as_deref(), &columns);
            described.map_err(dataset.place.failed("describe", &aid.table))?;
        }
    }
    Ok(())
}

fn described(dataset: &Dataset) -> Answer<There> {
    let own = format!("{}.{}", quoted(&dataset.project), quoted(&dataset.name));
    let sql = format!(
        "SELECT table_name, column_name FROM {own}.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS
         WHERE field_path = column_name AND description <> ''
         UNION ALL SELECT table_name, '' FROM {own}.INFORMATION_SCHEMA.TABLE_OPTIONS
         WHERE option_name = 'description'"
    );
    let rows = dataset.query(&Query::new(sql))?.rows.into_iter();
    let names = |row: Vec<Option<String>>| {
        Some(<[Option<String>; 2]>::try_from(row).ok()?.map(Option::unwrap_or_default))
    };
    Ok(rows.filter_map(names).map(|[table, column]| (table, column)).collect())
}
