//! What was committed, one record after the other: each is put where nothing was, so that of two loads that want to
//! write the same one only one can.
//!
//! Every so often all that there is is written as one record beside them, and what lies behind that is removed after a
//! while: later than any load that lost its lease could still come.

use std::collections::BTreeSet;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use object_store::Error;
use serde::de::DeserializeOwned;

use super::catalog::{Catalog, Record};
use super::{Result, names};
use crate::destination::DestinationError;
use crate::destination::objects::{Place, Store};

/// How often a looker begins again that finds records removed under its hands.
const TRIES: u32 = 5;

/// How many records are read one by one at most.
const RECORDS: u64 = 100;

/// How many wholes stay.
const WHOLES: usize = 3;

/// Where the log stands.
#[derive(Debug, Clone)]
pub(in super::super) struct Log {
    store: Store,
    place: Place,
    /// The number of the next record.
    next: u64,
    /// Up to which everything is written as a whole.
    whole: u64,
}

/// What a log says.
pub(in super::super) struct Read {
    pub(in super::super) log: Log,
    pub(in super::super) catalog: Catalog,
    /// What it says may not have been done.
    pub(in super::super) last: Option<Record>,
}

/// What there is of it: numbers.
#[derive(Debug, Default)]
struct Numbers {
    records: BTreeSet<u64>,
    wholes: BTreeSet<u64>,
}

fn record_at(number: u64) -> String {
    format!("{}/{number:020}.json", names::LOG)
}

fn whole_at(number: u64) -> String {
    format!("{}/{number:020}.whole.json", names::LOG)
}

impl Log {
    pub(in super::super) fn read(store: &Store, place: &Place) -> Result<Read> {
        let mut tried = 0;
        loop {
            match Self::try_read(store, place) {
                Err(Error::NotFound { .. }) if tried < TRIES => tried += 1,
                read => return read.map_err(place.failed("read the log"))?,
            }
        }
    }

    fn try_read(store: &Store, place: &Place) -> std::result::Result<Result<Read>, Error> {
        let numbers = Numbers::list(store)?;
        let whole = numbers.wholes.last().copied().unwrap_or_default();
        let (mut catalog, mut last) = (Catalog::default(), None);
        if whole > 0 {
            match parse::<Record>(&store.get(&whole_at(whole))?, place) {
                Ok(record) => catalog.apply(record),
                Err(error) => return Ok(Err(error)),
            }
        }
        let mut next = whole + 1;
        while numbers.records.contains(&next) {
            match parse::<Record>(&store.get(&record_at(next))?, place) {
                Ok(record) => {
                    catalog.apply(record.clone());
                    last = Some(record);
                }
                Err(error) => return Ok(Err(error)),
            }
            next += 1;
        }
        let log = Self { store: store.clone(), place: place.clone(), next, whole };
        Ok(Ok(Read { log, catalog, last }))
    }

    /// Adds a record; fails with [`DestinationError::LeaseLost`] when somebody else has gone on.
    pub(in super::super) fn append(&mut self, record: &Record) -> Result<()> {
        let Some(there) = self.put(record)? else { return Ok(()) };
        Err(DestinationError::LeaseLost { place: self.place.name(), holder: there.holder })
    }

    /// Adds a record, or gives the one that somebody else has put there; the log stands behind it then.
    pub(in super::super) fn put(&mut self, record: &Record) -> Result<Option<Record>> {
        let failed = self.place.failed("commit to the log");
        let path = record_at(self.next);
        let there = match self.store.create(&path, to_bytes(record)) {
            Ok(_) => None,
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                // It may be one's own, whose answer was lost on the way.
                let there: Record = parse(&self.store.get(&path).map_err(failed)?, &self.place)?;
                (there != *record).then_some(there)
            }
            Err(error) => return Err(failed(error)),
        };
        self.next += 1;
        Ok(there)
    }

    /// The next record that somebody else has put there; the log stands behind it then.
    #[cfg(feature = "delta")]
    pub(in super::super) fn next(&mut self) -> Result<Option<Record>> {
        let found = self.store.find(&record_at(self.next)).map_err(self.place.failed("read the log"))?;
        let found = found.map(|found| parse(&found.bytes, &self.place)).transpose()?;
        self.next += u64::from(found.is_some());
        Ok(found)
    }

    /// Whether it is time to write a whole.
    pub(in super::super) fn is_long(&self) -> bool {
        self.next.saturating_sub(self.whole) > RECORDS
    }

    /// Writes all that there is after the last record, and removes what is long behind it. Where others write as well, what
    /// one of them may still have to read stays for longer.
    pub(in super::super) fn write_whole(&mut self, whole: &Record, has_others: bool) -> Result<()> {
        let at = self.next.saturating_sub(1);
        if at == self.whole {
            return Ok(());
        }
        self.store.put(&whole_at(at), to_bytes(whole)).map_err(self.place.failed("write the log"))?;
        self.whole = at;
        let tidy = || {
            let mut numbers = Numbers::list(&self.store)?;
            if has_others {
                numbers.retain_old(&self.store)?;
            }
            let Some(kept) = numbers.wholes.iter().rev().nth(WHOLES - 1).copied() else { return Ok(()) };
            let records = numbers.records.range(..=kept).map(|number| record_at(*number));
            self.store.delete_all(records.chain(numbers.wholes.range(..kept).map(|number| whole_at(*number))))
        };
        tidy().map_err(self.place.failed("tidy up the log"))
    }
}

impl Numbers {
    fn list(store: &Store) -> std::result::Result<Self, Error> {
        let mut numbers = Self::default();
        for name in store.list(names::LOG)?.files {
            numbers.take(&name);
        }
        Ok(numbers)
    }

    fn take(&mut self, name: &str) {
        let Some(start) = name.strip_suffix(".json") else { return };
        let (digits, into) = match start.strip_suffix(".whole") {
            Some(digits) => (digits, &mut self.wholes),
            None => (start, &mut self.records),
        };
        into.extend(digits.parse::<u64>().ok());
    }

    /// Leaves out what is younger than a shard may be slow.
    fn retain_old(&mut self, store: &Store) -> std::result::Result<(), Error> {
        let before = DateTime::<Utc>::from(SystemTime::now()) - KEPT;
        *self = Self::default();
        for (name, _) in store.aged(names::LOG)?.iter().filter(|(_, modified)| *modified < before) {
            self.take(name);
        }
        Ok(())
    }
}

/// How long shards keep what one of them may still have to read.
const KEPT: TimeDelta = TimeDelta::days(1);

fn to_bytes(record: &Record) -> bytes::Bytes {
    // A map with text as keys always has a text.
    serde_json::to_vec(record).unwrap_or_default().into()
}

fn parse<T: DeserializeOwned>(bytes: &[u8], place: &Place) -> Result<T> {
    let unreadable = |_| place.unreadable(names::OWN, "log", &String::from_utf8_lossy(bytes));
    serde_json::from_slice(bytes).map_err(unreadable)
}
