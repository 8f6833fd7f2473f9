//! One resource of a run: its definition, what the configuration says of it, and what hangs below it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::bindings::{Route, Unbound, bind, carried_by, carry, combine, resolve_routes};
use super::refusals::Refusals;
use super::tree::TreeError;
use super::wide::{Aside, Sieve, sieve_of};
use crate::config::Config;
use crate::extract::paging::{Way, is_set};
use crate::extract::resume::{PartitionState, ReadingRules, rules_of};
use crate::extract::tally::Counts;
use crate::page::{Binding, Partition};
use crate::record::{Glimpse, Taps};
use crate::resource::{FanOut, ParamSource, Resource, Sign, Start, WriteDisposition};

/// One resource of a run.
#[derive(Debug)]
pub(in crate::extract) struct Node {
    pub(in crate::extract) resource: &'static Resource,
    pub(in crate::extract) routes: Vec<Route>,
    /// What its partitions carry for those below them.
    carries: Vec<ParamSource>,
    pub(in crate::extract) children: Vec<Arc<Node>>,
    /// Whether its records are loaded, or only read for what hangs below them.
    pub(in crate::extract) is_loaded: bool,
    /// What the user sends with every request.
    pub(in crate::extract) query: Vec<(String, String)>,
    pub(in crate::extract) params: BTreeMap<String, Vec<Value>>,
    pub(in crate::extract) reading: Arc<ReadingRules>,
    /// What a record of the parent says when there is nothing to ask for.
    pub(in crate::extract) unless: Vec<Sign>,
    /// What is looked at of each record.
    pub(in crate::extract) taps: Taps,
    /// Fields that are not loaded.
    pub(in crate::extract) omit: &'static [&'static str],
    pub(in crate::extract) counts: Arc<Counts>,
    /// How its lists are asked for, as far as one of them has shown.
    pub(in crate::extract) way: OnceLock<Way>,
    /// Whether of its lists, and of all below, nothing is kept until they are read wholly.
    pub(super) is_in_one_go: bool,
    /// Whether its lists are refused everywhere.
    pub(super) refusals: Refusals,
    /// The lists that hold many of its partitions, if it is to be read in such.
    pub(super) sieve: Option<Sieve>,
    /// What is kept of those lists, once somebody has asked.
    pub(super) kept_wide: OnceLock<Option<PartitionState>>,
}

/// The names in braces, each once, in the order of the path.
fn placeholders(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a resource is in its run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    /// Somebody asked for it; otherwise it comes along.
    pub(super) is_selected: bool,
    /// No other resource has the same table.
    pub(super) owns_table: bool,
}

/// The fields that say where a record belongs, when it changed, and what hangs on it.
fn taps_of(resource: &Resource, children: &[Arc<Node>]) -> Taps {
    let scope = match resource.start {
        Some(Start::Projects) => Some("path_with_namespace"),
        Some(Start::Groups) => Some("full_path"),
        None => None,
    };
    let cursor = resource.incremental.and_then(|incremental| incremental.cursor);
    let cursor = cursor.or(resource.newest_first.map(|order| order.cursor));
    let finality = resource.finality.iter();
    let finality = finality.flat_map(|finality| finality.ended_at.iter().copied().chain([finality.field]));
    let routes = children.iter().flat_map(|child| &child.routes).filter_map(|route| route.record_field());
    let carried = children.iter().flat_map(|child| &child.carries).filter_map(|source| match source {
        ParamSource::Parent { resource: from, field } if *from == resource.name => Some(*field),
        _ => None,
    });
    let unless = children.iter().flat_map(|child| &child.unless).map(|sign| sign.field);
    let frozen = children.iter().filter_map(|child| child.resource.frozen).map(|frozen| frozen.field);
    let standing = resource.activity.iter().map(|activity| activity.field).chain(frozen);
    let times = ["created_at", "updated_at"].into_iter().filter(|_| !children.is_empty());
    let id = resource.params.is_empty().then_some("id");
    Taps::new(
        scope
            .into_iter()
            .chain(cursor)
            .chain(finality)
            .chain(routes)
            .chain(carried)
            .chain(unless)
            .chain(standing)
            .chain(times)
            .chain(id),
    )
}

/// What the user sends with every request, with what leaves out what GitLab writes, where that is wanted.
fn query_of(resource: &Resource, config: &Config) -> Vec<(String, String)> {
    let said = config.resource(resource.name);
    let without = resource.system_notes.filter(|_| !config.load.system_notes).map(|notes| notes.without);
    let unset = without.filter(|(name, _)| !is_set(&said.query, name));
    let own = unset.map(|(name, value)| (name.to_owned(), value.to_owned()));
    said.query.iter().cloned().chain(own).collect()
}

/// What says that there is nothing to ask for. That nobody has written anything says so where only that is asked for,
/// and not where a list that has become empty has to show it.
fn unless_of(resource: &Resource, query: &[(String, String)], config: &Config) -> Vec<Sign> {
    if config.extract.ask_for_everything {
        return Vec::new();
    }
    let said = config.resource(resource.name).write_disposition.unwrap_or(resource.write_disposition);
    let shows_what_is_gone = config.load.mark_deleted || said == WriteDisposition::History;
    let notes = resource.system_notes.filter(|notes| {
        let (name, value) = notes.without;
        !shows_what_is_gone && query.iter().any(|(own, set)| own == name && set == value)
    });
    resource.unless.iter().copied().chain(notes.and_then(|notes| notes.none)).collect()
}

impl Node {
    pub(super) fn resolve(
        resource: &'static Resource,
        above: &[&'static Resource],
        children: Vec<Arc<Self>>,
        role: Role,
        config: &Config,
    ) -> Result<Self, TreeError> {
        if placeholders(resource.path) != resource.params.iter().map(|param| param.name).collect::<Vec<_>>() {
            return Err(TreeError::Placeholders { resource });
        }
        let routes = resolve_routes(resource, above)?;
        let said = config.resource(resource.name);
        for (param, route) in resource.params.iter().zip(&routes) {
            let is_given = said.params.get(param.name).is_some_and(|values| !values.is_empty());
            if *route == Route::Config && !is_given {
                return Err(TreeError::MissingInput { resource, param: param.name });
            }
        }
        let is_loaded = role.is_selected || said.enabled != Some(false);
        let below: Vec<&ReadingRules> = children.iter().map(|child| child.reading.as_ref()).collect();
        let reading = ReadingRules {
            marks_deleted: is_loaded && role.owns_table && config.load.mark_deleted,
            ..rules_of(resource, above, &below, config)
        };
        let taps = taps_of(resource, &children);
        let wanted_below = children
            .iter()
            .flat_map(|child| child.resource.params.iter().map(|param| &param.source).chain(&child.carries));
        let carries = carried_by(resource, wanted_below);
        let query = query_of(resource, config);
        let is_in_one_go = !reading.keeps_state && children.iter().all(|child| child.is_in_one_go);
        let counts = Arc::<Counts>::default();
        let sieve = sieve_of(resource, above.first().copied(), &reading, config);
        if let Err(Aside::Because(reason)) = &sieve {
            counts.add_aside(reason.clone(), 0);
        }
        Ok(Self {
            resource,
            is_in_one_go,
            routes,
            carries,
            children,
            reading: Arc::new(reading),
            taps,
            omit: if said.secrets { &[] } else { resource.secrets },
            is_loaded,
            unless: unless_of(resource, &query, config),
            query,
            params: said.params.clone(),
            counts,
            way: OnceLock::new(),
            refusals: Refusals::default(),
            sieve: sieve.ok(),
            kept_wide: OnceLock::new(),
        })
    }

    /// Whether so many of its lists were refused that no more are asked for.
    pub(in crate::extract) fn is_given_up(&self) -> bool {
        self.refusals.verdict().is_some()
    }

    /// The partitions that a record starts; `parent` is the record's own. Without a parent, those that the configuration
    /// names.
    pub(in crate::extract) fn partitions(
        &self,
        parent: Option<&Partition>,
        record: &Glimpse,
    ) -> Result<Vec<Partition>, Unbound> {
        let resource = self.resource;
        let bound = bind(resource, &self.routes, &self.params, parent, record)?;
        let bound = match resource.fan_out {
            Some(fan_out) => combine(&bound, fan_out.column, &self.fan_out_values(&fan_out)),
            None => bound,
        };
        let carried = carry(&self.carries, parent, record);
        let partition = |bindings| Partition { resource, bindings, carried: carried.clone() };
        Ok(bound.into_iter().map(partition).collect())
    }

    /// The query parameters that are set: the user's, and those of `defaults` that the user does not set.
    pub(in crate::extract) fn set_query(&self, defaults: &[(String, String)]) -> Vec<(String, String)> {
        let base = |name: &str| name.strip_suffix("[]").unwrap_or(name).to_owned();
        let unset = defaults.iter().filter(|(name, _)| !is_set(&self.query, &base(name)));
        unset.chain(&self.query).cloned().collect()
    }

    /// Those of the configuration, or all.
    fn fan_out_values(&self, fan_out: &FanOut) -> Vec<Value> {
        let said = self.query.iter().filter(|(name, _)| name == fan_out.param);
        let said: Vec<Value> = said.map(|(_, value)| Value::from(value.as_str())).collect();
        if said.is_empty() { fan_out.values.iter().map(|value| Value::from(*value)).collect() } else { said }
    }

    /// The parameters that a request of its own path sends, without those of changes and pages.
    pub(in crate::extract) fn own_query(&self, bindings: &[Binding]) -> Vec<(String, String)> {
        let own = self.resource.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut query = self.set_query(&own.collect::<Vec<_>>());
        if let Some(fan_out) = self.resource.fan_out {
            query.retain(|(name, _)| name != fan_out.param);
            let value = bindings.iter().find(|binding| binding.column == fan_out.column);
            let value = value.and_then(|binding| binding.value.as_str());
            query.extend(value.map(|value| (fan_out.param.to_owned(), value.to_owned())));
        }
        query
    }
}
