//! The log of a table: one numbered file for each commit, put where nothing was, so that of two programs that want to write
//! the same one only one can; and checkpoints, which say all that those before them said.
//!
//! Commits are looked for by their numbers: there are about as many as a checkpoint lies back, and one is asked for in vain.

use std::collections::HashSet;
use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use object_store::Error;
use serde::{Deserialize, Serialize};

use super::actions::{self, Action, Metadata};
use super::checkpoint;
use super::snapshot::Snapshot;
use crate::destination::objects::{Place, Store};
use crate::destination::{DestinationError, Result};

/// How many commits lie between two checkpoints, as readers expect.
const INTERVAL: u64 = 10;

/// How long readers may want what the table was before.
const LOG_KEPT: TimeDelta = TimeDelta::days(30);
const FILES_KEPT: TimeDelta = TimeDelta::days(7);

/// The log of the table in a folder.
#[derive(Debug, Clone)]
pub(super) struct Log {
    store: Store,
    place: Place,
    pub(super) folder: String,
}

/// What `_last_checkpoint` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Hint {
    version: u64,
    /// How many actions it has.
    size: u64,
    /// Into how many files it is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parts: Option<u32>,
}

impl Log {
    pub(super) fn new(store: &Store, place: &Place, folder: &str) -> Self {
        Self { store: store.clone(), place: place.clone(), folder: folder.to_owned() }
    }

    fn at(&self, name: &str) -> String {
        format!("{}/_delta_log/{name}", self.folder)
    }

    fn commit_at(&self, version: u64) -> String {
        self.at(&format!("{version:020}.json"))
    }

    fn failed(&self, action: &'static str) -> impl Fn(Error) -> DestinationError + use<> {
        self.place.failed(action)
    }

    /// The table asks for something that is not kept here.
    pub(super) fn refused(&self, what: &str) -> DestinationError {
        DestinationError::Table {
            place: self.place.name(),
            action: "write to",
            table: self.folder.clone(),
            source: format!("it has {what}, which this version does not keep").into(),
        }
    }

    fn unreadable(&self, value: &str) -> DestinationError {
        self.place.unreadable("_delta_log", "action", value)
    }

    /// What the table is; `None` where there is none.
    pub(super) fn read(&self) -> Result<Option<Snapshot>> {
        let mut snapshot = Snapshot::nothing();
        if let Some(hint) = self.last_checkpoint()? {
            let parts = checkpoint::files(hint.version, hint.parts);
            for part in parts {
                let read = checkpoint::read(&self.store, &self.at(&part));
                snapshot.apply(read.map_err(self.place.table_failed("read the log of", &self.folder))?);
            }
            (snapshot.version, snapshot.checkpoint) = (hint.version, Some(hint.version));
        } else {
            let Some(first) = self.commit(0)? else { return Ok(None) };
            snapshot.apply(first);
        }
        self.advance(&mut snapshot)?;
        Ok(Some(snapshot))
    }

    /// Reads what was committed since; whether there is anything.
    pub(super) fn advance(&self, snapshot: &mut Snapshot) -> Result<bool> {
        let before = snapshot.version;
        while let Some(actions) = self.commit(snapshot.version + 1)? {
            snapshot.apply(actions);
            snapshot.version += 1;
        }
        Ok(snapshot.version > before)
    }

    fn commit(&self, version: u64) -> Result<Option<Vec<Action>>> {
        let found = self.store.find(&self.commit_at(version)).map_err(self.failed("read the log"))?;
        let parse = |bytes: &Bytes| {
            actions::parse(bytes).map_err(|_| self.unreadable(&String::from_utf8_lossy(bytes)))
        };
        found.map(|found| parse(&found.bytes)).transpose()
    }

    fn last_checkpoint(&self) -> Result<Option<Hint>> {
        let found = self.store.find(&self.at("_last_checkpoint")).map_err(self.failed("read the log"))?;
        if let Some(hint) = found.and_then(|found| serde_json::from_slice(&found.bytes).ok()) {
            return Ok(Some(hint));
        }
        // Without a hint the files say it, where the first commits are gone.
        if self.store.find(&self.commit_at(0)).map_err(self.failed("read the log"))?.is_some() {
            return Ok(None);
        }
        let listing = self.store.list(&self.at("")).map_err(self.failed("read the log"))?;
        let version = |name: &String| name.strip_suffix(".checkpoint.parquet")?.parse().ok();
        let last: Option<u64> = listing.files.iter().filter_map(version).max();
        Ok(last.map(|version| Hint { version, size: 0, parts: None }))
    }

    /// Writes the next commit; `false` where somebody else has written it.
    pub(super) fn append(&self, version: u64, actions: &[Action]) -> Result<bool> {
        let bytes = actions::to_bytes(actions).map_err(|error| self.unreadable(&error.to_string()))?;
        match self.store.create(&self.commit_at(version), bytes.into()) {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("commit to the log")(error)),
        }
    }

    /// Writes a checkpoint where the last lies far back, and removes what nobody needs any more.
    pub(super) fn tidy(&self, snapshot: &mut Snapshot) -> Result<()> {
        if snapshot.version < snapshot.checkpoint.map_or(INTERVAL, |last| last + INTERVAL) {
            return Ok(());
        }
        let now = DateTime::<Utc>::from(SystemTime::now());
        let kept = now - kept(&snapshot.metadata, "delta.deletedFileRetentionDuration").unwrap_or(FILES_KEPT);
        let actions = snapshot.actions(kept.timestamp_millis());
        let [file] = checkpoint::files(snapshot.version, None).try_into().unwrap_or_default();
        let bytes = checkpoint::bytes(&actions);
        let bytes = bytes.map_err(self.place.table_failed("write a checkpoint of", &self.folder))?;
        self.store.put(&self.at(&file), bytes.into()).map_err(self.failed("write a checkpoint"))?;
        let size = u64::try_from(actions.len()).unwrap_or(u64::MAX);
        let hint = Hint { version: snapshot.version, size, parts: None };
        let hint = serde_json::to_vec(&hint).unwrap_or_default();
        self.store
            .put(&self.at("_last_checkpoint"), hint.into())
            .map_err(self.failed("write a checkpoint"))?;
        snapshot.checkpoint = Some(snapshot.version);
        snapshot
            .removed
            .retain(|_, remove| remove.deletion_timestamp.is_some_and(|at| at >= kept.timestamp_millis()));
        snapshot
            .transactions
            .retain(|_, txn| txn.last_updated.is_none_or(|at| at >= kept.timestamp_millis()));
        self.remove_files(snapshot, kept)?;
        self.shorten(now - self::kept(&snapshot.metadata, "delta.logRetentionDuration").unwrap_or(LOG_KEPT))
    }

    /// Files of no version that a reader may still want.
    fn remove_files(&self, snapshot: &Snapshot, before: DateTime<Utc>) -> Result<()> {
        let there = self.store.aged(&self.folder).map_err(self.failed("list the files"))?;
        let named: HashSet<String> = snapshot
            .files
            .keys()
            .chain(snapshot.removed.keys())
            .map(|path| percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned())
            .collect();
        let old = there.into_iter().filter(|(name, modified)| {
            *modified < before && !name.starts_with('_') && !name.starts_with('.') && !named.contains(name)
        });
        let old = old.map(|(name, _)| format!("{}/{name}", self.folder));
        self.store.delete_all(old.collect::<Vec<_>>()).map_err(self.failed("remove files"))
    }

    /// Removes what lies before the newest checkpoint that is older than this: what came later can still be told.
    fn shorten(&self, before: DateTime<Utc>) -> Result<()> {
        let there = self.store.aged(&self.at("")).map_err(self.failed("list the log"))?;
        let version = |name: &str| name.get(..20)?.parse::<u64>().ok();
        let is_old = |modified: &DateTime<Utc>| *modified < before;
        let checkpoints =
            there.iter().filter(|(name, at)| name.ends_with(".checkpoint.parquet") && is_old(at));
        let Some(last) = checkpoints.filter_map(|(name, _)| version(name)).max() else { return Ok(()) };
        let gone = there.iter().filter(|(name, _)| version(name).is_some_and(|version| version < last));
        let gone = gone.map(|(name, _)| self.at(name)).collect::<Vec<_>>();
        self.store.delete_all(gone).map_err(self.failed("tidy up the log"))
    }
}

/// `interval 7 days`
fn kept(metadata: &Metadata, property: &str) -> Option<TimeDelta> {
    let text = metadata.configuration.get(property)?.trim().to_ascii_lowercase();
    let (count, unit) = text.strip_prefix("interval")?.trim().split_once(' ')?;
    let count: i64 = count.trim().parse().ok()?;
    let unit = match unit.trim().trim_end_matches('s') {
        "week" => TimeDelta::try_weeks,
        "day" => TimeDelta::try_days,
        "hour" => TimeDelta::try_hours,
        "minute" => TimeDelta::try_minutes,
        "second" => TimeDelta::try_seconds,
        _ => return None,
    };
    unit(count)
}
