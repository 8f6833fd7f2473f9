//! Rows of one table in one package: they go to hidden files, and what they do to those that are there is noted for the
//! commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::Result;
use super::files::{self, Files};
use super::history::{self, Successors};
use super::keys::KeySet;
use super::site::{LiveFile, Site, lock};
use super::versions::Versions;
use crate::destination::{Batch, Committed, Mode, PackageId, TableWriter};
use crate::schema::table::Table;

/// What was written of the open package.
#[derive(Debug, Default)]
pub(in super::super) struct Progress {
    /// Writers that are not finished.
    pub(in super::super) open: usize,
    pub(in super::super) rows: Vec<Rows>,
    /// One that has failed: committed again without its rows, its state would speak for nothing.
    pub(in super::super) lost: Option<PackageId>,
}

impl Progress {
    /// A writer begins.
    pub(in super::super) fn begin(&mut self, package: &PackageId) {
        self.lost.take_if(|lost| lost == package);
        self.open += 1;
    }

    /// Whether all rows of the package are here.
    fn is_whole(&self, package: &PackageId) -> bool {
        self.open == 0 && self.lost.as_ref() != Some(package)
    }

    /// Where its files lie while they are not committed.
    fn hidden(&self, site: &Site) -> Vec<String> {
        let files = self.rows.iter().flat_map(|rows| &rows.files);
        files.map(|file| site.hidden(&file.file.path)).collect()
    }
}

/// Takes what was written of a package and has it committed, unless `is_known`: then it was before, and what was written
/// again goes. A package that failed is lost without its rows.
pub(in super::super) fn commit(
    site: &Site,
    progress: &Mutex<Progress>,
    (package, is_known): (&PackageId, bool),
    rows: impl FnOnce(Vec<Rows>) -> Result<Committed>,
) -> Result<Committed> {
    let written = std::mem::take(&mut *lock(progress));
    if is_known {
        site.settle()?;
        site.remove(written.hidden(site))?;
        return Ok(Committed::default());
    }
    let committed = match written.is_whole(package) {
        true => rows(written.rows),
        false => Err(site.place.package_failed("commit a package", "some of its rows are not written")),
    };
    if committed.is_err() {
        lock(progress).lost = Some(package.clone());
    }
    committed
}

/// What one writer wrote.
#[derive(Debug)]
pub(in super::super) struct Rows {
    pub(in super::super) table: String,
    /// The table as it was when they were written.
    #[cfg(feature = "delta")]
    pub(in super::super) of: Arc<Table>,
    pub(in super::super) is_staged: bool,
    pub(in super::super) files: Vec<LiveFile>,
    pub(in super::super) count: u64,
    /// The rows that have these keys go: by the table's key, and by those of records whose lists came.
    pub(in super::super) keys: KeySet,
    pub(in super::super) parents: BTreeMap<Vec<String>, KeySet>,
    /// In a history, what the rows do to the versions that are there, by the keys of their records.
    pub(in super::super) successors: Option<Successors>,
}

pub(in super::super) struct Writer {
    site: Arc<Site>,
    progress: Arc<Mutex<Progress>>,
    table: Arc<Table>,
    files: Files,
    rows: Rows,
    versions: Option<Versions>,
}

impl Writer {
    pub(in super::super) fn new(
        site: &Arc<Site>,
        progress: &Arc<Mutex<Progress>>,
        (table, files): (&Table, Vec<LiveFile>),
        mode: &Mode,
        package: &PackageId,
    ) -> Self {
        let table = Arc::new(table.clone());
        let (versions, key) = match mode {
            Mode::Versions { of } => (Some(Versions { of: of.clone(), files }), Vec::new()),
            Mode::History { of } => (Some(Versions { of: of.clone(), files }), of.clone()),
            Mode::Merge | Mode::Stage => (None, table.key.clone()),
        };
        let successors = matches!(mode, Mode::History { .. }).then(Successors::new);
        let rows = Rows {
            table: table.name.clone(),
            #[cfg(feature = "delta")]
            of: Arc::clone(&table),
            is_staged: *mode == Mode::Stage,
            files: Vec::new(),
            count: 0,
            keys: KeySet::new(key),
            parents: BTreeMap::new(),
            successors,
        };
        let files = Files::new(site, &table, site.folder_of(&table.name), package);
        Self { site: Arc::clone(site), progress: Arc::clone(progress), table, files, rows, versions }
    }
}

impl TableWriter for Writer {
    fn write(&mut self, batch: &Batch) -> Result<Option<Vec<bool>>> {
        files::check(&batch.rows, &self.table)?;
        let rows = match (&self.versions, &mut self.rows.successors) {
            (Some(versions), Some(successors)) => {
                history::continued(versions, (&self.site, &self.table), &batch.rows, successors)?
            }
            (Some(versions), None) => versions.changed(&self.site, &self.table, &batch.rows)?,
            (None, _) => batch.rows.clone(),
        };
        if let Some(parents) = &batch.parents {
            let columns: Vec<String> =
                parents.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
            let of_columns = self.rows.parents.entry(columns.clone()).or_insert_with(|| KeySet::new(columns));
            of_columns.add(&self.site, parents, &self.table);
        } else if !self.rows.keys.columns.is_empty() {
            self.rows.keys.add(&self.site, &rows, &self.table);
        }
        self.rows.count += u64::try_from(rows.num_rows()).unwrap_or(u64::MAX);
        self.files.write(&rows)?;
        Ok(None)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { site, progress, files, mut rows, .. } = *self;
        rows.files = files.finish()?;
        if let [file] = rows.files.as_slice() {
            rows.keys.note(&site, file);
        }
        let mut progress = lock(&progress);
        progress.open = progress.open.saturating_sub(1);
        progress.rows.push(rows);
        Ok(())
    }
}
