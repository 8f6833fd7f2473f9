//! `names.toml`: what each path was given as a name and a table, and which modules the user has renamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::render::{Given, Names};
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

const HEAD: &str = "\
# The names that resources were given, by their paths in the document. They stay when the document changes.

";

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Record {
    resources: BTreeMap<String, Entry>,
    modules: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Entry {
    name: String,
    table: String,
    has_left: bool,
}

pub(super) fn parse(text: &str) -> Result<Names, toml_edit::de::Error> {
    let record: Record = toml_edit::de::from_str(text)?;
    let given = |(path, entry): (String, Entry)| {
        (path, Given { name: entry.name, table: entry.table, has_left: entry.has_left })
    };
    Ok(Names { resources: record.resources.into_iter().map(given).collect(), modules: record.modules })
}

/// One line for each path, so that reviews and merges of git go by resource.
pub(super) fn text(names: &Names) -> String {
    let mut document = DocumentMut::new();
    let mut resources = Table::new();
    for (path, given) in &names.resources {
        let pairs = [("name", &given.name), ("table", &given.table)];
        let mut entry: InlineTable = pairs.into_iter().map(|(key, text)| (key, Value::from(text))).collect();
        if given.has_left {
            entry.insert("has_left", true.into());
        }
        resources.insert(path, Item::Value(Value::InlineTable(entry)));
    }
    document.insert("resources", Item::Table(resources));
    if !names.modules.is_empty() {
        let modules: Table = names.modules.iter().map(|(from, to)| (from, Value::from(to))).collect();
        document.insert("modules", Item::Table(modules));
    }
    format!("{HEAD}{document}")
}
