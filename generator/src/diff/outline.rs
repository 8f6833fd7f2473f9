//! What matters of a resource to a pipeline and its tables, as facts that can be compared one by one.

use std::collections::BTreeMap;

use crate::graph::{Filter, Need, Param, Resource};
use crate::infer::{FanOut, KeyScope, Pagination};

use super::change::Aspect;

/// One resource, in words. An item is what an aspect has several of: a column, a filter, a placeholder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    pub name: String,
    pub table: String,
    /// Below the root of the API.
    pub path: String,
    /// Whether a run can take it as it is.
    pub is_on: bool,
    /// Whether it comes along unasked.
    pub is_core: bool,
    pub facts: BTreeMap<(Aspect, String), String>,
}

impl Outline {
    pub fn of_resource(resource: &Resource) -> Self {
        let mut outline = Self {
            name: resource.name.clone(),
            table: resource.table.clone(),
            path: resource.request_path.clone(),
            is_on: resource.enabled,
            is_core: resource.default.value,
            ..Self::default()
        };
        outline.state(Aspect::Shape, "", shape(resource));
        let key: Vec<String> = resource.key.value.columns().collect();
        outline.state_key(&key, resource.key.value.scope == KeyScope::Parent);
        for Param { column, source, .. } in &resource.params {
            let source = source.value.as_ref();
            let source = source.map(|source| (source.resource.as_str(), source.field.as_str()));
            outline.state_source(column, source);
        }
        let pairs = resource.query.iter();
        pairs.for_each(|(name, value)| outline.state(Aspect::Sent, name, value.clone()));
        resource.secrets.iter().for_each(|field| outline.state(Aspect::Secret, field, String::new()));
        outline.state(Aspect::Writing, "", resource.write_disposition.value.name().to_owned());
        outline.state(Aspect::Pages, "", pages(&resource.pagination.value));
        if let Some(incremental) = &resource.incremental.value {
            outline.state_cursor(&incremental.param, incremental.cursor.as_deref(), incremental.default);
        } else if let Some(order) = resource.newest_first {
            outline.state_newest_first(order.cursor);
        }
        if let Some(FanOut { param, values, .. }) = &resource.fan_out {
            outline.state(Aspect::FanOut, param, values.join(", "));
        }
        for wide in &resource.wide.value {
            outline.state(Aspect::Wide, &wide.request_path, wide.parent_field.clone());
        }
        for need in &resource.needs {
            let (kind, name) = match need {
                Need::Param(name) => ("path", name),
                Need::Query(name) => ("query", name),
                Need::Parent(name) => ("parent", name),
            };
            outline.state(Aspect::Need, name, kind.to_owned());
        }
        for column in &resource.columns {
            outline.state(Aspect::Column, &column.name, column.kind.map_or("", |kind| kind.name()).into());
        }
        resource.filters.iter().for_each(|own| outline.state(Aspect::Filter, &own.name, filter(own)));
        outline
    }

    /// Whether it needs what only the user knows.
    pub fn is_needy(&self) -> bool {
        let is_need = |(aspect, _): &(Aspect, String), value: &str| {
            *aspect == Aspect::Need || *aspect == Aspect::Parent && value == CONFIG
        };
        self.facts.iter().any(|(fact, value)| is_need(fact, value))
    }

    pub(crate) fn state(&mut self, aspect: Aspect, item: &str, value: String) {
        self.facts.insert((aspect, item.to_owned()), value);
    }

    pub(crate) fn state_key(&mut self, columns: &[String], within_parent: bool) {
        let key = if columns.is_empty() { "none".to_owned() } else { columns.join(", ") };
        let scope = if within_parent { " within its parent" } else { "" };
        self.state(Aspect::Key, "", format!("{key}{scope}"));
    }

    /// Where a column gets its value from: a field of the records of a resource, or the configuration.
    pub(crate) fn state_source(&mut self, column: &str, source: Option<(&str, &str)>) {
        let source =
            source.map_or_else(|| CONFIG.to_owned(), |(resource, field)| format!("{resource}.{field}"));
        self.state(Aspect::Parent, column, source);
    }

    pub(crate) fn state_cursor(&mut self, param: &str, cursor: Option<&str>, is_default: bool) {
        let cursor = cursor.map_or_else(String::new, |cursor| format!(" on {cursor}"));
        let unasked = if is_default { "" } else { ", if asked for" };
        self.state(Aspect::Cursor, "", format!("{param}{cursor}{unasked}"));
    }

    pub(crate) fn state_newest_first(&mut self, cursor: &str) {
        self.state(Aspect::Cursor, "", format!("{cursor}, newest first"));
    }
}

const CONFIG: &str = "config.toml";

fn shape(resource: &Resource) -> String {
    let shape = &resource.shape.value;
    let selector = shape.selector().map(|selector| format!(" at {selector}")).unwrap_or_default();
    format!("{}{selector}", shape.name())
}

fn pages(pagination: &Pagination) -> String {
    match pagination {
        Pagination::Keyset(order) if !order.by.is_empty() => format!("keyset by {}", order.by),
        pages => pages.name().to_owned(),
    }
}

/// What it takes: its values, or a word for what they are. That it is required is said where it is a need.
fn filter(filter: &Filter) -> String {
    if filter.values.is_empty() { filter.kind.name().to_owned() } else { filter.values.join(", ") }
}
