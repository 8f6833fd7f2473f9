//! The table of `inspect`: one line per resource.

use std::fmt::Write;

use crate::graph::{Resource, ResourceGraph};

/// Name, shape, primary key, parent, pagination, incremental parameter and status, in columns.
pub fn inspect_table(graph: &ResourceGraph) -> String {
    const HEAD: [&str; 7] = ["resource", "shape", "primary key", "parent", "pages", "incremental", "status"];
    let rows: Vec<[String; 7]> = graph.resources.iter().map(cells).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(HEAD.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cells(resource: &Resource) -> [String; 7] {
    let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let key = resource.primary_key.join(", ");
    [
        resource.name.clone(),
        resource.shape.value.name().to_owned(),
        if key.is_empty() { "-".into() } else { key },
        or_dash(resource.parent()),
        resource.pagination.value.name().to_owned(),
        or_dash(resource.incremental.value.as_ref().map(|incremental| incremental.param.as_str())),
        resource.status().to_owned(),
    ]
}
