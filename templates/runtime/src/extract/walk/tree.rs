//! The resources of a run and what hangs below what: selected resources come in, checked once at the start.
//!
//! Parents of selected resources come along, and their records are loaded too: they are read anyway, and a table of
//! notes without its issues joins to nothing. Only `enabled = false` keeps them from being loaded.

use std::sync::Arc;

use thiserror::Error;

use super::node::{Node, Role};
use crate::config::{Config, suggest};
use crate::resource::Resource;

/// Parents stand before their children.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Arc<Node>>,
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
            let role = Role { is_selected, owns_table: owns_table(resource, all, config) };
            nodes.push(Arc::new(Node::resolve(resource, &above, children, role, config)?));
        }
        nodes.reverse();
        Ok(Self { nodes })
    }

    /// All resources of the run, parents first.
    pub fn resources(&self) -> impl Iterator<Item = &'static Resource> {
        self.nodes.iter().map(|node| node.resource)
    }

    /// The same, and whether their records are loaded.
    pub fn reads(&self) -> impl Iterator<Item = (&'static Resource, bool)> {
        self.nodes.iter().map(|node| (node.resource, node.is_loaded))
    }

    pub(in crate::extract) fn nodes(&self) -> &[Arc<Node>] {
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
