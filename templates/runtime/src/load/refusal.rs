//! What a load cannot do, found before the first request.

use std::collections::BTreeMap;

use super::options::LoadOptions;
use super::plan::{Writes, plan_of, table_of};
use crate::destination::Abilities;
use crate::resource::Resource;

/// A load that cannot be done as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "`{first}` and `{second}` both write to table `{table}`, and are told apart by other columns there"
    )]
    SharedTable { table: String, first: &'static str, second: &'static str },
    #[error("{place} cannot {what}, which table `{table}` of `{resource}` needs")]
    Unable { place: String, what: &'static str, table: String, resource: &'static str },
    #[error("{place} cannot mark rows as deleted")]
    Unmarked { place: String },
}

impl Refusal {
    /// What to do next, in a line.
    pub fn hint(&self) -> String {
        match self {
            Self::SharedTable { second, .. } => {
                format!("set in config.toml, under [resources]\n      {second}.table = \"…\"")
            }
            Self::Unable { resource, .. } => format!(
                "set `resources.{resource}.write_disposition` in config.toml to one that it can do, or load into \
                 another place"
            ),
            Self::Unmarked { .. } => "set `load.mark_deleted` in config.toml to false".to_owned(),
        }
    }
}

/// Everything that stands against a load into such a place.
pub fn refusals(place: &str, abilities: &Abilities, options: &LoadOptions) -> Vec<Refusal> {
    let loaded = options.reads.iter().filter(|reads| reads.is_loaded).map(|reads| reads.resource);
    let mut found = shared_tables(loaded.clone(), options);
    for resource in loaded {
        let plan = plan_of(resource, options);
        let what = match plan.writes {
            Writes::Merge | Writes::Versions if !abilities.merges => "find rows by their key",
            Writes::Replace if !abilities.replaces => "replace rows",
            _ => continue,
        };
        let (table, resource) = (plan.layout.table, resource.name);
        found.push(Refusal::Unable { place: place.to_owned(), what, table, resource });
    }
    if options.mark_deleted && !abilities.marks_deleted {
        found.push(Refusal::Unmarked { place: place.to_owned() });
    }
    found
}

/// Two resources may fill one table when they tell its rows apart by the same columns, in the same way.
fn shared_tables(resources: impl Iterator<Item = &'static Resource>, options: &LoadOptions) -> Vec<Refusal> {
    let mut owners: BTreeMap<String, &'static Resource> = BTreeMap::new();
    let mut found = Vec::new();
    for resource in resources {
        let table = table_of(resource, options);
        let key = |one: &'static Resource| (one.primary_key(), plan_of(one, options).writes);
        match owners.get(&table) {
            Some(first) if key(first) != key(resource) || key(first).0.is_empty() => {
                found.push(Refusal::SharedTable { table, first: first.name, second: resource.name });
            }
            Some(_) => {}
            None => drop(owners.insert(table, resource)),
        }
    }
    found
}
