//! A history: versions with the time at which they held, whatever befalls the loads.

use super::*;

const VERSIONED: Resource = Resource { write_disposition: WriteDisposition::History, ..TICKETS };
static V: &Resource = &VERSIONED;

fn ticket(iid: i64, title: &str, assignees: &[&str]) -> Value {
    let assignees: Vec<Value> = assignees.iter().map(|name| json!({"name": name})).collect();
    json!({"iid": iid, "title": title, "assignees": assignees})
}

/// Reads a project whole, in a load of its own; `dies` before it is committed.
async fn read(file: &File, records: Vec<Value>, dies: bool) -> Option<LoadSummary> {
    let options = LoadOptions {
        reads: vec![Reads { resource: V, is_loaded: true }],
        mark_deleted: true,
        package_rows: Some(1),
        ..LoadOptions::default()
    };
    let loader = file.begin(options);
    let (front, back) = records.split_at(records.len() / 2);
    loader.page(page(V, 1, back.to_vec())).await.unwrap();
    if dies {
        drop(loader);
        return None;
    }
    let last = page(V, 1, front.to_vec());
    let whole = Some(Whole { since: loader.load_id().to_owned(), from: None });
    let kept = Kept { whole, ..keep_of(&last, json!("read")) };
    loader.page_and_keep(last, vec![kept]).await.unwrap();
    Some(loader.finish(complete(&[V])).await.unwrap())
}

fn versions(file: &File) -> Vec<String> {
    file.query(
        "SELECT iid, title, _valid_to IS NULL, (SELECT group_concat(name) FROM (SELECT name FROM tickets__assignees
         WHERE _parent_iid = iid AND _parent__digest = _digest ORDER BY _index))
         FROM tickets ORDER BY iid, _valid_from",
    )
}

fn version(iid: i64, title: &str, holds: i64, assignees: &str) -> String {
    format!("Integer({iid}) Text({title:?}) Integer({holds}) Text({assignees:?})")
}

#[tokio::test]
async fn each_version_is_kept_once_with_its_lists() {
    let file = File::new();
    let first = vec![ticket(1, "a", &["x"]), ticket(2, "b", &["x", "y"]), ticket(3, "c", &["z"])];
    for _ in 0..3 {
        read(&file, first.clone(), false).await;
    }
    assert_eq!(
        versions(&file),
        [version(1, "a", 1, "x"), version(2, "b", 1, "x,y"), version(3, "c", 1, "z")]
    );

    // 1 has another title, 2 another list, 3 is gone; the load that sees it first is killed.
    let second = vec![ticket(1, "A", &["x"]), ticket(2, "b", &["y"])];
    read(&file, second.clone(), true).await;
    let summary = read(&file, second.clone(), false).await.unwrap();
    assert_eq!(summary.deleted.get("tickets"), Some(&1));
    read(&file, second, false).await;
    let expected = [
        version(1, "a", 0, "x"),
        version(1, "A", 1, "x"),
        version(2, "b", 0, "x,y"),
        version(2, "b", 1, "y"),
        version(3, "c", 0, "z"),
    ];
    assert_eq!(versions(&file), expected);
    let gaps =
        "SELECT count(*) FROM tickets a JOIN tickets b ON a.iid = b.iid AND a._valid_to = b._valid_from";
    assert_eq!(file.query(gaps), ["Integer(2)"], "one version begins where the other ends");
    let overlaps = "SELECT iid FROM tickets WHERE _valid_to IS NULL GROUP BY iid HAVING count(*) > 1";
    assert_eq!(file.query(overlaps), [""; 0]);
    assert_eq!(file.query("SELECT iid FROM tickets WHERE _valid_to <= _valid_from"), [""; 0]);
}

#[tokio::test]
async fn without_a_key_each_complete_read_replaces_the_table() {
    static KEYLESS: Resource = Resource { write_disposition: WriteDisposition::History, ..WORDS };
    let file = File::new();
    let summary =
        load(&file, vec![page(&KEYLESS, 1, vec![json!({"word": "a"})])], complete(&[&KEYLESS])).await;
    assert!(matches!(summary.notes[..], [LoadNote::NoKey { resource: "words", .. }]), "{:?}", summary.notes);
}
