//! Schema contracts: what a page may change of tables that are there.

use super::*;

fn options(contract: Contract) -> LoadOptions {
    let reads = [T, W].map(|resource| Reads { resource, is_loaded: true }).to_vec();
    LoadOptions { reads, contract, mark_deleted: true, ..LoadOptions::default() }
}

fn all(what: OnChange) -> Contract {
    Contract { tables: what, columns: what, types: what }
}

/// Loads tickets of a project as a whole read, and says so; then words.
async fn load_under(
    file: &File,
    contract: Contract,
    tickets: Vec<Value>,
    outcome: LoadOutcome,
) -> LoadSummary {
    let loader = file.begin(options(contract));
    let tickets = page(T, 1, tickets);
    let whole = Some(Whole { since: loader.load_id().to_owned(), from: None });
    let kept = Kept { whole, ..keep_of(&tickets, json!(loader.load_id())) };
    loader.page_and_keep(tickets, vec![kept]).await.unwrap();
    let words = page(W, 1, vec![json!({"word": loader.load_id(), loader.load_id(): 1})]);
    loader.page(words).await.unwrap();
    loader.finish(outcome).await.unwrap()
}

fn known() -> Vec<Value> {
    vec![
        json!({"iid": 1, "v": 1, "due": null, "assignees": [{"name": "a"}]}),
        json!({"iid": 2, "v": 2, "due": null, "assignees": [{"name": "b"}, {"name": "c"}]}),
    ]
}

async fn first(file: &File, contract: Contract) {
    let summary = load_under(file, contract, known(), complete(&[T, W])).await;
    assert_eq!((summary.breaches.len(), summary.discarded.len()), (0, 0), "a first load changes nothing");
}

fn tickets(file: &File) -> Vec<String> {
    file.query("SELECT iid, v FROM tickets ORDER BY iid")
}

fn state(file: &File) -> Vec<String> {
    let mut kept = Vec::new();
    file.open().each_state(&mut |entry| kept.push(entry)).unwrap();
    kept.retain(|entry| entry.resource == "tickets");
    kept.into_iter().map(|entry| entry.state.unwrap().to_string()).collect()
}

const UNCHANGED: [&str; 2] = ["Integer(1) Integer(1)", "Integer(2) Integer(2)"];

#[tokio::test]
async fn what_is_frozen_fails_its_resource_before_anything_of_it_is_loaded() {
    let changes = [
        (json!({"iid": 3, "v": 3, "new": 1}), "column `tickets.new` would be new, with values of kind int"),
        (json!({"iid": 3, "v": "x"}), "column `tickets.v` is int, a value needs text"),
        (json!({"iid": 3, "v": 3, "labels": [{"a": 1}]}), "table `tickets__labels` would be new"),
        (
            json!({"iid": 3, "v": 3, "assignees": [{"email": "e"}]}),
            "column `tickets__assignees.email` would be new",
        ),
    ];
    for (record, expected) in changes {
        let file = File::new();
        first(&file, all(OnChange::Freeze)).await;
        let before = state(&file);
        let found = vec![known().remove(0), record];
        let summary = load_under(&file, all(OnChange::Freeze), found, complete(&[T, W])).await;
        let breach = &summary.breaches["tickets"];
        assert!(breach.to_string().starts_with(expected), "{breach}");
        assert!(breach.hint("tickets").contains("[resources.tickets.schema]"));
        assert_eq!(tickets(&file), UNCHANGED);
        assert_eq!(
            (state(&file), summary.deleted.len()),
            (before, 0),
            "nothing speaks for what is not loaded"
        );
        let load = file.open().loads(1).unwrap().remove(0);
        assert_eq!(load.status, LoadStatus::Partial);
        assert!(load.report["breaches"][0].as_str().unwrap().contains(expected));
        let words = file.query("SELECT count(*) FROM words");
        assert_eq!(words, ["Integer(1)"], "others go on, unless their own tables would change");

        let summary =
            load_under(&file, Contract::default(), vec![known().remove(0)], complete(&[T, W])).await;
        assert_eq!(summary.breaches.len(), 0, "let in, it goes on");
    }
}

#[tokio::test]
async fn what_only_seems_a_change_is_none() {
    let file = File::new();
    first(&file, all(OnChange::Freeze)).await;
    let record = json!({"iid": 3, "v": 9_007_199_254_740_993_i64, "new": null, "due": null, "labels": []});
    let loader = file.begin(options(all(OnChange::Freeze)));
    loader.page(page(T, 1, vec![record])).await.unwrap();
    let summary = loader.finish(partial()).await.unwrap();
    assert_eq!((summary.breaches.len(), summary.changes.len()), (0, 0), "{:?}", summary.changes);
    assert_eq!(file.count("tickets"), 3);
}

#[tokio::test]
async fn what_has_failed_is_not_asked_for_any_more() {
    let file = File::new();
    first(&file, Contract::default()).await;
    let loader = file.begin(options(all(OnChange::Freeze)));
    let looks = loader.clone();
    loader.page(page(T, 1, vec![json!({"iid": 1, "new": 1})])).await.unwrap();
    loader.finish(complete(&[T, W])).await.unwrap();
    assert!(!looks.takes(T) && looks.takes(W));
}

#[tokio::test]
async fn a_table_in_the_making_has_no_contract() {
    let file = File::new();
    load_under(&file, all(OnChange::Freeze), vec![json!({"iid": 1})], partial()).await;
    let summary = load_under(&file, all(OnChange::Freeze), known(), complete(&[T, W])).await;
    assert_eq!(summary.breaches.len(), 0, "the load before did not come to its end");
    let loader = file.begin(LoadOptions { forget: vec!["tickets"], ..options(all(OnChange::Freeze)) });
    loader.page(page(T, 1, vec![json!({"iid": 1, "more": 1})])).await.unwrap();
    let summary = loader.finish(complete(&[T])).await.unwrap();
    assert_eq!(summary.breaches.len(), 1, "a full refresh keeps the schema");
}

fn told(summary: &LoadSummary) -> Vec<String> {
    let of_tickets = summary.discarded.iter().filter(|(what, _)| what.table != "words");
    of_tickets.map(|(what, count)| what.told(*count)).collect()
}

fn odd() -> Vec<Value> {
    vec![
        json!({"iid": 1, "v": 10, "assignees": [{"name": "d", "email": "e"}, {"name": "f"}]}),
        json!({"iid": 2, "v": "x", "assignees": [{"name": "g"}]}),
        json!({"iid": 3, "v": 30, "new": true, "labels": [{"a": 1}]}),
        json!({"iid": 4, "v": 40}),
    ]
}

#[tokio::test]
async fn values_are_left_out_and_counted() {
    let file = File::new();
    first(&file, all(OnChange::DiscardValue)).await;
    let summary = load_under(&file, all(OnChange::DiscardValue), odd(), complete(&[T, W])).await;
    let expected = [
        "1 value for column `tickets.new`",
        "1 value for column `tickets.v`",
        "1 value for column `tickets__assignees.email`",
        "1 row for table `tickets__labels`",
    ];
    assert_eq!(told(&summary), expected);
    assert_eq!((summary.breaches.len(), summary.changes.len()), (0, 0), "{:?}", summary.changes);
    let rows =
        ["Integer(1) Integer(10)", "Integer(2) Null", "Integer(3) Integer(30)", "Integer(4) Integer(40)"];
    assert_eq!(tickets(&file), rows);
    let names = file.query("SELECT name FROM tickets__assignees ORDER BY name");
    assert_eq!(names, ["Text(\"d\")", "Text(\"f\")", "Text(\"g\")"]);
}

#[tokio::test]
async fn rows_are_left_out_with_what_hangs_on_them_and_are_not_gone() {
    let file = File::new();
    first(&file, all(OnChange::DiscardRow)).await;
    let summary = load_under(&file, all(OnChange::DiscardRow), odd(), complete(&[T, W])).await;
    let expected = [
        "1 row for column `tickets.new`",
        "1 row for column `tickets.v`",
        "1 row for column `tickets__assignees.email`",
        "1 row for table `tickets__labels`",
    ];
    assert_eq!(told(&summary), expected);
    assert_eq!(tickets(&file), ["Integer(1) Integer(10)", "Integer(2) Integer(2)", "Integer(4) Integer(40)"]);
    let names = file.query("SELECT _parent_iid, name FROM tickets__assignees ORDER BY 1, name");
    let kept = ["Integer(1) Text(\"f\")", "Integer(2) Text(\"b\")", "Integer(2) Text(\"c\")"];
    assert_eq!(names, kept, "the row that stays keeps its list");
    assert_eq!(summary.deleted.len(), 0, "what was left out is not gone");
}

#[tokio::test]
async fn each_resource_can_have_its_own() {
    let file = File::new();
    first(&file, Contract::default()).await;
    let own = ResourceOptions { contract: Some(all(OnChange::DiscardValue)), ..ResourceOptions::default() };
    let resources = [("tickets".to_owned(), own)].into();
    let loader = file.begin(LoadOptions { resources, ..options(all(OnChange::Freeze)) });
    loader.page(page(T, 1, vec![json!({"iid": 1, "v": 1, "new": 1})])).await.unwrap();
    loader.page(page(W, 1, vec![json!({"word": "w", "new": 1})])).await.unwrap();
    let summary = loader.finish(complete(&[T, W])).await.unwrap();
    assert_eq!(told(&summary), ["1 value for column `tickets.new`"]);
    assert_eq!(summary.breaches.keys().copied().collect::<Vec<_>>(), ["words"]);
}
