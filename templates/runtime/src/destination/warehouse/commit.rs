//! Packages: rows come out of files into waiting tables, then one transaction merges them and notes what they mean.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::fault::{Answer, Fault};
use super::lease;
use super::load::WarehouseLoad;
use super::merge::Merge;
use super::schema::{RANK, Schema};
use super::session::{Session, count, transaction};
use super::state;
use super::write::{Gate, Incoming};
use crate::destination::{
    Below, Committed, Deletion, Mode, Package, PackageId, Result, Swap, SwapWhen, Written,
};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table};

/// How many `COPY` go on at once.
const COPIES: usize = 3;

impl WarehouseLoad {
    pub(super) fn commit_package(&mut self, package: &Package<'_>) -> Result<Committed> {
        let (is_whole, incoming) = {
            let mut progress = self.gate.progress();
            let is_lost = progress.lost.as_ref() == Some(package.id);
            let open = std::mem::take(&mut progress.open);
            (open == 0 && !is_lost, std::mem::take(&mut progress.incoming))
        };
        let incoming: Vec<Arc<Incoming>> = incoming.into_values().collect();
        let committed = self.work(package, &incoming, is_whole);
        let mut progress = self.gate.progress();
        progress.lost = committed.is_err().then(|| package.id.clone());
        drop(progress);
        if committed.is_ok() {
            self.tidy(package, &incoming)?;
        }
        committed
    }

    fn work(
        &mut self,
        package: &Package<'_>,
        incoming: &[Arc<Incoming>],
        is_whole: bool,
    ) -> Result<Committed> {
        if is_whole {
            copy(&self.gate, incoming)?;
            make_open(&self.gate, self.main.as_mut(), incoming)?;
        }
        let (gate, claim) = (Arc::clone(&self.gate), &self.claim);
        let place = gate.schema.place();
        transaction(self.main.as_mut(), place, "commit a package", |session| {
            lease::renew(session, &gate.schema, claim)?;
            let mut work = Work { gate: &gate, session, committed: Committed::default() };
            if work.is_committed(package.id).map_err(place.failed("read", "_packages"))? {
                return Ok(Committed::default());
            }
            if !is_whole {
                return Err(place.incomplete("some of its rows are not written"));
            }
            work.commit(package, incoming)?;
            let Work { session, committed, .. } = work;
            // What it did may have taken long.
            lease::renew(session, &gate.schema, claim)?;
            Ok(committed)
        })
    }

    /// Drops what has been merged.
    fn tidy(&mut self, package: &Package<'_>, incoming: &[Arc<Incoming>]) -> Result<()> {
        let Gate { schema, load, .. } = &*self.gate;
        let failed = schema.place().package_failed("drop hidden tables");
        let mut gone: Vec<String> = incoming.iter().flat_map(|incoming| incoming.waiting()).collect();
        for name in &gone {
            schema.warehouse.sweep(Some(name)).map_err(&failed)?;
        }
        let histories = incoming.iter().filter(|incoming| matches!(incoming.mode, Mode::History { .. }));
        gone.extend(histories.map(|incoming| schema.hidden("_open_", load, &incoming.target)));
        for swap in package.swaps {
            for table in std::iter::once(&swap.table).chain(&swap.lists) {
                if self.staged.remove(table) {
                    gone.push(schema.stage(load, table));
                }
            }
        }
        gone.iter().try_for_each(|name| schema.drop_table(self.main.as_mut(), name)).map_err(&failed)
    }
}

/// Brings what came in files into waiting tables, some at a time.
fn copy(gate: &Gate, incoming: &[Arc<Incoming>]) -> Result<()> {
    let tables = incoming.iter().filter(|incoming| !incoming.arrived().is_copied).flat_map(|incoming| {
        let arrived = incoming.arrived();
        let gone = arrived.gone.as_ref().map(|gone| gone.table.name.clone());
        let rows = (arrived.rows > 0).then(|| incoming.name.clone());
        gone.into_iter().chain(rows).map(|name| (incoming.table.name.clone(), name)).collect::<Vec<_>>()
    });
    let waiting: Mutex<VecDeque<(String, String)>> = Mutex::new(tables.collect());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        while let Some((table, name)) = next() {
            let failed = gate.schema.place().failed("bring rows into", &table);
            let sql = gate.schema.warehouse.copy(&name, &gate.schema).map_err(&failed)?;
            gate.with_session(|session| session.run(&sql).map(drop).map_err(&failed))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..COPIES).map(|_| scope.spawn(work)).collect();
        let here = work();
        let died = || Err(gate.schema.place().incomplete("a thread has panicked"));
        threads.into_iter().fold(here, |done, thread| done.and(thread.join().unwrap_or_else(|_| died())))
    })?;
    incoming.iter().for_each(|incoming| incoming.arrived().is_copied = true);
    Ok(())
}

/// Makes the tables in which versions wait while they end.
fn make_open(gate: &Gate, session: &mut dyn Session, incoming: &[Arc<Incoming>]) -> Result<()> {
    for incoming in incoming.iter().filter(|incoming| matches!(incoming.mode, Mode::History { .. })) {
        let name = gate.schema.hidden("_open_", &gate.load, &incoming.target);
        let rank =
            Column { name: RANK.to_owned(), kind: ColumnKind::Int, seen: Seen::Int, source: String::new() };
        let columns = incoming.table.columns.iter().cloned().chain([rank]).collect();
        let open = Table { name: name.clone(), columns, ..incoming.table.clone() };
        let failed = gate.schema.place().failed("write to", &incoming.table.name);
        gate.schema.make_passing(session, &name, &open).map_err(failed)?;
    }
    Ok(())
}

/// The transaction of a package.
struct Work<'w> {
    gate: &'w Gate,
    session: &'w mut dyn Session,
    committed: Committed,
}

impl Work<'_> {
    fn schema(&self) -> &Schema {
        &self.gate.schema
    }

    fn commit(&mut self, package: &Package<'_>, incoming: &[Arc<Incoming>]) -> Result<()> {
        let place = self.schema().place().clone();
        incoming.iter().try_for_each(|incoming| self.merge(incoming))?;
        package
            .swaps
            .iter()
            .try_for_each(|swap| self.swap(swap).map_err(place.failed("replace the rows of", &swap.table)))?;
        for deletion in package.deletions {
            self.mark(deletion).map_err(place.failed("mark rows of", &deletion.table))?;
        }
        let (load_id, gate) = (&package.id.load_id, self.gate);
        let (schema, session) = (&gate.schema, &mut *self.session);
        let failed = place.failed("write to", "_state");
        state::put(session, schema, package.states, load_id).map_err(&failed)?;
        state::forget(session, schema, package.forget, load_id).map_err(&failed)?;
        let put = package.load.map_or(Ok(()), |load| state::put_load(session, schema, load));
        put.map_err(place.failed("write to", "_loads"))?;
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({}, {})",
            schema.table("_packages"),
            schema.columns(["load_id", "number"]),
            schema.literal(load_id),
            package.id.number
        );
        session.run(&sql).map(drop).map_err(place.failed("write to", "_packages"))
    }

    fn is_committed(&mut self, id: &PackageId) -> Answer<bool> {
        let schema = self.schema();
        let sql = format!(
            "SELECT CAST(COUNT(*) AS VARCHAR) FROM {} WHERE {} = {} AND {} = {}",
            schema.table("_packages"),
            schema.column("load_id"),
            schema.literal(&id.load_id),
            schema.column("number"),
            id.number
        );
        Ok(count(self.session, &sql)? > 0)
    }

    fn count(&mut self, table: &str) -> Answer<u64> {
        let own = self.schema().table(table);
        count(self.session, &format!("SELECT CAST(COUNT(*) AS VARCHAR) FROM {own}"))
    }

    fn merge(&mut self, incoming: &Incoming) -> Result<()> {
        let name = &incoming.table.name;
        let place = self.schema().place().clone();
        let merged = self.run(incoming);
        let (is_there, written) = merged.map_err(place.failed("merge rows into", name))?;
        if !is_there {
            return Err(place.incomplete("some of its rows have not come"));
        }
        let nul = incoming.arrived().without_nul.clone();
        self.committed.without_nul.extend(nul.into_iter().map(|column| (name.clone(), column)));
        // Pieces of texts are no rows that anybody asked for.
        if name != super::long::TABLE {
            *self.committed.written.entry(name.clone()).or_default() += written;
        }
        Ok(())
    }

    /// Whether everything that came in was there, and what became of it.
    fn run(&mut self, incoming: &Incoming) -> Answer<(bool, Written)> {
        let arrived = incoming.arrived().clone();
        let gate = self.gate;
        let merge = Merge { schema: &gate.schema, incoming, has_null_keys: arrived.has_null_keys };
        let mut is_there = true;
        if let Some(gone) = &arrived.gone {
            is_there &= self.count(&gone.table.name)? == gone.rows;
            self.session.run(&merge.remove_lists(gone))?;
        }
        if arrived.rows == 0 {
            return Ok((is_there, Written::default()));
        }
        is_there &= self.count(&incoming.name)? == arrived.rows;
        let written = match &incoming.mode {
            Mode::Versions { .. } => {
                Written { inserted: self.session.run(&merge.add_versions())?, updated: 0 }
            }
            Mode::History { .. } => {
                let open = gate.schema.hidden("_open_", &gate.load, &incoming.target);
                for sql in merge.end_versions(&open) {
                    self.session.run(&sql)?;
                }
                let updated = count(self.session, &merge.count_held(&open))?;
                self.session.run(&merge.add_to_history(&open))?;
                Written { inserted: arrived.rows.saturating_sub(updated), updated }
            }
            Mode::Merge | Mode::Stage => {
                let has_key = !incoming.table.key.is_empty();
                let updated = if has_key { self.session.run(&merge.remove_replaced())? } else { 0 };
                self.session.run(&merge.add())?;
                Written { inserted: arrived.rows.saturating_sub(updated), updated }
            }
        };
        Ok((is_there, written))
    }

    /// The table itself stays, with the views and rights that people made for it.
    fn swap(&mut self, swap: &Swap) -> Answer<()> {
        let is_due = match swap.when {
            SwapWhen::Always => true,
            SwapWhen::Empty => self.count(&swap.table)? == 0,
        };
        if !is_due {
            return Ok(());
        }
        for table in std::iter::once(&swap.table).chain(&swap.lists) {
            let schema = &self.gate.schema;
            let own = schema.table(table);
            self.session.run(&format!("DELETE FROM {own}"))?;
            let stage = schema.stage(&self.gate.load, table);
            let there = schema.there(self.session, Some(&stage))?;
            let Some(columns) = there.into_values().next() else { continue };
            let columns: Vec<String> =
                columns.iter().map(|name| crate::destination::sql::quoted(name)).collect();
            let (columns, from) = (columns.join(", "), schema.table(&stage));
            self.session.run(&format!("INSERT INTO {own} ({columns}) SELECT {columns} FROM {from}"))?;
        }
        self.committed.swapped.insert(swap.table.clone());
        Ok(())
    }

    /// Marks what is gone, then what hangs on it, as long as there is anything.
    fn mark(&mut self, deletion: &Deletion) -> Answer<()> {
        let schema = &self.gate.schema;
        let Deletion { table, partition, .. } = deletion;
        let kinds = schema.kinds(self.session, table)?;
        let conditions = partition.iter().map(|(column, value)| {
            let kind = kinds.get(column).copied().unwrap_or(ColumnKind::Text);
            condition(schema, column, value, kind)
        });
        let (mark, load) = (schema.column(deletion.mark), schema.column("_load_id"));
        let sql = format!(
            "UPDATE {} SET {mark} = {} WHERE {mark} IS NULL AND {load} < {} AND {load} >= {}{}",
            schema.table(table),
            schema.instant(micros(deletion.at)?),
            schema.literal(&deletion.before),
            schema.literal(&deletion.from),
            conditions.collect::<String>()
        );
        let mut gone: BTreeMap<&str, u64> = BTreeMap::new();
        gone.insert(table, self.session.run(&sql)?);
        for below in &deletion.below {
            if gone.get(below.above.as_str()).is_some_and(|marked| *marked > 0) {
                *gone.entry(&below.table).or_default() += self.mark_below(below, deletion)?;
            }
        }
        for (table, marked) in gone.into_iter().filter(|(_, marked)| *marked > 0) {
            *self.committed.deleted.entry(table.to_owned()).or_default() += marked;
        }
        Ok(())
    }

    fn mark_below(&mut self, below: &Below, deletion: &Deletion) -> Answer<u64> {
        let schema = &self.gate.schema;
        let own = schema.column(&below.table);
        let same = below.on.iter().map(|(column, above)| {
            format!(" AND a.{} = {own}.{}", schema.column(above), schema.column(column))
        });
        let at = schema.instant(micros(deletion.at)?);
        let mark = schema.column(below.mark);
        let sql = format!(
            "UPDATE {} SET {mark} = {at} WHERE {mark} IS NULL AND {} < {}
             AND EXISTS (SELECT 1 FROM {} AS a WHERE a.{} = {at}{})",
            schema.table(&below.table),
            schema.column("_load_id"),
            schema.literal(&deletion.before),
            schema.table(&below.above),
            schema.column(below.mark_above),
            same.collect::<String>()
        );
        self.session.run(&sql)
    }
}

fn micros(time: SystemTime) -> Answer<i64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).map_err(Fault::other)?;
    i64::try_from(since.as_micros()).map_err(Fault::other)
}

/// A column has this value; what cannot be one of its kind, equals none.
fn condition(schema: &Schema, column: &str, value: &Value, kind: ColumnKind) -> String {
    let column = schema.column(column);
    let text = match value {
        Value::Null => return format!(" AND {column} IS NULL"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let literal = match kind {
        ColumnKind::Int => text.parse::<i64>().ok().map(|int| int.to_string()),
        ColumnKind::Float => text.parse::<f64>().ok().map(|float| format!("{float:e}")),
        ColumnKind::Bool => text.parse::<bool>().ok().map(|flag| flag.to_string().to_uppercase()),
        // The rest of the kinds is no part of a path.
        _ => Some(schema.literal(&text)),
    };
    literal.map_or(" AND 1 = 0".to_owned(), |literal| format!(" AND {column} = {literal}"))
}
