//! SQL that merges the rows of a package into a table. A row that takes the place of another is a deletion and an insertion,
//! in one transaction: what a MERGE would do, charged alike, and the first tells how many rows were there.

use super::dataset::Dataset;
use super::names::{quoted, quoted_list};
use super::write::{Arrived, Gone, Incoming};
use crate::destination::Mode;
use crate::schema::table::{DIGEST, VALID_FROM, VALID_TO};

/// What is done with the rows that came in for a table.
pub(super) struct Merge<'m> {
    pub(super) dataset: &'m Dataset,
    pub(super) incoming: &'m Incoming,
    pub(super) arrived: &'m Arrived,
}

/// What a statement tells by how many rows it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Rows that others take the place of; the rest of what came is new.
    Updated,
    /// Rows that are new; what else came was there before.
    Inserted,
}

impl Merge<'_> {
    /// One statement after the other, and what one of them tells. Without that, all rows are new.
    pub(super) fn statements(&self) -> Vec<(String, Option<Count>)> {
        let mut statements = Vec::new();
        if let Some(gone) = &self.arrived.gone {
            statements.push((self.remove_lists(gone), None));
        }
        if self.arrived.rows == 0 {
            return statements;
        }
        match &self.incoming.mode {
            Mode::Versions { of } => statements.push((self.add_versions(of), Some(Count::Inserted))),
            Mode::History { of } => statements.extend(self.keep_history(of)),
            Mode::Merge | Mode::Stage => {
                if !self.incoming.table.key.is_empty() {
                    statements.push((self.remove_replaced(), Some(Count::Updated)));
                }
                statements.push((self.insert(""), None));
            }
        }
        statements
    }

    fn target(&self) -> String {
        self.dataset.table(&self.incoming.target)
    }

    fn source(&self) -> String {
        self.dataset.table(&self.incoming.name)
    }

    fn same(&self, columns: &[String], other: &str) -> String {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        same(&columns, other, self.arrived.has_null_keys)
    }

    /// Removes the rows of these records.
    fn remove_lists(&self, gone: &Gone) -> String {
        let columns: Vec<&str> = gone.columns.iter().map(|column| column.name.as_str()).collect();
        let (target, source) = (self.target(), self.dataset.table(&gone.name));
        let same = same(&columns, "s", gone.has_nulls);
        format!("DELETE FROM {target} AS t WHERE EXISTS (SELECT 1 FROM {source} AS s WHERE {same})")
    }

    /// Removes the rows whose place others take.
    fn remove_replaced(&self) -> String {
        let same = self.same(&self.incoming.table.key, "s");
        let (target, source) = (self.target(), self.source());
        format!("DELETE FROM {target} AS t WHERE EXISTS (SELECT 1 FROM {source} AS s WHERE {same})")
    }

    /// Adds the rows, as far as a clause lets them.
    fn insert(&self, clause: &str) -> String {
        let columns = self.incoming.table.columns.iter().map(|column| column.name.as_str());
        let (own, values) = (quoted_list(columns.clone()), columns.map(|name| format!("s.{}", quoted(name))));
        let values = values.collect::<Vec<_>>().join(", ");
        format!("INSERT INTO {} ({own}) SELECT {values} FROM {} AS s{clause}", self.target(), self.source())
    }

    /// Adds those rows that differ from the last version of their record.
    fn add_versions(&self, of: &[String]) -> String {
        let columns = quoted_list(of.iter().map(String::as_str));
        let (digest, same) = (quoted(DIGEST), self.same_of(of, "t", "s"));
        self.insert(&format!(
            " LEFT JOIN (
                 SELECT {columns}, {digest} FROM {} WHERE TRUE QUALIFY ROW_NUMBER() OVER (
                     PARTITION BY {columns} ORDER BY `_load_id` DESC, `_loaded_at` DESC
                 ) = 1
             ) AS t ON {same} WHERE s.{digest} IS NULL OR t.{digest} IS NULL OR s.{digest} != t.{digest}",
            self.target()
        ))
    }

    fn same_of(&self, columns: &[String], one: &str, other: &str) -> String {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        same_in((one, other), &columns, self.arrived.has_null_keys)
    }

    /// Ends the versions that hold no longer, puts rows in the place of those that hold still, and adds the rest.
    fn keep_history(&self, of: &[String]) -> [(String, Option<Count>); 3] {
        let (target, source) = (self.target(), self.source());
        let keys: Vec<String> = of.iter().map(|name| format!("s.{}", quoted(name))).collect();
        let keys = keys.join(", ");
        let open = format!("{} AND t.{VALID_TO} IS NULL", self.same(of, "s"));
        let kept = self.incoming.table.columns.iter().filter(|column| column.name != VALID_FROM);
        let set: Vec<String> = kept.map(|column| format!("{0} = s.{0}", quoted(&column.name))).collect();
        // Of versions without an end the one of the last load holds, if it is the same.
        let end = format!(
            "UPDATE {target} AS t SET {VALID_TO} = o._ended FROM (
                 SELECT {keys}, s.{VALID_FROM} AS _ended, s.{DIGEST} AS _found, t._load_id AS _last,
                     t._loaded_at AS _last_at
                 FROM {target} AS t JOIN {source} AS s ON {open} WHERE TRUE QUALIFY ROW_NUMBER() OVER (
                     PARTITION BY {keys} ORDER BY t._load_id DESC, t._loaded_at DESC
                 ) = 1
             ) AS o WHERE {} AND t.{VALID_TO} IS NULL AND NOT COALESCE(
                 t.{DIGEST} = o._found AND t._load_id = o._last AND t._loaded_at = o._last_at, FALSE
             )",
            self.same(of, "o")
        );
        let keep = format!("UPDATE {target} AS t SET {} FROM {source} AS s WHERE {open}", set.join(", "));
        let add = self.insert(&format!(" WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {open})"));
        [(end, None), (keep, Some(Count::Updated)), (add, None)]
    }
}

/// `t` and another have the same values in these columns.
fn same(columns: &[&str], other: &str, has_nulls: bool) -> String {
    same_in(("t", other), columns, has_nulls)
}

/// Where there are nulls, which equal each other, whole rows are compared as JSON: two tables are joined by an equality.
fn same_in((one, other): (&str, &str), columns: &[&str], has_nulls: bool) -> String {
    if columns.is_empty() {
        return "TRUE".to_owned();
    }
    if has_nulls {
        let row = |of: &str| {
            let parts = columns.iter().map(|column| format!("{of}.{}", quoted(column)));
            format!("TO_JSON_STRING(STRUCT({}))", parts.collect::<Vec<_>>().join(", "))
        };
        return format!("{} = {}", row(one), row(other));
    }
    let parts = columns.iter().map(|column| format!("{one}.{0} = {other}.{0}", quoted(column)));
    parts.collect::<Vec<_>>().join(" AND ")
}
