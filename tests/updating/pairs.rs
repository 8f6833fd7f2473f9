//! From one document to another, on an edited pipeline that has loaded already: the edits are there, it still loads, and
//! the tables say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use sample_gitlab::{SampleServer, Settings, Size, World};

use super::scaffold::{Pipeline, official, succeed};
use super::{gitlab_init, replace, said, thinned};

/// Rows by what is in them, without what a load adds.
pub(super) type Rows = BTreeSet<Vec<(String, String)>>;

pub(super) fn server() -> SampleServer {
    SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server")
}

/// The tables of a pipeline with their rows.
fn tables(pipeline: &Pipeline) -> BTreeMap<String, Rows> {
    tables_in(&pipeline.database())
}

pub(super) fn tables_in(database: &Path) -> BTreeMap<String, Rows> {
    let database = Connection::open(database).expect("a database");
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'";
    let mut names = database.prepare(names).expect("a catalogue");
    let names = names.query_map([], |row| row.get::<_, String>(0)).expect("names");
    let names: Vec<String> = names.map(|name| name.expect("a name")).collect();
    names.into_iter().map(|name| (name.clone(), rows(&database, &name))).collect()
}

fn rows(database: &Connection, table: &str) -> Rows {
    let mut query = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
    let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
    let rows = query.query_map([], |row| {
        let value = |at: usize| row.get::<_, Value>(at).map(|value| format!("{value:?}"));
        columns
            .iter()
            .enumerate()
            .map(|(at, name)| Ok((name.clone(), value(at)?)))
            .collect::<Result<Vec<_>, _>>()
    });
    let rows = rows.expect("rows").map(|row| row.expect("a row"));
    let is_said = |(name, value): &(String, String)| !name.starts_with('_') && value != "Null";
    let sorted = |row: Vec<(String, String)>| {
        let mut row: Vec<(String, String)> = row.into_iter().filter(is_said).collect();
        // Columns stand in the order in which they came.
        row.sort();
        row
    };
    rows.map(sorted).collect()
}

pub(super) fn run(pipeline: &Pipeline, server: &SampleServer) -> String {
    pipeline.build().expect("a build without warnings");
    let output = succeed(pipeline.command(server).arg("run")).expect("a run");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What people change, each in its own file.
fn edit(pipeline: &Pipeline, resource: &str) {
    let folder = &pipeline.folder;
    replace(folder, "config.toml", "concurrency = 6", "concurrency = 3 # ours is slow");
    replace(
        folder,
        "config.toml",
        &format!("\n{resource}.enabled = true"),
        &format!("\n{resource}.table = \"renamed\"\n{resource}.enabled = true"),
    );
    replace(folder, "src/main.rs", "fn main()", "/// Ours.\nfn main()");
    let hooks = "use gitlab_pipeline::Hooks;\n\n/// Ours.\npub fn hooks() -> Hooks {\n    Hooks::new()\n}\n";
    fs::write(folder.join("src/hooks.rs"), hooks).expect("a write");
    fs::remove_file(folder.join("Dockerfile")).expect("a file");
}

fn check_edits(pipeline: &Pipeline, resource: &str) {
    let text = |path: &str| fs::read_to_string(pipeline.folder.join(path)).expect("a file");
    assert!(text("config.toml").contains("concurrency = 3 # ours is slow"));
    assert!(
        text("config.toml").contains(&format!("\n{resource}.table = \"renamed\"")),
        "{}",
        text("config.toml")
    );
    assert!(
        text("src/main.rs").contains("/// Ours.\nfn main()") && text("src/hooks.rs").contains("/// Ours.")
    );
    assert!(!pipeline.folder.join("Dockerfile").exists(), "what was deleted came back");
}

pub(super) fn update(pipeline: &Pipeline, arguments: &[&str]) -> String {
    let output = gitlab_init(&pipeline.folder, &[&["update"], arguments].concat());
    assert!(output.status.success(), "{}", said(&output));
    let again = gitlab_init(&pipeline.folder, &["update"]);
    assert!(said(&again).contains("is up to date"), "{}", said(&again));
    said(&output)
}

/// Each table that was there says the same, and may say more.
fn compare(before: &BTreeMap<String, Rows>, after: &BTreeMap<String, Rows>) {
    assert!(before.values().any(|rows| rows.len() > 3), "nothing to compare: {:?}", before.keys());
    for (table, rows) in before {
        assert!(after.contains_key(table), "`{table}` is gone");
        let now = &after[table];
        assert_eq!(rows.len(), now.len(), "rows of `{table}`");
        for row in rows {
            let has = |other: &Vec<(String, String)>| row.iter().all(|pair| other.contains(pair));
            assert!(now.iter().any(has), "`{table}` lacks {row:?}");
        }
    }
}

#[test]
fn from_fewer_endpoints_to_all_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let is_gone = |_: usize, path: &str| {
        ["/labels", "/notes", "/merge_requests/{noteable_id}/notes", "/releases"]
            .iter()
            .any(|end| path.ends_with(end))
    };
    let spec = thinned(folder.path(), "spec.json", is_gone);
    let pipeline = Pipeline::scaffold(folder.path(), "grown", &["--spec", &spec]).expect("a crate");
    edit(&pipeline, "project_branches");
    let server = server();
    run(&pipeline, &server);
    let few = tables(&pipeline);
    assert!(few.contains_key("renamed") && !few.contains_key("project_labels"), "{:?}", few.keys());

    thinned(folder.path(), "spec.json", |_, _| false);
    let told = update(&pipeline, &[]);
    assert!(
        told.contains(
            "new\n  `group_labels`, `issue_notes`, `merge_request_notes`, `project_labels`, `project_releases`\n"
        ),
        "{told}"
    );
    assert!(!told.contains("rows"), "nothing happens to tables: {told}");
    check_edits(&pipeline, "project_branches");
    run(&pipeline, &server);
    let all = tables(&pipeline);
    compare(&few, &all);
    assert!(all["project_labels"].len() > 3);

    thinned(folder.path(), "spec.json", is_gone);
    let told = update(&pipeline, &[]);
    assert!(told.contains("left the document, and are kept, off: `group_labels`, `issue_notes`"), "{told}");
    assert!(
        told.contains("`project_labels`")
            && told.contains("their rows stay, and no run changes them any more"),
        "{told}"
    );
    check_edits(&pipeline, "project_branches");
    let requests = server.log().len();
    run(&pipeline, &server);
    assert!(
        server.log()[requests..].iter().all(|exchange| !exchange.path.contains("/labels")),
        "what is off is asked for"
    );
    compare(&all, &tables(&pipeline));

    // Another table, by an overlay: the old rows stay, and the new table is filled although nothing has changed since.
    let overlay = "overlay: 1.0.0\ninfo: { title: Own, version: '1' }\nactions:\n- target: $.paths['/api/v4/projects/{id}/milestones']\n  update: { x-gitlab-init: { table: goals } }\n";
    fs::write(folder.path().join("own.yaml"), overlay).expect("a write");
    let remove = ["--overlay", "../own.yaml", "--remove", "project_labels,group_labels"];
    let told = update(&pipeline, &remove);
    assert!(told.contains("removed: `group_labels`, `project_labels`"), "{told}");
    assert!(told.contains("the next run fills the new one from the start"), "{told}");
    assert!(told.contains("`project_milestones`: table `project_milestones` → `goals`"), "{told}");
    run(&pipeline, &server);
    let last = tables(&pipeline);
    compare(&all, &last);
    assert_eq!(last["goals"], all["project_milestones"]);
    assert!(last["goals"].len() > 1);
}

/// GitLab's own documents: the small one of 2024, which writes its paths in another way, and the newest.
#[test]
fn from_the_document_of_2024_to_the_newest() {
    let (Some(old), Some(new)) = (official("gitlab-openapi-2024.yaml"), official("gitlab-openapi-v3.yaml"))
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = Pipeline::scaffold(folder.path(), "aged", &["--spec", &old]).expect("a crate");
    edit(&pipeline, "project_jobs");
    let server = server();
    run(&pipeline, &server);
    let before = tables(&pipeline);
    let told = update(&pipeline, &["--spec", &new]);
    assert!(!told.contains("removed:") && !told.contains("left the document"), "{told}");
    check_edits(&pipeline, "project_jobs");
    run(&pipeline, &server);
    compare(&before, &tables(&pipeline));
}
