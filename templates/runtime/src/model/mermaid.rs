//! Tables as a diagram of entities in Mermaid's language: each with the columns that tell its rows apart and tie them to
//! others. All columns would be too many to see.

use super::{Model, Tie};
use crate::schema::kind::kind_name;
use crate::schema::table::{Column, Table};

pub(crate) fn render(model: &Model) -> String {
    let mut text = format!("%% {}\nerDiagram\n", model.origin);
    model.tables.iter().for_each(|table| entity(&mut text, model, table));
    for Tie { from, to, columns, .. } in model.ties.iter().filter(|tie| tie.is_nearest) {
        let own: Vec<&str> = columns.iter().map(|(own, _)| own.as_str()).collect();
        text.push_str(&format!(
            "    {} ||--o{{ {} : {}\n",
            quoted(to),
            quoted(from),
            quoted(&own.join(", "))
        ));
    }
    text
}

fn entity(text: &mut String, model: &Model, table: &Table) {
    let ties: Vec<&Tie> = model.ties.iter().filter(|tie| tie.from == table.name).collect();
    let is_tied =
        |column: &Column| ties.iter().any(|tie| tie.columns.iter().any(|(own, _)| *own == column.name));
    text.push_str(&format!("    {} {{\n", quoted(&table.name)));
    for column in &table.columns {
        let marks = match (table.key.contains(&column.name), is_tied(column)) {
            (true, true) => "PK, FK",
            (true, false) => "PK",
            (false, true) => "FK",
            (false, false) => continue,
        };
        let kind = kind_name(column.kind).replace(' ', "_");
        text.push_str(&format!("        {kind} {} {marks}\n", attribute(&column.name)));
    }
    text.push_str("    }\n");
}

/// Nothing ends the quotes, and nothing between them is more than text.
fn quoted(name: &str) -> String {
    let plain =
        |letter: char| if matches!(letter, '"' | '%' | '\\' | '<' | '>' | '&') { '_' } else { letter };
    format!("\"{}\"", name.chars().map(plain).collect::<String>())
}

/// The letters that the name of an attribute can have.
fn attribute(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}
