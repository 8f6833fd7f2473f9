//! A crash between any two calls: what is there afterwards is whole, and the next load makes the rest.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Check, Meaning, Place, Run, abilities, alter, expect, sorted, state, states, swap};
use crate::destination::{Atomicity, Mode, SwapWhen, TableWriter, Widening};
use crate::resource::ColumnKind::{self, Int, Text};
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;

pub(super) const CHECKS: &[Check] = &[after_a_crash_the_next_load_makes_the_rest];

/// A load as a list of calls.
#[derive(Clone)]
enum Call {
    Prepare(&'static str),
    Widen,
    Open(&'static str, Mode),
    /// An id and a value.
    Write(&'static str, [i64; 2]),
    Finish(&'static str),
    /// With a state that is the number of the package.
    Commit(i64),
    Swap(i64),
}

const COLUMNS: [(&str, ColumnKind); 2] = [("id", Int), ("v", Int)];

fn script() -> Vec<Call> {
    use Call::{Commit, Finish, Open, Prepare, Swap, Widen, Write};
    vec![
        Prepare("merged"),
        Open("merged", Mode::Merge),
        Write("merged", [1, 10]),
        Prepare("staged"),
        Open("staged", Mode::Stage),
        Write("staged", [1, 10]),
        Write("merged", [2, 20]),
        Finish("merged"),
        Finish("staged"),
        Commit(1),
        Widen,
        Open("merged", Mode::Merge),
        Write("merged", [1, 11]),
        Finish("merged"),
        Open("staged", Mode::Stage),
        Write("staged", [2, 20]),
        Finish("staged"),
        Commit(2),
        Swap(3),
    ]
}

/// What `merged` holds after each package.
const MERGED: [&[[i64; 2]]; 4] = [&[], &[[1, 10], [2, 20]], &[[1, 11], [2, 20]], &[[1, 11], [2, 20]]];
/// What `staged` holds after the swap.
const STAGED: &[[i64; 2]] = &[[1, 10], [2, 20]];

/// Each crash has tables of its own.
fn after_a_crash_the_next_load_makes_the_rest(place: &dyn Place) {
    let script = script();
    for calls in (0..=script.len()).step_by(place.crashes_between()) {
        drop(play(place, &script[..calls], calls));
        place.end_lease();
        look(place, calls);
        play(place, &script, calls).close();
        expect(place, &format!("merged_{calls}"), &COLUMNS, &values(MERGED[3]));
        expect(place, &format!("staged_{calls}"), &COLUMNS, &values(STAGED));
        assert_eq!(committed(place, calls), 3, "after {calls} calls and a whole load");
    }
}

/// State speaks for no rows that are not there; where a package is atomic, rows are there with their state alone.
fn look(place: &dyn Place, calls: usize) {
    let committed = committed(place, calls);
    let merged = sorted(place.rows(&format!("merged_{calls}"), &COLUMNS));
    let staged = sorted(place.rows(&format!("staged_{calls}"), &COLUMNS));
    let expected = |rows: &[[i64; 2]]| sorted(values(rows));
    let packages = |from: usize| &MERGED[from..];
    let swapped = [expected(&[]), expected(STAGED)];
    if abilities(place).atomic == Atomicity::Package {
        assert_eq!(merged, expected(MERGED[committed]), "after {calls} calls");
        assert_eq!(staged, swapped[usize::from(committed == 3)], "after {calls} calls");
    } else {
        let is_later = packages(committed).iter().any(|rows| merged == expected(rows));
        assert!(is_later, "after {calls} calls: {merged:?} with the state of {committed}");
        assert!(staged == swapped[1] || committed < 3 && staged == swapped[0], "after {calls} calls");
    }
}

fn values(rows: &[[i64; 2]]) -> Vec<Value> {
    rows.iter().map(|row| json!(row)).collect()
}

fn committed(place: &dyn Place, calls: usize) -> usize {
    let name = format!("merged_{calls}");
    let kept = states(place).into_iter().find(|entry| entry.resource == name).and_then(|entry| entry.state);
    kept.map_or(0, |state| usize::try_from(state.as_u64().unwrap()).unwrap())
}

fn play(place: &dyn Place, script: &[Call], calls: usize) -> Run {
    let mut run = Run::open(place);
    let name = |table: &str| format!("{table}_{calls}");
    let rows = |table: &str, rows: &[Value]| {
        TableRows::of(&name(table), &["id"], &[("id", Int), ("v", Int), ("wide", Int)], rows)
    };
    let keep = |number: i64| vec![state(&name("merged"), "{}", Some(json!(number)))];
    let widens = abilities(place).widens;
    let mut writers: BTreeMap<&str, Box<dyn TableWriter>> = BTreeMap::new();
    for call in script.iter().cloned() {
        match call {
            Call::Prepare(table) => run.prepare_for(&rows(table, &[])),
            Call::Widen if widens(Int, Text) != Widening::No => {
                run.prepare(&[alter(&name("merged"), "wide", (Int, Seen::Int), (Text, Seen::Text))]);
            }
            Call::Widen => {}
            Call::Open(table, mode) => {
                let writer = run.load.writer(&run.tables[&name(table)], &mode, &run.next).unwrap();
                writers.insert(table, writer);
            }
            Call::Write(table, [id, v]) => {
                let batch = run.batch(&rows(table, &[json!([id, v, 5])]));
                writers.get_mut(table).unwrap().write(&batch).unwrap();
            }
            Call::Finish(table) => writers.remove(table).unwrap().finish().unwrap(),
            Call::Commit(number) => {
                run.commit(&Meaning { states: keep(number), ..Meaning::default() });
            }
            Call::Swap(number) => {
                let swaps = vec![swap(&name("staged"), SwapWhen::Always)];
                run.commit(&Meaning { swaps, states: keep(number), ..Meaning::default() });
            }
        }
    }
    run
}
