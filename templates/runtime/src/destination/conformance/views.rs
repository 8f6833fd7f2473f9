//! Views come, stand in the way of nothing, and go.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Check, Meaning, Place, Run, abilities, expect};
use crate::destination::{LoadStatus, Mode, Views as Named, Widening};
use crate::load::{Lack, LoadNote, LoadOptions, LoadOutcome, LoadSummary, Loader};
use crate::page::{Binding, Page, Partition};
use crate::resource::ColumnKind::{Int, Text, Timestamp};
use crate::resource::{Column, KeyScope, Param, Resource};
use crate::schema::table::TableRows;
use crate::view::{Need, View, Views};

pub(super) const CHECKS: &[Check] = &[a_view_is_a_query, views_of_a_load_follow_its_tables];

fn a_view_is_a_query(place: &dyn Place) {
    let mut run = Run::open(place);
    if run.load.views().is_none() {
        return run.close();
    }
    let rows = TableRows::of("base", &["id"], &[("id", Int), ("v", Int)], &[json!([1, 5]), json!([2, 6])]);
    run.write(&rows, &Mode::Merge);
    run.commit(&Meaning::default());
    let views = run.load.views().unwrap();
    let (base, seen) = (views.table("base"), views.table("seen"));
    assert!(views.is_taken("base").unwrap() && !views.is_taken("It's \"one\"").unwrap());
    views.make("seen", &format!("SELECT id FROM {base} AS base")).unwrap();
    // Its columns are others.
    let query = format!("-- said\nSELECT v, id FROM {base} AS base WHERE v > 5\n");
    views.make("seen", &query).unwrap();
    views.make("below", &format!("SELECT v FROM {seen} AS seen")).unwrap();
    views.make("seen", &query).unwrap();
    assert!(views.make("wrong", &format!("SELECT nothing FROM {base} AS base")).is_err());
    assert!(views.make("base", &query).is_err(), "a table is no view");
    assert!(!views.is_taken("wrong").unwrap() && views.is_taken("seen").unwrap());
    let again = TableRows::of("base", &["id"], &[("id", Int), ("v", Int)], &[json!([3, 9])]);
    run.write(&again, &Mode::Merge);
    run.commit(&Meaning::default());
    run.close();
    expect(place, "seen", &[("v", Int), ("id", Int)], &[json!([6, 2]), json!([9, 3])]);
    expect(place, "below", &[("v", Int)], &[json!([6]), json!([9])]);

    let mut run = Run::open(place);
    let views = run.load.views().unwrap();
    for name in ["below", "seen", "seen"] {
        views.remove(name).unwrap();
    }
    assert!(!views.is_taken("seen").unwrap() && views.is_taken("base").unwrap());
    run.close();
}

const THINGS: Resource = Resource {
    name: "things",
    table: "things",
    path: "/projects/{id}/things",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["iid"],
    key_scope: KeyScope::Parent,
    columns: &[Column::text("weight")],
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

/// The views as they are written for a place.
fn written<const N: usize>(place: &dyn Named, views: [View; N]) -> Views {
    let written = views.map(|view| {
        let names = view.needs.iter().map(|need| (format!("\"{}\"", need.name), place.quoted(need.name)));
        let sql = names.fold(view.sql.to_owned(), |sql, (name, own)| sql.replace(&name, &own));
        &*Box::leak(Box::new(View { sql: sql.leak(), ..view }))
    });
    Views { dialect: place.dialect(), all: &*Box::leak(Box::new(written)) }
}

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
    let views = run.load.views().map(|views| written(views, [WEIGHTS, LACKING, WRONG]));
    run.close();
    let Some(views) = views else { return };
    let views = Some(views);
    let can_widen = (abilities(place).widens)(Int, Text) != Widening::No;
    let columns = |weight| [("iid", Int), ("weight", weight), ("at", Timestamp)];
    // Of a column that held nothing every place changes the type.
    loaded(place, 1, Value::Null, views);
    assert_eq!(place.rows("weights", &columns(Text)).len(), 1);
    let summary = loaded(place, 1, json!(7), views);
    let lack = Lack::Column { table: "things".to_owned(), column: "nought" };
    let lacking = LoadNote::ViewsLeftOut { views: vec!["lacking"], why: lack };
    assert!(summary.notes.contains(&lacking), "{:?}", summary.notes);
    let is_said = |note: &LoadNote| matches!(note, LoadNote::ViewsLeftOut { views, why: Lack::Said(_) } if *views == ["wrong"]);
    assert!(summary.notes.iter().any(is_said), "{:?}", summary.notes);
    expect(place, "weights", &columns(Int), &[json!([1, 7, null])]);

    loaded(place, 2, json!("heavy"), views);
    // Where a column cannot become wider, another one stands beside it.
    let (columns, first, second) = if can_widen {
        (columns(Text), json!("7"), json!("heavy"))
    } else {
        (columns(Int), json!(7), json!(null))
    };
    expect(place, "weights", &columns, &[json!([1, first, null]), json!([2, second, null])]);
    loaded(place, 3, json!(3), None);
    expect(place, "weights", &columns, &[]);
    loaded(place, 3, json!(3), views);
    assert_eq!(place.rows("weights", &columns).len(), 3);
}
