//! A checkpoint is a Parquet file with an action in each row: a struct for each kind of them, of which one is not null.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;

use super::actions::{Action, Add, Format, Metadata, Protocol, Remove, Transaction};
use crate::destination::objects::Store;
use crate::destination::parquet::{self as files, Coded, external};

/// How many rows are written at a time.
const BATCH: usize = 10_000;

type Texts = BTreeMap<String, String>;
type Values = BTreeMap<String, Option<String>>;

/// The names of its files.
pub(super) fn files(version: u64, parts: Option<u32>) -> Vec<String> {
    match parts {
        None => vec![format!("{version:020}.checkpoint.parquet")],
        Some(parts) => (1..=parts)
            .map(|part| format!("{version:020}.checkpoint.{part:010}.{parts:010}.parquet"))
            .collect(),
    }
}

pub(super) fn bytes(actions: &[Action]) -> Coded<Vec<u8>> {
    let mut writer = None;
    for actions in actions.chunks(BATCH) {
        let batch = batch_of(actions)?;
        let writer = match &mut writer {
            Some(writer) => writer,
            none => {
                let properties = files::properties(Compression::SNAPPY).build();
                none.insert(ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?)
            }
        };
        writer.write(&batch)?;
    }
    writer.map_or_else(|| Ok(Vec::new()), ArrowWriter::into_inner)
}

fn batch_of(actions: &[Action]) -> Result<RecordBatch, ArrowError> {
    let columns = [
        ("txn", transactions(actions)?),
        ("add", adds(actions)?),
        ("remove", removes(actions)?),
        ("metaData", metadata(actions)?),
        ("protocol", protocols(actions)?),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// One kind of actions as a column.
struct Column<'a, T>(Vec<Option<&'a T>>);

impl<'a, T> Column<'a, T> {
    fn of(actions: &'a [Action], kind: impl Fn(&'a Action) -> Option<&'a T>) -> Self {
        Self(actions.iter().map(kind).collect())
    }

    fn values<V: 'a>(&self, value: impl Fn(&'a T) -> Option<V>) -> impl Iterator<Item = Option<V>> {
        self.0.iter().map(move |action| action.and_then(&value))
    }

    fn text(&self, value: impl Fn(&'a T) -> Option<&'a str>) -> ArrayRef {
        Arc::new(self.values(value).collect::<StringArray>())
    }

    fn long(&self, value: impl Fn(&'a T) -> Option<i64>) -> ArrayRef {
        Arc::new(self.values(value).collect::<Int64Array>())
    }

    fn int(&self, value: impl Fn(&'a T) -> Option<i32>) -> ArrayRef {
        Arc::new(self.values(value).collect::<Int32Array>())
    }

    fn flag(&self, value: impl Fn(&'a T) -> Option<bool>) -> ArrayRef {
        Arc::new(self.values(value).collect::<BooleanArray>())
    }

    fn map(
        &self,
        value: impl Fn(&'a T) -> Option<Vec<(&'a str, Option<&'a str>)>>,
    ) -> Result<ArrayRef, ArrowError> {
        let names =
            MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
        let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        for entries in self.values(value) {
            for (key, value) in entries.iter().flatten() {
                builder.keys().append_value(key);
                builder.values().append_option(*value);
            }
            builder.append(entries.is_some())?;
        }
        Ok(Arc::new(builder.finish()))
    }

    fn list(&self, value: impl Fn(&'a T) -> Option<&'a [String]>) -> ArrayRef {
        let field = Field::new("element", arrow_schema::DataType::Utf8, true);
        let mut builder = ListBuilder::new(StringBuilder::new()).with_field(field);
        for items in self.values(value) {
            for item in items.into_iter().flatten() {
                builder.values().append_value(item);
            }
            builder.append(items.is_some());
        }
        Arc::new(builder.finish())
    }

    fn finish(&self, fields: Vec<(&str, ArrayRef)>) -> Result<ArrayRef, ArrowError> {
        let nulls: NullBuffer = self.0.iter().map(Option::is_some).collect::<Vec<bool>>().into();
        let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
        let of_fields = fields.iter().map(field).collect();
        let arrays = fields.into_iter().map(|(_, array)| array).collect();
        Ok(Arc::new(StructArray::try_new(of_fields, arrays, Some(nulls))?))
    }
}

fn entries(texts: &Texts) -> Vec<(&str, Option<&str>)> {
    texts.iter().map(|(key, value)| (key.as_str(), Some(value.as_str()))).collect()
}

fn entries_of(values: &Values) -> Vec<(&str, Option<&str>)> {
    values.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect()
}

fn transactions(actions: &[Action]) -> Result<ArrayRef, ArrowError> {
    let column = Column::<Transaction>::of(actions, |action| action.txn.as_ref());
    column.finish(vec![
        ("appId", column.text(|txn| Some(&txn.app_id))),
        ("version", column.long(|txn| Some(txn.version))),
        ("lastUpdated", column.long(|txn| txn.last_updated)),
    ])
}

fn adds(actions: &[Action]) -> Result<ArrayRef, ArrowError> {
    let column = Column::<Add>::of(actions, |action| action.add.as_ref());
    column.finish(vec![
        ("path", column.text(|add| Some(&add.path))),
        ("partitionValues", column.map(|add| Some(entries_of(&add.partition_values)))?),
        ("size", column.long(|add| Some(add.size))),
        ("modificationTime", column.long(|add| Some(add.modification_time))),
        ("dataChange", column.flag(|add| Some(add.data_change))),
        ("stats", column.text(|add| add.stats.as_deref())),
        ("tags", column.map(|_| None)?),
    ])
}

fn removes(actions: &[Action]) -> Result<ArrayRef, ArrowError> {
    let column = Column::<Remove>::of(actions, |action| action.remove.as_ref());
    column.finish(vec![
        ("path", column.text(|remove| Some(&remove.path))),
        ("deletionTimestamp", column.long(|remove| remove.deletion_timestamp)),
        ("dataChange", column.flag(|remove| Some(remove.data_change))),
        ("extendedFileMetadata", column.flag(|remove| remove.extended_file_metadata)),
        ("partitionValues", column.map(|remove| remove.partition_values.as_ref().map(entries_of))?),
        ("size", column.long(|remove| remove.size)),
    ])
}

fn metadata(actions: &[Action]) -> Result<ArrayRef, ArrowError> {
    let column = Column::<Metadata>::of(actions, |action| action.meta_data.as_ref());
    let format =
        Column::<Format>::of(actions, |action| action.meta_data.as_ref().map(|metadata| &metadata.format));
    let format = format.finish(vec![
        ("provider", format.text(|format| Some(&format.provider))),
        ("options", format.map(|format| Some(entries(&format.options)))?),
    ])?;
    column.finish(vec![
        ("id", column.text(|metadata| Some(&metadata.id))),
        ("name", column.text(|metadata| metadata.name.as_deref())),
        ("description", column.text(|metadata| metadata.description.as_deref())),
        ("format", format),
        ("schemaString", column.text(|metadata| Some(&metadata.schema_string))),
        ("partitionColumns", column.list(|metadata| Some(&metadata.partition_columns))),
        ("configuration", column.map(|metadata| Some(entries(&metadata.configuration)))?),
        ("createdTime", column.long(|metadata| metadata.created_time)),
    ])
}

fn protocols(actions: &[Action]) -> Result<ArrayRef, ArrowError> {
    let column = Column::<Protocol>::of(actions, |action| action.protocol.as_ref());
    column.finish(vec![
        ("minReaderVersion", column.int(|protocol| Some(protocol.min_reader_version))),
        ("minWriterVersion", column.int(|protocol| Some(protocol.min_writer_version))),
        ("readerFeatures", column.list(|protocol| protocol.reader_features.as_deref())),
        ("writerFeatures", column.list(|protocol| protocol.writer_features.as_deref())),
    ])
}

/// The actions of one of its files.
pub(super) fn read(store: &Store, path: &str) -> Coded<Vec<Action>> {
    let bytes = store.get(path).map_err(external)?;
    let mut read = Vec::new();
    for batch in files::batches(bytes)? {
        let batch = batch?;
        let column = |name: &str| batch.column_by_name(name).and_then(|array| array.as_struct_opt());
        let columns = ["txn", "add", "remove", "metaData", "protocol"].map(column);
        for row in 0..batch.num_rows() {
            let found =
                columns.map(|column| column.filter(|column| column.is_valid(row)).map(|of| Row(of, row)));
            let [txn, add, remove, meta_data, protocol] = found;
            read.push(Action {
                commit_info: None,
                txn: txn.map(Row::transaction),
                add: add.map(Row::add),
                remove: remove.map(Row::remove),
                meta_data: meta_data.map(Row::metadata),
                protocol: protocol.map(Row::protocol),
            });
        }
    }
    Ok(read)
}

/// A row of a struct.
#[derive(Clone, Copy)]
struct Row<'a>(&'a StructArray, usize);

impl Row<'_> {
    fn array(&self, name: &str) -> Option<&ArrayRef> {
        self.0.column_by_name(name).filter(|array| array.is_valid(self.1))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.array(name)?.as_string_opt::<i32>().map(|array| array.value(self.1).to_owned())
    }

    fn long(&self, name: &str) -> Option<i64> {
        self.array(name)?.as_primitive_opt::<Int64Type>().map(|array| array.value(self.1))
    }

    fn int(&self, name: &str) -> Option<i32> {
        self.array(name)?.as_primitive_opt::<Int32Type>().map(|array| array.value(self.1))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.array(name)?.as_boolean_opt().map(|array| array.value(self.1))
    }

    fn list(&self, name: &str) -> Option<Vec<String>> {
        let items = self.array(name)?.as_list_opt::<i32>()?.value(self.1);
        Some(items.as_string_opt::<i32>()?.iter().flatten().map(str::to_owned).collect())
    }

    fn map(&self, name: &str) -> Option<Values> {
        let entries = self.array(name)?.as_map_opt()?.value(self.1);
        let [keys, values] = [0, 1].map(|at| entries.column(at).as_string_opt::<i32>());
        let pairs = keys?.iter().zip(values?.iter());
        Some(pairs.filter_map(|(key, value)| Some((key?.to_owned(), value.map(str::to_owned)))).collect())
    }

    fn texts(&self, name: &str) -> Texts {
        let map = self.map(name).unwrap_or_default();
        map.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    fn transaction(self) -> Transaction {
        Transaction {
            app_id: self.text("appId").unwrap_or_default(),
            version: self.long("version").unwrap_or_default(),
            last_updated: self.long("lastUpdated"),
        }
    }

    fn add(self) -> Add {
        Add {
            path: self.text("path").unwrap_or_default(),
            partition_values: self.map("partitionValues").unwrap_or_default(),
            size: self.long("size").unwrap_or_default(),
            modification_time: self.long("modificationTime").unwrap_or_default(),
            data_change: self.flag("dataChange").unwrap_or_default(),
            stats: self.text("stats"),
        }
    }

    fn remove(self) -> Remove {
        Remove {
            path: self.text("path").unwrap_or_default(),
            deletion_timestamp: self.long("deletionTimestamp"),
            data_change: self.flag("dataChange").unwrap_or_default(),
            extended_file_metadata: self.flag("extendedFileMetadata"),
            partition_values: self.map("partitionValues"),
            size: self.long("size"),
        }
    }

    fn metadata(self) -> Metadata {
        let format = self.array("format").and_then(|array| array.as_struct_opt()).map(|of| Row(of, self.1));
        let format = format.map(|format| Format {
            provider: format.text("provider").unwrap_or_default(),
            options: format.texts("options"),
        });
        Metadata {
            id: self.text("id").unwrap_or_default(),
            name: self.text("name"),
            description: self.text("description"),
            format: format.unwrap_or_default(),
            schema_string: self.text("schemaString").unwrap_or_default(),
            partition_columns: self.list("partitionColumns").unwrap_or_default(),
            configuration: self.texts("configuration"),
            created_time: self.long("createdTime"),
        }
    }

    fn protocol(self) -> Protocol {
        Protocol {
            min_reader_version: self.int("minReaderVersion").unwrap_or(i32::MAX),
            min_writer_version: self.int("minWriterVersion").unwrap_or(i32::MAX),
            reader_features: self.list("readerFeatures"),
            writer_features: self.list("writerFeatures"),
        }
    }
}
