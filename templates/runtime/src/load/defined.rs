//! The tables that a first load would make, as far as the definitions tell: the columns that the document knows, those of
//! keys, and what the pipeline adds. What else comes with records, and so do the tables of lists.
//!
//! They are made by what makes them of records, from one that has each of these fields.

use serde_json::{Map, Value, json};

use super::evolve::Tables;
use super::options::LoadOptions;
use super::plan::{plan_of, table_of};
use crate::destination::Abilities;
use crate::hooks::Hooks;
use crate::normalize::{Allowed, Catalog, NormalizeError, Stamp};
use crate::page::Binding;
use crate::record::{Reading, Taps};
use crate::resource::{ColumnKind, Param, ParamSource, Resource, Shape};
use crate::schema::table::Table;

/// By resources that are loaded, in their order.
pub(crate) fn defined_tables(
    options: &LoadOptions,
    abilities: &Abilities,
) -> Result<Vec<Table>, NormalizeError> {
    let allowed = Allowed { naming: abilities.naming, list_columns: abilities.list_columns };
    let catalog = Catalog::from_tables(&[], allowed);
    catalog.keep_names(
        options
            .all
            .iter()
            .map(|resource| table_of(resource, options))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str),
    );
    let mut tables = Tables::new(Vec::new(), abilities.widens, &catalog);
    let mut names: Vec<String> = Vec::new();
    for resource in options.reads.iter().filter(|reads| reads.is_loaded).map(|reads| reads.resource) {
        let plan = plan_of(resource, options);
        let text = Value::Array(vec![record(resource)]).to_string();
        let (taps, hooks) = (Taps::default(), Hooks::new());
        let reading =
            Reading { resource, shape: Shape::List, taps: &taps, hooks: &hooks, omit: resource.secrets };
        let bindings = bindings(resource, options.all);
        // It is JSON, and a list.
        let Ok(Ok(read)) = plan.reader(&catalog).read(reading, &bindings, &text) else { continue };
        let stamp = Stamp { load_id: "", loaded_at: options.started_at };
        let rows = read.rows.finish(&stamp)?.tables;
        let Some(own) = rows.first() else { continue };
        // Nothing that one definition says of a column is at odds with what it says of its key.
        let changes = tables.plan_for(std::iter::once(own), &[]).unwrap_or_default();
        for change in &changes {
            tables.make(change);
        }
        if !names.contains(&plan.layout.table) {
            names.push(plan.layout.table.clone());
        }
    }
    Ok(names.iter().filter_map(|name| tables.get(name).cloned()).collect())
}

fn bindings(resource: &Resource, all: &[&'static Resource]) -> Vec<Binding> {
    let params = resource.params.iter().map(|Param { column, source, .. }| {
        let kind = match source {
            ParamSource::Parent { resource, field } => kind_in(all, resource, field),
            ParamSource::Config => ColumnKind::Text,
        };
        Binding { column, value: example(kind) }
    });
    let fan_out = resource
        .fan_out
        .iter()
        .map(|fan_out| Binding { column: fan_out.column, value: example(ColumnKind::Text) });
    params.chain(fan_out).collect()
}

fn kind_in(all: &[&'static Resource], name: &str, field: &str) -> ColumnKind {
    let resource = all.iter().find(|resource| resource.name == name);
    let column = field.replace('.', "__");
    let hint = resource.and_then(|resource| resource.columns.iter().find(|hint| hint.name == column));
    hint.map_or(ColumnKind::Text, |hint| hint.kind)
}

/// One with each field that the definition knows.
fn record(resource: &Resource) -> Value {
    let mut record = Map::new();
    for hint in resource.columns {
        let path: Vec<&str> = hint.name.splitn(2, "__").filter(|part| !part.is_empty()).collect();
        let is_nested = path.len() == 2 && !hint.name.starts_with('_');
        let path = if is_nested { path } else { vec![hint.name] };
        put(&mut record, &path, example(hint.kind));
    }
    for key in resource.record_key {
        put(&mut record, &key.split('.').collect::<Vec<_>>(), example(ColumnKind::Text));
    }
    Value::Object(record)
}

/// What is there already stays.
fn put(record: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [name] => drop(record.entry(*name).or_insert(value)),
        [name, rest @ ..] => {
            let inner = record.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
        [] => {}
    }
}

/// A value of this kind.
fn example(kind: ColumnKind) -> Value {
    match kind {
        ColumnKind::Bool => json!(true),
        ColumnKind::Int => json!(1),
        ColumnKind::Float => json!(0.5),
        ColumnKind::Date => json!("2024-05-01"),
        ColumnKind::Timestamp => json!("2024-05-01T12:00:00Z"),
        ColumnKind::Text => json!("text"),
        ColumnKind::Json | ColumnKind::List(_) => json!({"key": "value"}),
    }
}
