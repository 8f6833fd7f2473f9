//! Tables as sets of rows, to compare what hourly runs have brought with what is there.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use sample_gitlab::Moment;

use crate::changes::Changes;

/// By table: the rows that are not marked as deleted, and whether each may be gone all the same.
pub(crate) type Tables = BTreeMap<String, BTreeMap<String, bool>>;

pub(crate) fn read(database: &Connection, changes: &Changes, now: Moment) -> Tables {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '[_]*' \
                 AND name NOT GLOB 'sqlite*'";
    let mut statement = database.prepare(names).unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names.into_iter().map(|table| (table.clone(), rows(database, &table, changes, now))).collect()
}

fn rows(database: &Connection, table: &str, changes: &Changes, now: Moment) -> BTreeMap<String, bool> {
    let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = BTreeMap::new();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let cells: BTreeMap<&str, Cell> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), row.get(at).unwrap())).collect();
        let number = |names: &[&str]| {
            names.iter().find_map(|name| match cells.get(name) {
                Some(Cell::Integer(number)) => Some(*number),
                _ => None,
            })
        };
        let project = number(&["project_id"]).unwrap_or_default();
        let is_marked = cells.get("_deleted_at").is_some_and(|cell| *cell != Cell::Null);
        if is_marked || !changes.is_given(table, project) {
            continue;
        }
        let iid = number(&["issue_iid", "merge_request_iid", "iid"]).unwrap_or_default();
        let is_own = |name: &str| !name.starts_with('_') && !is_of_another(table, name);
        let own = cells.iter().filter(|(name, cell)| is_own(name) && **cell != Cell::Null);
        let text: Vec<String> = own.map(|(name, cell)| format!("{name}={cell:?}")).collect();
        found.insert(text.join(" "), changes.may_be_there(table, (project, iid), now));
    }
    found
}

/// What a record repeats of another, whose changes do not make it come again: the title of what an event is about, the issue
/// that a link leads to. The next full sweep has that.
fn is_of_another(table: &str, column: &str) -> bool {
    match table {
        "project_events" => column == "target_title",
        "issue_links" => {
            !(column.starts_with("link_") || ["id", "project_id", "issue_iid"].contains(&column))
        }
        _ => false,
    }
}

/// Each row of one is in the other, but for those that may be gone.
pub(crate) fn compare(hourly: &Tables, anew: &Tables, when: &str) {
    let keys = |rows: &BTreeMap<String, bool>| rows.keys().cloned().collect::<BTreeSet<_>>();
    for (table, rows) in anew {
        let kept = hourly.get(table).unwrap_or_else(|| panic!("{when}: no table {table}"));
        let missing: Vec<_> = keys(rows).difference(&keys(kept)).cloned().collect();
        let surplus =
            keys(kept).difference(&keys(rows)).filter(|row| !kept[*row]).cloned().collect::<Vec<_>>();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{table}, {when}: {} missing, {} surplus\nmissing: {:?}\nsurplus: {:?}",
            missing.len(),
            surplus.len(),
            missing.first(),
            surplus.first()
        );
    }
}
