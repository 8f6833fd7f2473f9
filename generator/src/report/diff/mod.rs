//! What differs between two documents, for people: what costs most comes first, and what is alike is said once.

mod gather;
mod section;
mod words;

use std::fmt::Write;

use serde::Serialize;

use crate::diff::{Aspect, Diff, Fate};
use crate::document::Info;

use section::{Section, sections};

/// As plain text, for a terminal.
pub fn diff_text(diff: &Diff) -> String {
    let mut text = format!("{}\n", summary(diff));
    for Section { title, note, lines } in sections(diff) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{title}{}{note}", if note.is_empty() { "" } else { ": " });
        lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

/// As Markdown, for the description of a merge request. All that a document says stands in code spans.
pub fn diff_markdown(diff: &Diff) -> String {
    let mut text = format!("{}.\n", capitalized(&summary(diff)));
    for Section { title, note, lines } in sections(diff) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n### {}\n", capitalized(title));
        if !note.is_empty() {
            let _ = writeln!(text, "{}.\n", capitalized(note));
        }
        lines.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
    text
}

/// As JSON: everything, one change at a time.
///
/// # Errors
/// Never for the values of this program; the signature is that of the serializer.
pub fn diff_json(sides: [&Info; 2], diff: &Diff) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Side<'a> {
        title: &'a str,
        version: &'a str,
        sha256: &'a str,
    }
    #[derive(Serialize)]
    struct Whole<'a> {
        old: Side<'a>,
        new: Side<'a>,
        #[serde(flatten)]
        diff: &'a Diff,
    }
    let [old, new] =
        sides.map(|info| Side { title: &info.title, version: &info.version, sha256: &info.sha256 });
    serde_json::to_string_pretty(&Whole { old, new, diff })
}

/// How much there is of everything, in one line.
fn summary(diff: &Diff) -> String {
    let with = |is: &dyn Fn(&crate::diff::Changed) -> bool| diff.changed.iter().filter(|own| is(own)).count();
    let fate = |fate| with(&|own| own.fate == Some(fate));
    let has = |aspect| with(&|own| own.changes.iter().any(|change| change.aspect == aspect));
    let counts = [
        (diff.gone.len(), "gone"),
        (fate(Fate::Left), "off"),
        (fate(Fate::Rekeyed), "with another key"),
        (fate(Fate::Moved), "with another table"),
        (fate(Fate::ReadAnew), "to be read from the start"),
        (has(Aspect::Filter), "with other filters"),
        (has(Aspect::Column), "with other columns"),
        (diff.added.len(), "new"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match (diff.is_empty(), said.is_empty()) {
        (true, _) => "nothing changes for a pipeline".into(),
        (false, true) => "nothing changes for tables".into(),
        (false, false) => format!("resources: {}", said.join(", ")),
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
