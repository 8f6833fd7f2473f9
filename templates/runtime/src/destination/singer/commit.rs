//! Packages: what is sent, in its order.

use std::sync::PoisonError;

use super::Result;
use super::load::{Chunk, Stream, Waiting};
use super::message;
use super::write::schema_of;
use crate::destination::{
    Committed, DestinationError, LoadStatus, Package, Swap, SwapWhen, Written, file_lock,
};

/// A STATE that is no longer than this is said with each package…
const SHORT: usize = 64 << 10;

impl Stream {
    pub(super) fn commit(&mut self, package: &Package<'_>) -> Result<Committed> {
        self.check_lease()?;
        let Waiting { open, chunks } = std::mem::take(&mut self.package);
        if self.committed.contains(package.id) {
            return Ok(Committed::default());
        }
        if open > 0 || self.lost.as_ref() == Some(package.id) {
            self.lost = Some(package.id.clone());
            return Err(self.place.failed("commit a package", "some of its rows are not written"));
        }
        let mut committed = Committed::default();
        for chunk in &chunks {
            self.send_chunk(chunk)?;
            let written = Written { inserted: chunk.rows, updated: 0 };
            *committed.written.entry(chunk.stream.clone()).or_default() += written;
        }
        for swap in package.swaps {
            if self.swap(swap)? {
                committed.swapped.insert(swap.table.clone());
            }
        }
        package.states.iter().for_each(|entry| self.kept.put(entry));
        package.forget.iter().for_each(|forget| self.kept.forget(forget));
        package.load.into_iter().for_each(|load| self.kept.put_load(load));
        let is_over = package.load.is_some_and(|load| load.status != LoadStatus::Running);
        // …and a longer one when as much was sent since the last, or nothing more comes.
        if is_over || self.state_bytes <= SHORT || self.unsaid_bytes >= self.state_bytes {
            self.say_state()?;
        } else {
            self.unsaid_bytes += 1;
        }
        self.flush()?;
        self.committed.insert(package.id.clone());
        Ok(committed)
    }

    /// What a closed load knows, where it has not said it yet.
    pub(super) fn say_last_state(&mut self) -> Result<()> {
        if self.unsaid_bytes > 0 {
            self.check_lease()?;
            self.say_state()?;
            self.flush()?;
        }
        Ok(())
    }

    /// A lock can be lost where its file is removed.
    fn check_lease(&self) -> Result<()> {
        let holder = file_lock::holder(&self.lock_path);
        if holder == self.claim.holder {
            return Ok(());
        }
        Err(DestinationError::LeaseLost { place: self.place.name(), holder })
    }

    fn send_chunk(&mut self, chunk: &Chunk) -> Result<()> {
        self.send_schema(&chunk.stream, &chunk.schema)?;
        self.send(&chunk.records)?;
        match chunk.version {
            None => {
                if let Some(table) = self.kept.tables.get_mut(&chunk.stream) {
                    table.has_rows = true;
                }
            }
            Some(_) => {
                if let Some(staged) = self.staged.get_mut(&chunk.stream) {
                    staged.has_rows = true;
                }
            }
        }
        Ok(())
    }

    fn send_schema(&mut self, stream: &str, schema: &str) -> Result<()> {
        if self.schemas.get(stream).is_some_and(|sent| sent == schema) {
            return Ok(());
        }
        self.schemas.insert(stream.to_owned(), schema.to_owned());
        self.send_line(schema)
    }

    fn swap(&mut self, swap: &Swap) -> Result<bool> {
        let has_rows = self.kept.tables.get(&swap.table).is_some_and(|table| table.has_rows);
        let is_due = swap.when == SwapWhen::Always || !has_rows;
        for table in std::iter::once(&swap.table).chain(&swap.lists) {
            if is_due {
                self.activate(table)?;
            } else if let (Some(staged), Some(kept)) =
                (self.staged.remove(table), self.kept.tables.get_mut(table))
            {
                kept.version = staged.version;
            }
        }
        Ok(is_due)
    }

    /// A table of which nothing was sent is told of first.
    fn activate(&mut self, table: &str) -> Result<()> {
        let version = self.version_for(table);
        let staged = self.staged.remove(table);
        let Some(kept) = self.kept.tables.get_mut(table) else { return Ok(()) };
        kept.version = version;
        kept.has_rows = staged.is_some_and(|staged| staged.has_rows);
        if !self.schemas.contains_key(table) {
            let schema = schema_of(&kept.table(table, &self.place)?);
            self.send_schema(table, &schema)?;
        }
        self.send_line(&message::activate_version(table, version))
    }

    fn say_state(&mut self) -> Result<()> {
        let value = self.kept.text().map_err(|error| self.place.failed("write its state", error))?;
        self.send_line(&message::state(&value))?;
        (self.state_bytes, self.unsaid_bytes) = (value.len(), 0);
        Ok(())
    }

    fn send_line(&mut self, line: &str) -> Result<()> {
        self.send(line.as_bytes())?;
        self.send(b"\n")
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.unsaid_bytes += bytes.len();
        let sent = self.sink.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes);
        sent.map_err(|error| self.place.failed("send messages to its target", error))
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.sink.lock().unwrap_or_else(PoisonError::into_inner).flush();
        flushed.map_err(|error| self.place.failed("send messages to its target", error))
    }
}
