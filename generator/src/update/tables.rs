//! What becomes of the rows that a resource has loaded, when an update changes how it is read.
//!
//! The engine keeps with its state what the state speaks for, and reads a resource anew when that is another. What is
//! told here is what it does then.

use std::collections::BTreeMap;
use std::fmt;

use toml_edit::{DocumentMut, Item};

use super::definition::Definition;

/// What decides which records are read, besides the path.
const READS: [&str; 4] = ["params", "shape", "query", "secrets"];
const KEY: [&str; 2] = ["record_key", "key_scope"];

/// What happens to the rows of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    pub resource: String,
    pub table: String,
    pub fate: Fate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// They stay in the table, and no run changes them any more.
    Left,
    /// They stay in the old table; the new one is filled from the start.
    Moved { to: String },
    /// Of rows with the same new key the last one stays, and the list is read from its start.
    Rekeyed { from: String, to: String },
    /// They stay, and the list is read from its start, as what is asked for is another.
    ReadAnew { what: &'static str },
    /// The resource has another name, under which nothing is known yet: the list is read from its start.
    Renamed { to: String },
}

/// Compares the definitions that a crate has with those that it will have.
pub(super) fn table_changes(
    before: &BTreeMap<String, Definition>,
    after: &BTreeMap<String, Definition>,
    config: [Option<&str>; 2],
) -> Vec<TableChange> {
    let [config_before, config_after] =
        config.map(|text| text.and_then(|text| text.parse::<DocumentMut>().ok()));
    let change = |definition: &Definition| {
        let table = table(definition, config_before.as_ref());
        let fate = match after.get(&definition.name) {
            Some(new) => fate(definition, new, [&table, &self::table(new, config_after.as_ref())])?,
            None => match renamed(definition, before, after) {
                Some(new) => Fate::Renamed { to: new.name.clone() },
                None => Fate::Left,
            },
        };
        Some(TableChange { resource: definition.name.clone(), table, fate })
    };
    before.values().filter_map(change).collect()
}

fn fate(before: &Definition, after: &Definition, tables: [&str; 2]) -> Option<Fate> {
    let [old, new] = tables;
    let is_off = |definition: &Definition| definition.field("enabled") == "false";
    if is_off(after) && !is_off(before) {
        return Some(Fate::Left);
    }
    if old != new {
        return Some(Fate::Moved { to: new.to_owned() });
    }
    if !before.agrees(after, &KEY) {
        return Some(Fate::Rekeyed { from: key(before), to: key(after) });
    }
    let changes = [
        ("its path", before.path() != after.path()),
        ("what is asked for", !before.agrees(after, &READS)),
        ("how its rows are written", !before.agrees(after, &["write_disposition"])),
    ];
    let changed = changes.into_iter().find(|(_, differs)| *differs);
    changed.map(|(what, _)| Fate::ReadAnew { what })
}

/// A resource of the same path that was not there before.
fn renamed<'d>(
    definition: &Definition,
    before: &BTreeMap<String, Definition>,
    after: &'d BTreeMap<String, Definition>,
) -> Option<&'d Definition> {
    after.values().find(|new| new.path() == definition.path() && !before.contains_key(&new.name))
}

/// As the configuration calls it, or else the definition.
fn table(definition: &Definition, config: Option<&DocumentMut>) -> String {
    let resources = config.and_then(|config| config.get("resources"));
    let own = resources.and_then(|resources| resources.get(&definition.name)?.get("table"));
    own.and_then(Item::as_str).unwrap_or(definition.field("table")).to_owned()
}

fn key(definition: &Definition) -> String {
    let fields = definition.field("record_key").replace(['&', '[', ']', '"', ' '], "").replace(',', ", ");
    let fields = if fields.is_empty() { "none".to_owned() } else { format!("`{fields}`") };
    if definition.field("key_scope").ends_with("Parent") {
        format!("{fields} within its parent")
    } else {
        fields
    }
}

impl fmt::Display for TableChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, table, fate } = self;
        match fate {
            Fate::Left => write!(formatter, "`{table}`: its rows stay, and no run changes them any more"),
            Fate::Moved { to } => write!(
                formatter,
                "`{table}`: its rows stay; the next run reads `{resource}` from the start into `{to}`"
            ),
            Fate::Rekeyed { from, to } => write!(
                formatter,
                "`{table}`: the key was {from} and is {to}; of rows with the same new key the last stays, and the next run \
                 reads `{resource}` from the start"
            ),
            Fate::ReadAnew { what } => write!(
                formatter,
                "`{table}`: {what} is another; its rows stay, and the next run reads `{resource}` from the start"
            ),
            Fate::Renamed { to } => write!(
                formatter,
                "`{table}`: `{resource}` is called `{to}` now; its rows stay, and the next run reads it from the start"
            ),
        }
    }
}
