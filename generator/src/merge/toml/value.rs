//! What a TOML text says, however it is laid out.

use std::collections::BTreeSet;

use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

/// Every key and table of a text, by its path.
#[derive(Debug)]
pub(super) struct Keys(BTreeSet<Vec<String>>);

impl Keys {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let document: DocumentMut = text.parse().ok()?;
        let mut keys = BTreeSet::new();
        collect(document.as_table(), &mut Vec::new(), &mut keys);
        Some(Self(keys))
    }

    /// Whether a table of these that lies below the first level is not among others.
    pub(super) fn lacks_a_table_of(&self, path: &[String], others: &Self) -> bool {
        (2..=path.len())
            .filter_map(|length| path.get(..length))
            .any(|table| others.has(table) && !self.has(table))
    }

    pub(super) fn has(&self, path: &[String]) -> bool {
        self.0.contains(path)
    }
}

fn collect(table: &dyn TableLike, path: &mut Vec<String>, keys: &mut BTreeSet<Vec<String>>) {
    for (name, item) in table.iter() {
        path.push(name.to_owned());
        keys.insert(path.clone());
        if let Some(below) = item.as_table_like() {
            collect(below, path, keys);
        }
        path.pop();
    }
}

/// A value without how it is written.
fn parse(value: &str) -> Option<Value> {
    value.parse::<Value>().ok()
}

pub(super) fn is_same(one: &str, other: &str) -> bool {
    let plain = |value: &str| {
        parse(value).map(|mut value| {
            if let Some(array) = value.as_array_mut() {
                array.fmt();
                array.set_trailing_comma(false);
            }
            value.decorated("", "").to_string()
        })
    };
    one == other || plain(one).is_some_and(|one| Some(one) == plain(other))
}

/// Lists are merged entry by entry: what came and what went on one side does so in the other. `None` for anything else.
pub(super) fn merge_lists(pristine: &str, yours: &str, new: &str) -> Option<String> {
    let list = |text: &str| parse(text).and_then(|value| value.as_array().cloned());
    let (pristine, mut yours, new) = (list(pristine)?, list(yours)?, list(new)?);
    let plain = |value: &Value| value.clone().decorated("", "").to_string();
    let has = |list: &Array, wanted: &Value| list.iter().any(|value| plain(value) == plain(wanted));
    let before = yours.clone();
    yours.retain(|value| !has(&pristine, value) || has(&new, value));
    for value in new.iter().filter(|value| !has(&pristine, value) && !has(&before, value)) {
        yours.push(value.clone().decorated("", ""));
    }
    yours.fmt();
    Some(Item::Value(Value::Array(yours)).to_string().trim().to_owned())
}
