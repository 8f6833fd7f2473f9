//! The overview that the README gives: each resource, or, of many, how many stand in which part.

use indexmap::IndexMap;
use serde::Serialize;

use super::Destination;
use crate::graph::{Resource, ResourceGraph};
use crate::text::one_line;

/// More rows than these nobody reads.
const MOST: usize = 150;

/// Either list is empty.
#[derive(Debug, Default, Serialize)]
pub(super) struct Overview<'a> {
    resources: Vec<Row<'a>>,
    parts: Vec<PartRow>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    path: String,
    /// Lists that hold the same for many parents.
    wide: Vec<String>,
    primary_key: &'a [String],
    parent: Option<&'a str>,
    incremental: Option<&'a str>,
    /// How long its lists are left alone.
    left_alone: Option<String>,
    enabled: bool,
}

#[derive(Debug, Serialize)]
struct PartRow {
    name: String,
    resources: usize,
    on: usize,
}

pub(super) fn overview(graph: &ResourceGraph) -> Overview<'_> {
    if graph.resources.len() <= MOST {
        return Overview { resources: graph.resources.iter().map(row).collect(), parts: Vec::new() };
    }
    let mut parts = part_rows(graph, 2);
    if parts.len() > 2 * MOST {
        parts = part_rows(graph, 1);
    }
    Overview { resources: Vec::new(), parts }
}

/// A view, as the README lists it.
#[derive(Debug, Serialize)]
pub(super) struct ViewRow<'a> {
    name: &'a str,
    says: &'a str,
    over: Vec<&'a str>,
}

pub(super) fn views(destination: Destination, graph: &ResourceGraph) -> Vec<ViewRow<'_>> {
    let views = super::views::views(destination, graph);
    views.iter().map(|view| ViewRow { name: view.name(), says: view.says(), over: view.over() }).collect()
}

fn row(resource: &Resource) -> Row<'_> {
    Row {
        name: &resource.name,
        path: one_line(&resource.request_path),
        wide: resource.wide.value.iter().map(|wide| one_line(&wide.request_path)).collect(),
        primary_key: &resource.primary_key,
        parent: resource.parent(),
        incremental: resource.incremental.value.as_ref().map(|incremental| incremental.param.as_str()),
        left_alone: resource.asking.left_alone(),
        enabled: resource.enabled,
    }
}

fn part_rows(graph: &ResourceGraph, depth: usize) -> Vec<PartRow> {
    let mut rows: IndexMap<String, PartRow> = IndexMap::new();
    for resource in &graph.resources {
        let name = resource.part.iter().take(depth).map(|part| one_line(part)).collect::<Vec<_>>().join("/");
        let new = PartRow { name: name.clone(), resources: 0, on: 0 };
        let row = rows.entry(name).or_insert(new);
        row.resources += 1;
        row.on += usize::from(resource.enabled);
    }
    rows.sort_unstable_keys();
    rows.into_values().collect()
}
