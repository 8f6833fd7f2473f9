//! Packages are idempotent, and state comes last.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Check, Meaning, Place, Run, abilities, entry, expect, state, states, swap};
use crate::destination::{Committed, Forget, LoadEntry, LoadStatus, Mode, StateKey, SwapWhen, Written};
use crate::resource::ColumnKind::{Int, Text};
use crate::schema::table::TableRows;

pub(super) const CHECKS: &[Check] = &[
    the_same_package_again_changes_nothing,
    a_package_whose_rows_are_missing_is_refused,
    many_writers_write_at_once,
    state_is_looked_up_and_forgotten,
    loads_are_kept,
];

fn the_same_package_again_changes_nothing(place: &dyn Place) {
    let columns = [("id", Int), ("v", Text)];
    let rows = TableRows::of("same", &["id"], &columns, &[json!([1, "a"])]);
    let words = TableRows::of("words", &[], &columns, &[json!([1, "a"]), json!([1, "a"])]);
    let mut run = Run::open(place);
    let first = Meaning { states: vec![state("same", "{}", Some(json!(1)))], ..Meaning::default() };
    run.write(&rows, &Mode::Merge);
    run.write(&words, &Mode::Stage);
    let committed = run.commit_again(&first);
    assert_eq!(committed.written["same"], Written { inserted: 1, updated: 0 });
    // Once more as if nobody knew how it ended: with its rows, with others, with none.
    run.write(&words, &Mode::Stage);
    let other = Meaning { states: vec![state("same", "{}", Some(json!(2)))], ..Meaning::default() };
    assert_eq!(run.commit_again(&other), Committed::default());
    run.write(&TableRows::of("same", &["id"], &columns, &[json!([2, "b"])]), &Mode::Merge);
    assert_eq!(run.commit_again(&first), Committed::default());
    assert_eq!(run.commit_again(&first), Committed::default());
    run.next.number += 1;
    run.commit(&Meaning { swaps: vec![swap("words", SwapWhen::Always)], ..Meaning::default() });
    run.close();
    expect(place, "same", &columns, &[json!([1, "a"])]);
    expect(place, "words", &columns, &[json!([1, "a"]), json!([1, "a"])]);
    assert_eq!(states(place), [state("same", "{}", Some(json!(1)))]);
}

fn a_package_whose_rows_are_missing_is_refused(place: &dyn Place) {
    let rows = TableRows::of("half", &["id"], &[("id", Int)], &[json!([1])]);
    let mut run = Run::open(place);
    run.prepare_for(&rows);
    let batch = run.batch(&rows);
    let mut writer = run.load.writer(&run.tables["half"], &Mode::Merge, &run.next).unwrap();
    writer.write(&batch).unwrap();
    drop(writer);
    let states = [state("half", "{}", Some(json!(1)))];
    let package = |run: &Run| {
        let (id, load) = (run.next.clone(), run.entry.clone());
        (id, load)
    };
    let (id, load) = package(&run);
    let package = super::Package {
        id: &id,
        swaps: &[],
        deletions: &[],
        states: &states,
        forget: &[],
        load: Some(&load),
    };
    assert!(run.load.commit(&package).is_err(), "a writer is not finished");
    assert!(run.load.commit(&package).is_err(), "and its rows do not come by asking again");
    expect(place, "half", &[("id", Int)], &[]);
    assert_eq!(super::states(place), []);
    run.write(&rows, &Mode::Merge);
    run.load.commit(&package).unwrap();
    expect(place, "half", &[("id", Int)], &[json!([1])]);
}

fn many_writers_write_at_once(place: &dyn Place) {
    let writers = i64::try_from(abilities(place).writers.clamp(1, 8)).unwrap();
    let of = |table: &str, rows: &[Value]| TableRows::of(table, &["id"], &[("id", Int), ("by", Int)], rows);
    let mut run = Run::open(place);
    let tables = ["left", "right"];
    tables.iter().for_each(|table| run.prepare_for(&of(table, &[])));
    let mut jobs = Vec::new();
    for by in 0..writers {
        let table = tables[usize::try_from(by % 2).unwrap()];
        let rows: Vec<Value> = (0..500).map(|at| json!([by * 1000 + at, by])).collect();
        let batches = rows.chunks(100).map(|rows| run.batch(&of(table, rows))).collect::<Vec<_>>();
        jobs.push((run.load.writer(&run.tables[table], &Mode::Merge, &run.next).unwrap(), batches));
    }
    std::thread::scope(|scope| {
        for (mut writer, batches) in jobs {
            scope.spawn(move || {
                batches.iter().for_each(|batch| drop(writer.write(batch).unwrap()));
                writer.finish().unwrap();
            });
        }
    });
    let committed = run.commit(&Meaning::default());
    let written: u64 = committed.written.values().map(|written| written.inserted).sum();
    assert_eq!(i64::try_from(written).unwrap(), writers * 500);
    let rows: usize = tables.iter().map(|table| place.rows(table, &[("id", Int)]).len()).sum();
    assert_eq!(i64::try_from(rows).unwrap(), writers * 500);
}

fn state_is_looked_up_and_forgotten(place: &dyn Place) {
    let (one, two) = ("{\"project_id\":1}", "{\"project_id\":\"a'b\"}");
    let mut run = Run::open_as(place, "a");
    let put = |states| Meaning { states, ..Meaning::default() };
    let mut reader = run.load.state_reader().unwrap();
    run.commit(&put(vec![
        state("issues", one, Some(json!({"since": "x"}))),
        state("issues", two, Some(json!("🦊"))),
        state("notes", one, Some(json!(1))),
    ]));
    run.commit(&put(vec![state("issues", one, Some(json!({"since": "y"}))), state("notes", one, None)]));
    let key = |resource, partition| StateKey { resource, partition };
    let keys = [key("issues", two), key("notes", one), key("issues", "{}"), key("issues", one)];
    let read = reader.read(&keys).unwrap();
    assert_eq!(read, [Some(json!("🦊")), None, None, Some(json!({"since": "y"}))]);
    assert_eq!(reader.read(&[]).unwrap(), []);
    drop(reader);
    run.close();

    let mut run = Run::open_as(place, "b");
    let forget = |except: &[&str]| Forget {
        resource: "issues".to_owned(),
        except: except.iter().map(|partition| (*partition).to_owned()).collect::<BTreeSet<_>>(),
        loads: BTreeSet::new(),
    };
    let three = "{\"project_id\":3}";
    let states_of = |place| states(place).into_iter().map(|entry| entry.partition).collect::<Vec<_>>();
    run.commit(&put(vec![state("issues", three, Some(json!(3)))]));
    run.commit(&Meaning { forget: vec![forget(&[two])], ..Meaning::default() });
    assert_eq!(states_of(place), [two, three], "not what this load has written, nor what is excepted");
    run.close();
    let mut run = Run::open_as(place, "c");
    let meaning = Meaning { forget: vec![forget(&[])], ..put(vec![state("issues", one, Some(json!(1)))]) };
    run.commit(&meaning);
    assert_eq!(states_of(place), [one]);
}

fn loads_are_kept(place: &dyn Place) {
    assert_eq!(place.open().loads(9).unwrap(), [], "a place that no load has opened has none");
    let put = |load: &LoadEntry| {
        let mut run = Run::open_as(place, &load.load_id);
        run.entry = load.clone();
        run.commit(&Meaning::default());
        run.close();
    };
    let first = entry("20240501T000000000Z-aaaa", LoadStatus::Running);
    let mut second = entry("20240502T000000000Z-aaaa", LoadStatus::Partial);
    second.started_at += Duration::from_secs(86_400);
    second.finished_at = Some(second.started_at + Duration::from_secs(5));
    second.rows = Map::from_iter([("issues".to_owned(), json!(12))]);
    second.report = Map::from_iter([("left_out".to_owned(), json!([{"reason": "403 'Forbidden'"}]))]);
    put(&first);
    let interrupted = LoadEntry { status: LoadStatus::Interrupted, ..first };
    assert_eq!(place.open().loads(9).unwrap(), std::slice::from_ref(&interrupted), "nobody loads any more");
    put(&second);
    assert_eq!(place.open().loads(9).unwrap(), [second.clone(), interrupted]);
    assert_eq!(place.open().loads(1).unwrap(), [second]);
}
