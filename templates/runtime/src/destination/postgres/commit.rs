//! Packages: each is one transaction, known by its id, which ends with what the rows mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio_postgres::types::{ToSql, Type};

use super::connect::{Session, Sql};
use super::load::PostgresLoad;
use super::merge::Merge;
use super::schema::{index, stage_of};
use super::write::{Arrived, Incoming};
use super::{Result, lease, state};
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{
    Below, Committed, Deletion, DestinationError, Mode, Package, PackageId, Swap, SwapWhen, Written,
};
use crate::resource::ColumnKind;
use crate::schema::kind::kind_from_name;

/// What a commit found out beside what it did.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) committed: Committed,
    /// How many rows each stage has from now on; none where it is gone.
    pub(super) staged: BTreeMap<String, Option<u64>>,
}

impl PostgresLoad {
    pub(super) fn commit_package(&mut self, package: &Package<'_>) -> Result<Committed> {
        let (open, lost, incoming) = {
            let mut progress = self.gate.progress();
            let lost = progress.lost.as_ref() == Some(package.id);
            (std::mem::take(&mut progress.open), lost, std::mem::take(&mut progress.incoming))
        };
        let is_whole = open == 0 && !lost;
        let incoming: Vec<Arc<Incoming>> = incoming.into_values().collect();
        let done = self.main.transaction("commit a package", |session| {
            let work = Work { load: self, session, incoming: &incoming };
            work.commit(package, is_whole)
        });
        match done {
            Ok(Done { committed, staged }) => {
                for (stage, rows) in staged {
                    match rows {
                        Some(rows) => drop(self.staged.insert(stage, rows)),
                        None => drop(self.staged.remove(&stage)),
                    }
                }
                self.gate.progress().lost = None;
                Ok(committed)
            }
            Err(error) => {
                self.full.extend(incoming.iter().map(|incoming| incoming.name.clone()));
                self.gate.progress().lost = Some(package.id.clone());
                Err(error)
            }
        }
    }
}

/// The transaction of a package.
pub(super) struct Work<'w> {
    pub(super) load: &'w PostgresLoad,
    pub(super) session: &'w Session,
    incoming: &'w [Arc<Incoming>],
}

impl Work<'_> {
    pub(super) fn own(&self, table: &str) -> String {
        self.load.gate.schema.table(table)
    }

    fn commit(&self, package: &Package<'_>, is_whole: bool) -> Result<Done> {
        let place = &self.session.server.address.place;
        let schema = &self.load.gate.schema;
        lease::check(self.session, schema, (&self.load.token, self.load.shard))?;
        let mut done = Done::default();
        if self.is_committed(package.id).map_err(place.failed("read", "_packages"))? {
            self.empty().map_err(place.package_failed("commit a package"))?;
            return Ok(done);
        }
        if !is_whole {
            return Err(self.incomplete("some of its rows are not written"));
        }
        let now = self.load.shard.map(|_| self.tables()).transpose()?;
        for incoming in self.incoming {
            match &now {
                None => self.merge(incoming, &mut done)?,
                Some(now) => self.merge(&self.fitted(incoming, now)?, &mut done)?,
            }
        }
        for swap in package.swaps {
            self.swap(swap, &mut done)?;
        }
        for deletion in package.deletions {
            let marked = self.mark(deletion, &mut done.committed.deleted);
            marked.map_err(place.failed("mark rows of", &deletion.table))?;
        }
        let load_id = &package.id.load_id;
        state::put(self.session, schema, package.states, load_id)
            .map_err(place.failed("write to", "_state"))?;
        let forgotten = state::forget(self.session, schema, package.forget, load_id);
        forgotten.map_err(place.failed("write to", "_state"))?;
        let put = package.load.map_or(Ok(()), |load| state::put_load(self.session, schema, load));
        put.map_err(place.failed("write to", "_loads"))?;
        self.note(package.id).map_err(place.failed("write to", "_packages"))?;
        self.empty().map_err(place.package_failed("commit a package"))?;
        Ok(done)
    }

    pub(super) fn incomplete(&self, why: &'static str) -> DestinationError {
        let place = self.session.server.address.place.name();
        DestinationError::Package { place, action: "commit a package", source: why.into() }
    }

    fn is_committed(&self, id: &PackageId) -> Sql<bool> {
        let own = self.own("_packages");
        let sql = format!("SELECT EXISTS (SELECT FROM {own} WHERE load_id = $1 AND number = $2)");
        self.session.row(&sql, &[(&id.load_id, Type::TEXT), (&number(id), Type::INT8)])?.try_get(0)
    }

    fn note(&self, id: &PackageId) -> Sql<()> {
        let sql = format!("INSERT INTO {} (load_id, number) VALUES ($1, $2)", self.own("_packages"));
        self.session.execute(&sql, &[(&id.load_id, Type::TEXT), (&number(id), Type::INT8)]).map(drop)
    }

    /// What has come in is merged, or was before.
    fn empty(&self) -> Sql<()> {
        let gone = |incoming: &Arc<Incoming>| incoming.arrived().gone.map(|gone| gone.name);
        let names = self.incoming.iter().map(|incoming| incoming.name.clone());
        let names = names.chain(self.incoming.iter().filter_map(gone)).map(|name| self.own(&name));
        let names: Vec<String> = names.collect();
        // For a table that other shards change, what comes next may have other columns.
        let empty = if self.load.shard.is_some() { "DROP TABLE" } else { "TRUNCATE" };
        if names.is_empty() { Ok(()) } else { self.session.batch(&format!("{empty} {}", names.join(", "))) }
    }

    fn merge(&self, incoming: &Incoming, done: &mut Done) -> Result<()> {
        let arrived = incoming.arrived();
        let name = &incoming.table.name;
        let merge = Merge { schema: &self.load.gate.schema, incoming };
        let merged = self.run(&merge, &arrived);
        let (is_there, written) =
            merged.map_err(self.session.server.address.place.failed("merge rows into", name))?;
        // A server that crashed since has emptied what is not logged.
        if !is_there {
            return Err(self.incomplete("the server has lost some of its rows"));
        }
        if incoming.mode == Mode::Stage {
            let before = self.load.staged.get(&incoming.target).copied().unwrap_or_default();
            done.staged.insert(incoming.target.clone(), Some(before + written.inserted));
        }
        *done.committed.written.entry(name.clone()).or_default() += written;
        let nul = arrived.without_nul.into_iter().map(|column| (name.clone(), column));
        done.committed.without_nul.extend(nul);
        Ok(())
    }

    /// Whether everything that came in was there, and what became of it.
    fn run(&self, merge: &Merge<'_>, arrived: &Arrived) -> Sql<(bool, Written)> {
        let mut is_there = true;
        if let Some(gone) = &arrived.gone {
            is_there &= self.count(&gone.name)? == gone.rows;
            self.session.execute(&merge.remove_lists(gone), &[])?;
        }
        if arrived.rows == 0 {
            return Ok((is_there, Written::default()));
        }
        if matches!(merge.incoming.mode, Mode::Versions { .. }) {
            is_there &= self.count(&merge.incoming.name)? == arrived.rows;
            let inserted = self.session.execute(&merge.add_versions(arrived.has_null_keys), &[])?;
            return Ok((is_there, Written { inserted, updated: 0 }));
        }
        if matches!(merge.incoming.mode, Mode::History { .. }) {
            is_there &= self.count(&merge.incoming.name)? == arrived.rows;
            let [end, keep, add] = merge.keep_history(arrived.has_null_keys);
            self.session.execute(&end, &[])?;
            let updated = self.session.execute(&keep, &[])?;
            let inserted = self.session.execute(&add, &[])?;
            return Ok((is_there, Written { inserted, updated }));
        }
        let has_null_keys = arrived.has_null_keys && !merge.incoming.table.key.is_empty();
        let removed = if has_null_keys { self.session.execute(&merge.remove_null_keys(), &[])? } else { 0 };
        let row = self.session.row(&merge.upsert(), &[])?;
        let (rows, new) = (count_of(row.try_get(0)?), count_of(row.try_get(1)?));
        let inserted = new.saturating_sub(removed);
        let written = Written { inserted, updated: rows.saturating_sub(inserted) };
        Ok((is_there && rows == arrived.rows, written))
    }

    fn count(&self, table: &str) -> Sql<u64> {
        let row = self.session.row(&format!("SELECT count(*) FROM {}", self.own(table)), &[])?;
        Ok(count_of(row.try_get(0)?))
    }

    /// The table itself stays, with the indexes, views and rights that people made for it; who reads it meanwhile sees
    /// the old rows.
    fn swap(&self, swap: &Swap, done: &mut Done) -> Result<()> {
        if !swap.parts.is_empty() {
            return self.swap_parts(swap, done);
        }
        let place = &self.session.server.address.place;
        let failed = place.failed("replace the rows of", &swap.table);
        let is_due = self.is_due(swap).map_err(&failed)?;
        for table in std::iter::once(&swap.table).chain(&swap.lists) {
            let stage = stage_of(table, &self.load.gate.load);
            let rows = done.staged.get(&stage).copied().unwrap_or(self.load.staged.get(&stage).copied());
            let filled = self.fill(table, rows.map(|_| stage.as_str()), is_due).map_err(&failed)?;
            if is_due && filled != rows.unwrap_or_default() {
                return Err(self.incomplete("the server has lost some of its rows"));
            }
            done.staged.insert(stage, None);
        }
        if is_due {
            done.committed.swapped.insert(swap.table.clone());
        }
        Ok(())
    }

    /// How many rows the table has then, if it is due.
    fn fill(&self, table: &str, stage: Option<&str>, is_due: bool) -> Sql<u64> {
        let mut filled = 0;
        if is_due {
            self.session.batch(&format!("DELETE FROM {}", self.own(table)))?;
        }
        let Some(stage) = stage else { return Ok(0) };
        if is_due {
            filled = self.take_in(table, stage)?;
        }
        self.session.batch(&format!("DROP TABLE {}", self.own(stage)))?;
        Ok(filled)
    }

    pub(super) fn take_in(&self, table: &str, stage: &str) -> Sql<u64> {
        let columns = self.columns(stage)?;
        let columns = quoted_list(columns.iter().map(String::as_str));
        let (to, from) = (self.own(table), self.own(stage));
        self.session.execute(&format!("INSERT INTO {to} ({columns}) SELECT {columns} FROM {from}"), &[])
    }

    pub(super) fn is_due(&self, swap: &Swap) -> Sql<bool> {
        match swap.when {
            SwapWhen::Always => Ok(true),
            SwapWhen::Empty => self.is_empty(&swap.table),
        }
    }

    fn is_empty(&self, table: &str) -> Sql<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {})", self.own(table));
        self.session.row(&sql, &[])?.try_get(0)
    }

    pub(super) fn columns(&self, table: &str) -> Sql<Vec<String>> {
        let sql = "SELECT a.attname::text FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
                   ORDER BY a.attnum";
        let schema = &self.load.gate.schema.name;
        let rows = self.session.rows(sql, &[(schema, Type::TEXT), (&table, Type::TEXT)])?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Marks what is gone, then what hangs on it, as long as there is anything.
    fn mark(&self, deletion: &Deletion, deleted: &mut BTreeMap<String, u64>) -> Sql<()> {
        let Deletion { table, mark, partition, .. } = deletion;
        let kinds = self.kinds(table)?;
        let values: Vec<(Box<dyn ToSql + Sync>, Type)> = partition
            .iter()
            .map(|(column, value)| typed(value, kinds.get(column).copied().unwrap_or(ColumnKind::Text)))
            .collect();
        let conditions = partition.iter().zip(4..).map(|((column, value), at)| match value {
            Value::Null => format!(" AND {} IS NULL AND ${at}::text IS NULL", quoted(column)),
            _ => format!(" AND {} = ${at}", quoted(column)),
        });
        let sql = format!(
            "UPDATE {} SET {mark} = $1 WHERE {mark} IS NULL
             AND _load_id COLLATE \"C\" < $2 AND _load_id COLLATE \"C\" >= $3{}",
            self.own(table),
            conditions.collect::<String>()
        );
        let bounds = [
            (&deletion.at as _, Type::TIMESTAMPTZ),
            (&deletion.before as _, Type::TEXT),
            (&deletion.from as _, Type::TEXT),
        ];
        let values = values.iter().map(|(value, kind)| (value.as_ref(), kind.clone()));
        let values: Vec<_> = bounds.into_iter().chain(values).collect();
        self.index(table, partition.iter().map(|(column, _)| column.as_str()))?;
        let mut gone = vec![(table.as_str(), self.session.execute(&sql, &values)?)];
        for below in &deletion.below {
            if gone.iter().any(|(table, marked)| *table == below.above && *marked > 0) {
                gone.push((&below.table, self.mark_below(below, deletion)?));
            }
        }
        for (table, marked) in gone.into_iter().filter(|(_, marked)| *marked > 0) {
            *deleted.entry(table.to_owned()).or_default() += marked;
        }
        Ok(())
    }

    fn mark_below(&self, below: &Below, deletion: &Deletion) -> Sql<u64> {
        let Below { mark, mark_above, .. } = below;
        let same =
            below.on.iter().map(|(own, above)| format!(" AND t.{} = a.{}", quoted(own), quoted(above)));
        let sql = format!(
            "UPDATE {} AS t SET {mark} = $1 WHERE t.{mark} IS NULL AND t._load_id COLLATE \"C\" < $2
             AND EXISTS (SELECT FROM {} AS a WHERE a.{mark_above} = $1{})",
            self.own(&below.table),
            self.own(&below.above),
            same.collect::<String>()
        );
        self.index(&below.table, below.on.iter().map(|(own, _)| own.as_str()))?;
        self.session.execute(&sql, &[(&deletion.at, Type::TIMESTAMPTZ), (&deletion.before, Type::TEXT)])
    }

    /// Without it, each partition would go through the whole table.
    fn index<'c>(&self, table: &str, columns: impl Iterator<Item = &'c str>) -> Sql<()> {
        let columns: Vec<&str> = columns.collect();
        if columns.is_empty() {
            return Ok(());
        }
        self.session.batch(&index(&self.load.gate.schema, ("_partitions_of_", table), "", columns))
    }

    fn kinds(&self, table: &str) -> Sql<BTreeMap<String, ColumnKind>> {
        let sql = format!("SELECT column_name, kind FROM {} WHERE table_name = $1", self.own("_columns"));
        let rows = self.session.rows(&sql, &[(&table, Type::TEXT)])?;
        let mut kinds = BTreeMap::new();
        for row in &rows {
            let kind: String = row.try_get(1)?;
            kinds.extend(kind_from_name(&kind).map(|kind| Ok((row.try_get(0)?, kind))).transpose()?);
        }
        Ok(kinds)
    }
}

/// A value as a column of this kind compares with it; what cannot be one, equals none.
fn typed(value: &Value, kind: ColumnKind) -> (Box<dyn ToSql + Sync>, Type) {
    let text = match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    match kind {
        _ if text.is_none() => (Box::new(text), Type::TEXT),
        ColumnKind::Int => (Box::new(text.and_then(|text| text.parse::<i64>().ok())), Type::INT8),
        ColumnKind::Float => (Box::new(text.and_then(|text| text.parse::<f64>().ok())), Type::FLOAT8),
        ColumnKind::Bool => (Box::new(text.and_then(|text| text.parse::<bool>().ok())), Type::BOOL),
        // The rest of the kinds is no part of a path.
        ColumnKind::Text
        | ColumnKind::Json
        | ColumnKind::Date
        | ColumnKind::Timestamp
        | ColumnKind::List(_) => (Box::new(text), Type::TEXT),
    }
}

fn number(id: &PackageId) -> i64 {
    i64::try_from(id.number).unwrap_or(i64::MAX)
}

fn count_of(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
