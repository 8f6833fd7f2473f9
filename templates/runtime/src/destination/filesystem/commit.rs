//! Packages: each becomes one record in the log, and then what the record says is done.
//!
//! The files of a package lie hidden until its record is there. With that it is committed: whoever comes after a crash
//! does what the last record says once more, which changes nothing where it was done. New files are made visible before
//! old ones go, so that a reader of a folder misses no row, though it may meet a row in both for a moment.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{KeptLoad, KeptState, Record};
use super::draft::{Copy, Draft};
use super::load::FilesystemLoad;
use super::site::{Site, lock};
use super::state::Flushed;
use super::write::{Progress, Rows};
use super::{Result, history, mark, names};
use crate::destination::{Committed, Package, PackageId, Written};

impl FilesystemLoad {
    pub(super) fn commit_package(&mut self, package: &Package<'_>) -> Result<Committed> {
        let progress = std::mem::take(&mut *lock(&self.progress));
        self.check_lease()?;
        self.publish()?;
        if self.committed.contains(package.id) {
            let paths = progress.rows.iter().flat_map(|rows| &rows.files);
            let paths: Vec<String> = paths.map(|file| names::staged(&file.file.path)).collect();
            self.site.settle()?;
            self.remove(paths)?;
            return Ok(Committed::default());
        }
        if progress.open > 0 || progress.lost.as_ref() == Some(package.id) {
            lock(&self.progress).lost = Some(package.id.clone());
            return Err(self
                .site
                .place
                .package_failed("commit a package", "some of its rows are not written"));
        }
        let committed = self.commit_rows(package, progress);
        if committed.is_err() {
            lock(&self.progress).lost = Some(package.id.clone());
        }
        committed
    }

    fn commit_rows(&mut self, package: &Package<'_>, progress: Progress) -> Result<Committed> {
        let mut draft = self.draft.clone();
        let mut committed = Committed::default();
        let mut touched: BTreeSet<String> = progress.rows.iter().map(|rows| rows.table.clone()).collect();
        add_rows(&mut draft, &self.site, progress.rows, package.id, &mut committed.written)?;
        for swap in package.swaps {
            if draft.swap(swap) {
                committed.swapped.insert(swap.table.clone());
                touched.extend(swap.lists.iter().chain([&swap.table]).cloned());
            }
        }
        committed.deleted = mark::mark(&mut draft, &self.site, package.deletions, package.id)?;
        for table in &touched {
            draft.compact(&self.site, table, package.id)?;
        }
        self.site.settle()?;
        let mut record = draft.record(&self.catalog);
        record.package = Some(package.id.to_string());
        record.loads = package.load.map(KeptLoad::of).into_iter().collect();
        let flushed = self.plan_states(package, &mut record)?;
        self.append(record, flushed)?;
        self.draft = draft;
        self.committed.insert(package.id.clone());
        self.publish()?;
        Ok(committed)
    }

    /// What the package says of states, and where they lie where that changes.
    fn plan_states(&self, package: &Package<'_>, record: &mut Record) -> Result<Option<Flushed>> {
        let load_id = &package.id.load_id;
        let states = lock(&self.states);
        let name = format!("{}-{:016x}", names::folder_of(&load_id.to_ascii_lowercase()), fastrand::u64(..));
        let flushed = match states.forgotten(package.forget, load_id)? {
            None => Some(states.flushed_without(&name, package.forget, load_id)?),
            Some(forgotten) => {
                record.states.extend(forgotten);
                if states.are_many() { states.flushed(&name)? } else { None }
            }
        };
        record.runs = flushed.as_ref().map(|flushed| flushed.runs.clone());
        record.states.extend(package.states.iter().map(|entry| KeptState::of(entry, load_id)));
        Ok(flushed)
    }

    /// Puts a record into the log. From then on it is so.
    pub(super) fn append(&mut self, mut record: Record, flushed: Option<Flushed>) -> Result<()> {
        record.token.clone_from(&self.claim.token);
        record.holder.clone_from(&self.claim.holder);
        self.log.append(&record)?;
        let mut states = lock(&self.states);
        if let Some(flushed) = flushed {
            states.settle(flushed.runs);
            record.remove.extend(flushed.gone);
        }
        states.put(std::mem::take(&mut record.states));
        drop(states);
        self.unpublished = Some((record.publish.clone(), record.remove.clone()));
        self.catalog.apply(record);
        Ok(())
    }

    /// Writes all that there is beside the log, whose last record is done by then: nobody looks at it again.
    pub(super) fn write_whole(&mut self) -> Result<()> {
        let states = lock(&self.states).recent().collect();
        let (token, holder) = (self.claim.token.clone(), self.claim.holder.clone());
        self.log.write_whole(&Record { token, holder, states, ..self.catalog.whole() })
    }

    /// Does what the last record says, and tidies up.
    pub(super) fn publish(&mut self) -> Result<()> {
        let Some((publish, remove)) = &self.unpublished else { return Ok(()) };
        do_as_said(&self.site, publish, remove)?;
        self.unpublished = None;
        let hidden = self.draft.settle(&self.site);
        self.remove(hidden)?;
        if self.log.is_long() { self.write_whole() } else { Ok(()) }
    }

    fn remove(&self, paths: Vec<String>) -> Result<()> {
        self.site.store.delete_all(paths).map_err(self.site.place.failed("remove files"))
    }
}

/// Makes files visible, and then removes those whose place they take.
pub(super) fn do_as_said(site: &Site, publish: &[String], remove: &[String]) -> Result<()> {
    let moves = publish.iter().map(|path| (names::staged(path), path.clone()));
    site.store.rename_all(moves).map_err(site.place.failed("make files visible"))?;
    site.store.delete_all(remove.iter().cloned()).map_err(site.place.failed("remove files"))
}

/// What goes goes before anything comes, so that no row of the package goes as well.
fn add_rows(
    draft: &mut Draft,
    site: &std::sync::Arc<Site>,
    mut rows: Vec<Rows>,
    package: &PackageId,
    written: &mut BTreeMap<String, Written>,
) -> Result<()> {
    for rows in &mut rows {
        let copy = if rows.is_staged { Copy::Stage } else { Copy::Table };
        for parents in rows.parents.values() {
            draft.remove(site, (&rows.table, copy), parents, package)?;
        }
        let updated = match rows.successors.take() {
            Some(successors) => history::end(draft, site, (&rows.table, &rows.keys), successors, package)?,
            None => draft.remove(site, (&rows.table, copy), &rows.keys, package)?,
        };
        let inserted = rows.count.saturating_sub(updated);
        *written.entry(rows.table.clone()).or_default() += Written { inserted, updated };
    }
    for rows in rows {
        let copy = if rows.is_staged { Copy::Stage } else { Copy::Table };
        draft.add_files(&rows.table, copy, &rows.files);
    }
    Ok(())
}
