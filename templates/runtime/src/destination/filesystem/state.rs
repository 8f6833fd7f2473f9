//! What the next run needs to know, however many partitions there are: a few files with states in the order of their
//! keys, each newer than the one before, and what came since in memory.
//!
//! A state is looked up in the newest file first. A file says at its end with which key each of its row groups begins, so
//! that one row group of it is read. Files are written together as they become many.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use serde_json::Value;

use super::catalog::{KeptState, StateRun};
use super::site::lock;
use super::{Result, run, tiers};
use crate::destination::objects::{Place, Store};
use crate::destination::parquet::{self, Footer};
use crate::destination::{Forget, StateEntry, StateKey, StateReader};

/// How many states are held in memory before they are written.
const RECENT: usize = 20_000;

/// About what one takes in a file.
const BYTES: u64 = 20;

/// How many row groups are kept after they were read.
const GROUPS: usize = 16;

/// Resource and partition.
pub(super) type Key = (String, String);

/// A state, or that it was forgotten; and which load said so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) state: Option<String>,
    pub(super) load_id: String,
}

/// Files that were written, to be committed.
#[derive(Debug)]
pub(super) struct Flushed {
    pub(super) runs: Vec<StateRun>,
    /// What nobody needs any more after that.
    pub(super) gone: Vec<String>,
}

#[derive(Debug)]
pub(super) struct States {
    store: Store,
    place: Place,
    /// From the oldest on.
    runs: Vec<StateRun>,
    recent: BTreeMap<Key, Said>,
    footers: HashMap<String, Arc<Opened>>,
    groups: VecDeque<(String, usize, Arc<Group>)>,
}

/// A file of which the end was read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) footer: Footer,
    /// With which key each row group begins.
    pub(super) firsts: Vec<Key>,
}

/// A row group.
pub(super) type Group = Vec<(Key, Said)>;

impl States {
    pub(super) fn new(store: &Store, place: &Place, runs: Vec<StateRun>, states: Vec<KeptState>) -> Self {
        let (store, place) = (store.clone(), place.clone());
        let mut kept = Self {
            store,
            place,
            runs,
            recent: BTreeMap::new(),
            footers: HashMap::new(),
            groups: VecDeque::new(),
        };
        kept.put(states);
        kept
    }

    pub(super) fn put(&mut self, states: impl IntoIterator<Item = KeptState>) {
        let said = |kept: KeptState| {
            let said = Said { state: kept.state, load_id: kept.load_id };
            ((kept.resource, kept.partition), said)
        };
        self.recent.extend(states.into_iter().map(said));
    }

    /// What came since the last file.
    pub(super) fn recent(&self) -> impl Iterator<Item = KeptState> {
        self.recent.iter().map(|((resource, partition), said)| {
            let (resource, partition) = (resource.clone(), partition.clone());
            KeptState { resource, partition, state: said.state.clone(), load_id: said.load_id.clone() }
        })
    }

    fn find(&mut self, key: &Key) -> Result<Option<Said>> {
        if let Some(said) = self.recent.get(key) {
            return Ok(Some(said.clone()));
        }
        for at in (0..self.runs.len()).rev() {
            let Some(run) = self.runs.get(at).cloned() else { continue };
            let opened = self.opened(&run)?;
            let after = opened.firsts.partition_point(|first| first <= key);
            let Some(number) = after.checked_sub(1) else { continue };
            let group = self.group(&run, &opened, number)?;
            if let Ok(at) = group.binary_search_by(|(there, _)| there.cmp(key)) {
                return Ok(group.get(at).map(|(_, said)| said.clone()));
            }
        }
        Ok(None)
    }

    fn opened(&mut self, run: &StateRun) -> Result<Arc<Opened>> {
        if let Some(opened) = self.footers.get(&run.path) {
            return Ok(Arc::clone(opened));
        }
        let opened = Arc::new(open(&self.store, &self.place, run)?);
        self.footers.insert(run.path.clone(), Arc::clone(&opened));
        Ok(opened)
    }

    fn group(&mut self, run: &StateRun, opened: &Opened, number: usize) -> Result<Arc<Group>> {
        let is_it = |(path, at, _): &&(String, usize, Arc<Group>)| *path == run.path && *at == number;
        if let Some((_, _, group)) = self.groups.iter().find(is_it) {
            return Ok(Arc::clone(group));
        }
        let group = Arc::new(read_group(&self.store, &self.place, (run, opened), number)?);
        self.groups.push_front((run.path.clone(), number, Arc::clone(&group)));
        self.groups.truncate(GROUPS);
        Ok(group)
    }

    /// All states in the order of their keys, each as it was last said.
    pub(super) fn each(&self, visit: &mut dyn FnMut(Key, Said) -> Result<()>) -> Result<()> {
        let files = run::Merged::of(&self.store, &self.place, &self.runs)?;
        let mut recent = self.recent.iter().peekable();
        for entry in files {
            let (key, said) = entry?;
            while let Some((newer, said)) = recent.next_if(|(newer, _)| **newer < key) {
                visit(newer.clone(), said.clone())?;
            }
            match recent.next_if(|(newer, _)| **newer == key) {
                Some((_, newer)) => visit(key, newer.clone())?,
                None => visit(key, said)?,
            }
        }
        recent.try_for_each(|(key, said)| visit(key.clone(), said.clone()))
    }

    pub(super) fn each_state(&self, visit: &mut dyn FnMut(StateEntry)) -> Result<()> {
        self.each(&mut |(resource, partition), said| {
            if let Some(text) = &said.state {
                visit(StateEntry { resource, partition, state: Some(self.parse(text)?) });
            }
            Ok(())
        })
    }

    /// What a load forgets, each by itself; `None` where that is too much to be told so.
    pub(super) fn forgotten(&self, forget: &[Forget], load_id: &str) -> Result<Option<Vec<KeptState>>> {
        let mut forgotten = Vec::new();
        if forget.is_empty() {
            return Ok(Some(forgotten));
        }
        self.each(&mut |key, said| {
            if said.state.is_some() && is_forgotten(forget, load_id, &key, &said) && forgotten.len() <= RECENT
            {
                let (resource, partition) = key;
                forgotten.push(KeptState { resource, partition, state: None, load_id: load_id.to_owned() });
            }
            Ok(())
        })?;
        Ok((forgotten.len() <= RECENT).then_some(forgotten))
    }

    fn parse(&self, text: &str) -> Result<Value> {
        serde_json::from_str(text).map_err(|_| self.place.unreadable("_pipeline/state", "state", text))
    }

    pub(super) fn are_many(&self) -> bool {
        self.recent.len() >= RECENT
    }

    /// Writes what came since the last file, and files together that are many.
    pub(super) fn flushed(&self, name: &str) -> Result<Option<Flushed>> {
        if self.recent.is_empty() {
            return Ok(None);
        }
        let recent = u64::try_from(self.recent.len()).unwrap_or(u64::MAX).saturating_mul(BYTES);
        let sizes: Vec<u64> = self.runs.iter().map(|run| run.bytes).chain([recent]).collect();
        let start = tiers::tail_to_merge(&sizes).unwrap_or(self.runs.len());
        self.written(name, start, &|_, _| true).map(Some)
    }

    /// Writes everything anew but what is forgotten.
    pub(super) fn flushed_without(&self, name: &str, forget: &[Forget], load_id: &str) -> Result<Flushed> {
        self.written(name, 0, &|key, said| !is_forgotten(forget, load_id, key, said))
    }

    /// Files from this one on, and what came since, as one.
    fn written(&self, name: &str, start: usize, is_kept: &dyn Fn(&Key, &Said) -> bool) -> Result<Flushed> {
        let (stay, merged) = self.runs.split_at(start.min(self.runs.len()));
        let (store, place) = (&self.store, &self.place);
        let mut some = Self::new(store, place, merged.to_vec(), Vec::new());
        some.recent.clone_from(&self.recent);
        let written = run::write((store, place, name), &some, !stay.is_empty(), is_kept)?;
        let runs = stay.iter().cloned().chain(written).collect();
        Ok(Flushed { runs, gone: merged.iter().map(|run| run.path.clone()).collect() })
    }

    /// They are committed.
    pub(super) fn settle(&mut self, runs: Vec<StateRun>) {
        self.recent.clear();
        self.footers.retain(|path, _| runs.iter().any(|run| run.path == *path));
        self.groups.retain(|(path, _, _)| runs.iter().any(|run| run.path == *path));
        self.runs = runs;
    }
}

/// All partitions of a resource but those that are excepted and those that the load has written itself.
fn is_forgotten(forget: &[Forget], load_id: &str, (resource, partition): &Key, said: &Said) -> bool {
    let is_meant = |forget: &Forget| forget.resource == *resource && !forget.except.contains(partition);
    said.load_id != load_id && forget.iter().any(is_meant)
}

pub(super) fn open(store: &Store, place: &Place, run: &StateRun) -> Result<Opened> {
    let failed = place.table_failed("read", "_pipeline/state");
    let footer = parquet::footer(store, &run.path).map_err(failed)?;
    let kept = footer.metadata.metadata().file_metadata().key_value_metadata();
    let text =
        kept.into_iter().flatten().find(|pair| pair.key == run::FIRSTS).and_then(|pair| pair.value.clone());
    let text = text.unwrap_or_default();
    let firsts =
        serde_json::from_str(&text).map_err(|_| place.unreadable("_pipeline/state", run::FIRSTS, &text))?;
    Ok(Opened { footer, firsts })
}

pub(super) fn read_group(
    store: &Store,
    place: &Place,
    (run, opened): (&StateRun, &Opened),
    number: usize,
) -> Result<Group> {
    let mut group = Group::new();
    let read =
        parquet::each_in_group((store, &run.path), &opened.footer, number, &[0, 1, 2, 3], &mut |batch| {
            let columns: Vec<&StringArray> =
                batch.columns().iter().filter_map(|array| array.as_string_opt::<i32>()).collect();
            if let [resources, partitions, states, load_ids] = columns.as_slice() {
                for row in 0..batch.num_rows() {
                    let key = (resources.value(row).to_owned(), partitions.value(row).to_owned());
                    let state =
                        arrow_array::Array::is_valid(*states, row).then(|| states.value(row).to_owned());
                    group.push((key, Said { state, load_id: load_ids.value(row).to_owned() }));
                }
            }
            Ok::<_, ::parquet::errors::ParquetError>(())
        });
    read.map_err(place.table_failed("read", "_pipeline/state"))?;
    Ok(group)
}

/// Looks states up while packages are written.
pub(super) struct Lookup(pub(super) Arc<Mutex<States>>);

impl StateReader for Lookup {
    fn read(&mut self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        let mut states = lock(&self.0);
        let read = keys.iter().map(|key| {
            let said = states.find(&(key.resource.to_owned(), key.partition.to_owned()))?;
            said.and_then(|said| said.state).map(|text| states.parse(&text)).transpose()
        });
        read.collect()
    }
}
