//! What a load leaves behind, however it ends.

use super::meeting::{commit_as_another, file_of_another};
use super::*;

#[test]
fn files_stay_few_and_checkpoints_tell_all() {
    let lake = Lake::in_folder();
    let mut first = load(&lake);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    let count = 120;
    (0..count).for_each(|id| write(first.as_mut(), &rows_of(&[json!([id % 100, id])])));
    first.close().unwrap();
    let entry = lake.entry("t").unwrap();
    assert!(entry.files.len() <= 18, "{:?}", entry.files);
    let expected = (0..100).map(|id| json!([id, if id < 20 { id + 100 } else { id }]));
    let expected: Vec<_> = expected.collect();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    let checkpoints = |log: Vec<String>| {
        log.into_iter().filter(|name| name.ends_with(".checkpoint.parquet")).collect::<Vec<_>>()
    };
    assert!(checkpoints(lake.log_of("t")).len() >= 10, "{:?}", lake.log_of("t"));
    // Commits before the last checkpoint are not needed.
    let last = checkpoints(lake.log_of("t")).pop().unwrap();
    for name in lake.log_of("t").iter().filter(|name| **name < last && name.ends_with(".json")) {
        std::fs::remove_file(lake.path().join("t/_delta_log").join(name)).unwrap();
    }
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    assert_eq!(lake.entry("t").unwrap(), entry);
    // Nor is the hint.
    std::fs::remove_file(lake.path().join("t/_delta_log/_last_checkpoint")).unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    write(load(&lake).as_mut(), &rows_of(&[json!([7, 7_000])]));
    assert_eq!(sorted(lake.rows("t", &COLUMNS))[7], json!([7, 7_000]));
}

/// A commit of which the answer was lost is found again by its transaction.
#[test]
fn a_package_that_is_committed_to_a_table_is_not_committed_again() {
    let lake = Lake::in_folder();
    let claim = Claim::new("test");
    let mut load = lake.open().open_load(&claim).unwrap();
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(load.as_mut(), &rows_of(&[json!([1, 1])]));
    let id = package();
    let add = file_of_another(&lake, &rows_of(&[json!([2, 2])]));
    let version = i64::try_from(id.number).unwrap();
    let app_id = format!("gitlab-pipeline-{}-{}", id.load_id, claim.token);
    let txn = Transaction { app_id, version, last_updated: None };
    commit_as_another(&lake, &[Action::add(add), Action::txn(txn)]);
    let mut writer = load.writer(&rows_of(&[]).table, &Mode::Merge, &id).unwrap();
    writer.write(&Batch { rows: rows_of(&[json!([2, 20])]).batch, parents: None }).unwrap();
    writer.finish().unwrap();
    load.commit(&Package { id: &id, ..NOTHING }).unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), [json!([1, 1]), json!([2, 2])]);
    write(load.as_mut(), &rows_of(&[json!([2, 30]), json!([3, 3])]));
    load.close().unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), [json!([1, 1]), json!([2, 30]), json!([3, 3])]);
}

/// A process ends after the commits of so many tables, and before the record of the package.
#[test]
fn what_a_crash_left_between_two_tables_comes_again() {
    let of = |table: &str, rows: &[Value]| TableRows::of(table, &["id"], &COLUMNS, rows);
    for committed in 0..=2 {
        let lake = Lake::in_folder();
        let both = |load: &mut dyn OpenLoad, v: i64| {
            let id = package();
            for table in ["a", "t"] {
                let rows = of(table, &[json!([1, v]), json!([2, v])]);
                let mut writer = load.writer(&rows.table, &Mode::Merge, &id).unwrap();
                writer.write(&Batch { rows: rows.batch, parents: None }).unwrap();
                writer.finish().unwrap();
            }
            let state = StateEntry { resource: "t".into(), partition: "{}".into(), state: Some(json!(v)) };
            load.commit(&Package { id: &id, states: &[state], ..NOTHING }).unwrap();
        };
        let mut first = load(&lake);
        first.prepare(&["a", "t"].map(|table| create(&of(table, &[]))), "l").unwrap();
        both(first.as_mut(), 1);
        let log = |folder: &str| {
            let mut names = lake.delta().store.list(folder).unwrap().files;
            names.sort();
            lake.path().join(folder).join(names.pop().unwrap())
        };
        both(first.as_mut(), 2);
        drop(first);
        std::fs::remove_file(log(names::LOG)).unwrap();
        for table in ["a", "t"].iter().skip(committed) {
            std::fs::remove_file(log(&format!("{table}/_delta_log"))).unwrap();
        }
        let rows = |table: &str| sorted(lake.rows(table, &COLUMNS));
        let expected = |v: i64| vec![json!([1, v]), json!([2, v])];
        assert_eq!(rows("a"), expected(if committed > 0 { 2 } else { 1 }));
        assert_eq!(rows("t"), expected(if committed > 1 { 2 } else { 1 }));
        assert_eq!(conformance::states(&lake).pop().unwrap().state, Some(json!(1)));
        let mut second = load(&lake);
        both(second.as_mut(), 2);
        second.close().unwrap();
        assert_eq!((rows("a"), rows("t")), (expected(2), expected(2)));
    }
}

/// With a checkpoint those files go that no version of the last days has.
#[test]
fn files_that_nobody_wants_go() {
    let lake = Lake::in_folder();
    let mut first = load(&lake);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(first.as_mut(), &rows_of(&[json!([1, 0])]));
    first.close().unwrap();
    let folder = lake.path().join("t");
    let put = |name: &str, days: u64| {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
    };
    put("of a dead load.parquet", 8);
    put("of a load that goes on.parquet", 6);
    put("_of_others", 8);
    let mut second = load(&lake);
    (0..10).for_each(|v| write(second.as_mut(), &rows_of(&[json!([1, v])])));
    second.close().unwrap();
    let there = |name: &str| folder.join(name).exists();
    assert!(!there("of a dead load.parquet"));
    assert!(there("of a load that goes on.parquet") && there("_of_others"));
    let files = lake.delta().store.list("t").unwrap().files;
    assert!(files.len() >= 12, "what was there today stays for readers: {files:?}");
}
