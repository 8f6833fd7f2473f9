//! What there is to tell of an update, besides the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::memory::Memory;
use crate::text::printable;
use crate::write::{Snapshot, WritePlan};

use super::content::Content;
use super::definition::{FOLDER, definitions};
use super::edits::Edits;
use super::tables::{Fate, TableChange, table_changes};

/// Names in a line; of more, the count is told.
const SHOWN: usize = 12;

/// What an update means for resources and tables.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub added: Vec<String>,
    /// Left the document; they are kept, and off.
    pub departed: Vec<String>,
    pub removed: Vec<String>,
    /// Not rendered, because the user has deleted them or their file.
    pub left_out: Vec<String>,
    pub tables: Vec<TableChange>,
}

impl Report {
    pub(super) fn of(
        snapshot: &Snapshot,
        memory: &Memory,
        content: &Content,
        edits: &Edits,
        plan: &WritePlan,
    ) -> Self {
        let there: BTreeSet<&str> = edits.present.keys().map(String::as_str).collect();
        let files = files_after(snapshot, content, plan);
        let after = definitions(&files);
        let config = snapshot.text("config.toml");
        let config_after = plan.text_after("config.toml").unwrap_or(config.as_deref());
        let was_departed =
            |name: &str| edits.written.get(name).is_some_and(|written| written.field("enabled") == "false");
        let departed = content.past.departed.iter().map(|departed| departed.given.name.clone());
        let known: BTreeSet<&str> =
            memory.names.resources.values().map(|given| edits.name_now(&given.name)).collect();
        let names = content.names();
        let next: BTreeSet<&str> = names.resources.values().map(|given| given.name.as_str()).collect();
        let left_out = content.left_out.iter().filter(|name| !memory.answers.exclude.contains(name));
        Self {
            added: after.keys().filter(|name| !there.contains(name.as_str())).cloned().collect(),
            departed: departed.filter(|name| !was_departed(name)).collect(),
            removed: known
                .iter()
                .filter(|name| !next.contains(*name) && !edits.deleted.contains(**name))
                .map(|name| (*name).to_owned())
                .collect(),
            left_out: left_out.cloned().collect(),
            tables: table_changes(&edits.present, &after, [config.as_deref(), config_after]),
        }
    }
}

/// The files of resources, as they will be; where there are conflicts, as they are rendered.
fn files_after(snapshot: &Snapshot, content: &Content, plan: &WritePlan) -> BTreeMap<String, String> {
    let mut files = snapshot.below(FOLDER);
    for change in plan.changes.iter().filter(|change| change.path.starts_with(FOLDER)) {
        let rendered = || content.files.iter().find(|file| file.path == change.path).map(|file| &*file.body);
        let after = if change.is_conflict() { Some(rendered()) } else { change.after() };
        match after {
            Some(Some(text)) => drop(files.insert(change.path.clone(), text.to_owned())),
            Some(None) => drop(files.remove(&change.path)),
            None => {}
        }
    }
    files
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("new", &self.added),
            ("gone from the document, kept and off", &self.departed),
            ("removed", &self.removed),
            ("left out, as you have deleted them", &self.left_out),
        ];
        for (what, names) in lines.iter().filter(|(_, names)| !names.is_empty()) {
            writeln!(formatter, "{what}: {}", few(names))?;
        }
        if !self.tables.is_empty() {
            writeln!(formatter, "tables:")?;
        }
        let (left, others): (Vec<&TableChange>, Vec<&TableChange>) =
            self.tables.iter().partition(|change| change.fate == Fate::Left);
        others.iter().try_for_each(|change| writeln!(formatter, "  {}", printable(&change.to_string())))?;
        match left.as_slice() {
            [] => Ok(()),
            [one] => writeln!(formatter, "  {}", printable(&one.to_string())),
            left => {
                let tables: Vec<String> = left.iter().map(|change| format!("`{}`", change.table)).collect();
                writeln!(formatter, "  {}: their rows stay, and no run changes them any more", few(&tables))
            }
        }
    }
}

/// A few names, and how many more there are.
fn few(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
