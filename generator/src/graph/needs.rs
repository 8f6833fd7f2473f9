//! What a token and a scope do not provide, also through ancestors.

use std::collections::BTreeSet;

use super::{Need, ParamSource, Resource, ResourceGraph};

/// Fills `needs` and turns off by default what has any.
pub(super) fn resolve_needs(graph: &mut ResourceGraph) {
    for resource in &mut graph.resources {
        resource.needs = own_needs(resource);
    }
    let uncarried: Vec<Option<Need>> =
        graph.resources.iter().map(|resource| uncarried_need(graph, resource)).collect();
    for (resource, need) in graph.resources.iter_mut().zip(uncarried) {
        resource.needs.extend(need);
    }
    inherit_needs(graph);
    for resource in &mut graph.resources {
        if let Some(need) = resource.needs.first() {
            resource.default.value = false;
            resource.default.reason = need.to_string();
            resource.enabled = false;
        }
    }
}

fn own_needs(resource: &Resource) -> Vec<Need> {
    let unprovided = resource.params.iter().filter(|param| param.source.value.is_none());
    let params = unprovided.map(|param| Need::Param(param.name.clone()));
    let sent = |name: &str| resource.query.iter().any(|(known, _)| known == name);
    let required = resource.filters.iter().filter(|filter| filter.required && !sent(&filter.name));
    params.chain(required.map(|filter| Need::Query(filter.name.clone()))).collect()
}

/// A partition knows the parent's record and the parent's own parameters, and no other field of what lies above.
fn uncarried_need(graph: &ResourceGraph, resource: &Resource) -> Option<Need> {
    let parent = graph.get(resource.parent()?)?;
    let is_carried = |source: &ParamSource| {
        source.resource == parent.name
            || parent.params.iter().any(|above| above.source.value.as_ref() == Some(source))
    };
    let param = resource.params.iter().find(|param| !param.source.value.as_ref().is_none_or(is_carried))?;
    Some(Need::Above { param: param.name.clone(), parent: parent.name.clone() })
}

/// Until nothing changes: a child of what is not ready is not ready. Parents that form a circle are never ready.
fn inherit_needs(graph: &mut ResourceGraph) {
    let names: BTreeSet<String> = graph.resources.iter().map(|resource| resource.name.clone()).collect();
    let mut reachable: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = reachable.len();
        for resource in &graph.resources {
            if resource.needs.is_empty() && parents(resource).all(|parent| reachable.contains(parent)) {
                reachable.insert(resource.name.clone());
            }
        }
        if reachable.len() == before {
            break;
        }
    }
    for resource in &mut graph.resources {
        let unready =
            parents(resource).find(|parent| !reachable.contains(*parent) && names.contains(*parent));
        if let (true, Some(parent)) = (resource.needs.is_empty(), unready.map(str::to_owned)) {
            resource.needs.push(Need::Parent(parent));
        }
    }
}

fn parents(resource: &Resource) -> impl Iterator<Item = &str> {
    resource
        .params
        .iter()
        .filter_map(|param| param.source.value.as_ref())
        .map(|source| source.resource.as_str())
}

impl std::fmt::Display for Need {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Param(name) => write!(formatter, "no list provides `{name}`"),
            Self::Query(name) => write!(formatter, "GitLab requires the query parameter `{name}`"),
            Self::Above { param, parent } => {
                write!(formatter, "its parent `{parent}` does not know the value of `{param}`")
            }
            Self::Parent(name) => write!(formatter, "its parent `{name}` needs input"),
        }
    }
}
