//! A file of states in the order of their keys: written once, and read together with others from front to end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;

use super::catalog::StateRun;
use super::format::Compression;
use super::state::{Group, Key, Said, States, open, read_group};
use super::{Result, names};
use crate::destination::objects::{Place, Store, Upload, Waiting};
use crate::destination::parquet::properties;

/// What names the first keys of row groups at the end of a file.
pub(super) const FIRSTS: &str = "first_keys";

/// How many states a row group has: what is read for one of them.
const GROUP: usize = 1_000;

type Entry = Result<(Key, Said)>;

/// Several files as one, from the lowest key on; of equal keys the newest alone.
pub(super) struct Merged<'r> {
    sources: Vec<Source<'r>>,
    /// The next of each: by key, then the newest first.
    next: BinaryHeap<Reverse<(Key, Reverse<usize>)>>,
    failed: Option<crate::destination::DestinationError>,
}

struct Source<'r> {
    store: &'r Store,
    place: &'r Place,
    run: &'r StateRun,
    opened: super::state::Opened,
    group: usize,
    rows: std::vec::IntoIter<(Key, Said)>,
    head: Option<Said>,
}

impl<'r> Merged<'r> {
    pub(super) fn of(store: &'r Store, place: &'r Place, runs: &'r [StateRun]) -> Result<Self> {
        let source = |run| {
            let opened = open(store, place, run)?;
            Ok(Source { store, place, run, opened, group: 0, rows: Vec::new().into_iter(), head: None })
        };
        let sources = runs.iter().map(source).collect::<Result<Vec<_>>>()?;
        let mut merged = Self { sources, next: BinaryHeap::new(), failed: None };
        for at in 0..merged.sources.len() {
            merged.advance(at)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, at: usize) -> Result<()> {
        let Some(source) = self.sources.get_mut(at) else { return Ok(()) };
        if let Some(key) = source.advance()? {
            self.next.push(Reverse((key, Reverse(at))));
        }
        Ok(())
    }
}

impl Source<'_> {
    fn advance(&mut self) -> Result<Option<Key>> {
        loop {
            if let Some((key, said)) = self.rows.next() {
                self.head = Some(said);
                return Ok(Some(key));
            }
            if self.group >= self.opened.firsts.len() {
                return Ok(None);
            }
            let group: Group = read_group(self.store, self.place, (self.run, &self.opened), self.group)?;
            self.rows = group.into_iter();
            self.group += 1;
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if let Some(error) = self.failed.take() {
            self.next.clear();
            return Some(Err(error));
        }
        let Reverse((key, Reverse(at))) = self.next.pop()?;
        let said = self.sources.get_mut(at)?.head.take()?;
        let mut older = vec![at];
        while let Some(Reverse((other, Reverse(at)))) =
            self.next.peek().cloned().filter(|Reverse((other, _))| *other == key)
        {
            debug_assert_eq!(other, key);
            self.next.pop();
            older.push(at);
        }
        self.failed = older.into_iter().try_for_each(|at| self.advance(at)).err();
        Some(Ok((key, said)))
    }
}

/// Writes all states that are kept, in the order of their keys. What is forgotten is noted only where an older file may
/// know it.
pub(super) fn write(
    (store, place, name): (&Store, &Place, &str),
    states: &States,
    is_above_others: bool,
    is_kept: &dyn Fn(&Key, &Said) -> bool,
) -> Result<Option<StateRun>> {
    let mut writer = Writer::new(store, place, name)?;
    states.each(&mut |key, said| {
        let is_needed = is_above_others || said.state.is_some();
        if is_needed && is_kept(&key, &said) { writer.push(key, said) } else { Ok(()) }
    })?;
    writer.finish()
}

struct Writer<'w> {
    place: &'w Place,
    path: String,
    schema: Arc<Schema>,
    writer: ArrowWriter<Vec<u8>>,
    upload: Upload,
    group: Group,
    firsts: Vec<Key>,
    rows: usize,
    bytes: usize,
}

impl<'w> Writer<'w> {
    fn new(store: &Store, place: &'w Place, name: &str) -> Result<Self> {
        let path = format!("{}/{name}.parquet", names::STATE);
        let field = |name: &str, is_null: bool| Field::new(name, DataType::Utf8, is_null);
        let fields = vec![
            field("resource", false),
            field("partition", false),
            field("state", true),
            field("load_id", false),
        ];
        let properties = properties(Compression::Zstd.codec()).build();
        let schema = Arc::new(Schema::new(fields));
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties));
        let writer = writer.map_err(place.table_failed("write to", names::STATE))?;
        let upload = store.upload(&path);
        let (group, firsts) = (Vec::new(), Vec::new());
        Ok(Self { place, path, schema, writer, upload, group, firsts, rows: 0, bytes: 0 })
    }

    fn push(&mut self, key: Key, said: Said) -> Result<()> {
        self.group.push((key, said));
        if self.group.len() >= GROUP { self.end_group() } else { Ok(()) }
    }

    fn end_group(&mut self) -> Result<()> {
        let group = std::mem::take(&mut self.group);
        let Some((first, _)) = group.first() else { return Ok(()) };
        self.firsts.push(first.clone());
        self.rows += group.len();
        let column = |text: fn(&(Key, Said)) -> Option<&str>| group.iter().map(text).collect::<StringArray>();
        let arrays = [
            column(|((resource, _), _)| Some(resource)),
            column(|((_, partition), _)| Some(partition)),
            column(|(_, said)| said.state.as_deref()),
            column(|(_, said)| Some(&said.load_id)),
        ];
        let failed = self.place.table_failed("write to", names::STATE);
        let arrays = arrays.into_iter().map(|array| Arc::new(array) as _).collect();
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(|error| failed(error.into()))?;
        self.writer.write(&batch).and_then(|()| self.writer.flush()).map_err(failed)?;
        self.send()
    }

    fn send(&mut self) -> Result<()> {
        let ready = self.writer.inner_mut();
        self.bytes += ready.len();
        self.upload.push(ready).map_err(self.place.failed("write the state"))
    }

    fn finish(mut self) -> Result<Option<StateRun>> {
        self.end_group()?;
        if self.rows == 0 {
            return Ok(None);
        }
        let firsts = serde_json::to_string(&self.firsts).unwrap_or_default();
        self.writer.append_key_value_metadata(KeyValue::new(FIRSTS.to_owned(), firsts));
        let (failed, not_sent) =
            (self.place.table_failed("write to", names::STATE), self.place.failed("write the state"));
        let mut last = self.writer.into_inner().map_err(failed)?;
        self.bytes += last.len();
        self.upload.push(&mut last).map_err(&not_sent)?;
        self.upload.finish().and_then(Waiting::end).map_err(&not_sent)?;
        let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Ok(Some(StateRun { path: self.path, rows: size(self.rows), bytes: size(self.bytes) }))
    }
}
