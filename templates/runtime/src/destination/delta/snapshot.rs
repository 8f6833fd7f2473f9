//! What the log of a table says up to a version.

use std::collections::BTreeMap;

use super::actions::{Action, Add, Metadata, Protocol, Remove, Transaction};

/// A table up to a version, as its log tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) version: u64,
    /// The last checkpoint, where there is one.
    pub(super) checkpoint: Option<u64>,
    pub(super) protocol: Protocol,
    pub(super) metadata: Metadata,
    /// Files of the table, by their paths.
    pub(super) files: BTreeMap<String, Add>,
    /// Files that were, by their paths.
    pub(super) removed: BTreeMap<String, Remove>,
    /// By what names itself in them.
    pub(super) transactions: BTreeMap<String, Transaction>,
}

impl Snapshot {
    /// Before the first commit.
    pub(super) fn nothing() -> Self {
        Self {
            version: 0,
            checkpoint: None,
            protocol: Protocol::PLAIN,
            metadata: Metadata::default(),
            files: BTreeMap::new(),
            removed: BTreeMap::new(),
            transactions: BTreeMap::new(),
        }
    }

    pub(super) fn apply(&mut self, actions: impl IntoIterator<Item = Action>) {
        // A commit may say of a file that it goes and that it comes, in any order: then it is there.
        let mut added = Vec::new();
        for action in actions {
            if let Some(protocol) = action.protocol {
                self.protocol = protocol;
            }
            if let Some(metadata) = action.meta_data {
                self.metadata = metadata;
            }
            if let Some(txn) = action.txn {
                self.transactions.insert(txn.app_id.clone(), txn);
            }
            if let Some(remove) = action.remove {
                self.files.remove(&remove.path);
                self.removed.insert(remove.path.clone(), remove);
            }
            added.extend(action.add);
        }
        for add in added {
            self.removed.remove(&add.path);
            self.files.insert(add.path.clone(), add);
        }
    }

    /// How far a program has come.
    pub(super) fn progress_of(&self, app_id: &str) -> Option<i64> {
        self.transactions.get(app_id).map(|txn| txn.version)
    }

    /// What of the table cannot be kept by this version, if anything.
    pub(super) fn refused(&self) -> Option<String> {
        self.protocol.unknown().or_else(|| self.metadata.refused())
    }

    /// All of it as actions, without what is older than a time that is kept for readers (milliseconds since 1970).
    pub(super) fn actions(&self, since: i64) -> Vec<Action> {
        let is_kept = |time: Option<i64>| time.is_none_or(|time| time >= since);
        let protocol = Action { protocol: Some(self.protocol.clone()), ..Action::default() };
        let metadata = Action { meta_data: Some(self.metadata.clone()), ..Action::default() };
        let txns = self.transactions.values().filter(|txn| is_kept(txn.last_updated));
        // A time that is not told is long ago.
        let removed =
            self.removed.values().filter(|remove| remove.deletion_timestamp.is_some_and(|at| at >= since));
        let added = self.files.values().map(|add| Action::add(Add { data_change: false, ..add.clone() }));
        [protocol, metadata]
            .into_iter()
            .chain(txns.cloned().map(Action::txn))
            .chain(removed.map(|remove| Action::remove(Remove { data_change: false, ..remove.clone() })))
            .chain(added)
            .collect()
    }
}
