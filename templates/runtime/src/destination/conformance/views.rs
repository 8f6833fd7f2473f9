//! Views come, stand in the way of nothing, and go.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Check, Meaning, Place, Run};
use crate::destination::{LoadStatus, Mode};
use crate::load::{Lack, LoadNote, LoadOptions, LoadOutcome, LoadSummary, Loader};
use crate::page::{Binding, Page, Partition};
use crate::resource::ColumnKind::Int;
use crate::resource::{Column, KeyScope, Param, Resource};
use crate::schema::table::TableRows;
use crate::view::{Need, View, Views};

pub(super) const CHECKS: &[Check] = &[a_view_is_a_query, views_of_a_load_follow_its_tables];

/// What a person reads; `None` where there is nothing of that name.
fn said(place: &dyn Place, view: &str) -> Option<Vec<Vec<Option<String>>>> {
    let mut reader = place.reader().unwrap();
    let answer = reader.query(&format!("SELECT * FROM \"{view}\" ORDER BY 1"));
    answer.ok().map(|answer| answer.rows)
}

fn row(cells: &[&str]) -> Vec<Option<String>> {
    cells.iter().map(|cell| Some((*cell).to_owned())).collect()
}

fn a_view_is_a_query(place: &dyn Place) {
    let mut run = Run::open(place);
    if run.load.views().is_none() {
        return run.close();
    }
    let rows = TableRows::of("base", &["id"], &[("id", Int), ("v", Int)], &[json!([1, 5]), json!([2, 6])]);
    run.write(&rows, &Mode::Merge);
    run.commit(&Meaning::default());
    let views = run.load.views().unwrap();
    assert!(views.is_taken("base").unwrap() && !views.is_taken("It's \"one\"").unwrap());
    views.make("seen", "SELECT id FROM \"base\" AS base").unwrap();
    // Its columns are others.
    views.make("seen", "-- said\nSELECT v, id FROM \"base\" AS base WHERE v > 5\n").unwrap();
    views.make("below", "SELECT v FROM \"seen\" AS seen").unwrap();
    assert!(views.make("wrong", "SELECT nothing FROM \"base\" AS base").is_err());
    assert!(!views.is_taken("wrong").unwrap() && views.is_taken("seen").unwrap());
    let again = TableRows::of("base", &["id"], &[("id", Int), ("v", Int)], &[json!([3, 9])]);
    run.write(&again, &Mode::Merge);
    run.commit(&Meaning::default());
    run.close();
    assert_eq!(said(place, "seen").unwrap(), [row(&["6", "2"]), row(&["9", "3"])]);
    assert_eq!(said(place, "below").unwrap(), [row(&["6"]), row(&["9"])]);

    let mut run = Run::open(place);
    let views = run.load.views().unwrap();
    for name in ["below", "seen", "seen"] {
        views.remove(name).unwrap();
    }
    run.close();
    assert!(said(place, "seen").is_none() && said(place, "base").is_some());
}

const THINGS: Resource = Resource {
    name: "things",
    table: "things",
    path: "/projects/{id}/things",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["iid"],
    key_scope: KeyScope::Parent,
    ..Resource::DEFAULT
};

const WEIGHTS: View = View {
    name: "weights",
    says: "",
    needs: &[
        Need::of("things", &[Column::int("iid"), Column::int("project_id")]),
        Need::of("others", &[Column::int("iid"), Column::timestamp("at")]).optional(),
    ],
    sql: "SELECT thing.iid, thing.weight, other.at FROM \"things\" AS thing
          LEFT JOIN \"others\" AS other ON other.iid = thing.iid",
    charts: &[],
};

/// It reads what the tables do not have.
const LACKING: View =
    View { name: "lacking", needs: &[Need::of("things", &[Column::text("nought")])], ..WEIGHTS };
const WRONG: View = View {
    name: "wrong",
    needs: &[Need::of("things", &[])],
    sql: "SELECT thing.nought FROM \"things\" AS thing",
    ..WEIGHTS
};

/// One load, with this in `weight`.
fn loaded(place: &dyn Place, iid: i64, weight: Value, views: Option<Views>) -> LoadSummary {
    const OTHERS: Resource = Resource { name: "others", table: "others", ..THINGS };
    let options = LoadOptions { all: &[&THINGS, &OTHERS], views, ..LoadOptions::default() };
    let loader = Loader::begin(place.open(), options).unwrap();
    let bindings = vec![Binding { column: "project_id", value: json!(1) }];
    let record = json!({"iid": iid, "weight": weight}).as_object().unwrap().clone();
    let partition = Partition { resource: &THINGS, bindings, carried: Vec::new() };
    let page =
        Page { partition: Arc::new(partition), records: vec![record.into_iter().collect()], last: true };
    let outcome = LoadOutcome {
        status: LoadStatus::Complete,
        complete: vec![&THINGS],
        unseen: Vec::new(),
        report: Map::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        loader.page(page).await.unwrap();
        loader.finish(outcome).await.unwrap()
    })
}

/// Also when a column that one reads gets another type.
fn views_of_a_load_follow_its_tables(place: &dyn Place) {
    let mut run = Run::open(place);
    let dialect = run.load.views().map(|views| views.dialect());
    run.close();
    let Some(dialect) = dialect else { return };
    let views = Some(Views { dialect, all: &[&WEIGHTS, &LACKING, &WRONG] });
    let summary = loaded(place, 1, json!(7), views);
    let lack = Lack::Column { table: "things".to_owned(), column: "nought" };
    let lacking = LoadNote::ViewsLeftOut { views: vec!["lacking"], why: lack };
    assert!(summary.notes.contains(&lacking), "{:?}", summary.notes);
    let is_said = |note: &LoadNote| matches!(note, LoadNote::ViewsLeftOut { views, why: Lack::Said(_) } if *views == ["wrong"]);
    assert!(summary.notes.iter().any(is_said), "{:?}", summary.notes);
    let nothing_else = [Some("1".to_owned()), Some("7".to_owned()), None];
    assert_eq!(said(place, "weights").unwrap(), [nothing_else.to_vec()]);

    loaded(place, 2, json!("heavy"), views);
    let weights: Vec<_> = said(place, "weights").unwrap().into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(weights, row(&["7", "heavy"]));
    loaded(place, 3, json!(3), None);
    assert!(said(place, "weights").is_none(), "nobody wants them any more");
    loaded(place, 3, json!(3), views);
    assert_eq!(said(place, "weights").unwrap().len(), 3);
}
