//! What other people, other runs and crashes do.

use super::*;
use crate::destination::SwapWhen;
use crate::resource::ColumnKind::{Int, Text};

fn columns(v: ColumnKind) -> [(&'static str, ColumnKind); 2] {
    [("id", Int), ("v", v)]
}

#[test]
fn what_people_made_for_a_table_outlives_changes_and_swaps() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let rows = TableRows::of("t", &["id"], &columns(Int), &[json!([1, 5])]);
    load.prepare(&[create(&rows)], "l").unwrap();
    let id = write(load.as_mut(), &rows, &Mode::Merge);
    commit(load.as_mut(), &id, &[]).unwrap();
    let table = dataset.table("t");
    dataset.server.psql(&format!("CREATE INDEX own ON {table} (v); COMMENT ON TABLE {table} IS 'ours'"));
    load.prepare(&[alter("t", "v", (Int, Seen::Int), Text)], "l").unwrap();
    dataset.server.psql(&format!("CREATE VIEW {} AS SELECT v FROM {table}", dataset.table("w")));

    let rows = TableRows::of("t", &["id"], &columns(Text), &[json!([2, "x"])]);
    let swap = Swap { table: "t".to_owned(), lists: Vec::new(), when: SwapWhen::Always, parts: Vec::new() };
    let id = write(load.as_mut(), &rows, &Mode::Stage);
    commit(load.as_mut(), &id, &[swap]).unwrap();
    assert_eq!(dataset.server.psql(&format!("SELECT v FROM {}", dataset.table("w"))), "x");
    let own = format!(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = {} AND indexname = 'own'",
        literal(&dataset.name)
    );
    assert!(dataset.server.psql(&own).contains("(v)"));

    let error = load.prepare(&[alter("t", "v", (Text, Seen::Text), ColumnKind::Json)], "l").unwrap_err();
    let (text, view) = (error.to_string(), format!("view `{}`", dataset.table("w").replace("\"w\"", "w")));
    assert!(text.contains("`t.v` jsonb") && text.contains(&view), "{text}: {view}");
    assert!(error.hint().is_some_and(|hint| hint.contains("discard_value")));
    assert_eq!(load.tables().unwrap()[0].columns[1].kind, Text, "nothing is half done");
    dataset.server.psql(&format!("DROP VIEW {}", dataset.table("w")));
    load.prepare(&[alter("t", "v", (Text, Seen::Text), ColumnKind::Json)], "l").unwrap();
}

#[test]
fn a_table_that_is_not_ours_is_left_alone() {
    let dataset = Dataset::new();
    dataset.load().close().unwrap();
    let table = dataset.table("projects");
    dataset.server.psql(&format!("CREATE TABLE {table} (x int); INSERT INTO {table} VALUES (1)"));
    let mut load = dataset.load();
    let rows = TableRows::of("projects", &[], &[("id", Int)], &[]);
    let error = load.prepare(&[create(&rows)], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
    assert_eq!(dataset.server.psql(&format!("SELECT x FROM {table}")), "1");
}

#[test]
fn a_table_or_column_that_someone_dropped_is_not_there() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let rows = TableRows::of("t", &[], &columns(Int), &[]);
    load.prepare(&[create(&rows)], "l").unwrap();
    let table = dataset.table("t");
    dataset.server.psql(&format!("ALTER TABLE {table} DROP COLUMN v"));
    assert_eq!(load.tables().unwrap()[0].columns.len(), 1);
    dataset.server.psql(&format!("DROP TABLE {table}"));
    assert_eq!(load.tables().unwrap(), []);
    load.prepare(&[create(&rows)], "l").unwrap();
    assert_eq!(load.tables().unwrap()[0].columns.len(), 2);
}

/// What is not logged is empty after a crash of the server.
#[test]
fn rows_that_the_server_forgot_are_not_taken_for_committed() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let rows = TableRows::of("t", &["id"], &columns(Int), &[json!([1, 5]), json!([2, 6])]);
    load.prepare(&[create(&rows)], "l").unwrap();
    let id = write(load.as_mut(), &rows, &Mode::Merge);
    let waiting = dataset.hidden();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    dataset.server.psql(&format!("TRUNCATE {}", dataset.table(&waiting[0])));
    let error = commit(load.as_mut(), &id, &[]).unwrap_err();
    assert!(matches!(error, DestinationError::Package { .. }), "{error}");
    assert_eq!(dataset.rows("t", &columns(Int)), Vec::<Value>::new());

    let id = write(load.as_mut(), &rows, &Mode::Stage);
    commit(load.as_mut(), &id, &[]).unwrap();
    let stage = dataset.hidden().into_iter().find(|name| name.starts_with("_stage_")).unwrap();
    dataset.server.psql(&format!("TRUNCATE {}", dataset.table(&stage)));
    let swap = Swap { table: "t".to_owned(), lists: Vec::new(), when: SwapWhen::Always, parts: Vec::new() };
    let id = PackageId { load_id: "l".to_owned(), number: 1 };
    assert!(commit(load.as_mut(), &id, &[swap]).is_err(), "an empty stage replaces nothing");
}

#[test]
fn a_connection_that_was_cut_keeps_the_lease_if_nobody_came() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    load.renew().unwrap();
    dataset.end_lease();
    load.renew().unwrap();
    let Err(error) = dataset.open().open_load(&Claim::new("second")) else { panic!("there are two") };
    assert!(matches!(error, DestinationError::Held { .. }), "{error}");
    let id = PackageId { load_id: "l".to_owned(), number: 0 };
    commit(load.as_mut(), &id, &[]).unwrap();

    dataset.end_lease();
    let second = dataset.load();
    let error = load.renew().unwrap_err();
    assert!(matches!(error, DestinationError::LeaseLost { .. }), "{error}");
    second.close().unwrap();
    let error = load.renew().unwrap_err();
    assert!(matches!(error, DestinationError::LeaseLost { .. }), "also when the other is over: {error}");
}

/// The lease holds back no vacuum: its transaction has neither a number nor a view of the rows.
#[test]
fn the_lease_is_in_nobodys_way() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    load.renew().unwrap();
    let sql = format!(
        "SELECT a.state, a.backend_xid IS NULL, a.backend_xmin IS NULL FROM pg_stat_activity a JOIN pg_locks l USING (pid)
         WHERE l.locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = {}",
        number_of(&dataset.name, None)
    );
    assert_eq!(dataset.server.psql(&sql), "idle in transaction\tt\tt");
}

#[test]
fn loads_into_many_schemas_go_on_at_once() {
    let datasets: Vec<Dataset> = (0..4).map(|_| Dataset::new()).collect();
    std::thread::scope(|scope| {
        for dataset in &datasets {
            scope.spawn(|| {
                let mut load = dataset.load();
                for round in 0..5 {
                    let rows: Vec<Value> = (0..200).map(|id| json!([id, round])).collect();
                    let rows = TableRows::of("t", &["id"], &columns(Int), &rows);
                    load.prepare(&[create(&rows)], "l").unwrap();
                    let id = write(load.as_mut(), &rows, &Mode::Merge);
                    commit(load.as_mut(), &id, &[]).unwrap();
                }
                load.close().unwrap();
            });
        }
    });
    for dataset in &datasets {
        let sql = format!("SELECT count(*), min(v), max(v) FROM {}", dataset.table("t"));
        assert_eq!(dataset.server.psql(&sql), "200\t4\t4");
    }
}
