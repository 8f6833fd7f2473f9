//! SQL that merges the rows of a package into a table.

use super::schema::Schema;
use super::write::{Gone, Incoming};
use crate::destination::Mode;
use crate::destination::sql::{quoted, quoted_list};
use crate::schema::table::{DIGEST, VALID_FROM, VALID_TO};

/// What is done with the rows that came in for a table, one statement after the other.
pub(super) struct Merge<'m> {
    pub(super) schema: &'m Schema,
    pub(super) incoming: &'m Incoming,
}

impl Merge<'_> {
    fn target(&self) -> String {
        self.schema.table(&self.incoming.target)
    }

    fn source(&self) -> String {
        self.schema.table(&self.incoming.name)
    }

    fn columns(&self) -> String {
        quoted_list(self.incoming.table.columns.iter().map(|column| column.name.as_str()))
    }

    /// Removes the rows of these records.
    pub(super) fn remove_lists(&self, gone: &Gone) -> String {
        let columns: Vec<&str> = gone.columns.iter().map(|column| column.name.as_str()).collect();
        let same = if gone.has_nulls { same_or_null(&columns) } else { same(&columns) };
        format!(
            "DELETE FROM {} AS t USING {} AS s WHERE {same}",
            self.target(),
            self.schema.table(&gone.name)
        )
    }

    /// Removes the rows with the same key where a part of it is null: an index takes two nulls for different.
    pub(super) fn remove_null_keys(&self) -> String {
        let key: Vec<&str> = self.incoming.table.key.iter().map(String::as_str).collect();
        let has_null = |row: &str| {
            let parts = key.iter().map(|column| format!("{row}.{} IS NULL", quoted(column)));
            parts.collect::<Vec<_>>().join(" OR ")
        };
        format!(
            "DELETE FROM {} AS t USING {} AS s WHERE ({}) AND ({}) AND {}",
            self.target(),
            self.source(),
            has_null("t"),
            has_null("s"),
            same_or_null(&key)
        )
    }

    /// Adds the rows; each takes the place of the one with the same key. Tells how many there were, and how many of them
    /// are new.
    pub(super) fn upsert(&self) -> String {
        let (target, source, columns) = (self.target(), self.source(), self.columns());
        let table = &self.incoming.table;
        let conflict = if table.key.is_empty() {
            String::new()
        } else {
            let others = table.columns.iter().filter(|column| !table.key.contains(&column.name));
            let mut others: Vec<&str> = others.map(|column| column.name.as_str()).collect();
            // A row that is all key is written once more, so that it is counted.
            others.extend(table.key.first().filter(|_| others.is_empty()).map(String::as_str));
            let set = |column: &&str| format!("{0} = excluded.{0}", quoted(column));
            let set = others.iter().map(set).collect::<Vec<_>>().join(", ");
            let key = quoted_list(table.key.iter().map(String::as_str));
            format!(" ON CONFLICT ({key}) DO UPDATE SET {set}")
        };
        // A row that nobody has replaced has no transaction that did so.
        format!(
            "WITH merged AS (
                 INSERT INTO {target} AS t ({columns}) SELECT {columns} FROM {source}{conflict}
                 RETURNING t.xmax = 0 AS is_new
             )
             SELECT count(*), count(*) FILTER (WHERE is_new) FROM merged"
        )
    }

    /// Adds those rows that differ from the last version of their record.
    pub(super) fn add_versions(&self, has_null_keys: bool) -> String {
        let Mode::Versions { of } = &self.incoming.mode else { return self.upsert() };
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        // Of two that may be null the index finds none.
        let same = if has_null_keys { same_or_null(&of) } else { same(&of) };
        let (target, source, digest) = (self.target(), self.source(), quoted(DIGEST));
        let columns = self.columns();
        let values = self.incoming.table.columns.iter().map(|column| format!("s.{}", quoted(&column.name)));
        format!(
            "INSERT INTO {target} ({columns}) SELECT {} FROM {source} AS s
             WHERE s.{digest} IS NULL OR s.{digest} IS DISTINCT FROM (
                 SELECT t.{digest} FROM {target} AS t WHERE {same}
                 ORDER BY t._load_id COLLATE \"C\" DESC, t._loaded_at DESC LIMIT 1
             )",
            values.collect::<Vec<_>>().join(", ")
        )
    }

    /// Ends the versions that hold no longer, puts rows in the place of those that hold still, and adds the rest.
    pub(super) fn keep_history(&self, has_null_keys: bool) -> [String; 3] {
        let (target, source, columns) = (self.target(), self.source(), self.columns());
        let table = &self.incoming.table;
        let of: Vec<&str> = match &self.incoming.mode {
            Mode::History { of } => of.iter().map(String::as_str).collect(),
            _ => table.key.iter().map(String::as_str).collect(),
        };
        let same = if has_null_keys { same_or_null(&of) } else { same(&of) };
        let open = format!("{same} AND t.{VALID_TO} IS NULL");
        let kept = table.columns.iter().filter(|column| column.name != VALID_FROM);
        let set: Vec<String> = kept.map(|column| format!("{0} = s.{0}", quoted(&column.name))).collect();
        let values: Vec<String> =
            table.columns.iter().map(|column| format!("s.{}", quoted(&column.name))).collect();
        [
            format!(
                "UPDATE {target} AS t SET {VALID_TO} = o.{VALID_FROM} FROM (
                     SELECT t.ctid AS at, s.{VALID_FROM}, t.{DIGEST} = s.{DIGEST} AND 1 = row_number() OVER (
                         PARTITION BY s.ctid
                         ORDER BY t._load_id COLLATE \"C\" DESC, t._loaded_at DESC, t.ctid DESC
                     ) AS holds
                     FROM {target} AS t JOIN {source} AS s ON {open}
                 ) AS o WHERE t.ctid = o.at AND o.holds IS NOT TRUE"
            ),
            format!("UPDATE {target} AS t SET {} FROM {source} AS s WHERE {open}", set.join(", ")),
            format!(
                "INSERT INTO {target} ({columns}) SELECT {} FROM {source} AS s
                 WHERE NOT EXISTS (SELECT FROM {target} AS t WHERE {open})",
                values.join(", ")
            ),
        ]
    }
}

/// `t` and `s` have the same values in these columns.
fn same(columns: &[&str]) -> String {
    let parts = columns.iter().map(|column| format!("t.{0} = s.{0}", quoted(column)));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") }
}

/// A null equals a null, which of all types only lists know; and it can be hashed.
fn same_or_null(columns: &[&str]) -> String {
    let list = |row: &str| {
        let parts = columns.iter().map(|column| format!("{row}.{}::text", quoted(column)));
        format!("ARRAY[{}]::text[]", parts.collect::<Vec<_>>().join(", "))
    };
    format!("{} = {}", list("t"), list("s"))
}
