//! What a resource costs: the requests that it takes, by what it starts from.

use crate::graph::{Param, Resource};

/// `one list`, `a list per project`, `a request per pipeline`. A list takes as many requests as it has pages.
pub fn cost(resource: &Resource) -> String {
    let unit = if resource.shape.value.is_many() { "list" } else { "request" };
    let values = resource.fan_out.as_ref().map_or(1, |fan_out| fan_out.values.len());
    match (resource.params.iter().rev().find_map(parent), values) {
        (Some(parent), 1) => format!("a {unit} per {parent}"),
        (Some(parent), values) => format!("{values} {unit}s per {parent}"),
        (None, 1) => format!("one {unit}"),
        (None, values) => format!("{values} {unit}s"),
    }
}

/// One record of what feeds a placeholder, by the column that is called after it: `merge request` for
/// `merge_request_iid`.
fn parent(param: &Param) -> Option<String> {
    let field = format!("_{}", param.source.value.as_ref()?.field.replace('.', "_"));
    Some(param.column.strip_suffix(&field).unwrap_or(&param.column).replace('_', " "))
}
