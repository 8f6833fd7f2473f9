//! What tables and columns are about: the document's words for what GitLab sends, ours for what the pipeline adds.

use super::Source;
use crate::resource::{Param, ParamSource, Resource};
use crate::schema::kind::kind_name;
use crate::schema::table::{Column, DELETED_AT, DIGEST, Table, VALID_FROM, VALID_TO};

/// What a table is about.
pub(super) fn of_table(sources: &[Source], table: &Table) -> String {
    if let Some(parent) = &table.parent {
        return format!("The list {} of {parent}: a row for each item.", table.source);
    }
    let says = |source: &&Source| {
        let Resource { about, path, .. } = source.resource;
        let about = if about.is_empty() { String::new() } else { format!("{about}. ") };
        format!("{about}GET {path}.")
    };
    let said: Vec<String> =
        sources.iter().filter(|source| source.table == table.name).map(|source| says(&source)).collect();
    said.join(" ")
}

/// What a column is about; empty where nobody says.
pub(super) fn of_column(sources: &[Source], table: &Table, column: &Column) -> String {
    let own = || sources.iter().filter(|source| table.parent.is_none() && source.table == table.name);
    if let Some(of) = column.variant_of() {
        return format!("Values that {of} cannot hold: {}.", kind_name(column.kind));
    }
    match column.source.split_once('/') {
        Some(("partition", name)) => {
            own().find_map(|source| of_partition(sources, source.resource, name)).unwrap_or_default()
        }
        Some(("parent", name)) => {
            format!("{name} of the record in {}.", table.parent.as_deref().unwrap_or_default())
        }
        Some(("list", _)) => "The place in the list, from 0.".to_owned(),
        Some(("load", name)) => of_pipeline(name).to_owned(),
        _ => {
            let hint = |source: &Source| source.resource.columns.iter().find(|hint| hint.name == column.name);
            let about = own().filter_map(hint).map(|hint| hint.about).find(|about| !about.is_empty());
            about.map(|about| format!("{about}.")).unwrap_or_default()
        }
    }
}

fn of_partition(sources: &[Source], resource: &Resource, column: &str) -> Option<String> {
    if let Some(fan_out) = resource.fan_out.filter(|fan_out| fan_out.column == column) {
        return Some(format!("The value of {} that was asked for.", fan_out.param));
    }
    let Param { source, .. } = resource.params.iter().find(|param| param.column == column)?;
    Some(match source {
        ParamSource::Parent { resource, field } => {
            let above = sources.iter().find(|source| source.resource.name == *resource);
            let above = above.map_or(*resource, |source| source.table.as_str());
            format!("{} of {above}.", field.replace('.', "__"))
        }
        ParamSource::Config => "As the configuration gives it.".to_owned(),
    })
}

fn of_pipeline(column: &str) -> &'static str {
    match column {
        "_load_id" => "The load that wrote the row.",
        "_loaded_at" => "When that load began.",
        "_more" => "Fields for which there was no column.",
        DIGEST => "A number of all that the record holds.",
        DELETED_AT => "When the record was no longer found.",
        VALID_FROM => "When this version of the record was first found.",
        VALID_TO => "When it was no longer found; null while it holds.",
        _ => "",
    }
}
