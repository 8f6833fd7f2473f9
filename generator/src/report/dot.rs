//! Which resource starts from the records of which, for Graphviz.

use std::fmt::Write;

use crate::graph::ResourceGraph;

/// A directed graph from parents to children; what needs input is dashed.
pub fn dot(graph: &ResourceGraph) -> String {
    let mut text = String::from("digraph resources {\n  rankdir=LR;\n  node [shape=box];\n");
    for resource in &graph.resources {
        let style = if resource.is_ready() { "solid" } else { "dashed" };
        // Names are identifiers. Writing to a string cannot fail.
        let _ = writeln!(text, "  {} [style={style}];", resource.name);
        for param in &resource.params {
            if let Some(source) = &param.source.value {
                let label = source.field.replace(['"', '\\'], "");
                let _ = writeln!(text, "  {} -> {} [label=\"{label}\"];", source.resource, resource.name);
            }
        }
    }
    text.push_str("}\n");
    text
}
