//! Shards of a run, at once, where a place takes them.

use serde_json::{Value, json};

use super::{Check, Claim, Meaning, Place, Run, abilities, entry, expect, state, states};
use crate::destination::{
    DestinationError, LoadStatus, Mode, PackageId, SHARD, SchemaChange, Swap, SwapWhen,
};
use crate::resource::ColumnKind::{self, Int, Text};
use crate::schema::table::{Column, Table, TableRows};
use crate::shard::Shard;

pub(super) const CHECKS: &[Check] = &[
    eight_at_once_make_one_table,
    rows_that_were_written_for_a_table_that_was_changed_are_kept,
    whole_runs_and_other_numbers_are_kept_out,
    a_dead_shard_goes_on_and_the_others_do_not_notice,
    what_all_have_staged_is_swapped_in_once,
    what_one_has_taken_back_is_not_swapped_in,
];

fn shard(index: u32, of: u32) -> Shard {
    Shard::new(index, of).unwrap()
}

fn takes_shards(place: &dyn Place) -> bool {
    abilities(place).takes_shards
}

/// A shard as the loader drives it.
fn open(place: &dyn Place, own: Shard) -> Result<Run, DestinationError> {
    let claim = Claim::new("test").of_shard(Some(own));
    let mut load = place.open().open_load(&claim)?;
    let tables = load.tables()?.into_iter().map(|table| (table.name.clone(), table)).collect();
    let load_id = format!("20240501T000000000Z-{}", own.to_string().replace('/', "of"));
    let mut entry = entry(&load_id, LoadStatus::Running);
    entry.report.insert(SHARD.to_owned(), own.to_string().into());
    Ok(Run { load, tables, next: PackageId { load_id, number: 0 }, entry })
}

/// What the rows need of their table, asked for until nobody was faster.
fn prepare(run: &mut Run, rows: &TableRows) {
    let name = &rows.table.name;
    loop {
        let changes = match run.tables.get(name) {
            None => vec![SchemaChange::CreateTable(Table::clone(&rows.table))],
            Some(table) => rows.table.columns.iter().filter_map(|column| change(table, column)).collect(),
        };
        if changes.is_empty() {
            return;
        }
        let prepared = run.load.prepare(&changes, &run.next.load_id);
        let tables = run.load.tables().unwrap();
        run.tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        match prepared {
            Err(DestinationError::Moved { .. }) => {}
            prepared => return prepared.unwrap(),
        }
    }
}

fn change(table: &Table, column: &Column) -> Option<SchemaChange> {
    let Some(from) = table.column(&column.name) else {
        return Some(SchemaChange::AddColumn { table: table.name.clone(), column: column.clone() });
    };
    let seen = from.seen.join(column.seen);
    let to = Column { seen, kind: seen.kind().unwrap_or(from.kind), ..from.clone() };
    (to != *from).then(|| SchemaChange::AlterColumn { table: table.name.clone(), from: from.clone(), to })
}

fn write(run: &mut Run, rows: &TableRows, mode: &Mode) {
    prepare(run, rows);
    let batch = run.batch(rows);
    let mut writer = run.load.writer(&run.tables[&rows.table.name], mode, &run.next).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

/// Half of the shards find a number in the new column, and half a text.
fn rows_of(index: u32, package: u32) -> TableRows {
    let (kind, value) = match index % 2 {
        0 => (Int, json!(index)),
        _ => (Text, json!(format!("text {index}"))),
    };
    let id = index * 100 + package;
    let columns: &[(&str, ColumnKind)] = match package {
        0 => &[("id", Int)],
        _ => &[("id", Int), ("new", kind)],
    };
    let row = if package == 0 { json!([id]) } else { json!([id, value]) };
    TableRows::of("t", &["id"], columns, &[row])
}

fn eight_at_once_make_one_table(place: &dyn Place) {
    if !takes_shards(place) {
        return;
    }
    let destinations: Vec<_> = (1..=8).map(|index| (index, place.open())).collect();
    std::thread::scope(|scope| {
        for (index, destination) in destinations {
            scope.spawn(move || {
                let own = shard(index, 8);
                let mut load = destination.open_load(&Claim::new("test").of_shard(Some(own))).unwrap();
                let tables = load.tables().unwrap();
                let tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
                let load_id = format!("20240501T00000000{index}Z-test");
                let mut entry = entry(&load_id, LoadStatus::Running);
                entry.report.insert(SHARD.to_owned(), own.to_string().into());
                let mut run = Run { load, tables, next: PackageId { load_id, number: 0 }, entry };
                for package in 0..4 {
                    write(&mut run, &rows_of(index, package), &Mode::Merge);
                    let own = format!("{{\"project_id\":{index}}}");
                    run.commit(&Meaning {
                        states: vec![state("issues", &own, Some(json!(package)))],
                        ..Meaning::default()
                    });
                }
                run.close();
            });
        }
    });
    let text = |index: u32| {
        if index.is_multiple_of(2) { json!(index.to_string()) } else { json!(format!("text {index}")) }
    };
    let rows: Vec<Value> = (1..=8)
        .flat_map(|index| {
            (0..4).map(move |package| {
                let value = if package == 0 { Value::Null } else { text(index) };
                json!([index * 100 + package, value])
            })
        })
        .collect();
    expect(place, "t", &[("id", Int), ("new", Text)], &rows);
    let kept: Vec<_> = states(place).into_iter().map(|entry| entry.state).collect();
    assert_eq!(kept, vec![Some(json!(3)); 8]);
    assert_eq!(place.open().loads(20).unwrap().len(), 8);
}

/// One shard has written rows, and before they are committed another makes a column wider and adds one.
fn rows_that_were_written_for_a_table_that_was_changed_are_kept(place: &dyn Place) {
    if !takes_shards(place) {
        return;
    }
    let of = |columns: &[(&str, ColumnKind)], row: Value| TableRows::of("t", &["id"], columns, &[row]);
    let mut first = open(place, shard(1, 2)).unwrap();
    write(&mut first, &of(&[("id", Int), ("v", Int)], json!([1, 10])), &Mode::Merge);
    first.commit(&Meaning::default());
    write(&mut first, &of(&[("id", Int), ("v", Int)], json!([2, 20])), &Mode::Merge);
    write(&mut first, &TableRows::of("staged", &[], &[("v", Int)], &[json!([7])]), &Mode::Stage);
    let mut second = open(place, shard(2, 2)).unwrap();
    let wide = of(&[("id", Int), ("v", Text), ("w", Int)], json!([3, "thirty", 3]));
    write(&mut second, &wide, &Mode::Merge);
    second.commit(&Meaning::default());
    first.commit(&Meaning::default());
    write(&mut first, &of(&[("id", Int), ("v", Int)], json!([1, 11])), &Mode::Merge);
    first.commit(&Meaning::default());
    first.close();
    second.close();
    let columns = [("id", Int), ("v", Text), ("w", Int)];
    let rows = [json!([1, "11", null]), json!([2, "20", null]), json!([3, "thirty", 3])];
    expect(place, "t", &columns, &rows);
}

fn whole_runs_and_other_numbers_are_kept_out(place: &dyn Place) {
    if !takes_shards(place) {
        return;
    }
    let held = |own: Option<Shard>| {
        let claim = Claim::new("second").of_shard(own);
        let Err(error) = place.open().open_load(&claim) else { panic!("{own:?} comes in") };
        assert!(matches!(error, DestinationError::Held { .. }), "{error}");
        assert!(error.to_string().contains("pipeline `test`"), "{error}");
    };
    let whole = Run::open(place);
    held(Some(shard(1, 2)));
    whole.close();
    let mut first = open(place, shard(1, 2)).unwrap();
    first.commit(&Meaning::default());
    held(None);
    held(Some(shard(1, 2)));
    held(Some(shard(1, 3)));
    let second = open(place, shard(2, 2)).unwrap();
    first.commit(&Meaning::default());
    assert_eq!(place.open().loads(1).unwrap()[0].status, LoadStatus::Running, "one may look");
    first.close();
    held(Some(shard(3, 3)));
    second.close();
    open(place, shard(3, 3)).unwrap().close();
    Run::open(place).close();
}

fn a_dead_shard_goes_on_and_the_others_do_not_notice(place: &dyn Place) {
    if !takes_shards(place) {
        return;
    }
    let rows = |id: i64| TableRows::of("t", &["id"], &[("id", Int)], &[json!([id])]);
    let mut first = open(place, shard(1, 2)).unwrap();
    let mut second = open(place, shard(2, 2)).unwrap();
    write(&mut first, &rows(1), &Mode::Merge);
    first.commit(&Meaning::default());
    write(&mut second, &rows(2), &Mode::Merge);
    second.commit(&Meaning::default());
    write(&mut second, &rows(3), &Mode::Merge);
    drop(second);
    first.commit(&Meaning::default());
    first.close();
    place.end_lease();
    let statuses: Vec<_> = place.open().loads(2).unwrap().into_iter().map(|load| load.status).collect();
    assert!(statuses.contains(&LoadStatus::Interrupted), "{statuses:?}");
    let mut second = open(place, shard(2, 2)).unwrap();
    second.next.load_id.push('b');
    write(&mut second, &rows(4), &Mode::Merge);
    second.commit(&Meaning::default());
    let again = second.commit_again(&Meaning::default());
    assert!(again.written.is_empty(), "{again:?}");
    second.close();
    expect(place, "t", &[("id", Int)], &[json!([1]), json!([2]), json!([4])]);
}

/// Two shards with staged rows, of which one has closed and the other is about to; and their tokens.
fn staged(place: &dyn Place) -> ([String; 2], Run) {
    super::load(place, &TableRows::of("t", &["id"], &[("id", Int)], &[json!([9])]));
    let stage = |index: u32| {
        let claim = Claim::new("test").of_shard(Some(shard(index, 2)));
        let mut load = place.open().open_load(&claim).unwrap();
        let tables = load.tables().unwrap().into_iter().map(|table| (table.name.clone(), table)).collect();
        let load_id = format!("l{index}");
        let entry = entry(&load_id, LoadStatus::Complete);
        let mut run = Run { load, tables, next: PackageId { load_id, number: 0 }, entry };
        for id in [index, 5] {
            write(&mut run, &TableRows::of("t", &["id"], &[("id", Int)], &[json!([id])]), &Mode::Stage);
            run.commit(&Meaning::default());
        }
        (claim.token, run)
    };
    let (first, run) = stage(1);
    run.close();
    let (second, run) = stage(2);
    ([first, second], run)
}

fn swap_of(parts: &[String]) -> Meaning {
    let swap =
        Swap { table: "t".to_owned(), lists: Vec::new(), when: SwapWhen::Always, parts: parts.to_vec() };
    Meaning { swaps: vec![swap], ..Meaning::default() }
}

fn what_all_have_staged_is_swapped_in_once(place: &dyn Place) {
    if !takes_shards(place) {
        return;
    }
    let (tokens, mut run) = staged(place);
    expect(place, "t", &[("id", Int)], &[json!([9])]);
    run.next = PackageId::of_all("l2");
    assert_eq!(run.commit_again(&swap_of(&tokens)).swapped.len(), 1);
    assert_eq!(run.commit_again(&swap_of(&tokens)).swapped.len(), 0, "the same package again");
    run.close();
    expect(place, "t", &[("id", Int)], &[json!([1]), json!([2]), json!([5])]);
    Run::open(place).close();
}

fn what_one_has_taken_back_is_not_swapped_in(place: &dyn Place) {
    if !takes_shards(place) {
        return;
    }
    let (tokens, mut run) = staged(place);
    // The first begins anew, so what it had staged is gone.
    let first = open(place, shard(1, 2)).unwrap();
    run.next = PackageId::of_all("l2");
    let committed = run.commit_again(&swap_of(&tokens));
    assert!(committed.swapped.is_empty(), "{committed:?}");
    run.close();
    first.close();
    expect(place, "t", &[("id", Int)], &[json!([9])]);
}
