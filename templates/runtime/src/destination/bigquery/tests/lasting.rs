//! What other people, lost answers and crashes do.

use serde_json::json;

use super::super::dataset::Dataset as Tables;
use super::super::settings::Settings;
use super::*;
use crate::destination::{
    Batch, DestinationError, Mode, Package, PackageId, SchemaChange, StateEntry, Swap, SwapWhen,
};
use crate::resource::ColumnKind::{Date, Float, Int, Json, Text, Timestamp};
use crate::schema::kind::Seen;
use crate::schema::table::{Column, TableRows};

/// Makes a table and puts rows into it, in a package; its id.
pub(super) fn put(load: &mut dyn OpenLoad, rows: &TableRows, mode: &Mode) -> PackageId {
    load.prepare(&[SchemaChange::CreateTable((*rows.table).clone())], "l").unwrap();
    let id = PackageId { load_id: "l".to_owned(), number: fastrand::u64(..1 << 40) };
    let mut writer = load.writer(&rows.table, mode, &id).unwrap();
    writer.write(&Batch { rows: rows.batch.clone(), parents: rows.parents.clone() }).unwrap();
    writer.finish().unwrap();
    commit(load, &id, &[]).unwrap();
    id
}

fn commit(load: &mut dyn OpenLoad, id: &PackageId, swaps: &[Swap]) -> Result<()> {
    load.commit(&Package { id, swaps, deletions: &[], states: &[], forget: &[], load: None }).map(drop)
}

fn rows(name: &str, key: &[&str], rows: &[Value]) -> TableRows {
    TableRows::of(name, key, &[("id", Int), ("v", Text)], rows)
}

#[test]
fn a_file_that_is_sent_twice_comes_in_once() {
    let dataset = Dataset::new();
    dataset.load().close().unwrap();
    let tables = Tables::new(Settings::read(&dataset.config()).unwrap()).unwrap();
    let rows = rows("t", &["id"], &[json!([1, "a"]), json!([2, "b"])]);
    let columns = &rows.table.columns;
    tables.make_table("_new_x", columns).unwrap();
    let file = super::super::convert::parquet(&rows.batch, columns, "t", &tables.place).unwrap();
    for _ in 0..3 {
        assert_eq!(tables.load("the-same-id", "_new_x", columns, &file).unwrap(), 2);
    }
    assert_eq!(dataset.rows("_new_x", &[("id", Int)]).len(), 2);
}

#[test]
fn tables_are_laid_out_by_what_is_sought_in_them() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let columns = [
        ("f", Float),
        ("a", Int),
        ("b", Text),
        ("c", Date),
        ("d", Int),
        ("e", Int),
        ("_loaded_at", Timestamp),
    ];
    let keyed = TableRows::of("keyed", &["f", "a", "b", "c", "d", "e"], &columns, &[]);
    let keyless = TableRows::of("keyless", &[], &[("id", Int), ("_loaded_at", Timestamp)], &[]);
    let create = |rows: &TableRows| SchemaChange::CreateTable((*rows.table).clone());
    load.prepare(&[create(&keyed), create(&keyless)], "l").unwrap();
    let laid = |table: &str| {
        let sql = format!(
            "SELECT column_name, is_partitioning_column, clustering_ordinal_position
             FROM {}.INFORMATION_SCHEMA.COLUMNS WHERE table_name = '{table}'
             AND (is_partitioning_column = 'YES' OR clustering_ordinal_position IS NOT NULL)
             ORDER BY clustering_ordinal_position",
            quoted(&dataset.name)
        );
        dataset.ask(&sql).unwrap()
    };
    let clustered =
        [json!(["a", "NO", 1]), json!(["b", "NO", 2]), json!(["c", "NO", 3]), json!(["d", "NO", 4])];
    assert_eq!(laid("keyed"), clustered, "a float cannot order rows, and four columns are the most");
    assert_eq!(laid("keyless"), [json!(["_loaded_at", "YES", null])]);
    // A column that orders rows becomes a float.
    let column = |kind, seen| Column { name: "a".to_owned(), kind, seen, source: "/a".to_owned() };
    let (from, to) = (column(Int, Seen::Int), column(Float, Seen::Float));
    load.prepare(&[SchemaChange::AlterColumn { table: "keyed".to_owned(), from, to }], "l").unwrap();
    let mut again = load.tables().unwrap();
    assert_eq!(again.remove(0).column("a").unwrap().kind, Float);
    drop(load);
    dataset.end_lease();
    assert_eq!(dataset.load().tables().unwrap()[0].column("a").unwrap().kind, Float);
}

#[test]
fn a_table_that_is_not_ours_is_left_alone() {
    let dataset = Dataset::new();
    dataset.load().close().unwrap();
    dataset.ask(&format!("CREATE TABLE {} AS SELECT 1 AS x", dataset.table("projects"))).unwrap();
    let mut load = dataset.load();
    let rows = rows("projects", &["id"], &[]);
    let error = load.prepare(&[SchemaChange::CreateTable((*rows.table).clone())], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
    assert_eq!(dataset.rows("projects", &[("x", Int)]), [json!([1])]);
}

#[test]
fn a_load_that_died_between_a_note_and_its_table_is_gone_on_with() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    put(load.as_mut(), &rows("t", &["id"], &[json!([1, "a"])]), &Mode::Merge);
    dataset.ask(&format!("DROP TABLE {}", dataset.table("t"))).unwrap();
    drop(load);
    dataset.end_lease();
    let mut load = dataset.load();
    assert_eq!(load.tables().unwrap(), []);
    put(load.as_mut(), &rows("t", &["id"], &[json!([2, "b"])]), &Mode::Merge);
    assert_eq!(dataset.rows("t", &[("id", Int)]), [json!([2])]);
    // Between an alteration and its note.
    dataset
        .ask(&format!("ALTER TABLE {} ALTER COLUMN id SET DATA TYPE FLOAT64", dataset.table("t")))
        .unwrap();
    drop(load);
    dataset.end_lease();
    assert_eq!(dataset.load().tables().unwrap()[0].columns[0].kind, Float);
}

#[test]
fn hidden_tables_end_with_their_load_or_by_themselves() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    put(load.as_mut(), &rows("t", &[], &[json!([1, "a"])]), &Mode::Stage);
    assert_eq!(dataset.hidden().len(), 1, "the stage waits");
    drop(load);
    dataset.end_lease();
    let mut load = dataset.load();
    assert_eq!(dataset.hidden(), Vec::<String>::new());
    let id = put(load.as_mut(), &rows("t", &[], &[json!([2, "b"])]), &Mode::Stage);
    let swap = Swap { table: "t".to_owned(), lists: Vec::new(), when: SwapWhen::Always, parts: Vec::new() };
    commit(load.as_mut(), &PackageId { number: id.number + 1, ..id }, &[swap]).unwrap();
    assert_eq!(dataset.hidden(), Vec::<String>::new());
    assert_eq!(dataset.rows("t", &[("id", Int)]), [json!([2])]);
}

/// More than a request takes becomes several transactions, each of which is made once.
#[test]
fn state_of_any_size_is_committed() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let state = |at: usize| StateEntry {
        resource: "r".to_owned(),
        partition: format!("{{\"id\":{at}}}"),
        state: Some(json!({ "text": "x".repeat(1 << 20) })),
    };
    let states: Vec<StateEntry> = (0..5).map(state).collect();
    let id = PackageId { load_id: "l".to_owned(), number: 0 };
    let package = Package { id: &id, swaps: &[], deletions: &[], states: &states, forget: &[], load: None };
    load.commit(&package).unwrap();
    load.commit(&package).unwrap();
    let parts =
        dataset.ask(&format!("SELECT part FROM {} ORDER BY part", dataset.table("_packages"))).unwrap();
    assert!(parts.len() >= 3 && parts[0] == json!([-1]), "{parts:?}");
    let mut kept = Vec::new();
    load.each_state(&mut |state| kept.push(state)).unwrap();
    assert_eq!(kept, states);
}

#[test]
fn json_is_text_that_functions_for_json_take() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let value = json!({ "labels": ["bug", null], "big": 9_007_199_254_740_993_i64 });
    let rows = TableRows::of("t", &["id"], &[("id", Int), ("j", Json)], &[json!([1, value])]);
    put(load.as_mut(), &rows, &Mode::Merge);
    let sql =
        format!("SELECT JSON_VALUE(j, '$.big'), JSON_VALUE(j, '$.labels[0]'), j FROM {}", dataset.table("t"));
    let kept = value.to_string();
    assert_eq!(dataset.ask(&sql), Some(vec![json!(["9007199254740993", "bug", kept])]));
}
