//! The tables in the folders of a place: each with its log, and what that says.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::Result;
use super::actions::{Action, Remove, Transaction};
use super::convert;
use super::log::Log;
use super::snapshot::Snapshot;
use crate::destination::lake::catalog::{DataFile, TableEntry};
use crate::destination::lake::names;
use crate::destination::lake::site::{Site, lock};

/// How many logs are read at a time.
const AT_ONCE: usize = 8;

/// A table that is there.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    log: Log,
    snapshot: Snapshot,
    /// It has had a commit.
    is_there: bool,
}

/// What there is in a place.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) own: BTreeMap<String, Table>,
    /// Folders that are not of this pipeline.
    pub(super) foreign: HashSet<String>,
}

/// How a commit went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The table is so.
    Done,
    /// Somebody else has written to it.
    Moved,
}

/// What a folder is.
enum Found {
    Own(Box<Table>),
    Foreign,
    /// What a load left which died before its first commit.
    LeftOver,
}

impl Tables {
    /// Finds them, and takes away what loads left that died. `is_shared`: other shards may be about to make some.
    pub(super) fn read(site: &Site, is_shared: bool) -> Result<Self> {
        let (tables, left_over) = Self::look(site, is_shared)?;
        for folder in left_over.into_iter().filter(|_| !is_shared) {
            site.store.clear(&folder).map_err(site.place.failed("remove files"))?;
        }
        Ok(tables)
    }

    /// What there is, and the folders with what loads left that died, or are about to make a table of.
    pub(super) fn look(site: &Site, is_shared: bool) -> Result<(Self, Vec<String>)> {
        let folders = site.store.list("").map_err(site.place.failed("list the files"))?.folders;
        let waiting = Mutex::new(folders.into_iter().filter(|folder| folder != names::OWN));
        let found = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let Some(folder) = lock(&waiting).next() else { break };
                        let table = Table::find(site, &folder, is_shared);
                        lock(&found).push((folder, table));
                    }
                });
            }
        });
        let (mut tables, mut left_over) = (Self::default(), Vec::new());
        for (folder, table) in std::mem::take(&mut *lock(&found)) {
            match table? {
                Found::Own(table) => drop(tables.own.insert(table.name.clone(), *table)),
                Found::Foreign => drop(tables.foreign.insert(folder)),
                Found::LeftOver => left_over.push(folder),
            }
        }
        Ok((tables, left_over))
    }

    /// Those that are there, with their files.
    pub(super) fn entries(&self) -> Result<BTreeMap<String, TableEntry>> {
        self.own.iter().map(|(name, table)| Ok((name.clone(), table.entry()?))).collect()
    }

    /// The names of tables that have come since.
    pub(super) fn found(&mut self, site: &Site) -> Result<Vec<String>> {
        let (mut there, _) = Self::look(site, true)?;
        there.own.retain(|name, _| !self.own.contains_key(name));
        Ok(there.own.into_keys().collect())
    }

    /// That of a name, which may not be there yet.
    pub(super) fn of(&mut self, site: &Site, name: &str) -> &mut Table {
        self.own.entry(name.to_owned()).or_insert_with(|| Table::new(site, name))
    }
}

impl Table {
    fn new(site: &Site, name: &str) -> Self {
        let log = Log::new(&site.store, &site.place, &names::folder_of(name));
        Self { name: name.to_owned(), log, snapshot: Snapshot::nothing(), is_there: false }
    }

    /// What is in a folder. One without a log holds only files of ours where a load has left them.
    fn find(site: &Site, folder: &str, is_shared: bool) -> Result<Found> {
        let log = Log::new(&site.store, &site.place, folder);
        if let Some(snapshot) = log.read()? {
            let name = snapshot.metadata.name.clone().unwrap_or_default();
            if !convert::is_ours(&snapshot.metadata) || names::folder_of(&name) != *folder {
                return Ok(Found::Foreign);
            }
            let table = Self { name, log, snapshot, is_there: true };
            table.entry()?;
            return Ok(Found::Own(Box::new(table)));
        }
        let listing = site.store.list(folder).map_err(site.place.failed("list the files"))?;
        let is_log = |folder: &String| is_shared && folder == "_delta_log";
        let are_ours = listing.files.iter().all(|name| names::is_of_package(name));
        if listing.folders.iter().all(is_log) && are_ours {
            return Ok(Found::LeftOver);
        }
        Ok(Found::Foreign)
    }

    /// The table with its files.
    pub(super) fn entry(&self) -> Result<TableEntry> {
        if let Some(what) = self.snapshot.refused() {
            return Err(self.log.refused(&what));
        }
        let entry = convert::entry_of(&self.snapshot.metadata);
        let mut entry =
            entry.map_err(|column| self.log.refused(&format!("a column `{column}` of a type of its own")))?;
        for add in self.snapshot.files.values() {
            let elsewhere = || self.log.refused(&format!("a file that lies elsewhere: {}", add.path));
            entry.files.push(convert::file_of(&self.log.folder, add).ok_or_else(elsewhere)?);
        }
        // From the oldest on, as compaction takes them.
        let age = |file: &DataFile| {
            let path = file.path.strip_prefix(&self.log.folder).unwrap_or_default().trim_start_matches('/');
            self.snapshot.files.get(path).map(|add| add.modification_time)
        };
        entry.files.sort_by_cached_key(|file| (age(file), file.path.clone()));
        Ok(entry)
    }

    /// Whether it has not come to be of somebody else.
    pub(super) fn is_ours(&self) -> bool {
        convert::is_ours(&self.snapshot.metadata)
    }

    /// Looks at what others have committed; whether they have.
    pub(super) fn advance(&mut self) -> Result<bool> {
        if self.is_there {
            return self.log.advance(&mut self.snapshot);
        }
        let Some(snapshot) = self.log.read()? else { return Ok(false) };
        (self.snapshot, self.is_there) = (snapshot, true);
        Ok(true)
    }

    /// Whether a transaction is committed to it.
    pub(super) fn has(&self, transaction: &Transaction) -> bool {
        self.snapshot.progress_of(&transaction.app_id).is_some_and(|last| last >= transaction.version)
    }

    /// Makes the table so.
    pub(super) fn commit(
        &mut self,
        entry: &TableEntry,
        transaction: Option<&Transaction>,
    ) -> Result<Outcome> {
        let now = DateTime::<Utc>::from(SystemTime::now()).timestamp_millis();
        let actions = self.actions(entry, transaction, now);
        if actions.is_empty() {
            return Ok(Outcome::Done);
        }
        let version = if self.is_there { self.snapshot.version + 1 } else { 0 };
        let actions = [vec![info(self.operation(&actions), now)], actions].concat();
        if !self.log.append(version, &actions)? {
            return Ok(Outcome::Moved);
        }
        self.snapshot.apply(actions);
        (self.snapshot.version, self.is_there) = (version, true);
        Ok(Outcome::Done)
    }

    /// The steps from what the table is.
    fn actions(&self, entry: &TableEntry, transaction: Option<&Transaction>, now: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.is_there {
            let protocol = Some(self.snapshot.protocol.clone());
            actions.push(Action { protocol, ..Action::default() });
        }
        let metadata = convert::metadata_of(&self.name, entry, &self.snapshot.metadata, now);
        if metadata != self.snapshot.metadata {
            actions.push(Action { meta_data: Some(metadata), ..Action::default() });
        }
        let there = |path: &str| percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let folder = &self.log.folder;
        let own = |file: &DataFile| {
            file.path.strip_prefix(folder).map(|path| path.trim_start_matches('/').to_owned())
        };
        let wanted: HashSet<String> = entry.files.iter().filter_map(own).collect();
        let have: HashSet<String> = self.snapshot.files.keys().map(|path| there(path)).collect();
        let gone = self.snapshot.files.values().filter(|add| !wanted.contains(&there(&add.path)));
        actions.extend(gone.map(|add| {
            Action::remove(Remove {
                path: add.path.clone(),
                deletion_timestamp: Some(now),
                data_change: true,
                extended_file_metadata: Some(true),
                partition_values: Some(add.partition_values.clone()),
                size: Some(add.size),
            })
        }));
        let new = entry.files.iter().filter(|file| own(file).is_some_and(|path| !have.contains(&path)));
        actions.extend(new.map(|file| Action::add(convert::add_of(folder, file, now))));
        if let Some(transaction) = transaction.filter(|_| !actions.is_empty()) {
            actions.push(Action::txn(Transaction { last_updated: Some(now), ..transaction.clone() }));
        }
        actions
    }

    fn operation(&self, actions: &[Action]) -> &'static str {
        let is_of_rows = actions.iter().any(|action| action.add.is_some() || action.remove.is_some());
        let removes = actions.iter().any(|action| action.remove.is_some());
        match (self.is_there, is_of_rows, removes) {
            (false, _, _) => "CREATE TABLE",
            (true, false, _) => "SET TBLPROPERTIES",
            (true, true, true) => "MERGE",
            (true, true, false) => "WRITE",
        }
    }

    /// A chance to tidy up.
    pub(super) fn tidy(&mut self) -> Result<()> {
        if self.is_there { self.log.tidy(&mut self.snapshot) } else { Ok(()) }
    }
}

/// What a commit says of itself.
fn info(operation: &str, now: i64) -> Action {
    let engine = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let info = serde_json::json!({
        "timestamp": now,
        "operation": operation,
        "operationParameters": {},
        "isBlindAppend": false,
        "engineInfo": engine,
    });
    Action { commit_info: Some(info), ..Action::default() }
}
