//! Between a table of ours and what the log of a Delta table says of it: columns are fields of a schema, with what is known
//! of them as metadata, and bounds are statistics of files.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::actions::{Add, Metadata};
use crate::destination::lake::bounds::Bounds;
use crate::destination::lake::catalog::{ColumnEntry, DataFile, TableEntry};
use crate::resource::{ColumnKind, ItemKind};
use crate::schema::Seen;
use crate::schema::kind::{kind_from_name, kind_name};

/// Properties of a table; a table that does not have them is none of ours.
const SOURCE: &str = "gitlab.source";
const PARENT: &str = "gitlab.parent";
const KEY: &str = "gitlab.key";
/// Metadata of a column, beside its source.
const KIND: &str = "gitlab.kind";
const SEEN: &str = "gitlab.seen";
const LOAD_ID: &str = "gitlab.load_id";

/// The transactions of loads are of no use after they ended.
const TRANSACTIONS: (&str, &str) = ("delta.setTransactionRetentionDuration", "interval 7 days");

/// Whether a pipeline has made the table.
pub(super) fn is_ours(metadata: &Metadata) -> bool {
    metadata.name.is_some() && metadata.configuration.contains_key(SOURCE)
}

fn type_of(kind: ColumnKind) -> Value {
    match kind {
        ColumnKind::Bool => json!("boolean"),
        ColumnKind::Int => json!("long"),
        ColumnKind::Float => json!("double"),
        ColumnKind::Date => json!("date"),
        ColumnKind::Timestamp => json!("timestamp"),
        ColumnKind::Text | ColumnKind::Json => json!("string"),
        ColumnKind::List(item) => {
            json!({"type": "array", "elementType": type_of(item.kind()), "containsNull": true})
        }
    }
}

const ITEMS: [ItemKind; 6] =
    [ItemKind::Bool, ItemKind::Int, ItemKind::Float, ItemKind::Date, ItemKind::Timestamp, ItemKind::Text];

fn kind_of(data_type: &Value) -> Option<ColumnKind> {
    let kinds = ITEMS.map(ItemKind::kind).into_iter().chain(ITEMS.map(ColumnKind::List));
    let is_it = |kind: &ColumnKind| match (type_of(*kind), data_type) {
        (Value::Object(own), Value::Object(there)) => own.get("elementType") == there.get("elementType"),
        (own, there) => own == *there,
    };
    kinds.into_iter().find(is_it)
}

fn fields(schema: &str) -> Vec<Map<String, Value>> {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let fields = schema.get("fields").and_then(Value::as_array).cloned().unwrap_or_default();
    fields.into_iter().filter_map(|field| field.as_object().cloned()).collect()
}

/// The table without its files; an error is the name of a column whose type is none of ours.
pub(super) fn entry_of(metadata: &Metadata) -> Result<TableEntry, String> {
    let said = |key: &str| metadata.configuration.get(key).cloned();
    let key = said(KEY).and_then(|key| serde_json::from_str(&key).ok()).unwrap_or_default();
    let columns = fields(&metadata.schema_string).iter().map(column_of).collect::<Result<_, _>>()?;
    let (parent, source) = (said(PARENT), said(SOURCE).unwrap_or_default());
    Ok(TableEntry { parent, source, key, columns, files: Vec::new() })
}

fn column_of(field: &Map<String, Value>) -> Result<ColumnEntry, String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let note = |key: &str| text(field.get("metadata").and_then(|metadata| metadata.get(key)));
    let name = text(field.get("name")).unwrap_or_default();
    let data_type = field.get("type").unwrap_or(&Value::Null);
    let stored = kind_of(data_type).ok_or_else(|| name.clone())?;
    // What is noted is true as long as nobody has given the column another type.
    let noted = note(KIND).and_then(|kind| kind_from_name(&kind));
    let noted = noted.filter(|kind| type_of(*kind) == type_of(stored));
    let kind = noted.unwrap_or(stored);
    let seen =
        note(SEEN).filter(|_| noted.is_some()).unwrap_or_else(|| Seen::of_kind(kind).name().to_owned());
    let (source, load_id) = (note(SOURCE).unwrap_or_default(), note(LOAD_ID).unwrap_or_default());
    Ok(ColumnEntry { name, kind: kind_name(kind).to_owned(), seen, source, load_id })
}

/// The metadata of a table that is so, from those that it has. What others have noted in them stays.
pub(super) fn metadata_of(name: &str, entry: &TableEntry, before: &Metadata, now: i64) -> Metadata {
    let mut metadata = before.clone();
    if metadata.id.is_empty() {
        metadata.id = uuid();
        metadata.created_time = Some(now);
        metadata.configuration.insert(TRANSACTIONS.0.to_owned(), TRANSACTIONS.1.to_owned());
    }
    metadata.name = Some(name.to_owned());
    let key = serde_json::to_string(&entry.key).unwrap_or_default();
    let notes = [(SOURCE, Some(entry.source.clone())), (PARENT, entry.parent.clone()), (KEY, Some(key))];
    let notes = notes.into_iter().filter_map(|(name, note)| Some((name.to_owned(), note?)));
    metadata.configuration.extend(notes);
    let there: BTreeMap<String, Map<String, Value>> = fields(&before.schema_string)
        .into_iter()
        .filter_map(|field| Some((field.get("name")?.as_str()?.to_owned(), field)))
        .collect();
    let fields: Vec<Value> =
        entry.columns.iter().map(|column| field_of(column, there.get(&column.name))).collect();
    metadata.schema_string = json!({"type": "struct", "fields": fields}).to_string();
    metadata
}

fn field_of(column: &ColumnEntry, before: Option<&Map<String, Value>>) -> Value {
    let kind = kind_from_name(&column.kind).unwrap_or(ColumnKind::Json);
    let notes = before.and_then(|field| field.get("metadata")).and_then(Value::as_object);
    let mut notes = notes.cloned().unwrap_or_default();
    let own =
        [(KIND, &column.kind), (SEEN, &column.seen), (SOURCE, &column.source), (LOAD_ID, &column.load_id)];
    notes.extend(own.map(|(key, note)| (key.to_owned(), Value::from(note.as_str()))));
    json!({"name": column.name, "type": type_of(kind), "nullable": true, "metadata": notes})
}

/// A random name of the form that others know.
fn uuid() -> String {
    let bits = fastrand::u128(..);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The action that makes a file in the folder a part of the table.
pub(super) fn add_of(folder: &str, file: &DataFile, now: i64) -> Add {
    let (mut low, mut high, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (column, from, to) in file.bounds.iter() {
        low.insert(column.to_owned(), from.clone());
        high.insert(column.to_owned(), to.clone());
        nulls.insert(column.to_owned(), 0.into());
    }
    let stats = json!({"numRecords": file.rows, "minValues": low, "maxValues": high, "nullCount": nulls});
    let path = file.path.strip_prefix(folder).unwrap_or(&file.path).trim_start_matches('/');
    Add {
        path: path.to_owned(),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: now,
        data_change: true,
        stats: Some(stats.to_string()),
        ..Add::default()
    }
}

/// The file of an action; `None` where it lies elsewhere.
pub(super) fn file_of(folder: &str, add: &Add) -> Option<DataFile> {
    let path = percent_encoding::percent_decode_str(&add.path).decode_utf8().ok()?;
    let is_odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.contains("://") || path.split('/').any(is_odd) {
        return None;
    }
    let stats: Value =
        add.stats.as_deref().and_then(|stats| serde_json::from_str(stats).ok()).unwrap_or_default();
    Some(DataFile {
        path: format!("{folder}/{path}"),
        rows: stats.get("numRecords").and_then(Value::as_u64).unwrap_or(1),
        bytes: u64::try_from(add.size).unwrap_or_default(),
        bounds: bounds_of(&stats),
    })
}

/// Only a column without nulls has bounds: a null has no place among values, and is a key like any other.
fn bounds_of(stats: &Value) -> Bounds {
    let of = |name: &str| stats.get(name).and_then(Value::as_object);
    let (Some(low), Some(high), Some(nulls)) = (of("minValues"), of("maxValues"), of("nullCount")) else {
        return Bounds::default();
    };
    let has_none = |column: &str| nulls.get(column).and_then(Value::as_u64) == Some(0);
    let bounds = low.iter().filter(|(column, _)| has_none(column));
    bounds
        .filter_map(|(column, low)| Some((column.clone(), low.clone(), high.get(column)?.clone())))
        .collect()
}
