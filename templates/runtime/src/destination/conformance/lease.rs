//! One load at a time.

use serde_json::json;

use super::{Check, Claim, Meaning, Package, Place, Run, expect, state, states};
use crate::destination::{DestinationError, LoadStatus, Mode};
use crate::resource::ColumnKind::Int;
use crate::schema::table::TableRows;

pub(super) const CHECKS: &[Check] = &[
    a_second_load_is_refused_by_name,
    a_dead_load_holds_nothing,
    who_lost_the_lease_commits_nothing,
    of_many_at_once_one_gets_it,
];

fn a_second_load_is_refused_by_name(place: &dyn Place) {
    let mut run = Run::open(place);
    run.commit(&Meaning::default());
    let Err(error) = place.open().open_load(&Claim::new("second")) else { panic!("there are two") };
    assert!(matches!(error, DestinationError::Held { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("pipeline `test`") && text.contains(&std::process::id().to_string()), "{text}");
    assert!(error.hint().is_some());
    assert_eq!(place.open().loads(1).unwrap()[0].status, LoadStatus::Running, "one may look");
    run.load.renew().unwrap();
    run.commit(&Meaning::default());
    run.close();
    place.open().open_load(&Claim::new("second")).unwrap().close().unwrap();
}

fn a_dead_load_holds_nothing(place: &dyn Place) {
    let mut run = Run::open(place);
    run.commit(&Meaning::default());
    drop(run);
    place.end_lease();
    assert_eq!(place.open().loads(1).unwrap()[0].status, LoadStatus::Interrupted);
    Run::open(place).close();
    assert_eq!(place.open().loads(1).unwrap()[0].status, LoadStatus::Interrupted);
}

fn who_lost_the_lease_commits_nothing(place: &dyn Place) {
    let rows = |id: i64| TableRows::of("t", &["id"], &[("id", Int)], &[json!([id])]);
    let mut first = Run::open_as(place, "a");
    first.write(&rows(1), &Mode::Merge);
    first.commit(&Meaning::default());
    place.end_lease();
    let mut second = Run::open_as(place, "b");
    second.write(&rows(2), &Mode::Merge);
    second.commit(&Meaning::default());
    let mut writer = first.load.writer(&first.tables["t"], &Mode::Merge, &first.next).unwrap();
    writer.write(&second.batch(&rows(3))).unwrap();
    writer.finish().unwrap();
    let states_of_first = [state("t", "{}", Some(json!(3)))];
    let package = Package {
        id: &first.next,
        swaps: &[],
        deletions: &[],
        states: &states_of_first,
        forget: &[],
        load: Some(&first.entry),
    };
    let error = first.load.commit(&package).unwrap_err();
    assert!(matches!(error, DestinationError::LeaseLost { .. }), "{error}");
    expect(place, "t", &[("id", Int)], &[json!([1]), json!([2])]);
    assert_eq!(states(place), []);
    second.commit(&Meaning::default());
    second.close();
}

/// On an empty place, where nothing is there yet that could tell them apart.
fn of_many_at_once_one_gets_it(place: &dyn Place) {
    let destinations: Vec<_> = (0..4).map(|_| place.open()).collect();
    let opened: Vec<_> = std::thread::scope(|scope| {
        let open = |destination: Box<dyn super::Destination>| {
            scope.spawn(move || destination.open_load(&Claim::new("one of many")))
        };
        let threads: Vec<_> = destinations.into_iter().map(open).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let errors: Vec<_> = opened.iter().filter_map(|result| result.as_ref().err()).collect();
    let is_held = |error: &&DestinationError| matches!(error, DestinationError::Held { .. });
    assert!(errors.len() == 3 && errors.iter().all(is_held), "{errors:?}");
}
