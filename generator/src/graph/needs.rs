//! What a token and a scope do not provide, also through ancestors.

use std::collections::{BTreeSet, HashMap};

use super::{Need, Param, ParamSource, Resource, ResourceGraph};

/// Fills `needs` and turns off by default what has any.
pub(super) fn resolve_needs(graph: &mut ResourceGraph) {
    cut_unrelated_sources(graph);
    for resource in &mut graph.resources {
        resource.needs = own_needs(resource);
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

/// A partition knows the records that it hangs on, one below the other. Of a list beside those nothing tells which of its
/// records belong to them: what it would feed is for the user to give.
fn cut_unrelated_sources(graph: &mut ResourceGraph) {
    let unrelated: Vec<Vec<usize>> = {
        let by_name: HashMap<&str, &Resource> =
            graph.resources.iter().map(|resource| (resource.name.as_str(), resource)).collect();
        graph.resources.iter().map(|resource| unrelated_params(&by_name, resource)).collect()
    };
    for (resource, unrelated) in graph.resources.iter_mut().zip(unrelated) {
        let params = resource.params.iter_mut().enumerate().filter(|(at, _)| unrelated.contains(at));
        for (_, param) in params {
            param.source.value = None;
            param.source.sure = false;
            param
                .source
                .reason
                .push_str("; but its records and those of the other lists do not belong together");
        }
    }
}

fn unrelated_params(by_name: &HashMap<&str, &Resource>, resource: &Resource) -> Vec<usize> {
    let fed = resource.params.iter().filter(|param| param.source.value.is_some()).count();
    if fed < 2 {
        return Vec::new();
    }
    let parent = |resource: &&Resource| by_name.get(resource.parent()?).copied();
    // A circle ends nowhere.
    let above: Vec<&Resource> =
        std::iter::successors(parent(&resource), parent).take(by_name.len()).collect();
    let carries = |above: &Resource, source: &ParamSource| {
        source.resource == above.name
            || above.params.iter().any(|param| param.source.value.as_ref() == Some(source))
    };
    let is_known = |param: &Param| {
        param.source.value.as_ref().is_none_or(|source| above.iter().any(|above| carries(above, source)))
    };
    (0..).zip(&resource.params).filter(|(_, param)| !is_known(param)).map(|(at, _)| at).collect()
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
            Self::Parent(name) => write!(formatter, "its parent `{name}` needs input"),
        }
    }
}
