//! The keys of rows: sets of them, and which files may hold some.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

use arrow_array::{BooleanArray, RecordBatch};

use super::Result;
use super::bounds::Growing;
use super::site::{LiveFile, Site, columns_of, lock};
use crate::schema::keys::Keys;
use crate::schema::table::Table;

/// Keys of rows that came, by some columns.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct KeySet {
    pub(in super::super) columns: Vec<String>,
    /// Of each batch.
    keys: Vec<Arc<Keys>>,
    hashes: Vec<u64>,
    growing: Growing,
    sorted: OnceLock<Sorted>,
}

/// Where each key stands, by its number: made when a file may hold some of them, which is seldom.
#[derive(Debug, Clone)]
struct Sorted(Vec<(u64, Box<[u8]>)>);

impl KeySet {
    pub(in super::super) fn new(columns: Vec<String>) -> Self {
        Self { columns, ..Self::default() }
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    pub(in super::super) fn add(&mut self, site: &Site, batch: &RecordBatch, table: &Table) {
        let keys = Keys::of(batch, &self.columns, table, &site.hasher);
        self.hashes.extend(&keys.hashes);
        self.keys.push(Arc::new(keys));
        self.growing.add(batch, &self.columns, table);
        self.sorted.take();
    }

    /// Whether a file may hold some of them.
    pub(in super::super) fn may_be_in(&self, site: &Site, file: &LiveFile, table: &Table) -> Result<bool> {
        if self.is_empty() || !file.file.bounds.may_meet(&self.growing.bounds(), &self.columns) {
            return Ok(false);
        }
        let there = hashes_of(site, file, table, &self.columns)?;
        Ok(self.hashes.iter().any(|hash| there.binary_search(hash).is_ok()))
    }

    /// Which rows of a batch do not have any of them.
    pub(in super::super) fn others(&self, site: &Site, batch: &RecordBatch, table: &Table) -> BooleanArray {
        let sorted = self.sorted.get_or_init(|| Sorted::of(&self.keys));
        let keys = Keys::of(batch, &self.columns, table, &site.hasher);
        keys.iter().zip(&keys.hashes).map(|(key, hash)| Some(!sorted.has(*hash, key))).collect()
    }

    /// The file holds just these rows, so that nobody has to look.
    pub(in super::super) fn note(&self, site: &Site, file: &LiveFile) {
        let known = u64::try_from(self.hashes.len()).is_ok_and(|hashes| hashes == file.file.rows);
        if known {
            lock(&site.cache)
                .put((file.file.path.clone(), self.columns.clone()), sorted(self.hashes.clone()));
        }
    }
}

impl Sorted {
    fn of(keys: &[Arc<Keys>]) -> Self {
        let all = keys.iter().flat_map(|keys| keys.hashes.iter().copied().zip(keys.iter().map(Box::from)));
        let mut all: Vec<(u64, Box<[u8]>)> = all.collect();
        all.sort_unstable();
        Self(all)
    }

    fn has(&self, hash: u64, key: &[u8]) -> bool {
        self.0
            .binary_search_by(|(there, bytes)| there.cmp(&hash).then_with(|| bytes.as_ref().cmp(key)))
            .is_ok()
    }
}

/// The numbers of the keys in a file, in their order.
fn hashes_of(site: &Site, file: &LiveFile, table: &Table, columns: &[String]) -> Result<Arc<[u64]>> {
    let name = (file.file.path.clone(), columns.to_vec());
    if let Some(found) = lock(&site.cache).files.get(&name) {
        return Ok(Arc::clone(found));
    }
    let mut hashes = Vec::new();
    let read = columns_of(table, columns);
    site.each_batch(&table.name, file, &read, &mut |batch| {
        hashes.extend(Keys::of(&batch, columns, table, &site.hasher).hashes);
        Ok(())
    })?;
    Ok(lock(&site.cache).put(name, sorted(hashes)))
}

fn sorted(mut hashes: Vec<u64>) -> Arc<[u64]> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}

/// The numbers of the keys of some files, as long as there is room for them.
#[derive(Debug, Default)]
pub(in super::super) struct Cache {
    files: HashMap<(String, Vec<String>), Arc<[u64]>>,
    order: VecDeque<(String, Vec<String>)>,
    size: usize,
}

impl Cache {
    /// How many numbers are kept: 16 MiB of them.
    const MOST: usize = 2 << 20;

    fn put(&mut self, name: (String, Vec<String>), hashes: Arc<[u64]>) -> Arc<[u64]> {
        self.size += hashes.len();
        if let Some(old) = self.files.insert(name.clone(), Arc::clone(&hashes)) {
            self.size -= old.len();
        } else {
            self.order.push_back(name);
        }
        while self.size > Self::MOST {
            let Some(oldest) = self.order.pop_front() else { break };
            self.size -= self.files.remove(&oldest).map_or(0, |hashes| hashes.len());
        }
        hashes
    }

    /// Files that are gone.
    pub(in super::super) fn forget(&mut self, is_gone: &HashSet<&str>) {
        let Self { files, order, size } = self;
        files.retain(|(path, _), hashes| {
            let stays = !is_gone.contains(path.as_str());
            if !stays {
                *size -= hashes.len();
            }
            stays
        });
        order.retain(|name| files.contains_key(name));
    }
}
