//! Packages: each a transaction, known by its id, which ends with what the rows mean.

use std::collections::BTreeMap;

use rusqlite::types::Value as Cell;
use rusqlite::{OptionalExtension, Result as Sql, params, params_from_iter};
use serde_json::Value;

use super::schema::stage_of;
use super::{Database, Result};
use crate::destination::kept::time_text;
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{
    Below, Committed, Deletion, DestinationError, Package, PackageId, Swap, SwapWhen, Written,
};

/// What the open transaction holds of a package.
#[derive(Debug, Default)]
pub(super) struct PackageProgress {
    /// Writers that are not finished.
    pub(super) open: usize,
    pub(super) written: BTreeMap<String, Written>,
    /// One that was rolled back: committed again without its rows, its state would speak for nothing.
    lost: Option<PackageId>,
}

impl Database {
    pub(super) fn begin(&self) -> Result<()> {
        if self.connection.is_autocommit() {
            let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
            begun.map_err(self.place.package_failed("open a transaction"))?;
        }
        Ok(())
    }

    pub(super) fn end(&self, is_good: bool) -> Result<()> {
        let end = if is_good { "COMMIT" } else { "ROLLBACK" };
        self.connection.execute_batch(end).map_err(self.place.package_failed("commit a transaction"))
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
        let progress = std::mem::take(&mut self.package);
        if result.is_err() {
            self.package.lost = Some(package.id.clone());
        }
        if !self.connection.is_autocommit() {
            // The error that is told is the cause.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let committed = result?;
        Ok(committed
            .map(|committed| Committed { written: progress.written, ..committed })
            .unwrap_or_default())
    }

    /// `None` when the package is there already.
    fn finish(&self, package: &Package<'_>, token: &str) -> Result<Option<Committed>> {
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
        let note = "INSERT INTO _packages (load_id, number) VALUES (?1, ?2)";
        let noted = self.connection.prepare_cached(note).and_then(|mut note| {
            note.execute(params![package.id.load_id, i64::try_from(package.id.number).unwrap_or(i64::MAX)])
        });
        noted.map_err(self.place.failed("write to", "_packages"))?;
        self.end(true)?;
        Ok(Some(committed))
    }

    /// A lock can be lost where its file is removed; what stands in the database cannot.
    fn check_lease(&self, token: &str) -> Result<()> {
        let held = self.connection.query_row("SELECT token, holder FROM _lease", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        });
        let (held, holder) = held.map_err(self.place.failed("read", "_lease"))?;
        if held == token {
            return Ok(());
        }
        let holder = serde_json::from_str(&holder).unwrap_or_default();
        Err(DestinationError::LeaseLost { place: self.place.name(), holder })
    }

    fn is_committed(&self, id: &PackageId) -> Sql<bool> {
        let known = "SELECT 1 FROM _packages WHERE load_id = ?1 AND number = ?2";
        let number = i64::try_from(id.number).unwrap_or(i64::MAX);
        self.connection.prepare_cached(known)?.exists(params![id.load_id, number])
    }

    /// The table itself stays, with the indexes, triggers and views that people made for it.
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
                self.connection.execute_batch(&format!("DELETE FROM {to}"))?;
            }
            if is_due && is_staged {
                let columns = self.column_names(&stage)?;
                let columns = quoted_list(columns.iter().map(String::as_str));
                let fill = format!("INSERT INTO {to} ({columns}) SELECT {columns} FROM {from}");
                self.connection.execute_batch(&fill)?;
            }
            if is_staged {
                self.connection.execute_batch(&format!("DROP TABLE {from}"))?;
            }
        }
        Ok(is_due)
    }

    fn is_empty(&self, table: &str) -> Sql<bool> {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", quoted(table));
        Ok(self.connection.query_row(&sql, [], |_| Ok(())).optional()?.is_none())
    }

    pub(super) fn drop_stages(&self) -> Sql<()> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let stages: Vec<String> =
            statement.query_map([stage_of("*")], |row| row.get(0))?.collect::<Sql<_>>()?;
        stages
            .iter()
            .try_for_each(|stage| self.connection.execute_batch(&format!("DROP TABLE {}", quoted(stage))))
    }

    /// Marks what is gone, then what hangs on it, as long as there is anything.
    fn mark(&self, deletion: &Deletion, deleted: &mut BTreeMap<String, u64>) -> Sql<()> {
        let Deletion { table, mark, partition, .. } = deletion;
        let conditions =
            partition.iter().zip(4..).map(|((column, _), at)| format!(" AND {} IS ?{at}", quoted(column)));
        let sql = format!(
            "UPDATE {} SET {mark} = ?1 WHERE {mark} IS NULL AND _load_id < ?2 AND _load_id >= ?3{}",
            quoted(table),
            conditions.collect::<String>()
        );
        let bounds = [time_text(deletion.at), deletion.before.clone(), deletion.from.clone()].map(Cell::Text);
        let cells = bounds.into_iter().chain(partition.iter().map(|(_, value)| cell_of(value)));
        self.index(table, partition.iter().map(|(column, _)| column.as_str()))?;
        let marked = self.connection.prepare_cached(&sql)?.execute(params_from_iter(cells))?;
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
        let (own, above): (Vec<&str>, Vec<&str>) =
            below.on.iter().map(|(own, above)| (own.as_str(), above.as_str())).unzip();
        let sql = format!(
            "UPDATE {} SET {mark} = ?1 WHERE {mark} IS NULL AND _load_id < ?2
             AND ({}) IN (SELECT {} FROM {} WHERE {} = ?1)",
            quoted(&below.table),
            quoted_list(own.iter().copied()),
            quoted_list(above),
            quoted(&below.above),
            below.mark_above,
        );
        self.index(&below.table, own)?;
        self.connection.prepare_cached(&sql)?.execute(params![time_text(deletion.at), deletion.before])
    }

    /// Without it, each partition would go through the whole table.
    fn index<'c>(&self, table: &str, columns: impl IntoIterator<Item = &'c str>) -> Sql<()> {
        let columns = quoted_list(columns);
        if columns.is_empty() {
            return Ok(());
        }
        let index = quoted(&format!("_partitions_of_{table}"));
        let sql = format!("CREATE INDEX IF NOT EXISTS {index} ON {} ({columns})", quoted(table));
        self.connection.execute_batch(&sql)
    }
}

/// The column's type decides how it is compared.
fn cell_of(value: &Value) -> Cell {
    match value {
        Value::Number(number) if number.is_i64() => Cell::Integer(number.as_i64().unwrap_or_default()),
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}
