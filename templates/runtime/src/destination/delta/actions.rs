//! What a line of a table's log says, as the protocol of Delta Lake names it. What is not named here is passed over: no
//! table that has it is written to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One action; the others are not there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Action {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit_info: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<Protocol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) meta_data: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) txn: Option<Transaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remove: Option<Remove>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) add: Option<Add>,
}

/// What somebody has to know who reads or writes the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Protocol {
    pub(super) min_reader_version: i32,
    pub(super) min_writer_version: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reader_features: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) writer_features: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) format: Format,
    pub(super) schema_string: String,
    pub(super) partition_columns: Vec<String>,
    pub(super) configuration: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_time: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Format {
    pub(super) provider: String,
    pub(super) options: BTreeMap<String, String>,
}

/// A program says how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    pub(super) app_id: String,
    pub(super) version: i64,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_updated: Option<i64>,
}

/// A file becomes part of the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Add {
    /// Below the folder of the table, as a part of a URL.
    pub(super) path: String,
    pub(super) partition_values: BTreeMap<String, Option<String>>,
    pub(super) size: i64,
    /// Milliseconds since 1970.
    pub(super) modification_time: i64,
    pub(super) data_change: bool,
    /// JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stats: Option<String>,
}

/// A file is no part of the table any more.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Remove {
    pub(super) path: String,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deletion_timestamp: Option<i64>,
    pub(super) data_change: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extended_file_metadata: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partition_values: Option<BTreeMap<String, Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<i64>,
}

impl Default for Format {
    fn default() -> Self {
        Self { provider: "parquet".to_owned(), options: BTreeMap::new() }
    }
}

impl Protocol {
    /// What every reader and writer of the format knows.
    pub(super) const PLAIN: Self =
        Self { min_reader_version: 1, min_writer_version: 2, reader_features: None, writer_features: None };

    /// What of it is not kept here, if anything.
    pub(super) fn unknown(&self) -> Option<String> {
        let features = [&self.reader_features, &self.writer_features];
        let mut features = features.into_iter().flatten().flatten();
        if let Some(feature) = features.find(|feature| !KEPT.contains(&feature.as_str())) {
            return Some(format!("feature `{feature}`"));
        }
        let has_features = self.writer_features.is_some() && self.min_writer_version == 7;
        let is_kept = self.min_reader_version <= 1 && self.min_writer_version <= 2
            || has_features && matches!(self.min_reader_version, 1 | 3);
        (!is_kept).then(|| {
            let Self { min_reader_version: reader, min_writer_version: writer, .. } = self;
            format!("reader version {reader}, writer version {writer}")
        })
    }
}

/// Features that say nothing of tables which do not use them. Of those that use them [`Metadata::refused`] tells.
const KEPT: &[&str] = &["appendOnly", "invariants", "vacuumProtocolCheck"];

impl Metadata {
    /// What it asks of a writer that is not kept here, if anything.
    pub(super) fn refused(&self) -> Option<String> {
        let is_on = |key: &str| self.configuration.get(key).is_some_and(|value| value == "true");
        if let Some(column) = self.partition_columns.first() {
            return Some(format!("a partition by `{column}`"));
        }
        if is_on("delta.appendOnly") {
            return Some("property `delta.appendOnly`".to_owned());
        }
        self.schema_string.contains("\"delta.invariants\"").then(|| "an invariant of a column".to_owned())
    }
}

impl Action {
    pub(super) fn add(add: Add) -> Self {
        Self { add: Some(add), ..Self::default() }
    }

    pub(super) fn remove(remove: Remove) -> Self {
        Self { remove: Some(remove), ..Self::default() }
    }

    pub(super) fn txn(txn: Transaction) -> Self {
        Self { txn: Some(txn), ..Self::default() }
    }
}

/// The actions of a commit, a line for each.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Vec<Action>> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(serde_json::from_slice).collect()
}

pub(super) fn to_bytes(actions: &[Action]) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for action in actions {
        serde_json::to_writer(&mut bytes, action)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}
