//! A place that cannot widen a column gets another beside it.

use super::*;

/// Loads pages into a place where no column can become another.
async fn load_rigid(file: &File, pages: Vec<Page>) -> LoadSummary {
    let watch = Watch { is_rigid: true, batch_rows: 500, ..Watch::new(usize::MAX) };
    let reads = vec![Reads { resource: T, is_loaded: true }];
    let options = LoadOptions { reads, ..LoadOptions::default() };
    let loader = Loader::begin(Box::new(Watched { inner: file.open(), watch }), options).unwrap();
    for page in pages {
        let keep = keep_of(&page, json!("read"));
        loader.page_and_keep(page, vec![keep]).await.unwrap();
    }
    loader.finish(complete(&[T])).await.unwrap()
}

fn ticket(iid: i64, v: Value) -> Value {
    json!({"iid": iid, "v": v})
}

fn told(summary: &LoadSummary) -> Vec<String> {
    summary.changes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn values_go_beside_the_column_that_cannot_hold_them() {
    let file = File::new();
    load_rigid(&file, vec![page(T, 1, vec![ticket(1, json!(5)), ticket(2, json!(null))])]).await;
    let second = load_rigid(&file, vec![page(T, 1, vec![ticket(2, json!("x")), ticket(3, json!(7))])]).await;
    assert_eq!(told(&second), ["column `tickets.v` cannot become text: such values go to `v__text`"]);
    let rows = || file.query("SELECT iid, v, v__text FROM tickets ORDER BY iid");
    let text = |iid: i64, text: &str| format!("Integer({iid}) Null Text({text:?})");
    assert_eq!(rows(), ["Integer(1) Integer(5) Null".to_owned(), text(2, "x"), text(3, "7")]);

    let third = load_rigid(&file, vec![page(T, 1, vec![ticket(1, json!(8)), ticket(4, json!(9))])]).await;
    assert_eq!(told(&third), [""; 0], "it is known from then on where values go");
    assert_eq!(rows(), [text(1, "8"), text(2, "x"), text(3, "7"), text(4, "9")]);
    let fourth =
        load_rigid(&file, vec![page(T, 1, vec![ticket(1, json!([1])), ticket(2, json!("y"))])]).await;
    assert_eq!(told(&fourth), ["column `tickets.v` cannot become json: such values go to `v__json`"]);
    let rows = file.query("SELECT v, v__text, v__json FROM tickets WHERE iid <= 2 ORDER BY iid");
    assert_eq!(rows, ["Null Null Text(\"[1]\")", "Null Null Text(\"\\\"y\\\"\")"]);
}

#[tokio::test]
async fn a_field_of_that_name_keeps_it() {
    let file = File::new();
    let both = |iid: i64, v: Value| json!({"iid": iid, "v": v, "w": {"text": "own"}, "v__text": "own"});
    load_rigid(&file, vec![page(T, 1, vec![both(1, json!(5))])]).await;
    load_rigid(&file, vec![page(T, 1, vec![both(2, json!("x"))])]).await;
    let own = file.query("SELECT v__text FROM tickets");
    assert_eq!(own, ["Text(\"own\")", "Text(\"own\")"]);
    let beside = file.query("SELECT column_name FROM _columns WHERE source LIKE 'variant/%'").concat();
    assert!(beside.contains("v__text_"), "{beside}");
}

#[tokio::test]
async fn a_key_that_cannot_widen_ends_its_resource_and_no_other() {
    let file = File::new();
    load_rigid(&file, vec![page(T, 1, vec![ticket(1, json!(5))])]).await;
    let odd = page(T, 1, vec![json!({"iid": "x", "v": 1})]);
    let words = page(W, 1, vec![json!({"word": "a"})]);
    let summary = load_rigid(&file, vec![odd, words]).await;
    let breach = summary.breaches["tickets"].to_string();
    assert!(breach.contains("`tickets.iid` is int, a value needs text"), "{breach}");
    assert_eq!((file.count("tickets"), summary.changes.len()), (1, 1), "{:?}", summary.changes);
    assert_eq!(file.open().loads(1).unwrap()[0].status, LoadStatus::Partial);
}
