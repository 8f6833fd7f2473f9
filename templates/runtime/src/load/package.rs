//! Packages: rows that were gathered, written batch by batch, and committed with what they mean.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::LoadError;
use super::below::below;
use super::contract::{Admitted, Breach, admit};
use super::definition::{Definitions, PIPELINE};
use super::evolve::Tables;
use super::family::{self, Selection};
use super::gather::{Family, Gather};
use super::options::LoadOptions;
use super::plan::{Plan, Writes, sources};
use super::state::States;
use super::summary::{LoadNote, LoadSummary};
use super::writers::Writers;
use crate::config::Contract;
use crate::destination::{
    Abilities, Batch, Deletion, DestinationError, Forget, LoadEntry, Mode, OpenLoad, Package, PackageId,
    SchemaChange, StateEntry, StateKey, Swap,
};
use crate::model::aids;
use crate::page::{Binding, Whole};
use crate::schema::keys::Hashes;
use crate::schema::table::{Table, TableRows};

type Result<T> = std::result::Result<T, DestinationError>;

/// The destination, and what waits to be committed to it.
pub(super) struct Packages {
    pub(super) load: Box<dyn OpenLoad>,
    /// What the destination calls itself.
    pub(super) place: String,
    /// That of the load's claim.
    pub(super) token: String,
    abilities: Abilities,
    pub(super) options: Arc<LoadOptions>,
    definitions: Definitions,
    states: Arc<States>,
    pub(super) tables: Tables,
    pub(super) entry: LoadEntry,
    pub(super) summary: LoadSummary,
    gather: Gather,
    open: OpenPackage,
    waiting: Waiting,
    /// The resources of which the schema contract has left out records.
    lacking: BTreeSet<&'static str>,
    renewed: Instant,
    hasher: RandomState,
}

/// The package that is being written.
struct OpenPackage {
    id: PackageId,
    writers: Writers,
    /// The keys that were written, by table: none comes twice in a package.
    keys: HashMap<String, Hashes>,
}

/// What a commit is due for: gathered or written rows, and what is kept when all of them are committed.
#[derive(Default)]
struct Waiting {
    /// When the first of it came.
    since: Option<Instant>,
    rows: usize,
    states: Vec<StateEntry>,
    gone: Vec<Gone>,
}

/// A read that found all rows of a partition; those that it did not find are gone.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) plan: Arc<Plan>,
    pub(super) bindings: Vec<Binding>,
    pub(super) whole: Whole,
}

/// What a package means beside its rows.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub(super) swaps: Vec<Swap>,
    pub(super) deletions: Vec<Deletion>,
    pub(super) states: Vec<StateEntry>,
    pub(super) forget: Vec<Forget>,
}

/// How much may be gathered: beyond it, small batches are written as well.
const GATHERED_BYTES: usize = 16 << 20;

impl Packages {
    pub(super) fn new(
        (load, place, token): (Box<dyn OpenLoad>, String, String),
        abilities: Abilities,
        options: &Arc<LoadOptions>,
        definitions: Definitions,
        (states, tables, entry): (Arc<States>, Tables, LoadEntry),
    ) -> std::result::Result<Self, LoadError> {
        let writers = Writers::new(abilities.writers)?;
        let id = PackageId { load_id: entry.load_id.clone(), number: 0 };
        Ok(Self {
            load,
            place,
            token,
            abilities,
            options: Arc::clone(options),
            definitions,
            states,
            tables,
            summary: LoadSummary::new(entry.load_id.clone(), entry.started_at),
            entry,
            gather: Gather::default(),
            open: OpenPackage { id, writers, keys: HashMap::new() },
            waiting: Waiting::default(),
            lacking: BTreeSet::new(),
            renewed: Instant::now(),
            hasher: RandomState::new(),
        })
    }

    /// Settles what the state of earlier loads still says, and notes the load as running. `of_run` are the loads of the same
    /// run.
    pub(super) fn begin(&mut self, first: Vec<StateEntry>, of_run: &BTreeSet<String>) -> Result<()> {
        loop {
            let states = self.definitions.to_rewrite(self.load.as_mut(), &self.options)?;
            if states.is_empty() {
                break;
            }
            self.send(&Meaning { states, ..Meaning::default() })?;
        }
        let forget = self.definitions.forget(of_run);
        let definitions = self.definitions.all.iter().map(|(name, definition)| definition.entry(name));
        let states = definitions.chain(first).collect();
        self.send(&Meaning { states, forget, ..Meaning::default() }).map(drop)
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// How long until something is due; `None`: nothing will be.
    pub(super) fn patience(&self) -> Option<Duration> {
        let commit =
            self.waiting.since.map(|since| self.options.package_time.saturating_sub(since.elapsed()));
        let renewal = self.abilities.renew_every.map(|every| every.saturating_sub(self.renewed.elapsed()));
        commit.into_iter().chain(renewal).min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self) -> Result<()> {
        if self.abilities.renew_every.is_some_and(|every| self.renewed.elapsed() >= every) {
            self.load.renew()?;
            self.renewed = Instant::now();
        }
        let most = self.options.package_rows.unwrap_or(self.abilities.package_rows);
        let waiting = &self.waiting;
        let is_late = waiting.since.is_some_and(|since| since.elapsed() >= self.options.package_time);
        if is_late || waiting.rows.saturating_add(waiting.states.len()) >= most {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Takes the rows of a page.
    pub(super) fn add(&mut self, plan: &Arc<Plan>, page: Vec<TableRows>) -> Result<()> {
        let Some(mut page) = self.admitted(plan, page) else { return Ok(()) };
        // The list of a record that was never filled has no table to be emptied in.
        page.retain(|rows| {
            rows.row_count() > 0 || rows.parents.is_none() || self.tables.get(&rows.table.name).is_some()
        });
        self.waiting.since.get_or_insert_with(Instant::now);
        self.waiting.rows += page.iter().map(TableRows::row_count).sum::<usize>();
        self.gather.add(plan, page);
        if self.gather.bytes >= GATHERED_BYTES {
            return self.flush();
        }
        // Each version is a row, so a later one does not stand in for one that waits.
        let has_versions = matches!(plan.writes, Writes::Versions | Writes::History);
        let batch_rows = if has_versions { 0 } else { self.abilities.batch_rows };
        let full = self.gather.take_full(plan.resource.name, batch_rows);
        full.map_or(Ok(()), |family| self.write(&family))
    }

    /// What the schema contract lets in of a page; `None` where the resource has failed.
    fn admitted(&mut self, plan: &Plan, page: Vec<TableRows>) -> Option<Vec<TableRows>> {
        let name = plan.resource.name;
        if self.has_failed(name) {
            return None;
        }
        let is_settled = self.definitions.all.get(name).is_some_and(|definition| definition.is_settled);
        if plan.contract == Contract::default() || !is_settled {
            return Some(page);
        }
        match admit(&self.tables, plan.contract, page) {
            Ok(Admitted { page, discarded, lacks_records }) => {
                for (what, count) in discarded {
                    *self.summary.discarded.entry(what).or_default() += count;
                }
                if lacks_records {
                    self.lacking.insert(name);
                }
                Some(page)
            }
            Err(breach) => {
                self.fail(name, breach);
                None
            }
        }
    }

    pub(super) fn has_failed(&self, resource: &str) -> bool {
        self.summary.breaches.contains_key(resource)
    }

    /// Nothing more of the resource is loaded, and nothing is kept that would speak for it.
    fn fail(&mut self, resource: &'static str, breach: Breach) {
        self.summary.breaches.entry(resource).or_insert(breach);
        self.states.fail(resource);
        let states = std::mem::take(&mut self.waiting.states);
        self.waiting.states = self.true_of(states);
        let gone = std::mem::take(&mut self.waiting.gone);
        self.waiting.gone =
            gone.into_iter().filter(|gone| !self.has_failed(gone.plan.resource.name)).collect();
    }

    /// States without what they say of resources that have failed.
    pub(super) fn true_of(&self, states: Vec<StateEntry>) -> Vec<StateEntry> {
        if self.summary.breaches.is_empty() {
            return states;
        }
        let kept = states.into_iter().filter(|entry| !self.has_failed(&entry.resource)).map(|entry| {
            let says = entry.state.as_ref().filter(|_| entry.resource != PIPELINE);
            let less = says.and_then(|state| (self.options.without)(state, &|name| self.has_failed(name)));
            StateEntry { state: less.or(entry.state), ..entry }
        });
        kept.collect()
    }

    /// Takes what is kept of partitions.
    pub(super) fn keep(&mut self, states: Vec<StateEntry>, gone: Vec<Gone>) {
        let states = self.true_of(states);
        self.states.settle(&states);
        self.waiting.since.get_or_insert_with(Instant::now);
        self.waiting.states.extend(states);
        // Records that were left out are not gone.
        let is_known = |gone: &Gone| {
            let name = gone.plan.resource.name;
            !self.has_failed(name) && !self.lacking.contains(name)
        };
        let gone: Vec<Gone> = gone.into_iter().filter(is_known).collect();
        self.waiting.gone.extend(gone);
    }

    /// What speaks for resources that were read to their end.
    pub(super) fn settled(&self, complete: &[Arc<Plan>]) -> Vec<StateEntry> {
        let settled = complete.iter().filter_map(|plan| {
            let definition = self.definitions.all.get(plan.resource.name)?;
            let table = &plan.layout.table;
            let is_shared = self.options.share.is_some() && self.tables.get(table).is_some();
            let has_table = definition.has_table || self.tables.has_made(table) || is_shared;
            Some(definition.settled(has_table).entry(plan.resource.name))
        });
        settled.collect()
    }

    /// Writes everything that was gathered.
    fn flush(&mut self) -> Result<()> {
        self.gather.take().iter().try_for_each(|family| self.write(family))
    }

    /// Writes the pages of a resource: its records first, then their lists.
    fn write(&mut self, family: &Family) -> Result<()> {
        let selection = Selection::of(family, &self.hasher);
        let names = family.tables();
        if !self.evolve(family, &names)? {
            return Ok(());
        }
        self.claim(family, &selection)?;
        let mut known = None;
        for name in names {
            let Some(table) = self.tables.get(&name).cloned() else { continue };
            let mode = family.mode(&table);
            if table.parent.is_some() {
                let batch = family::list(family, &table, &selection, known.as_ref())?;
                self.write_batch(&table, &mode, batch)?;
                continue;
            }
            let batch = family::records(family, &table, &selection)?;
            let is_new = self.write_batch(&table, &mode, batch)?;
            known = is_new.map(|is_new| selection.known(&is_new));
        }
        Ok(())
    }

    /// Tables first become what the rows need; false where they cannot.
    fn evolve(&mut self, family: &Family, names: &[String]) -> Result<bool> {
        let plan = &family.plan;
        let planned = self.prepare(|tables| {
            let plan_for =
                |name| tables.plan_for(family.rows_of(name).map(|(_, rows)| rows), family.identity());
            let changes = names.iter().map(|name| plan_for(name)).collect::<std::result::Result<Vec<_>, _>>();
            changes.map(|changes| changes.into_iter().flatten().collect())
        })?;
        let changes = match planned {
            Ok(changes) => changes,
            Err(breach) => {
                self.fail(plan.resource.name, breach);
                return Ok(false);
            }
        };
        let own = &plan.layout.table;
        let makes_own =
            |change: &SchemaChange| matches!(change, SchemaChange::CreateTable(table) if table.name == *own);
        let is_made = changes.iter().any(makes_own);
        let name = plan.resource.name;
        if let Some(definition) = self.definitions.all.get(name).filter(|_| is_made) {
            self.waiting.states.push(definition.with_table().entry(name));
        }
        Ok(true)
    }

    /// Makes the changes that are planned. What the open package has written of the tables is committed before. Where
    /// another shard was faster they are planned again, for the tables as they are then.
    pub(super) fn prepare<E>(
        &mut self,
        plan: impl Fn(&Tables) -> std::result::Result<Vec<SchemaChange>, E>,
    ) -> Result<std::result::Result<Vec<SchemaChange>, E>> {
        loop {
            let changes = match plan(&self.tables) {
                Ok(changes) => changes,
                Err(error) => return Ok(Err(error)),
            };
            match self.make(&changes) {
                Err(DestinationError::Moved { place, .. }) => self.look_again(&place)?,
                made => return made.map(|()| Ok(changes)),
            }
        }
    }

    fn make(&mut self, changes: &[SchemaChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let is_open = |change: &SchemaChange| !change.is_note() && self.open.writers.have(change.table());
        if changes.iter().any(is_open) {
            self.commit_written()?;
        }
        self.put_views_away(changes)?;
        self.load.prepare(changes, &self.entry.load_id)?;
        for change in changes {
            if self.tables.make(change) {
                self.summary.changes.push(change.clone());
            }
        }
        Ok(())
    }

    /// Takes the tables as other shards have made them. What was written for them as they were is committed before.
    pub(super) fn look_again(&mut self, place: &str) -> Result<()> {
        self.commit_written()?;
        let tables = self.load.tables()?;
        let moved = |table| DestinationError::Moved { place: place.to_owned(), table };
        self.tables.look_again(tables).map_err(moved)
    }

    /// A key that the package has already ends the package first.
    fn claim(&mut self, family: &Family, selection: &Selection) -> Result<()> {
        let table = &family.plan.layout.table;
        let is_again = |written: &Hashes| selection.hashes().any(|hash| written.contains(&hash));
        if self.open.keys.get(table).is_some_and(is_again) {
            self.commit_written()?;
        }
        match self.open.keys.get_mut(table) {
            Some(written) => written.extend(selection.hashes()),
            None => drop(self.open.keys.insert(table.clone(), selection.hashes().collect())),
        }
        Ok(())
    }

    fn write_batch(&mut self, table: &Table, mode: &Mode, batch: Batch) -> Result<Option<Vec<bool>>> {
        if batch.rows.num_rows() == 0 && batch.parents.is_none() {
            return Ok(None);
        }
        let OpenPackage { id, writers, .. } = &mut self.open;
        writers.write(self.load.as_mut(), (table, mode, id), batch)
    }

    /// Commits everything that waits.
    pub(super) fn commit(&mut self) -> Result<()> {
        self.flush()?;
        let gone = std::mem::take(&mut self.waiting.gone);
        let deletions = self.deletions(gone)?;
        let states = std::mem::take(&mut self.waiting.states);
        self.send(&Meaning { deletions, states, ..Meaning::default() })?;
        self.waiting = Waiting::default();
        Ok(())
    }

    /// Commits the rows that are written; what is kept waits for those that are only gathered.
    fn commit_written(&mut self) -> Result<()> {
        if self.open.writers.are_idle() {
            return Ok(());
        }
        self.send(&Meaning::default()).map(drop)
    }

    /// Commits the open package; tells which tables were swapped.
    pub(super) fn send(&mut self, meaning: &Meaning) -> Result<BTreeSet<String>> {
        self.open.keys.clear();
        self.entry.report.extend(self.summary.record());
        self.open.writers.finish()?;
        let mut committed = self.load.commit(&Package {
            id: &self.open.id,
            swaps: &meaning.swaps,
            deletions: &meaning.deletions,
            states: &meaning.states,
            forget: &meaning.forget,
            load: Some(&self.entry),
        })?;
        self.open.id.number += 1;
        let swapped = std::mem::take(&mut committed.swapped);
        self.summary.add(committed);
        let rows = self.summary.tables.iter();
        self.entry.rows = rows.map(|(name, written)| (name.clone(), written.total().into())).collect();
        Ok(swapped)
    }

    /// Of partitions that were read whole: what is gone, and what hangs on it.
    pub(super) fn deletions(&mut self, gone: Vec<Gone>) -> Result<Vec<Deletion>> {
        let mut deletions = Vec::with_capacity(gone.len());
        let mut marks: BTreeSet<(String, &'static str)> = BTreeSet::new();
        for Gone { plan, bindings, whole } in gone {
            let table = plan.layout.table.clone();
            if !matches!(plan.writes, Writes::Merge | Writes::History) || self.tables.get(&table).is_none() {
                continue;
            }
            let below = below(plan.resource, &self.options, &self.tables);
            let mark = plan.writes.mark();
            marks.extend(below.iter().map(|below| (below.table.clone(), below.mark)));
            marks.insert((table.clone(), mark));
            let partition = bindings.into_iter().map(|binding| (binding.column.to_owned(), binding.value));
            deletions.push(Deletion {
                partition: partition.collect(),
                from: whole.from.unwrap_or_default(),
                before: whole.since,
                at: SystemTime::now(),
                below,
                mark,
                table,
            });
        }
        let plan = |tables: &Tables| {
            let columns = marks.iter().filter_map(|(name, mark)| tables.plan_for_marks(name, mark));
            Ok::<_, Infallible>(columns.collect())
        };
        self.prepare(plan)?.map_or_else(|never| match never {}, |_| Ok(deletions))
    }

    /// Commits a package that is none of the load's own.
    pub(super) fn send_as(&mut self, id: PackageId, meaning: &Meaning) -> Result<BTreeSet<String>> {
        let own = std::mem::replace(&mut self.open.id, id);
        let sent = self.send(meaning);
        self.open.id = own;
        sent
    }

    /// What is kept now under these names, whoever has kept it.
    pub(super) fn kept(&self, keys: &[StateKey<'_>]) -> Result<Vec<Option<Value>>> {
        self.states.kept(keys)
    }

    /// Gives the place back; what the load did.
    pub(super) fn close(mut self) -> Result<LoadSummary> {
        self.aid();
        self.load.close()?;
        Ok(self.summary)
    }

    /// Rows and states are safe by now: what cannot be made of it, a later load makes.
    fn aid(&mut self) {
        let tables: Vec<Table> = self.tables.all().cloned().collect();
        if let Err(error) = self.load.aid(&aids(&sources(&self.options), &tables)) {
            self.summary.note([LoadNote::unaided(&error)]);
        }
    }
}
