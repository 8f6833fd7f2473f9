//! What is kept for the next load, and when it says nothing any more.

use super::*;

/// `_state` has what the loads of these resources keep, and not what the pipeline keeps of itself.
fn kept_of(file: &File) -> Vec<String> {
    let mut kept = Vec::new();
    let show = &mut |entry: StateEntry| kept.push(format!("{} {}", entry.resource, entry.state.unwrap()));
    file.open().each_state(show).unwrap();
    kept.retain(|entry| !entry.starts_with('_'));
    kept
}

fn reading(resource: &'static Resource) -> LoadOptions {
    LoadOptions { reads: vec![Reads { resource, is_loaded: true }], ..LoadOptions::default() }
}

/// Loads one ticket and its state, in a load of these options; tells what state was there before.
async fn load_with_state(file: &File, resource: &'static Resource, options: LoadOptions) -> Option<Value> {
    let loader = file.begin(options);
    let page = page(resource, 1, vec![json!({"iid": 1})]);
    let before = loader.state(resource, &page.partition.bindings).unwrap();
    let keep = keep_of(&page, json!("loaded"));
    loader.page_and_keep(page, vec![keep]).await.unwrap();
    loader.finish(complete(&[resource])).await.unwrap();
    before
}

#[tokio::test]
async fn state_says_nothing_of_another_definition_or_of_a_table_that_is_gone() {
    static QUERY: Resource = Resource { query: &[("scope", "all")], ..TICKETS };
    static PATH: Resource = Resource { path: "/projects/{id}/other_tickets", ..TICKETS };
    static KEY: Resource = Resource { record_key: &["id"], ..TICKETS };
    static HINTS: Resource = Resource {
        columns: &[gitlab_pipeline::resource::Column::text("title")],
        lookback: Duration::ZERO,
        ..TICKETS
    };
    let known = Some(json!("loaded"));
    let renamed = || {
        let table = ResourceOptions { table: Some("renamed".to_owned()), ..ResourceOptions::default() };
        LoadOptions { resources: [("tickets".to_owned(), table)].into(), ..reading(T) }
    };
    let started = |start| LoadOptions { start, ..reading(T) };
    let at = |text: &str| StartDate::At(Moment::parse(text).unwrap());
    let not_loaded = || LoadOptions { reads: vec![Reads { resource: T, is_loaded: false }], ..reading(T) };
    let file = File::new();
    let steps: [(&str, &'static Resource, LoadOptions, bool); 14] = [
        ("a first load", T, reading(T), false),
        ("the same", T, reading(T), true),
        ("what changes no row", &HINTS, reading(&HINTS), true),
        ("another query", &QUERY, reading(&QUERY), false),
        ("another path", &PATH, reading(&PATH), false),
        ("another key", &KEY, reading(&KEY), false),
        ("as it was", T, reading(T), false),
        ("another table", T, renamed(), false),
        ("the first table again", T, reading(T), false),
        ("a later start", T, started(at("2024-05-01")), true),
        ("the first start, from which all is loaded", T, reading(T), true),
        ("read only for what hangs below", T, not_loaded(), false),
        ("loaded again, after changes that were not", T, reading(T), false),
        ("nothing new", T, reading(T), true),
    ];
    for (step, resource, options, is_known) in steps {
        let before = load_with_state(&file, resource, options).await;
        assert_eq!(before, known.clone().filter(|_| is_known), "{step}");
    }
    Connection::open(file.path()).unwrap().execute_batch("DROP TABLE tickets").unwrap();
    assert_eq!(load_with_state(&file, T, reading(T)).await, None, "the table is gone");

    let file = File::new();
    for (start, is_known) in
        [("2024-05-01", false), ("2024-06-01", true), ("2024-05-01", true), ("2024-04-30", false)]
    {
        let before = load_with_state(&file, T, started(at(start))).await;
        assert_eq!(before, known.clone().filter(|_| is_known), "{start}");
    }
}

#[tokio::test]
async fn what_other_states_say_of_a_changed_resource_goes_as_well() {
    static CHANGED: Resource = Resource { path: "/elsewhere/{id}", ..TICKETS };
    let without = |state: &Value, is_meant: &dyn Fn(&str) -> bool| {
        let names = state.as_array()?;
        let kept: Vec<_> = names.iter().filter(|name| !is_meant(name.as_str().unwrap())).cloned().collect();
        (kept.len() < names.len()).then(|| json!(kept))
    };
    let options = |tickets: &'static Resource| {
        let reads = [tickets, W].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        LoadOptions { reads, without, ..LoadOptions::default() }
    };
    let file = File::new();
    let loader = file.begin(options(T));
    let keeps = [(W, json!(["tickets", "words"])), (T, json!(["tickets"]))]
        .map(|(resource, state)| keep_of(&page(resource, 1, Vec::new()), state));
    loader.keep(keeps.to_vec()).unwrap();
    loader.finish(partial()).await.unwrap();
    let before = kept_of(&file);
    assert_eq!(before, ["tickets [\"tickets\"]", "words [\"tickets\",\"words\"]"]);
    file.begin(options(T)).finish(partial()).await.unwrap();
    assert_eq!(kept_of(&file), before);
    file.begin(options(&CHANGED)).finish(partial()).await.unwrap();
    assert_eq!(kept_of(&file), ["words [\"words\"]"]);
}

#[tokio::test]
async fn load_ids_rise_though_the_clock_falls_behind_and_nothing_fresh_is_marked() {
    let file = File::new();
    let now = SystemTime::now();
    let ids = |file: &File| file.query("SELECT load_id FROM _loads ORDER BY rowid");
    for (behind, records) in [(0, [1, 2]), (3600, [2, 3])] {
        let started_at = now - Duration::from_secs(behind);
        let loader = file.begin(LoadOptions { started_at, mark_deleted: true, ..LoadOptions::default() });
        let page = page(T, 1, records.map(|iid| json!({"iid": iid})).to_vec());
        let whole = Some(Whole { since: loader.load_id().to_owned(), from: None });
        let kept = Kept { whole, ..keep_of(&page, json!(1)) };
        loader.page_and_keep(page, vec![kept]).await.unwrap();
        loader.finish(complete(&[T])).await.unwrap();
    }
    assert!(ids(&file).is_sorted(), "{:?}", ids(&file));
    assert_eq!(file.query("SELECT iid FROM tickets WHERE _deleted_at IS NOT NULL"), ["Integer(1)"]);
}
