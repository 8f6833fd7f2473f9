//! Tables that several shards write to: what changes them is committed before rows come that need it, rows that were written
//! for a table which has become another are made to fit, and what each has staged is swapped in by one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Result;
use super::commit::entry_of;
use super::load::DeltaLoad;
use super::table::Outcome;
use crate::destination::lake::catalog::{Stage, TableEntry};
use crate::destination::lake::draft::{Copy, Draft};
use crate::destination::lake::files::Files;
use crate::destination::lake::schema;
use crate::destination::lake::site::{LiveFile, Site};
use crate::destination::lake::write::Rows;
use crate::destination::{DestinationError, LoadStatus, Package, PackageId, SchemaChange, Swap};
use crate::schema::table::Table;

impl DeltaLoad {
    /// Looks at what others have made of all tables.
    pub(super) fn look_at_all(&mut self) -> Result<()> {
        let names: BTreeSet<String> = self.tables.own.keys().cloned().collect();
        for name in names.into_iter().chain(self.tables.found(&self.site)?) {
            if self.tables.of(&self.site, &name).advance()? {
                self.look_again(&name)?;
            }
        }
        let tables = self.draft.all(&self.site)?;
        self.known = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        Ok(())
    }

    /// Commits changes at once. Where another shard was faster at one of the tables, the loader has to look again; what was
    /// committed until then is no fault.
    pub(super) fn prepare_among_others(&mut self, changes: &[SchemaChange], load_id: &str) -> Result<()> {
        let names: BTreeSet<&str> = changes.iter().map(SchemaChange::table).collect();
        for name in &names {
            if self.tables.of(&self.site, name).advance()? {
                self.look_again(name)?;
            }
            if self.draft.table(name, &self.site)?.as_ref() != self.known.get(*name) {
                return Err(self.moved(name));
            }
        }
        let package = PackageId { load_id: load_id.to_owned(), number: 0 };
        let mut draft = self.draft.clone();
        schema::change(&mut draft, &self.site, changes, &self.tables.foreign, &package)?;
        self.site.settle()?;
        self.ledger.check()?;
        self.draft.inherit(&draft);
        for name in names {
            let Some(entry) = entry_of(&draft, name) else { continue };
            let table = self.tables.of(&self.site, name);
            if table.commit(&entry, None)? == Outcome::Moved {
                return Err(self.moved(name));
            }
            self.draft.keep(&entry);
            let stage = draft.tables.get(name).and_then(|table| table.stage.clone());
            self.look_again(name)?;
            if let Some(table) = self.draft.tables.get_mut(name) {
                table.stage = stage;
            }
            self.known.extend(self.draft.table(name, &self.site)?.map(|table| (name.to_owned(), table)));
        }
        Ok(())
    }

    fn moved(&self, table: &str) -> DestinationError {
        DestinationError::Moved { place: self.site.place.name(), table: table.to_owned() }
    }

    /// Rows as their tables are now: files with columns of other kinds are written anew.
    pub(super) fn fit(&self, rows: &mut [Rows], package: &PackageId) -> Result<()> {
        for rows in rows.iter_mut() {
            let Some(now) = self.draft.table(&rows.table, &self.site)?.map(Arc::new) else { continue };
            // What finds rows by their keys was made for the keys as they were.
            let is_key = |name: &String| {
                now.key.contains(name)
                    || rows.keys.columns.contains(name)
                    || rows.parents.keys().flatten().any(|own| own == name)
            };
            let key_moved = rows.of.columns.iter().any(|from| {
                is_key(&from.name) && now.column(&from.name).is_some_and(|to| to.kind != from.kind)
            });
            let is_keyed = !rows.keys.columns.is_empty() && rows.successors.is_none();
            if key_moved || is_keyed && rows.keys.columns != now.key {
                return Err(self.moved(&rows.table));
            }
            if let Some(files) = refitted(&self.site, (&rows.of, &now), &rows.files, package)? {
                rows.files = files;
                rows.of = now;
            }
        }
        Ok(())
    }

    /// What the load has staged, told with the package that ends it.
    pub(super) fn stages_with(&self, package: &Package<'_>) -> Result<BTreeMap<String, Option<Stage>>> {
        let mut stages: BTreeMap<String, Option<Stage>> =
            package.swaps.iter().flat_map(|swap| &swap.parts).map(|token| (token.clone(), None)).collect();
        let is_over = package.load.is_some_and(|load| load.status != LoadStatus::Running);
        if let (Some(shard), true, false) = (self.shard, is_over, package.id.is_of_all()) {
            let staged = self.draft.tables.iter().filter_map(|(name, table)| {
                let files = table.stage.as_ref()?.iter().map(|file| file.file.clone()).collect();
                Some((name.clone(), TableEntry { files, ..table.entry.clone() }))
            });
            let tables: BTreeMap<String, TableEntry> = staged.collect();
            if !tables.is_empty() {
                stages.insert(self.ledger.token().to_owned(), Some(Stage { shard, tables }));
            }
        }
        Ok(stages)
    }

    /// Puts what shards have staged where the swaps find it. A swap is not due where one of them has nothing any more, as
    /// it has begun anew.
    pub(super) fn take_stages(&self, draft: &mut Draft, package: &Package<'_>) -> Result<Vec<Swap>> {
        let mut due = Vec::with_capacity(package.swaps.len());
        for swap in package.swaps {
            let stages = &self.ledger.catalog.stages;
            let has = |token: &String| {
                stages.get(token).is_some_and(|stage| stage.tables.contains_key(&swap.table))
            };
            if !swap.parts.iter().all(has) {
                continue;
            }
            if !swap.parts.is_empty() {
                for name in swap.lists.iter().chain([&swap.table]) {
                    let parts = swap.parts.iter().filter_map(|token| stages.get(token)?.tables.get(name));
                    self.gather(draft, name, &parts.collect::<Vec<_>>(), package.id)?;
                }
            }
            due.push(swap.clone());
        }
        Ok(due)
    }

    /// The stage of a table from what several have staged: of rows with the same key one stays.
    fn gather(
        &self,
        draft: &mut Draft,
        name: &str,
        parts: &[&TableEntry],
        package: &PackageId,
    ) -> Result<()> {
        let Some(now) = draft.table(name, &self.site)?.map(Arc::new) else { return Ok(()) };
        let mut files = Vec::new();
        for part in parts {
            let from = Arc::new(part.table(name, &self.site.place)?);
            let live = part.files.iter().map(|file| LiveFile { file: file.clone(), is_staged: true });
            let live: Vec<LiveFile> = live.collect();
            files.extend(refitted(&self.site, (&from, &now), &live, package)?.unwrap_or(live));
        }
        draft.set_files(name, Copy::Stage, files);
        if now.key.is_empty() {
            Ok(())
        } else {
            schema::keep_last(draft, &self.site, (&now, Copy::Stage), package)
        }
    }
}

/// Files of a table as it was, written anew for what it is; `None` where they need not be.
fn refitted(
    site: &Arc<Site>,
    (from, to): (&Arc<Table>, &Arc<Table>),
    files: &[LiveFile],
    package: &PackageId,
) -> Result<Option<Vec<LiveFile>>> {
    let is_other =
        |to: &crate::schema::Column| from.column(&to.name).is_some_and(|from| from.kind != to.kind);
    if !to.columns.iter().any(is_other) {
        return Ok(None);
    }
    let mut output = Files::new(site, to, site.folder_of(&to.name), package);
    for file in files {
        site.each_batch(&to.name, file, &from.columns, &mut |batch| {
            output.write(&schema::converted(&batch, from, to)?)
        })?;
    }
    output.finish().map(Some)
}
