//! The table of `inspect`: one line per resource.

use std::fmt::Write;

use crate::graph::{Resource, ResourceGraph};

const HEAD: [&str; 7] = ["resource", "shape", "primary key", "parent", "pages", "incremental", "status"];

/// Between two columns.
const GAP: usize = 2;

/// No column is cut below this.
const NARROWEST: usize = 8;

/// Name, shape, primary key, parent, pagination, incremental parameter and status, in columns that are cut to fit a
/// terminal of that width, if there is one; on a very narrow one, what is on the right is cut off.
pub fn inspect_table(graph: &ResourceGraph, terminal: Option<usize>) -> String {
    let declared = graph.resources.iter().filter(|resource| resource.is_declared);
    let rows: Vec<[String; 7]> = declared.map(cells).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    if let Some(terminal) = terminal {
        fit(&mut widths, terminal);
    }
    let mut text = String::new();
    for row in std::iter::once(HEAD.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{:<width$}{:GAP$}", cut(cell, width), "");
        }
        text.push_str(cut(line.trim_end(), terminal.unwrap_or(usize::MAX)).trim_end());
        text.push('\n');
    }
    text
}

/// Takes from the widest columns until all of them fit.
fn fit(widths: &mut [usize; 7], terminal: usize) {
    let gaps = GAP * (widths.len() - 1);
    while widths.iter().sum::<usize>() + gaps > terminal {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    cell.chars().take(width.saturating_sub(1)).chain(['…']).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_cut_to_fit() {
        let mut widths = [30, 8, 40, 20, 6, 14, 11];
        fit(&mut widths, 80);
        assert!(widths.iter().sum::<usize>() + 12 <= 80, "{widths:?}");
        assert_eq!(widths[1], 8);
        assert_eq!(cut("project_issues", 8), "project…");
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        let text = crate::document::Source::Bundled.read().unwrap();
        let graph = crate::read(&text, &[], &crate::infer::RecordedNames::new()).unwrap().graph;
        for terminal in [20, 60, 80, 120, 400] {
            let table = inspect_table(&graph, Some(terminal));
            assert!(table.lines().all(|line| line.chars().count() <= terminal), "{terminal}");
            assert_eq!(table.lines().count(), graph.resources.len() + 1);
        }
    }
}
