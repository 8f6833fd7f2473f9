//! Issues and merge requests as a group lists them: what they are called is told from the group.

use serde_json::Value;

use super::{Key, Rows};

pub(crate) struct Related {
    rows: Box<dyn Rows>,
    /// The full path of the group.
    group: String,
}

impl Related {
    pub(crate) fn new(rows: Box<dyn Rows>, group: String) -> Self {
        Self { rows, group }
    }

    /// `shop#1` for `acme/shop#1` in `acme`, and the full one in any other group.
    fn told<'r>(&self, full: &'r str) -> &'r str {
        let inside = full.strip_prefix(&self.group).and_then(|rest| rest.strip_prefix('/'));
        inside.filter(|rest| !rest.contains('/')).unwrap_or(full)
    }
}

impl Rows for Related {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn record(&self, place: usize) -> Value {
        let mut record = self.rows.record(place);
        if let Some(references) = record.get_mut("references").and_then(Value::as_object_mut) {
            let told = references.get("full").and_then(Value::as_str).map(|full| self.told(full).to_owned());
            references.insert("relative".to_owned(), told.into());
        }
        record
    }

    fn key(&self, place: usize, field: &str) -> Key {
        self.rows.key(place, field)
    }

    fn ascends_by(&self, field: &str) -> bool {
        self.rows.ascends_by(field)
    }
}
