//! SQL that merges the rows of a waiting table into another.

use super::schema::{RANK, Schema};
use super::write::{Gone, Incoming};
use crate::destination::Mode;
use crate::resource::ColumnKind;
use crate::schema::table::{DIGEST, VALID_FROM, VALID_TO};

/// What is done with the rows that came in for a table, one statement after the other.
pub(super) struct Merge<'m> {
    pub(super) schema: &'m Schema,
    pub(super) incoming: &'m Incoming,
    pub(super) has_null_keys: bool,
}

impl Merge<'_> {
    fn target(&self) -> String {
        self.schema.table(&self.incoming.target)
    }

    fn source(&self) -> String {
        self.schema.table(&self.incoming.name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.incoming.table.columns.iter().map(|column| column.name.as_str())
    }

    fn columns(&self) -> String {
        self.schema.columns(self.names())
    }

    /// The values of a row that waits, as the table keeps them.
    fn settled(&self) -> String {
        self.names().map(|name| self.waiting(name)).collect::<Vec<_>>().join(", ")
    }

    /// Removes the rows of these records.
    pub(super) fn remove_lists(&self, gone: &Gone) -> String {
        let columns: Vec<&str> = gone.table.columns.iter().map(|column| column.name.as_str()).collect();
        self.remove(&gone.table.name, &columns, gone.has_nulls)
    }

    /// Removes the rows whose place others take.
    pub(super) fn remove_replaced(&self) -> String {
        let key: Vec<&str> = self.incoming.table.key.iter().map(String::as_str).collect();
        self.remove(&self.incoming.name, &key, self.has_null_keys)
    }

    fn remove(&self, source: &str, columns: &[&str], has_nulls: bool) -> String {
        let (target, own) = (self.target(), self.schema.column(&self.incoming.target));
        let same = self.same(&own, columns, has_nulls);
        format!("DELETE FROM {target} USING {} AS s WHERE {same}", self.schema.table(source))
    }

    pub(super) fn add(&self) -> String {
        let (target, columns, values) = (self.target(), self.columns(), self.settled());
        format!("INSERT INTO {target} ({columns}) SELECT {values} FROM {} AS s", self.source())
    }

    /// Adds those rows that differ from the last version of their record.
    pub(super) fn add_versions(&self) -> String {
        let schema = self.schema;
        let of = self.identity();
        let by = schema.columns_of("t.", of.iter().copied());
        let [digest, rank, load, loaded] =
            [DIGEST, RANK, "_load_id", "_loaded_at"].map(|name| schema.column(name));
        let partition = if of.is_empty() { String::new() } else { format!("PARTITION BY {by} ") };
        let last = of.iter().copied().chain([DIGEST]);
        format!(
            "INSERT INTO {target} ({columns}) SELECT {values} FROM {source} AS s LEFT JOIN (
                 SELECT {last}, ROW_NUMBER() OVER ({partition}ORDER BY t.{load} DESC, t.{loaded} DESC) AS {rank}
                 FROM {target} AS t
             ) AS l ON l.{rank} = 1 AND {same}
             WHERE l.{digest} IS NULL OR s.{digest} IS NULL OR l.{digest} <> s.{digest}",
            target = self.target(),
            columns = self.columns(),
            values = self.settled(),
            source = self.source(),
            last = schema.columns_of("t.", last),
            same = self.same("l", &of, self.has_null_keys),
        )
    }

    fn identity(&self) -> Vec<&str> {
        match &self.incoming.mode {
            Mode::Versions { of } | Mode::History { of } => of.iter().map(String::as_str).collect(),
            Mode::Merge | Mode::Stage => self.incoming.table.key.iter().map(String::as_str).collect(),
        }
    }

    /// Takes the versions without an end of these records out of the table, into `open`, where they have a rank; those that
    /// hold no longer are put back with their end.
    pub(super) fn end_versions(&self, open: &str) -> [String; 3] {
        let schema = self.schema;
        let of = self.identity();
        let (target, open, source) = (self.target(), schema.table(open), self.source());
        let own = schema.column(&self.incoming.target);
        let [digest, rank, load, loaded, to] =
            [DIGEST, RANK, "_load_id", "_loaded_at", VALID_TO].map(|name| schema.column(name));
        let by = schema.columns_of("t.", of.iter().copied());
        let partition = if of.is_empty() { String::new() } else { format!("PARTITION BY {by} ") };
        let same = |row: &str| self.same(row, &of, self.has_null_keys);
        let ended = self.names().map(|name| match name {
            VALID_TO => self.waiting(VALID_FROM),
            _ => format!("o.{}", schema.column(name)),
        });
        [
            format!(
                "INSERT INTO {open} ({columns}, {rank})
                 SELECT {values}, ROW_NUMBER() OVER ({partition}ORDER BY t.{load} DESC, t.{loaded} DESC)
                 FROM {target} AS t JOIN {source} AS s ON {} WHERE t.{to} IS NULL",
                same("t"),
                columns = self.columns(),
                values = schema.columns_of("t.", self.names()),
            ),
            format!("DELETE FROM {target} USING {source} AS s WHERE {} AND {own}.{to} IS NULL", same(&own)),
            format!(
                "INSERT INTO {target} ({}) SELECT {} FROM {open} AS o JOIN {source} AS s ON {}
                 WHERE o.{rank} > 1 OR o.{digest} IS NULL OR s.{digest} IS NULL OR o.{digest} <> s.{digest}",
                self.columns(),
                ended.collect::<Vec<_>>().join(", "),
                same("o")
            ),
        ]
    }

    /// How many rows are versions that hold already.
    pub(super) fn count_held(&self, open: &str) -> String {
        format!("SELECT CAST(COUNT(*) AS VARCHAR) FROM {} AS s JOIN {}", self.source(), self.held(open))
    }

    /// Adds all rows; of those that hold already it is known since when.
    pub(super) fn add_to_history(&self, open: &str) -> String {
        let schema = self.schema;
        let (from, rank) = (schema.column(VALID_FROM), schema.column(RANK));
        let begun = self.waiting(VALID_FROM);
        let values = self.names().map(|name| match name {
            VALID_FROM => format!("CASE WHEN o.{rank} IS NULL THEN {begun} ELSE o.{from} END"),
            name => self.waiting(name),
        });
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} AS s LEFT JOIN {}",
            self.target(),
            self.columns(),
            values.collect::<Vec<_>>().join(", "),
            self.source(),
            self.held(open)
        )
    }

    fn held(&self, open: &str) -> String {
        let schema = self.schema;
        let [digest, rank] = [DIGEST, RANK].map(|name| schema.column(name));
        let same = self.same("o", &self.identity(), self.has_null_keys);
        format!("{} AS o ON {same} AND o.{rank} = 1 AND o.{digest} = s.{digest}", schema.table(open))
    }

    /// A row of a table and one that waits have the same values in these columns. A null equals a null, which is asked for
    /// only where there is one: two tables are joined faster without.
    fn same(&self, one: &str, columns: &[&str], has_nulls: bool) -> String {
        let parts = columns.iter().map(|name| {
            let (one, other) = (format!("{one}.{}", self.schema.column(name)), self.waiting(name));
            let equal = format!("{one} = {other}");
            match has_nulls {
                true => format!("({equal} OR ({one} IS NULL AND {other} IS NULL))"),
                false => equal,
            }
        });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { "1 = 1".to_owned() } else { parts.join(" AND ") }
    }

    /// The value of a column of the row that waits, as the table keeps it.
    fn waiting(&self, name: &str) -> String {
        let kind = self.incoming.table.column(name).map_or(ColumnKind::Text, |column| column.kind);
        self.schema.warehouse.settled(&format!("s.{}", self.schema.column(name)), kind)
    }
}
