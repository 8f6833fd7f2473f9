//! Packages: a commit of each table that changes, then the record with the state. What others have committed in between is
//! looked at before, and again whenever one of them was faster.
//!
//! A process may die between the commits of two tables: then rows are there for which no state speaks, and they come again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::Result;
use super::actions::Transaction;
use super::load::DeltaLoad;
use super::table::Outcome;
use crate::destination::lake::catalog::{Record, TableEntry};
use crate::destination::lake::draft::{Copy, Draft, DraftTable};
use crate::destination::lake::write::{self, Rows};
use crate::destination::lake::{rows, schema};
use crate::destination::{Committed, DestinationError, Package, PackageId};

/// How often others may be faster.
const TRIES: usize = 50;

/// What became of a package so far.
#[derive(Default)]
struct Course {
    /// Tables that are committed.
    done: BTreeSet<String>,
    committed: Committed,
}

impl DeltaLoad {
    pub(super) fn commit_package(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.ledger.check()?;
        let (site, progress) = (Arc::clone(&self.site), Arc::clone(&self.progress));
        let is_known =
            self.committed.contains(package.id) || self.ledger.of_others.contains(&package.id.to_string());
        write::commit(&site, &progress, (package.id, is_known), |rows| self.commit_rows(package, rows))
    }

    fn commit_rows(&mut self, package: &Package<'_>, rows: Vec<Rows>) -> Result<Committed> {
        let committed = self.commit_tables(package, rows, Some(&self.transaction(package.id)))?;
        let stages = self.stages_with(package)?;
        let record = self.ledger.commit(Some(package), Record { stages, ..Record::default() })?;
        self.committed.insert(package.id.clone());
        self.site.remove(record.remove)?;
        self.ledger.shorten()?;
        self.tidy()?;
        Ok(committed)
    }

    /// What names a package in the logs of tables; that of a load which was opened another time is another one.
    fn transaction(&self, package: &PackageId) -> Transaction {
        // What one shard does for all has the same name in each of them.
        let app_id = match package.is_of_all() {
            true => format!("gitlab-pipeline-{}", package.load_id),
            false => format!("gitlab-pipeline-{}-{}", package.load_id, self.ledger.token()),
        };
        let version = i64::try_from(package.number).unwrap_or(i64::MAX);
        Transaction { app_id, version, last_updated: None }
    }

    /// Commits what no package has: tables without rows, and states as a file.
    pub(super) fn commit_rest(&mut self) -> Result<()> {
        let id = PackageId { load_id: "rest".to_owned(), number: 0 };
        let rest = Package { id: &id, swaps: &[], deletions: &[], states: &[], forget: &[], load: None };
        self.commit_tables(&rest, Vec::new(), None)?;
        if let Some(flushed) = self.ledger.flushed()? {
            let runs = Some(flushed.runs.clone());
            let record = self.ledger.append(Record { runs, ..Record::default() }, Some(flushed))?;
            self.site.remove(record.remove)?;
        }
        self.tidy()
    }

    fn commit_tables(
        &mut self,
        package: &Package<'_>,
        mut rows: Vec<Rows>,
        transaction: Option<&Transaction>,
    ) -> Result<Committed> {
        self.advance(package, &rows)?;
        let mut course = Course::default();
        if let Some(transaction) = transaction {
            let has = self.tables.own.values().filter(|table| table.has(transaction));
            course.done.extend(has.map(|table| table.name.clone()));
        }
        for _ in 0..TRIES {
            rows.retain(|rows| rows.is_staged || !course.done.contains(&rows.table));
            let mut draft = self.draft.clone();
            let swaps = self.take_stages(&mut draft, package)?;
            if self.shard.is_some() {
                self.fit(&mut rows, package.id)?;
            }
            let told = rows::apply(&mut draft, &self.site, &rows, &Package { swaps: &swaps, ..*package })?;
            // That may have taken a while.
            self.ledger.check()?;
            if self.try_tables(&mut draft, package, transaction, told, &mut course)? {
                draft.inherit(&self.draft);
                self.draft = draft;
                let hidden = self.draft.settle(&self.site);
                self.site.remove(hidden)?;
                return Ok(course.committed);
            }
            self.draft.inherit(&draft);
        }
        Err(self
            .site
            .place
            .package_failed("commit a package", "other programs write to the tables all the time"))
    }

    /// Commits one table after the other; `false` when somebody else was faster at one of them.
    fn try_tables(
        &mut self,
        draft: &mut Draft,
        package: &Package<'_>,
        transaction: Option<&Transaction>,
        mut told: Committed,
        course: &mut Course,
    ) -> Result<bool> {
        for name in in_order(&draft.changed, package) {
            if course.done.contains(&name) {
                continue;
            }
            let Some(entry) = entry_of(draft, &name) else { continue };
            let table = self.tables.of(&self.site, &name);
            if table.commit(&entry, transaction)? == Outcome::Moved {
                table.advance()?;
                // It may be one's own commit, whose answer was lost on the way.
                if !transaction.is_some_and(|transaction| table.has(transaction)) {
                    self.look_again(&name)?;
                    return Ok(false);
                }
            }
            self.draft.keep(&entry);
            draft.keep(&entry);
            self.changes.remove(&name);
            self.draft.changed.remove(&name);
            self.look_again(&name)?;
            course.take(name, &mut told);
        }
        course.take_staged(told);
        for name in &course.done {
            if let (Some(table), Some(to)) = (self.draft.tables.get(name), draft.tables.get_mut(name)) {
                to.files.clone_from(&table.files);
            }
        }
        Ok(true)
    }

    /// Looks at what others have committed to the tables of a package.
    fn advance(&mut self, package: &Package<'_>, rows: &[Rows]) -> Result<()> {
        let of_rows = rows.iter().filter(|rows| !rows.is_staged).map(|rows| &rows.table);
        let swapped = package.swaps.iter().flat_map(|swap| swap.lists.iter().chain([&swap.table]));
        let marked = package
            .deletions
            .iter()
            .flat_map(|deletion| deletion.below.iter().map(|below| &below.table).chain([&deletion.table]));
        let names: BTreeSet<String> =
            of_rows.chain(swapped).chain(marked).chain(&self.draft.changed).cloned().collect();
        for name in names {
            if self.tables.of(&self.site, &name).advance()? {
                self.look_again(&name)?;
            }
        }
        Ok(())
    }

    /// A table as it is now, with the changes that are not committed.
    pub(super) fn look_again(&mut self, name: &str) -> Result<()> {
        let table = self.tables.of(&self.site, name);
        if !table.is_ours() {
            let (place, table) = (self.site.place.name(), name.to_owned());
            return Err(DestinationError::ForeignTable { place, table });
        }
        let entry = table.entry()?;
        self.draft.keep(&entry);
        let stage = self.draft.tables.remove(name).and_then(|table| table.stage);
        self.draft.tables.insert(name.to_owned(), DraftTable::from(entry));
        if let Some((load_id, changes)) = self.changes.get(name) {
            let package = PackageId { load_id: load_id.clone(), number: 0 };
            schema::change(&mut self.draft, &self.site, changes, &HashSet::new(), &package)?;
        }
        if let Some(table) = self.draft.tables.get_mut(name) {
            table.stage = stage;
        }
        Ok(())
    }

    fn tidy(&mut self) -> Result<()> {
        self.tables.own.values_mut().try_for_each(super::table::Table::tidy)
    }
}

impl Course {
    /// A table is committed: what was told of it is so.
    fn take(&mut self, name: String, told: &mut Committed) {
        let Committed { written, deleted, swapped, .. } = &mut self.committed;
        written.extend(told.written.remove_entry(&name));
        deleted.extend(told.deleted.remove_entry(&name));
        swapped.extend(told.swapped.take(&name));
        self.done.insert(name);
    }

    /// What is told of tables that did not change: rows are staged, or none of them was new.
    fn take_staged(&mut self, told: Committed) {
        self.committed.written.extend(told.written);
        self.committed.swapped.extend(told.swapped);
    }
}

pub(super) fn entry_of(draft: &Draft, name: &str) -> Option<TableEntry> {
    let files = draft.files(name, Copy::Table).iter().map(|file| file.file.clone()).collect();
    draft.tables.get(name).map(|table| TableEntry { files, ..table.entry.clone() })
}

/// Tables in the order in which they are committed. What hangs on rows that are marked comes before them: where something
/// comes in between, those are still found that it hangs on.
fn in_order(names: &BTreeSet<String>, package: &Package<'_>) -> Vec<String> {
    let hangs = package.deletions.iter().flat_map(|deletion| &deletion.below);
    let hangs: Vec<(&str, &str)> = hangs.map(|below| (below.table.as_str(), below.above.as_str())).collect();
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..hangs.len() {
        for (table, above) in &hangs {
            let depth = depths.get(above).map_or(1, |depth| depth + 1);
            let own = depths.entry(table).or_default();
            *own = depth.max(*own).min(hangs.len());
        }
    }
    let mut names: Vec<String> = names.iter().cloned().collect();
    names.sort_by_key(|name| std::cmp::Reverse(depths.get(name.as_str()).copied().unwrap_or_default()));
    names
}
