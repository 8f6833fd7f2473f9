//! The resources of a run and what hangs below what: selected resources come in, checked once at the start.
//!
//! Parents of selected resources come along, and their records are loaded too: they are read anyway, and a table of
//! notes without its issues joins to nothing. Only `enabled = false` keeps them from being loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use super::bindings::{Route, Unbound, bind, resolve_routes};
use super::paging::is_set;
use super::reading::ReadingRules;
use super::rules::rules_of;
use super::tally::Counts;
use crate::config::{Config, suggest};
use crate::page::{Binding, Record};
use crate::resource::Resource;

/// Parents stand before their children.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Arc<Node>>,
}

/// One resource of a run.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) resource: &'static Resource,
    pub(super) routes: Vec<Route>,
    pub(super) children: Vec<Arc<Node>>,
    /// Whether its records are loaded, or only read for what hangs below them.
    pub(super) is_loaded: bool,
    /// Whether no other resource has the same table.
    pub(super) owns_table: bool,
    /// What the user sends with every request.
    pub(super) query: Vec<(String, String)>,
    pub(super) params: BTreeMap<String, Vec<Value>>,
    pub(super) reading: ReadingRules,
    pub(super) counts: Arc<Counts>,
}

/// A definition that cannot be run. All of them are found before the first request.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TreeError {
    #[error("`{}` takes its parameters from `{parent}`, which is no resource", .resource.name)]
    UnknownParent { resource: &'static Resource, parent: &'static str, suggestion: Option<String> },
    #[error("`{}` is its own ancestor", .resource.name)]
    Cycle { resource: &'static Resource },
    #[error("no ancestor of `{}` carries `{from}.{field}` for `{{{param}}}`", .resource.name)]
    Unbound { resource: &'static Resource, param: &'static str, from: &'static str, field: &'static str },
    #[error("the path of `{}` does not have one placeholder per parameter: {}", .resource.name, .resource.path)]
    Placeholders { resource: &'static Resource },
    #[error("`{}` needs values for `{param}`, which no list provides", .resource.name)]
    MissingInput { resource: &'static Resource, param: &'static str },
}

impl TreeError {
    /// What to change.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownParent { resource, suggestion, .. } => {
                let place = format!("correct `params` of `{}` in src/resources", resource.name);
                suggestion.as_ref().map_or(place.clone(), |name| format!("did you mean `{name}`? {place}"))
            }
            Self::Cycle { resource } | Self::Placeholders { resource } | Self::Unbound { resource, .. } => {
                format!("correct `params` of `{}` in src/resources", resource.name)
            }
            Self::MissingInput { resource, param } => {
                format!(
                    "set in config.toml\n      [resources.{}.params]\n      {param} = [\"…\"]",
                    resource.name
                )
            }
        }
    }
}

impl Tree {
    /// The selected resources and their ancestors, all of them among `all`.
    pub fn resolve(
        selected: &[&'static Resource],
        all: &[&'static Resource],
        config: &Config,
    ) -> Result<Self, TreeError> {
        let mut order = Vec::new();
        for resource in selected {
            add_with_ancestors(resource, all, &mut order, &mut Vec::new())?;
        }
        let mut nodes: Vec<Arc<Node>> = Vec::with_capacity(order.len());
        // Children first, so that each parent can hold its own.
        for resource in order.iter().rev() {
            let above = ancestors_of(resource, all)?;
            let is_selected = selected.iter().any(|selected| selected.name == resource.name);
            let is_child = |node: &&Arc<Node>| node.resource.parent() == Some(resource.name);
            let children = nodes.iter().rev().filter(is_child).cloned().collect();
            let mut node = Node::resolve(resource, &above, children, is_selected, config)?;
            node.owns_table = owns_table(resource, all, config);
            nodes.push(Arc::new(node));
        }
        nodes.reverse();
        Ok(Self { nodes })
    }

    /// All resources of the run, parents first.
    pub fn resources(&self) -> impl Iterator<Item = &'static Resource> {
        self.nodes.iter().map(|node| node.resource)
    }

    pub(super) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }
}

fn add_with_ancestors(
    resource: &'static Resource,
    all: &[&'static Resource],
    order: &mut Vec<&'static Resource>,
    below: &mut Vec<&'static str>,
) -> Result<(), TreeError> {
    if order.iter().any(|added| added.name == resource.name) {
        return Ok(());
    }
    if below.contains(&resource.name) {
        return Err(TreeError::Cycle { resource });
    }
    below.push(resource.name);
    if let Some(parent) = parent_of(resource, all)? {
        add_with_ancestors(parent, all, order, below)?;
    }
    below.pop();
    order.push(resource);
    Ok(())
}

fn parent_of(
    resource: &'static Resource,
    all: &[&'static Resource],
) -> Result<Option<&'static Resource>, TreeError> {
    let Some(parent) = resource.parent() else { return Ok(None) };
    let found = all.iter().copied().find(|candidate| candidate.name == parent);
    let suggestion = || suggest(parent, all.iter().map(|candidate| candidate.name));
    found.map(Some).ok_or_else(|| TreeError::UnknownParent { resource, parent, suggestion: suggestion() })
}

fn owns_table(resource: &Resource, all: &[&'static Resource], config: &Config) -> bool {
    let table =
        |one: &Resource| config.resource(one.name).table.clone().unwrap_or_else(|| one.table.to_owned());
    all.iter().all(|other| other.name == resource.name || table(other) != table(resource))
}

/// From the parent on. [`add_with_ancestors`] has seen that they end.
fn ancestors_of(
    resource: &'static Resource,
    all: &[&'static Resource],
) -> Result<Vec<&'static Resource>, TreeError> {
    let mut above = Vec::new();
    let mut next = parent_of(resource, all)?;
    while let Some(parent) = next {
        above.push(parent);
        next = parent_of(parent, all)?;
    }
    Ok(above)
}

impl Node {
    fn resolve(
        resource: &'static Resource,
        above: &[&'static Resource],
        children: Vec<Arc<Self>>,
        is_selected: bool,
        config: &Config,
    ) -> Result<Self, TreeError> {
        if resource.path.matches('{').count() != resource.params.len() {
            return Err(TreeError::Placeholders { resource });
        }
        let routes = resolve_routes(resource, above.first().copied())?;
        let said = config.resource(resource.name);
        for (param, route) in resource.params.iter().zip(&routes) {
            let is_given = said.params.get(param.name).is_some_and(|values| !values.is_empty());
            if *route == Route::Config && !is_given {
                return Err(TreeError::MissingInput { resource, param: param.name });
            }
        }
        let reading = rules_of(resource, above, &children, config);
        Ok(Self {
            resource,
            routes,
            children,
            reading,
            owns_table: true,
            is_loaded: is_selected || said.enabled != Some(false),
            query: said.query.clone(),
            params: said.params.clone(),
            counts: Arc::default(),
        })
    }

    /// The bindings of each partition that a record of the parent starts.
    pub(super) fn bind(&self, parent: &[Binding], record: &Record) -> Result<Vec<Vec<Binding>>, Unbound> {
        bind(self.resource, &self.routes, &self.params, parent, record)
    }

    /// The query parameters that are set: the user's, and those of `defaults` that the user does not set.
    pub(super) fn set_query(&self, defaults: &[(String, String)]) -> Vec<(String, String)> {
        let base = |name: &str| name.strip_suffix("[]").unwrap_or(name).to_owned();
        let unset = defaults.iter().filter(|(name, _)| !is_set(&self.query, &base(name)));
        unset.chain(&self.query).cloned().collect()
    }
}
