//! Packages: each a transaction, known by its id, which ends with what the rows mean.

use std::collections::BTreeMap;

use duckdb::{Result as Sql, params, params_from_iter};
use serde_json::Value;

use super::schema::{column_type, stage_of};
use super::{Database, Result, quoted, quoted_list};
use crate::destination::kept::time_text;
use crate::destination::{
    Below, Committed, Deletion, DestinationError, Package, PackageId, Swap, SwapWhen, Written,
};

/// What the open transaction holds of a package.
#[derive(Debug, Default)]
pub(super) struct PackageProgress {
    pub(super) is_begun: bool,
    /// Writers that are not finished.
    pub(super) open: usize,
    pub(super) written: BTreeMap<String, Written>,
    /// One that was rolled back: committed again without its rows, its state would speak for nothing.
    lost: Option<PackageId>,
}

impl Database {
    pub(super) fn begin(&mut self) -> Result<()> {
        if !self.package.is_begun {
            self.connected.keep_log_private().map_err(|error| self.place.not_opened(error))?;
            let begun = self.connected.execute_batch("BEGIN TRANSACTION");
            begun.map_err(self.place.package_failed("open a transaction"))?;
            self.package.is_begun = true;
        }
        Ok(())
    }

    pub(super) fn end(&mut self, is_good: bool) -> Result<()> {
        self.package.is_begun = false;
        let end = if is_good { "COMMIT" } else { "ROLLBACK" };
        self.connected.execute_batch(end).map_err(self.place.package_failed("commit a transaction"))
    }

    /// A writer of the package comes.
    pub(super) fn open_writer(&mut self, package: &PackageId) -> Result<()> {
        self.begin()?;
        self.package.lost.take_if(|lost| lost == package);
        self.package.open += 1;
        Ok(())
    }

    pub(super) fn commit(&mut self, package: &Package<'_>, token: &str) -> Result<Committed> {
        let result = self.finish(package, token);
        if self.package.is_begun {
            // The error that is told is the cause.
            let _ = self.end(false);
        }
        let progress = std::mem::take(&mut self.package);
        if result.is_err() {
            self.package.lost = Some(package.id.clone());
        }
        let committed = result?;
        Ok(committed
            .map(|committed| Committed { written: progress.written, ..committed })
            .unwrap_or_default())
    }

    /// `None` when the package is there already.
    fn finish(&mut self, package: &Package<'_>, token: &str) -> Result<Option<Committed>> {
        self.begin()?;
        self.check_lease(token)?;
        if self.is_committed(package.id).map_err(self.place.failed("read", "_packages"))? {
            return Ok(None);
        }
        if self.package.open > 0 || self.package.lost.as_ref() == Some(package.id) {
            let source = "some of its rows are not written".into();
            let (place, action) = (self.place.name(), "commit a package");
            return Err(DestinationError::Package { place, action, source });
        }
        let mut committed = Committed::default();
        for swap in package.swaps {
            if self.swap(swap).map_err(self.place.failed("replace the rows of", &swap.table))? {
                committed.swapped.insert(swap.table.clone());
            }
        }
        for deletion in package.deletions {
            self.mark(deletion, &mut committed.deleted)
                .map_err(self.place.failed("mark rows of", &deletion.table))?;
        }
        self.put_states(package.states, &package.id.load_id)?;
        self.forget_states(package.forget, &package.id.load_id)?;
        package.load.map_or(Ok(()), |load| self.put_load(load))?;
        let note = "INSERT INTO _packages (load_id, number) VALUES (?, ?)";
        let noted = self.connected.prepare_cached(note);
        noted
            .and_then(|mut note| note.execute(params![package.id.load_id, number_of(package.id)]))
            .map_err(self.place.failed("write to", "_packages"))?;
        self.end(true)?;
        Ok(Some(committed))
    }

    /// A lock can be lost where its file is removed; what stands in the database cannot. The row is written, so that two
    /// who take it for theirs cannot both commit.
    fn check_lease(&self, token: &str) -> Result<()> {
        let failed = self.place.failed("read", "_lease");
        let hold = "UPDATE _lease SET token = token WHERE token = ?";
        let held = self.connected.prepare_cached(hold).and_then(|mut hold| hold.execute([token]));
        if held.map_err(&failed)? == 1 {
            return Ok(());
        }
        let holder = self.connected.query_row("SELECT holder FROM _lease", [], |row| row.get::<_, String>(0));
        let holder = serde_json::from_str(&holder.map_err(&failed)?).unwrap_or_default();
        Err(DestinationError::LeaseLost { place: self.place.name(), holder })
    }

    fn is_committed(&self, id: &PackageId) -> Sql<bool> {
        let known = "SELECT 1 FROM _packages WHERE load_id = ? AND number = ?";
        self.connected.prepare_cached(known)?.exists(params![id.load_id, number_of(id)])
    }

    /// The table itself stays, with the views that people made for it.
    fn swap(&self, swap: &Swap) -> Sql<bool> {
        let is_due = match swap.when {
            SwapWhen::Always => true,
            SwapWhen::Empty => self.is_empty(&swap.table)?,
        };
        for table in std::iter::once(&swap.table).chain(&swap.lists) {
            let stage = stage_of(table);
            let (to, from) = (quoted(table), quoted(&stage));
            let is_staged = self.exists(&stage)?;
            if is_due {
                self.connected.execute_batch(&format!("DELETE FROM {to}"))?;
            }
            if is_due && is_staged {
                let columns = self.column_names(&stage)?;
                let columns = quoted_list(columns.iter().map(String::as_str));
                let fill = format!("INSERT INTO {to} ({columns}) SELECT {columns} FROM {from}");
                self.connected.execute_batch(&fill)?;
            }
            if is_staged {
                self.connected.execute_batch(&format!("DROP TABLE {from}"))?;
            }
        }
        Ok(is_due)
    }

    pub(super) fn is_empty(&self, table: &str) -> Sql<bool> {
        Ok(!self.connected.prepare(&format!("SELECT 1 FROM {} LIMIT 1", quoted(table)))?.exists([])?)
    }

    pub(super) fn drop_stages(&self) -> Sql<()> {
        let sql = "SELECT table_name FROM duckdb_tables()
                   WHERE database_name = current_database() AND schema_name = 'main'
                   AND starts_with(table_name, ?)";
        let mut statement = self.connected.prepare(sql)?;
        let stages = statement.query_map([stage_of("")], |row| row.get::<_, String>(0))?;
        for stage in stages.collect::<Sql<Vec<_>>>()? {
            self.connected.execute_batch(&format!("DROP TABLE {}", quoted(&stage)))?;
        }
        Ok(())
    }

    /// Marks what is gone, then what hangs on it, as long as there is anything.
    fn mark(&self, deletion: &Deletion, deleted: &mut BTreeMap<String, u64>) -> Sql<()> {
        let Deletion { table, mark, partition, .. } = deletion;
        let mut conditions = String::new();
        for (column, _) in partition {
            let kind = self.kind_of(table, column)?;
            let declared = kind.map_or("VARCHAR", column_type);
            let condition = format!(" AND {} IS NOT DISTINCT FROM CAST(? AS {declared})", quoted(column));
            conditions.push_str(&condition);
        }
        let sql = format!(
            "UPDATE {} SET {mark} = CAST(? AS TIMESTAMP)
             WHERE {mark} IS NULL AND _load_id < ? AND _load_id >= ?{conditions}",
            quoted(table),
        );
        let bounds = [end_of(deletion), deletion.before.clone(), deletion.from.clone()].map(Some);
        let values = bounds.into_iter().chain(partition.iter().map(|(_, value)| text_of(value)));
        let marked = self.connected.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        let mut gone = vec![(table.as_str(), marked)];
        for below in &deletion.below {
            if gone.iter().any(|(table, marked)| *table == below.above && *marked > 0) {
                gone.push((&below.table, self.mark_below(below, deletion)?));
            }
        }
        for (table, marked) in gone.into_iter().filter(|(_, marked)| *marked > 0) {
            *deleted.entry(table.to_owned()).or_default() += u64::try_from(marked).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    fn mark_below(&self, below: &Below, deletion: &Deletion) -> Sql<usize> {
        let mark = below.mark;
        let on = below.on.iter().map(|(own, above)| format!("own.{} = above.{}", quoted(own), quoted(above)));
        let sql = format!(
            "UPDATE {} AS own SET {mark} = CAST(? AS TIMESTAMP)
             WHERE own.{mark} IS NULL AND own._load_id < ? AND EXISTS (
                 SELECT 1 FROM {} AS above WHERE above.{} = CAST(? AS TIMESTAMP) AND {})",
            quoted(&below.table),
            quoted(&below.above),
            below.mark_above,
            on.collect::<Vec<_>>().join(" AND "),
        );
        let at = end_of(deletion);
        self.connected.prepare_cached(&sql)?.execute(params![at, deletion.before, at])
    }
}

fn number_of(id: &PackageId) -> i64 {
    i64::try_from(id.number).unwrap_or(i64::MAX)
}

/// Without the zone, which every time here is in.
fn end_of(deletion: &Deletion) -> String {
    time_text(deletion.at).trim_end_matches('Z').to_owned()
}

/// As SQL reads it into the column's type.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
