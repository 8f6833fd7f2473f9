//! What helps those who query: it comes to tables as they are and as they become, as often as it is asked for, and no row
//! knows of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Check, Meaning, Place, Run, abilities, alter, apply, expect, load};
use crate::destination::{Aid, Mode, Widening};
use crate::resource::ColumnKind;
use crate::schema::kind::Seen;
use crate::schema::table::TableRows;

pub(super) const CHECKS: &[Check] = &[
    aids_come_once_and_change_no_row,
    aids_come_to_tables_of_earlier_loads,
    comments_say_what_was_said_first,
    columns_with_aids_become_wider,
];

const COLUMNS: [(&str, ColumnKind); 3] =
    [("id", ColumnKind::Int), ("project_id", ColumnKind::Int), ("order", ColumnKind::Text)];

const TEXT: &str = "It's \"what\" \\'; DROP TABLE t; -- ␀ {{ 1 }} is ü";

fn rows(values: &[serde_json::Value]) -> TableRows {
    TableRows::of("t", &["id"], &COLUMNS, values)
}

fn aid() -> Aid {
    Aid {
        table: "t".to_owned(),
        about: TEXT.to_owned(),
        columns: COLUMNS.map(|(name, _)| (name.to_owned(), TEXT.to_owned())).to_vec(),
        indexes: vec![vec!["project_id".to_owned()], vec!["project_id".to_owned(), "id".to_owned()]],
    }
}

fn aided(place: &dyn Place) {
    let mut run = Run::open(place);
    run.commit(&Meaning::default());
    run.load.aid(&[aid()]).unwrap();
    run.load.aid(&[aid()]).unwrap();
    run.close();
}

fn aids_come_once_and_change_no_row(place: &dyn Place) {
    let one = [json!([1, 7, "a"]), json!([2, 7, null])];
    if !abilities(place).merges {
        return;
    }
    let mut run = Run::open(place);
    run.write(&rows(&one), &Mode::Merge);
    run.commit(&Meaning::default());
    run.load.aid(&[aid()]).unwrap();
    run.load.aid(&[aid()]).unwrap();
    run.close();
    expect(place, "t", &COLUMNS, &one);
    aided(place);
    load(place, &rows(&[json!([2, 8, "b"]), json!([3, 8, "c"])]));
    expect(place, "t", &COLUMNS, &[json!([1, 7, "a"]), json!([2, 8, "b"]), json!([3, 8, "c"])]);
}

fn aids_come_to_tables_of_earlier_loads(place: &dyn Place) {
    if !abilities(place).merges {
        return;
    }
    load(place, &rows(&[json!([1, 7, "a"])]));
    aided(place);
    load(place, &rows(&[json!([1, 7, "b"])]));
    expect(place, "t", &COLUMNS, &[json!([1, 7, "b"])]);
}

/// What people have written stays, so what is there is never written again.
fn comments_say_what_was_said_first(place: &dyn Place) {
    if place.comments("t").is_none() {
        return;
    }
    load(place, &rows(&[json!([1, 7, "a"])]));
    assert_eq!(place.comments("t").unwrap(), BTreeMap::new());
    let Aid { about, columns, .. } = aid();
    let said: BTreeMap<String, String> = columns.into_iter().chain([(String::new(), about)]).collect();
    let mut first = aid();
    let later = first.columns.pop().unwrap();
    let mut run = Run::open(place);
    let mut others = COLUMNS.map(|(name, _)| (name.to_owned(), "other".to_owned())).to_vec();
    others[first.columns.len()] = later;
    let second = Aid { about: "other".to_owned(), columns: others, ..aid() };
    run.load.aid(&[first]).unwrap();
    assert_eq!(place.comments("t").unwrap().len(), said.len() - 1);
    run.load.aid(&[second]).unwrap();
    run.close();
    assert_eq!(place.comments("t").unwrap(), said);
    place.remake(&rows(&[]).table, &aid());
    assert_eq!(place.comments("t").unwrap(), said, "by what `schema` prints");
}

/// Also to texts that are longer than an entry of an index may be.
fn columns_with_aids_become_wider(place: &dyn Place) {
    let abilities = abilities(place);
    let (from, to) = (ColumnKind::Int, ColumnKind::Text);
    if !abilities.merges || (abilities.widens)(from, to) == Widening::No {
        return;
    }
    load(place, &rows(&[json!([1, 7, "a"])]));
    aided(place);
    apply(place, &[alter("t", "project_id", (from, Seen::Int), (to, Seen::Text))]);
    let columns = [COLUMNS[0], ("project_id", ColumnKind::Text), COLUMNS[2]];
    let mut random = fastrand::Rng::with_seed(3);
    let long: String = (0..20_000).map(|_| random.alphanumeric()).collect();
    let more = TableRows::of("t", &["id"], &columns, &[json!([2, long, "b"])]);
    load(place, &more);
    expect(place, "t", &columns, &[json!([1, "7", "a"]), json!([2, long, "b"])]);
}
