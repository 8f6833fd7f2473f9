//! Packages: each becomes one record in the log, and then what the record says is done.
//!
//! The files of a package lie hidden until its record is there. With that it is committed: whoever comes after a crash
//! does what the last record says once more, which changes nothing where it was done. New files are made visible before
//! old ones go, so that a reader of a folder misses no row, though it may meet a row in both for a moment.

use std::collections::HashSet;
use std::sync::Arc;

use super::Result;
use super::load::FilesystemLoad;
use crate::destination::lake::catalog::{Catalog, DataFile, Record, TableEntry};
use crate::destination::lake::draft::{Copy, Draft};
use crate::destination::lake::site::Site;
use crate::destination::lake::write::{self, Rows};
use crate::destination::lake::{names, rows};
use crate::destination::{Committed, Package};

impl FilesystemLoad {
    pub(super) fn commit_package(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.ledger.check_lease()?;
        self.publish()?;
        let (site, progress) = (Arc::clone(&self.site), Arc::clone(&self.progress));
        let is_known = self.committed.contains(package.id);
        write::commit(&site, &progress, (package.id, is_known), |rows| self.commit_rows(package, rows))
    }

    fn commit_rows(&mut self, package: &Package<'_>, rows: Vec<Rows>) -> Result<Committed> {
        let mut draft = self.draft.clone();
        let committed = rows::apply(&mut draft, &self.site, &rows, package)?;
        let mut record = record_of(&draft, &self.ledger.catalog);
        let flushed = self.ledger.note(package, &mut record)?;
        self.unpublished = Some(self.ledger.append(record, flushed)?);
        self.draft = draft;
        self.committed.insert(package.id.clone());
        self.publish()?;
        Ok(committed)
    }

    /// Does what the last record says, and tidies up.
    pub(super) fn publish(&mut self) -> Result<()> {
        let Some(record) = &self.unpublished else { return Ok(()) };
        do_as_said(&self.site, record)?;
        self.unpublished = None;
        let hidden = self.draft.settle(&self.site);
        self.site.remove(hidden)?;
        self.ledger.shorten()
    }
}

/// What makes tables so, for a catalog that does not know it.
pub(super) fn record_of(draft: &Draft, catalog: &Catalog) -> Record {
    let mut record = Record::default();
    for name in &draft.changed {
        let before = catalog.tables.get(name).map_or(&[][..], |entry| &entry.files);
        let after: Vec<DataFile> =
            draft.files(name, Copy::Table).iter().map(|file| file.file.clone()).collect();
        let paths: HashSet<&str> = after.iter().map(|file| file.path.as_str()).collect();
        let gone = before.iter().filter(|file| !paths.contains(file.path.as_str()));
        record.remove.extend(gone.map(|file| file.path.clone()));
        let new = draft.files(name, Copy::Table).iter().filter(|file| file.is_staged);
        record.publish.extend(new.map(|file| file.file.path.clone()));
        let entry = draft.tables.get(name).map(|table| TableEntry { files: after, ..table.entry.clone() });
        record.tables.insert(name.clone(), entry);
    }
    record
}

/// Makes files visible, and then removes those whose place they take.
pub(super) fn do_as_said(site: &Site, record: &Record) -> Result<()> {
    let moves = record.publish.iter().map(|path| (names::staged(path), path.clone()));
    site.store.rename_all(moves).map_err(site.place.failed("make files visible"))?;
    site.store.delete_all(record.remove.iter().cloned()).map_err(site.place.failed("remove files"))
}
