//! Rows: from many tasks, again, with their lists, replaced, appended, without a key.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_load_at_once_and_again() {
    let file = File::new();
    let mut summaries = Vec::new();
    for _ in 0..2 {
        let loader = file.begin(LoadOptions {
            package_rows: Some(70),
            queue_bytes: Some(64 << 10),
            ..LoadOptions::default()
        });
        let tasks: Vec<_> = (1..=4)
            .map(|project| {
                let loader = loader.clone();
                tokio::spawn(async move {
                    for page in ticket_pages(project) {
                        loader.page(page).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        summaries.push(loader.finish(complete(&[T])).await.unwrap());
    }
    assert_eq!(file.count("tickets"), 800);
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);

    assert_eq!(summaries[0].tables["tickets"], Written { inserted: 800, updated: 0 });
    assert_eq!(summaries[1].tables["tickets"], Written { inserted: 0, updated: 800 });
    let changes: Vec<String> = summaries[0].changes.iter().map(ToString::to_string).collect();
    assert!(changes.iter().any(|change| change.starts_with("new table `tickets`")), "{changes:?}");
    assert!(summaries[1].changes.is_empty(), "{:?}", summaries[1].changes);
    assert!(
        file.query("SELECT weight FROM tickets WHERE iid IN (149, 150)")
            .contains(&"Text(\"149\")".to_owned())
    );

    let loads = file.open().loads(100).unwrap();
    assert_eq!(loads.iter().map(|load| load.status).collect::<Vec<_>>(), [LoadStatus::Complete; 2]);
    assert_eq!(loads[0].load_id, summaries[1].load_id);
    assert_eq!(loads[0].rows["tickets"], 800);
    let stamps = format!("SELECT 1 FROM tickets WHERE _load_id = '{}'", summaries[1].load_id);
    assert_eq!(file.query(&stamps).len(), 800);
}

#[tokio::test]
async fn a_crash_leaves_whole_packages_and_the_next_load_completes_them() {
    let file = File::new();
    let watch = Watch::new(usize::MAX);
    let closed = Arc::clone(&watch.closed);
    let destination = Watched { inner: file.open(), watch };
    let options = LoadOptions { package_rows: Some(30), ..LoadOptions::default() };
    let loader = Loader::begin(Box::new(destination), options).unwrap();
    for page in ticket_pages(1).into_iter().take(9) {
        loader.page(page).await.unwrap();
    }
    drop(loader);
    // The writer still works off its queue; then it goes without a commit.
    while !closed.load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(file.count("tickets"), 80, "two pages and their lists make a package; the ninth page is lost");
    assert_eq!(file.open().loads(100).unwrap()[0].status, LoadStatus::Interrupted);

    let pages = (1..=4).flat_map(ticket_pages).collect();
    load(&file, pages, complete(&[T])).await;
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);
    let statuses: Vec<_> = file.open().loads(100).unwrap().into_iter().map(|load| load.status).collect();
    assert_eq!(statuses, [LoadStatus::Complete, LoadStatus::Interrupted]);
}

#[tokio::test]
async fn without_a_key_a_complete_read_replaces_the_table() {
    let file = File::new();
    let words = |words: &[&str]| vec![page(W, 1, words.iter().map(|word| json!({"word": word})).collect())];
    let read = || file.query("SELECT word FROM words ORDER BY 1");

    let summary = load(&file, words(&["first"]), partial()).await;
    assert_eq!(read(), ["Text(\"first\")"], "an empty table takes what there is");
    assert_eq!(summary.notes, [LoadNote::NoKey { resource: "words", table: "words".to_owned() }]);

    load(&file, words(&["b", "b"]), complete(&[W])).await;
    assert_eq!(read(), ["Text(\"b\")", "Text(\"b\")"]);

    let summary = load(&file, words(&["c"]), partial()).await;
    assert_eq!(read(), ["Text(\"b\")", "Text(\"b\")"]);
    assert!(summary.notes.contains(&LoadNote::NotReplaced { table: "words".to_owned() }));

    load(&file, Vec::new(), partial()).await;
    assert_eq!(read().len(), 2);
    load(&file, Vec::new(), complete(&[W])).await;
    assert_eq!(read().len(), 0, "a complete read that finds nothing leaves nothing");
    assert_eq!(file.query("SELECT name FROM sqlite_schema WHERE name LIKE '%stage%'").len(), 0);
}

#[tokio::test]
async fn append_keeps_each_version_once_with_its_lists() {
    let file = File::new();
    let record = |a: i64| json!({"iid": 1, "list": [{"a": 1}, {"a": a}]});
    let read = async |records: Vec<Value>| {
        load(&file, vec![page(H, 1, records)], complete(&[H])).await;
        (file.count("history"), file.count("history__list"))
    };
    assert_eq!(read(vec![record(2)]).await, (1, 2));
    assert_eq!(read(vec![record(2)]).await, (1, 2), "a lookback reads it again");
    assert_eq!(read(vec![record(3), json!({"iid": 2})]).await, (3, 4), "what changed is a list alone");
    assert_eq!(
        read(vec![record(2)]).await,
        (4, 4),
        "a version that came back is one, with the lists that it had"
    );
    assert_eq!(read(vec![json!({"iid": 2}), record(2)]).await, (4, 4));
    let joined =
        "SELECT count(*) FROM history JOIN history__list ON _parent_iid = iid AND _parent__digest = _digest";
    assert_eq!(file.query(joined), ["Integer(6)"]);
    // Two versions in one load, in pages that are gathered.
    let pages = vec![page(H, 1, vec![record(7)]), page(H, 1, vec![record(8)]), page(H, 1, vec![record(8)])];
    load(&file, pages, complete(&[H])).await;
    assert_eq!(file.count("history"), 6);
}

#[tokio::test]
async fn what_is_appended_without_a_key_is_there_once() {
    static LOG: Resource = Resource { name: "log", table: "log", record_key: &[], ..HISTORY };
    let file = File::new();
    let entries = ["x", "x", "y"].map(|did| json!({"did": did})).to_vec();
    for projects in [[1, 2], [2, 3]] {
        let pages = projects.iter().map(|project| page(&LOG, *project, entries.clone())).collect();
        load(&file, pages, complete(&[&LOG])).await;
    }
    let counts = file.query("SELECT project_id, count(*) FROM log GROUP BY 1");
    assert_eq!(counts, [1, 2, 3].map(|project| format!("Integer({project}) Integer(3)")));
}

#[tokio::test]
async fn lists_follow_their_records() {
    let file = File::new();
    let record = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        vec![page(T, 1, vec![json!({"iid": 1, "title": "t", "assignees": list})])]
    };
    let read = || file.query("SELECT _index, name FROM tickets__assignees ORDER BY 1");
    load(&file, record(&["a", "b", "c"]), complete(&[T])).await;
    load(&file, record(&["z"]), complete(&[T])).await;
    assert_eq!(read(), ["Integer(0) Text(\"z\")"]);
    load(&file, record(&[]), complete(&[T])).await;
    assert_eq!(read().len(), 0);
}

#[tokio::test]
async fn a_package_is_committed_when_its_time_is_over() {
    let file = File::new();
    let loader =
        file.begin(LoadOptions { package_time: Duration::from_millis(50), ..LoadOptions::default() });
    loader.page(page(T, 1, vec![json!({"iid": 1})])).await.unwrap();
    let connection = Connection::open(file.path()).unwrap();
    let is_there =
        || connection.query_row("SELECT count(*) FROM tickets", [], |row| row.get::<_, i64>(0)) == Ok(1);
    for _ in 0..1000 {
        if is_there() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(is_there());
    loader.finish(complete(&[T])).await.unwrap();
}

#[tokio::test]
async fn state_is_there_for_the_next_load() {
    let file = File::new();
    let loader = file.begin(LoadOptions::default());
    let first = page(T, 1, vec![json!({"iid": 1})]);
    let bindings = first.partition.bindings.clone();
    assert_eq!(loader.state(T, &bindings).unwrap(), None);
    let keep = keep_of(&first, json!({"updated_at": "2024"}));
    loader.page_and_keep(first, vec![keep]).await.unwrap();
    loader.finish(complete(&[T])).await.unwrap();
    let loader = file.begin(LoadOptions::default());
    assert_eq!(loader.state(T, &bindings).unwrap(), Some(json!({"updated_at": "2024"})));
    assert_eq!(loader.state(W, &bindings).unwrap(), None);
}

#[tokio::test]
async fn state_of_staged_rows_waits_for_them() {
    let file = File::new();
    let kept = |file: &File| {
        let mut states = 0;
        file.open().each_state(&mut |entry| states += usize::from(entry.resource == "words")).unwrap();
        states
    };
    for (outcome, states) in [(complete(&[W]), 1), (partial(), 1)] {
        let loader = file.begin(LoadOptions { package_rows: Some(1), ..LoadOptions::default() });
        let project = if outcome.complete.is_empty() { 2 } else { 1 };
        let page = page(W, project, vec![json!({"word": "a"})]);
        let keep = keep_of(&page, json!(1));
        loader.page_and_keep(page, vec![keep]).await.unwrap();
        loader.finish(outcome).await.unwrap();
        assert_eq!(kept(&file), states, "the state of rows that were not taken over is not kept");
    }
}

#[tokio::test]
async fn a_dropped_table_comes_again() {
    let file = File::new();
    load(&file, ticket_pages(1), complete(&[T])).await;
    Connection::open(file.path())
        .unwrap()
        .execute_batch("DROP TABLE tickets; DROP TABLE tickets__assignees")
        .unwrap();
    load(&file, ticket_pages(1), complete(&[T])).await;
    assert_eq!(file.count("tickets"), 200);
    assert!(file.count("tickets__assignees") > 0);
}

#[tokio::test]
async fn an_empty_list_makes_an_empty_table_whose_types_the_data_decides() {
    let file = File::new();
    load(&file, vec![page(T, 1, Vec::new())], complete(&[T])).await;
    assert_eq!(file.count("tickets"), 0);
    let summary = load(&file, vec![page(T, 1, vec![json!({"iid": 1})])], complete(&[T])).await;
    assert_eq!(file.query("SELECT iid FROM tickets"), ["Integer(1)"]);
    assert_eq!(summary.changes, [], "nobody could have seen a difference");
}

#[tokio::test]
async fn records_without_their_key_are_kept_each_and_reported() {
    let file = File::new();
    let event = |at: usize| json!({"title": format!("event {at}"), "list": [{"at": at}]});
    let pages = || (0..12).map(|at| page(T, 1, (at * 20..at * 20 + 20).map(event).collect()));
    let summary = load(&file, pages().collect(), complete(&[T])).await;
    let note = LoadNote::EmptyKey { table: "tickets".to_owned(), key: vec!["iid".to_owned()] };
    assert_eq!(summary.notes, [note]);
    assert_eq!((file.count("tickets"), file.count("tickets__list")), (240, 240));
    load(&file, pages().collect(), complete(&[T])).await;
    assert_eq!(
        (file.count("tickets"), file.count("tickets__list")),
        (240, 240),
        "a second read doubles none"
    );

    // Some have one, and did before there were others.
    let file = File::new();
    let some = |iid: i64| json!({"iid": iid, "title": "keyed", "list": [{"at": iid}]});
    load(&file, vec![page(T, 1, vec![some(1), some(2)])], complete(&[T])).await;
    for _ in 0..2 {
        let pages = vec![page(T, 1, vec![event(1), some(2), event(2)]), page(T, 1, vec![some(3)])];
        load(&file, pages, complete(&[T])).await;
        assert_eq!((file.count("tickets"), file.count("tickets__list")), (5, 5));
    }
    let none = json!({"iid": 2, "title": "keyed", "list": []});
    load(&file, vec![page(T, 1, vec![none, event(2)])], complete(&[T])).await;
    assert_eq!((file.count("tickets"), file.count("tickets__list")), (5, 4));
}

/// Rows that come again in one package, beyond a batch and within one: the last counts, with its lists.
#[tokio::test]
async fn of_records_that_come_again_the_last_counts() {
    let file = File::new();
    let ticket = |iid: i64, word: &str, list: &[&str]| {
        let list: Vec<Value> = list.iter().map(|name| json!({"name": name})).collect();
        json!({"iid": iid, "title": word, "assignees": list})
    };
    let many = |word: &str| (0..150).map(|iid| ticket(iid, word, &["x", word])).collect::<Vec<_>>();
    let mut pages: Vec<Page> = (0..40).map(|project| page(T, project, many("old"))).collect();
    pages.push(page(T, 0, vec![ticket(1, "new", &["n"]), ticket(2, "new", &[])]));
    pages.push(page(T, 39, vec![ticket(1, "new", &["n"]), ticket(2, "new", &[])]));
    pages.push(page(T, 39, vec![ticket(2, "newest", &["m"])]));
    load(&file, pages, complete(&[T])).await;
    assert_eq!(file.count("tickets"), 6000);
    assert_eq!(file.count("tickets__assignees"), 12_000 - 8 + 3);
    let read = |project: i64| {
        file.query(&format!(
            "SELECT iid, title, name FROM tickets LEFT JOIN tickets__assignees
             ON _parent_iid = iid AND _parent_project_id = project_id
             WHERE project_id = {project} AND iid IN (1, 2) ORDER BY iid"
        ))
    };
    assert_eq!(read(0), ["Integer(1) Text(\"new\") Text(\"n\")", "Integer(2) Text(\"new\") Null"]);
    assert_eq!(read(39), ["Integer(1) Text(\"new\") Text(\"n\")", "Integer(2) Text(\"newest\") Text(\"m\")"]);
}
