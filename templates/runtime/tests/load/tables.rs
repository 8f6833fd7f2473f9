//! Tables: what is marked, made, shared and refused.

use super::*;

/// Tickets with comments below them, which have reactions below.
static COMMENTS: Resource = Resource {
    name: "comments",
    table: "comments",
    path: "/projects/{id}/tickets/{iid}/comments",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("iid", "ticket_iid", "tickets", "iid"),
    ],
    record_key: &["id"],
    ..Resource::DEFAULT
};

static ALL: &[&Resource] = &[&TICKETS, &COMMENTS];

#[tokio::test]
async fn what_hangs_on_a_deleted_record_goes_with_it() {
    let file = File::new();
    let comment = |iid: i64| {
        let bindings = vec![
            Binding { column: "project_id", value: json!(1) },
            Binding { column: "ticket_iid", value: json!(iid) },
        ];
        let record = json!({"id": iid * 10, "likes": [{"by": "me"}]}).as_object().unwrap().clone();
        let records = vec![record.into_iter().collect()];
        Page {
            partition: Arc::new(Partition { resource: &COMMENTS, bindings, carried: Vec::new() }),
            records,
            last: true,
        }
    };
    let ticket = |iid: i64| json!({"iid": iid, "assignees": [{"name": "a"}, {"name": "b"}]});
    for found in [vec![1, 2], vec![2]] {
        let loader = file.begin(LoadOptions { all: ALL, mark_deleted: true, ..LoadOptions::default() });
        let tickets = page(T, 1, found.iter().copied().map(ticket).collect());
        let whole = Some(Whole { since: loader.load_id().to_owned(), from: None });
        let kept = Kept { whole, ..keep_of(&tickets, json!(1)) };
        loader.page(page(T, 2, vec![ticket(1)])).await.unwrap();
        loader.page_and_keep(tickets, vec![kept]).await.unwrap();
        for iid in found {
            loader.page(comment(iid)).await.unwrap();
        }
        let summary = loader.finish(complete(&[T, &COMMENTS])).await.unwrap();
        let deleted: u64 = summary.deleted.values().sum();
        assert!(deleted == 0 || deleted == 5, "{:?}", summary.deleted);
    }
    let gone = |table: &str, column: &str| {
        file.query(&format!("SELECT DISTINCT {column} FROM {table} WHERE _deleted_at IS NOT NULL"))
    };
    assert_eq!(gone("tickets", "project_id || ' ' || iid"), ["Text(\"1 1\")"]);
    assert_eq!(gone("tickets__assignees", "_parent_project_id || ' ' || _parent_iid"), ["Text(\"1 1\")"]);
    assert_eq!(gone("comments", "id"), ["Integer(10)"]);
    assert_eq!(gone("comments__likes", "_parent_id"), ["Integer(10)"]);
}

#[tokio::test]
async fn an_empty_list_makes_the_columns_that_the_document_knows() {
    use gitlab_pipeline::resource::Column;
    static HINTED: Resource = Resource {
        columns: &[Column::text("title"), Column::int("author__id"), Column::int("project_id")],
        ..TICKETS
    };
    let columns = |file: &File| {
        let sql = "SELECT group_concat(name || ' ' || type) FROM (SELECT * FROM pragma_table_info('tickets') ORDER BY name)";
        file.query(sql).concat()
    };
    let file = File::new();
    let summary = load(&file, vec![page(&HINTED, 1, Vec::new())], complete(&[&HINTED])).await;
    assert_eq!(
        columns(&file),
        "Text(\"_load_id TEXT,_loaded_at TEXT,author__id INTEGER,iid TEXT,project_id INTEGER,title TEXT\")"
    );
    assert_eq!(summary.changes.len(), 1, "the columns of a new table are new with it: {:?}", summary.changes);

    // Rows find them, whatever they hold.
    let record = json!({"iid": 1, "project_id": 1, "title": "t", "author": {"id": "x"}});
    load(&file, vec![page(&HINTED, 1, vec![record])], complete(&[&HINTED])).await;
    assert_eq!(
        columns(&file),
        "Text(\"_load_id TEXT,_loaded_at TEXT,author__id TEXT,iid INTEGER,project_id INTEGER,title TEXT\")"
    );
    assert_eq!(file.query("SELECT title, author__id FROM tickets"), ["Text(\"t\") Text(\"x\")"]);
    let sources = file.query("SELECT source FROM _columns WHERE column_name = 'author__id'");
    assert_eq!(sources, ["Text(\"/author/id\")"], "the field has it from now on");
}

#[tokio::test]
async fn two_resources_share_a_table_only_when_their_keys_agree() {
    static SAME: Resource = Resource { name: "group_tickets", ..TICKETS };
    static OTHER: Resource = Resource { name: "other_tickets", record_key: &["id"], ..TICKETS };
    let begin = |second: &'static Resource| {
        let reads = [T, second].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        Loader::begin(File::new().open(), LoadOptions { reads, ..LoadOptions::default() })
    };
    assert!(begin(&SAME).is_ok());
    let error = begin(&OTHER).unwrap_err();
    assert!(
        error.to_string().contains("`tickets` and `other_tickets` both write to table `tickets`"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("other_tickets.table = "));
}

#[tokio::test]
async fn what_a_place_cannot_do_is_told_before() {
    let abilities = |merges, replaces, marks_deleted| Abilities {
        merges,
        replaces,
        marks_deleted,
        ..File::new().open().abilities()
    };
    let told = |abilities: &Abilities| {
        let reads = [T, W].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        let options = LoadOptions { reads, mark_deleted: true, ..LoadOptions::default() };
        refusals("the lake", abilities, &options).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(&abilities(true, true, true)), Vec::<String>::new());
    assert_eq!(
        told(&abilities(false, false, false)),
        [
            "the lake cannot find rows by their key, which table `tickets` of `tickets` needs",
            "the lake cannot replace rows, which table `words` of `words` needs",
            "the lake cannot mark rows as deleted",
        ]
    );
}

#[tokio::test]
async fn names_that_a_place_does_not_take_are_refused_before() {
    use gitlab_pipeline::schema::Naming;
    let naming = Naming {
        longest: 12,
        takes: |letter| letter.is_ascii_alphanumeric() || letter == '_',
        reserved: &["project_id"],
        ..Naming::DEFAULT
    };
    let abilities = Abilities { naming, keeps_history: false, ..File::new().open().abilities() };
    let renamed = |table: &str| {
        let disposition = Some(WriteDisposition::History);
        let own = ResourceOptions { table: Some(table.to_owned()), ..ResourceOptions::default() };
        let words = ResourceOptions { table: Some("Tickets".to_owned()), ..ResourceOptions::default() };
        let own = ResourceOptions { write_disposition: disposition, ..own };
        [("tickets".to_owned(), own), ("words".to_owned(), words)].into()
    };
    let told = |table: &str| {
        let reads = [T, W].map(|resource| Reads { resource, is_loaded: true }).to_vec();
        let options = LoadOptions { reads, resources: renamed(table), ..LoadOptions::default() };
        let refusals = refusals("the lake", &abilities, &options);
        assert!(refusals.iter().all(|refusal| !refusal.hint().is_empty()));
        refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(told("my tickets").contains("the lake has no table `my tickets` for `tickets`: it has ` `"));
    assert!(told("tickets_of_mine").contains("it is longer than 12 bytes"));
    let clash = "`tickets` writes to table `TICKETS` and `words` to `Tickets`, which are one there";
    assert!(told("TICKETS").contains(clash), "{}", told("TICKETS"));
    assert!(
        told("TICKETS").contains("the lake keeps the name `project_id` for itself, which `tickets` needs")
    );
    assert!(told("t").contains("the lake cannot keep a history, which table `t` of `tickets` needs"));
}

#[tokio::test]
async fn a_second_load_is_refused_by_name_and_the_first_goes_on() {
    let file = File::new();
    let first = file.begin(LoadOptions { pipeline: "hourly".to_owned(), ..LoadOptions::default() });
    let error = Loader::begin(file.open(), LoadOptions::default()).unwrap_err();
    let expected = format!("pipeline `hourly`, process {}", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.hint().is_some());
    first.page(page(T, 1, vec![json!({"iid": 1})])).await.unwrap();
    first.finish(complete(&[T])).await.unwrap();
    assert_eq!((file.count("tickets"), file.count("_loads")), (1, 1));
}
