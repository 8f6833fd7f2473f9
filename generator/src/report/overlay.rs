//! The remedies of all doubts, as an overlay to paste from.

use std::fmt::Write;

use crate::graph::ResourceGraph;
use crate::text::one_line;

use super::doubt::doubts;

/// An OpenAPI overlay that states what is believed now, wherever it is unsure. Other choices stand in comments.
pub fn overlay(origin: &str, graph: &ResourceGraph) -> String {
    let mut text = String::from(
        "# What `gitlab-init` is unsure of, as it believes it to be. Keep what is right, change what is wrong, and give\n\
         # this file with `--overlay`.\n\
         overlay: 1.0.0\ninfo:\n  title: Corrections\n  version: 1.0.0\nactions:\n",
    );
    let mut any = false;
    for resource in graph.resources.iter().filter(|resource| resource.is_declared) {
        for doubt in doubts(origin, resource) {
            let Some(action) = doubt.remedy.action() else { continue };
            any = true;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  # {}: {}", one_line(&doubt.title), one_line(&doubt.looked));
            action.lines().for_each(|line| {
                let _ = writeln!(text, "  {line}");
            });
        }
    }
    if any { text } else { text.replace("actions:\n", "actions: []\n") }
}
