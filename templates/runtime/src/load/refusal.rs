//! What a load cannot do, found before the first request.

use std::collections::BTreeMap;

use super::options::LoadOptions;
use super::plan::{Writes, plan_of, table_of};
use crate::destination::{Abilities, TAKE_SHARDS};
use crate::resource::Resource;

/// A load that cannot be done as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "`{first}` and `{second}` both write to table `{table}`, and are told apart by other columns there"
    )]
    SharedTable { table: String, first: &'static str, second: &'static str },
    #[error("`{first}` writes to table `{other}` and `{second}` to `{table}`, which are one there")]
    Spelling { table: String, other: String, first: &'static str, second: &'static str },
    #[error("{place} cannot {what}, which table `{table}` of `{resource}` needs")]
    Unable { place: String, what: &'static str, table: String, resource: &'static str },
    #[error("{place} has no table `{}` for `{resource}`: {why}", table.escape_debug())]
    Name { place: String, table: String, resource: &'static str, why: String },
    #[error("{place} keeps the name `{column}` for itself, which `{resource}` needs")]
    Reserved { place: String, column: &'static str, resource: &'static str },
    #[error("{place} takes one run at a time, and no shards of one")]
    Shards { place: String },
    #[error("{place} cannot mark rows as deleted")]
    Unmarked { place: String },
}

impl Refusal {
    /// What to do next, in a line.
    pub fn hint(&self) -> String {
        match self {
            Self::SharedTable { second: resource, .. }
            | Self::Spelling { second: resource, .. }
            | Self::Name { resource, .. } => {
                format!("set in config.toml, under [resources]\n      {resource}.table = \"…\"")
            }
            Self::Unable { resource, .. } => format!(
                "set `resources.{resource}.write_disposition` in config.toml to one that it can do, or load into \
                 another place"
            ),
            Self::Reserved { column, resource, .. } => {
                format!("call `{column}` something else among the `params` of `{resource}` in src/resources")
            }
            Self::Shards { .. } => {
                format!(
                    "pass `--shard 1/1` for a whole run, or load into one of these: {}",
                    TAKE_SHARDS.join(", ")
                )
            }
            Self::Unmarked { .. } => "set `load.mark_deleted` in config.toml to false".to_owned(),
        }
    }
}

/// Everything that stands against a load into such a place.
pub fn refusals(place: &str, abilities: &Abilities, options: &LoadOptions) -> Vec<Refusal> {
    let loaded = options.reads.iter().filter(|reads| reads.is_loaded).map(|reads| reads.resource);
    let mut found = shared_tables(loaded.clone(), options, abilities.naming.folds_case);
    found.extend(loaded.clone().filter_map(|resource| name_refusal(place, resource, abilities, options)));
    for resource in loaded {
        let plan = plan_of(resource, options);
        let what = match plan.writes {
            Writes::Merge | Writes::Versions if !abilities.merges => "find rows by their key",
            Writes::History if !abilities.keeps_history => "keep a history",
            Writes::Replace if !abilities.replaces => "replace rows",
            _ => continue,
        };
        let (table, resource) = (plan.layout.table, resource.name);
        found.push(Refusal::Unable { place: place.to_owned(), what, table, resource });
    }
    if options.share.is_some() && !abilities.takes_shards {
        found.push(Refusal::Shards { place: place.to_owned() });
    }
    if options.mark_deleted && !abilities.marks_deleted {
        found.push(Refusal::Unmarked { place: place.to_owned() });
    }
    found
}

/// Names that are not made of fields, which could be changed, are taken as they are or not at all.
fn name_refusal(
    place: &str,
    resource: &'static Resource,
    abilities: &Abilities,
    options: &LoadOptions,
) -> Option<Refusal> {
    let (place, table, naming) = (place.to_owned(), table_of(resource, options), &abilities.naming);
    if let Some(why) = naming.objection(&table) {
        return Some(Refusal::Name { place, table, resource: resource.name, why });
    }
    let column = resource.partition_columns().find(|column| naming.is_reserved(column))?;
    Some(Refusal::Reserved { place, column, resource: resource.name })
}

/// Two resources may fill one table when they tell its rows apart by the same columns, in the same way.
fn shared_tables(
    resources: impl Iterator<Item = &'static Resource>,
    options: &LoadOptions,
    folds_case: bool,
) -> Vec<Refusal> {
    let mut owners: BTreeMap<String, &'static Resource> = BTreeMap::new();
    let mut found = Vec::new();
    for resource in resources {
        let table = table_of(resource, options);
        let key = |one: &'static Resource| (one.primary_key(), plan_of(one, options).writes);
        let name = if folds_case { table.to_lowercase() } else { table.clone() };
        match owners.get(&name) {
            // The same table in two spellings would be two here and one there.
            Some(first) if table_of(first, options) != table => {
                let (first, other) = (first.name, table_of(first, options));
                found.push(Refusal::Spelling { table, other, first, second: resource.name });
            }
            Some(first) if key(first) != key(resource) || key(first).0.is_empty() => {
                found.push(Refusal::SharedTable { table, first: first.name, second: resource.name });
            }
            Some(_) => {}
            None => drop(owners.insert(name, resource)),
        }
    }
    found
}
