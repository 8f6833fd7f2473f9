//! What one shard does for all, or for tables that another has changed meanwhile: hidden tables are made as the table is
//! that their rows are for.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::Result;
use super::commit::{Done, Work};
use super::connect::Sql;
use super::convert::Conversion;
use super::load::own_part;
use super::merge::Merge;
use super::schema::{self, column_type, definitions, key_index, stage_of};
use super::write::Incoming;
use crate::destination::sql::quoted;
use crate::destination::{Mode, Swap};
use crate::resource::{ColumnKind, ItemKind};
use crate::schema::kind::Seen;
use crate::schema::table::{Column, Table};

/// All kinds of columns.
const KINDS: [ColumnKind; 13] = [
    ColumnKind::Bool,
    ColumnKind::Int,
    ColumnKind::Float,
    ColumnKind::Date,
    ColumnKind::Timestamp,
    ColumnKind::Text,
    ColumnKind::Json,
    ColumnKind::List(ItemKind::Bool),
    ColumnKind::List(ItemKind::Int),
    ColumnKind::List(ItemKind::Float),
    ColumnKind::List(ItemKind::Date),
    ColumnKind::List(ItemKind::Timestamp),
    ColumnKind::List(ItemKind::Text),
];

impl Work<'_> {
    /// Rows that came in, as their table is now: a column that it has since is null in them.
    pub(super) fn fitted(&self, incoming: &Incoming, now: &BTreeMap<String, Table>) -> Result<Incoming> {
        let place = &self.session.server.address.place;
        let now = now.get(&incoming.table.name).unwrap_or(&incoming.table).clone();
        let failed = place.failed("merge rows into", &now.name);
        self.fit(&incoming.name, &now).map_err(&failed)?;
        if incoming.mode == Mode::Stage {
            self.fit(&incoming.target, &now).map_err(&failed)?;
        }
        incoming.of_table(now)
    }

    /// The tables as they are now.
    pub(super) fn tables(&self) -> Result<BTreeMap<String, Table>> {
        let tables = schema::tables(self.session, &self.load.gate.schema)?;
        Ok(tables.into_iter().map(|table| (table.name.clone(), table)).collect())
    }

    /// Gives a hidden table the columns and the key of one that is seen.
    fn fit(&self, hidden: &str, now: &Table) -> Sql<()> {
        let own = self.own(hidden);
        let types = self.types(hidden)?;
        for column in &now.columns {
            let wanted = column_type(column.kind);
            match types.get(&column.name) {
                None => {
                    let definition = definitions([column]);
                    self.session.batch(&format!("ALTER TABLE {own} ADD COLUMN {definition}"))?;
                }
                Some(has) if has != wanted => self.widen(&own, has, column)?,
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn widen(&self, table: &str, has: &str, to: &Column) -> Sql<()> {
        let Some(kind) = KINDS.into_iter().find(|kind| column_type(*kind) == has) else { return Ok(()) };
        let (column, wanted) = (quoted(&to.name), column_type(to.kind));
        let from = Column { kind, seen: Seen::of_kind(kind), ..to.clone() };
        let Conversion { make, value, drop } =
            Conversion::new(&self.own("_wide_lists"), &column, &from, to.kind);
        self.session.batch(&make)?;
        let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {wanted} USING {value}");
        self.session.batch(&sql)?;
        self.session.batch(&drop)
    }

    /// The types that the columns of a table have, by their names.
    fn types(&self, table: &str) -> Sql<BTreeMap<String, String>> {
        let sql = "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
                   FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped";
        let schema = &self.load.gate.schema.name;
        let rows = self.session.rows(sql, &[(schema, Type::TEXT), (&table, Type::TEXT)])?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// What some shards have staged takes the place of the rows of a table. It is not due where one of them has nothing
    /// any more: it has begun anew, or the server has crashed since.
    pub(super) fn swap_parts(&self, swap: &Swap, done: &mut Done) -> Result<()> {
        let place = &self.session.server.address.place;
        let failed = place.failed("replace the rows of", &swap.table);
        let loads: Vec<String> = swap.parts.iter().map(|token| own_part(token)).collect();
        let is_there = |load: &String| self.load.gate.schema.has(self.session, &stage_of(&swap.table, load));
        let are_there = loads.iter().map(is_there).collect::<Sql<Vec<bool>>>().map_err(&failed)?;
        let is_due = are_there.iter().all(|is_there| *is_there) && self.is_due(swap).map_err(&failed)?;
        let now = self.tables()?;
        for table in std::iter::once(&swap.table).chain(&swap.lists) {
            let Some(now) = now.get(table) else { continue };
            self.swap_table(now, &loads, is_due).map_err(&failed)?;
            done.staged.insert(stage_of(table, &self.load.gate.load), None);
        }
        if is_due {
            done.committed.swapped.insert(swap.table.clone());
        }
        Ok(())
    }

    fn swap_table(&self, now: &Table, loads: &[String], is_due: bool) -> Sql<()> {
        let own = self.own(&now.name);
        if is_due {
            self.session.batch(&format!("DELETE FROM {own}"))?;
        }
        for stage in loads.iter().map(|load| stage_of(&now.name, load)) {
            if !self.load.gate.schema.has(self.session, &stage)? {
                continue;
            }
            if is_due {
                self.fit(&stage, now)?;
                let staged = Incoming::staged(now, &stage);
                let merge = Merge { schema: &self.load.gate.schema, incoming: &staged };
                if !now.key.is_empty() {
                    self.session.batch(&key_index(&self.load.gate.schema, &now.name, &now.key))?;
                    self.session.execute(&merge.remove_null_keys(), &[])?;
                }
                self.session.row(&merge.upsert(), &[])?;
            }
            self.session.batch(&format!("DROP TABLE {}", self.own(&stage)))?;
        }
        Ok(())
    }
}
