//! What tables become: the files of each, seen and hidden, changed step by step, until a record makes it so.
//!
//! A file never changes. Rows that go or become others are left out of, or written to, a new file that takes the old
//! one's place.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::catalog::TableEntry;
use super::files::Files;
use super::keys::KeySet;
use super::site::{LiveFile, Site, lock};
use super::{Result, names, tiers};
use crate::destination::{DestinationError, PackageId, Swap, SwapWhen};
use crate::schema::table::Table;

/// From here on a file is not written together with others any more.
const LARGE: u64 = 32 << 20;

/// The tables, as they are to be.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Draft {
    pub(in super::super) tables: BTreeMap<String, DraftTable>,
    /// Tables that are not as they were committed.
    pub(in super::super) changed: BTreeSet<String>,
    /// Files that were made since and those that are staged, by their paths.
    made: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(in super::super) struct DraftTable {
    pub(in super::super) entry: TableEntry,
    pub(in super::super) files: Vec<LiveFile>,
    /// The hidden copy in which a complete read gathers.
    pub(in super::super) stage: Option<Vec<LiveFile>>,
}

/// Which rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Copy {
    Table,
    Stage,
}

/// What becomes of a batch of a file; `None`: it stays as it is.
pub(in super::super) type Change<'c> = dyn FnMut(&RecordBatch) -> Result<Option<RecordBatch>> + 'c;

impl Draft {
    /// Tables with the files that they have.
    pub(in super::super) fn of<'e>(tables: impl IntoIterator<Item = (&'e String, &'e TableEntry)>) -> Self {
        let tables = tables.into_iter().map(|(name, entry)| (name.clone(), DraftTable::from(entry.clone())));
        Self { tables: tables.collect(), ..Self::default() }
    }

    pub(in super::super) fn table(&self, name: &str, site: &Site) -> Result<Option<Table>> {
        self.tables.get(name).map(|table| table.entry.table(name, &site.place)).transpose()
    }

    pub(in super::super) fn all(&self, site: &Site) -> Result<Vec<Table>> {
        self.tables.iter().map(|(name, table)| table.entry.table(name, &site.place)).collect()
    }

    pub(in super::super) fn files(&self, name: &str, copy: Copy) -> &[LiveFile] {
        let table = self.tables.get(name);
        match copy {
            Copy::Table => table.map_or(&[], |table| &table.files),
            Copy::Stage => table.and_then(|table| table.stage.as_deref()).unwrap_or_default(),
        }
    }

    pub(in super::super) fn set_files(&mut self, name: &str, copy: Copy, files: Vec<LiveFile>) {
        let Some(table) = self.tables.get_mut(name) else { return };
        self.made.extend(files.iter().filter(|file| file.is_staged).map(|file| file.file.path.clone()));
        match copy {
            Copy::Table => {
                table.files = files;
                self.changed.insert(name.to_owned());
            }
            Copy::Stage => table.stage = Some(files),
        }
    }

    /// Files that were written.
    pub(in super::super) fn add_files(&mut self, name: &str, copy: Copy, files: &[LiveFile]) {
        self.made.extend(files.iter().map(|file| file.file.path.clone()));
        if !files.is_empty() || copy == Copy::Stage {
            let files = [self.files(name, copy), files].concat();
            self.set_files(name, copy, files);
        }
    }

    /// Rows with any of these keys go; tells how many there were.
    pub(in super::super) fn remove(
        &mut self,
        site: &Arc<Site>,
        (name, copy): (&str, Copy),
        keys: &KeySet,
        package: &PackageId,
    ) -> Result<u64> {
        let Some(table) = self.table(name, site)?.map(Arc::new) else { return Ok(0) };
        let mut gone = 0;
        self.rewrite(site, (&table, &table, copy), package, &mut |file, into| {
            if !keys.may_be_in(site, file, &table)? {
                return Ok(false);
            }
            let before = gone;
            into(&mut |batch| {
                let others = keys.others(site, batch, &table);
                gone += u64::try_from(others.false_count()).unwrap_or(u64::MAX);
                filtered(batch, &others, &table)
            })?;
            Ok(gone > before)
        })?;
        Ok(gone)
    }

    /// Goes through the files of a table, and gives those for which `visit` says so a new one in their place. Rows are
    /// read as `from` has them and written as `to` does.
    #[expect(clippy::type_complexity, reason = "what is called back to change a file")]
    pub(in super::super) fn rewrite(
        &mut self,
        site: &Arc<Site>,
        (from, to, copy): (&Arc<Table>, &Arc<Table>, Copy),
        package: &PackageId,
        visit: &mut dyn FnMut(&LiveFile, &mut dyn FnMut(&mut Change<'_>) -> Result<()>) -> Result<bool>,
    ) -> Result<()> {
        let name = &from.name;
        let mut files = Vec::new();
        let mut is_changed = false;
        for file in self.files(name, copy).to_vec() {
            let mut written = Vec::new();
            let folder = names::folder_part(&file.file.path).to_owned();
            let mut into = |change: &mut Change<'_>| -> Result<()> {
                let mut output = Files::new(site, to, folder.clone(), package);
                site.each_batch(name, &file, &from.columns, &mut |batch| {
                    let changed = change(&batch)?;
                    output.write(changed.as_ref().unwrap_or(&batch))
                })?;
                written = output.finish()?;
                Ok(())
            };
            let is_taken = visit(&file, &mut into)?;
            self.made.extend(written.iter().map(|file| file.file.path.clone()));
            is_changed |= is_taken;
            if is_taken { files.append(&mut written) } else { files.push(file) }
        }
        if is_changed {
            self.set_files(name, copy, files);
        }
        Ok(())
    }

    /// Staged rows take the place of those of the table; whether they did.
    pub(in super::super) fn swap(&mut self, swap: &Swap) -> bool {
        let is_due = match swap.when {
            SwapWhen::Always => true,
            SwapWhen::Empty => self.files(&swap.table, Copy::Table).iter().all(|file| file.file.rows == 0),
        };
        for name in std::iter::once(&swap.table).chain(&swap.lists) {
            let staged = self.tables.get_mut(name).and_then(|table| table.stage.take());
            if is_due {
                self.set_files(name, Copy::Table, staged.unwrap_or_default());
            }
        }
        is_due
    }

    /// Writes small files together, so that there are never many.
    pub(in super::super) fn compact(
        &mut self,
        site: &Arc<Site>,
        name: &str,
        package: &PackageId,
    ) -> Result<()> {
        let folders: BTreeSet<String> = self
            .files(name, Copy::Table)
            .iter()
            .map(|file| names::folder_part(&file.file.path).to_owned())
            .collect();
        for folder in folders {
            let is_small =
                |file: &&LiveFile| file.file.bytes < LARGE && names::folder_part(&file.file.path) == folder;
            let small: Vec<LiveFile> =
                self.files(name, Copy::Table).iter().filter(is_small).cloned().collect();
            let sizes: Vec<u64> = small.iter().map(|file| file.file.bytes).collect();
            let Some(tail) = tiers::tail_to_merge(&sizes).and_then(|start| small.get(start..)) else {
                continue;
            };
            let Some(table) = self.table(name, site)?.map(Arc::new) else { continue };
            let mut output = Files::new(site, &table, folder, package);
            for file in tail {
                site.each_batch(name, file, &table.columns, &mut |batch| output.write(&batch))?;
            }
            let mut files = self.files(name, Copy::Table).to_vec();
            files.retain(|file| !tail.contains(file));
            files.extend(output.finish()?);
            self.set_files(name, Copy::Table, files);
        }
        Ok(())
    }

    /// Files that another draft of the same tables made, and that nobody needs unless they are here.
    #[cfg(feature = "delta")]
    pub(in super::super) fn inherit(&mut self, other: &Self) {
        self.made.extend(other.made.iter().cloned());
    }

    /// The files of a table are committed: they are no longer this draft's to take away. Others may read them from now on,
    /// also when yet others have replaced them; the log removes them in its time.
    #[cfg(feature = "delta")]
    pub(in super::super) fn keep(&mut self, entry: &TableEntry) {
        for file in &entry.files {
            self.made.remove(&file.path);
        }
    }

    /// It is so now. Tells which hidden files nobody needs.
    pub(in super::super) fn settle(&mut self, site: &Site) -> Vec<String> {
        self.changed.clear();
        let (mut seen, mut staged) = (HashSet::new(), HashSet::new());
        for table in self.tables.values_mut() {
            for file in &mut table.files {
                file.is_staged = false;
                seen.insert(file.file.path.as_str());
            }
            staged.extend(table.stage.iter().flatten().map(|file| file.file.path.as_str()));
        }
        let is_needed = |path: &str| seen.contains(path) || staged.contains(path);
        let gone: HashSet<&str> =
            self.made.iter().map(String::as_str).filter(|path| !is_needed(path)).collect();
        lock(&site.cache).forget(&gone);
        let paths = gone.iter().map(|path| site.hidden(path)).collect();
        self.made = staged.into_iter().map(str::to_owned).collect();
        paths
    }
}

/// The rows of a batch that stay; `None`: all.
pub(in super::super) fn filtered(
    batch: &RecordBatch,
    stays: &BooleanArray,
    table: &Table,
) -> Result<Option<RecordBatch>> {
    if stays.false_count() == 0 {
        return Ok(None);
    }
    let filtered = filter_record_batch(batch, stays);
    filtered.map(Some).map_err(|_| DestinationError::mismatch(&table.name, ""))
}

impl From<TableEntry> for DraftTable {
    fn from(mut entry: TableEntry) -> Self {
        let files = std::mem::take(&mut entry.files).into_iter();
        let files = files.map(|file| LiveFile { file, is_staged: false }).collect();
        Self { entry, files, stage: None }
    }
}
