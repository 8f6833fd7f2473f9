//! Lists that are long, tell no total, end in an empty page or are refused by page number: all rows come, none twice.
//!
//! The limits of the sample server are lowered, so that few rows are as good as many.

use std::collections::BTreeSet;

use sample_gitlab::{SampleServer, Settings, Size, World};

use crate::example::Example;

/// One project; no total beyond 200 rows, no page number beyond row 500, an empty page behind a full one.
fn server() -> SampleServer {
    let size = Size { merge_requests: 1_000, commits: 700, ..Size::one_project(1_000) };
    let settings = Settings {
        offset_limit: 500,
        totals_limit: 200,
        empty_last_keyset_page: true,
        ..Settings::default()
    };
    SampleServer::start(World::new(size), settings).expect("a server")
}

fn all_rows(config: &str, list: &str, resource: &str, key: &str) {
    let (server, example) = (server(), Example::new(config));
    example.load(&server, &["--select", resource]);
    let rows = server.world().rows(&format!("/projects/{{id}}/{list}")).expect("a list");
    let expected: Vec<String> = rows
        .map(|(_, row)| row.get(key).map_or(String::new(), |id| id.to_string().replace('"', "")))
        .collect();
    assert!(expected.len() >= 700, "{}", expected.len());
    let loaded = example.column(&format!("SELECT \"{key}\" FROM {resource}"));
    assert_eq!(loaded.len(), expected.len(), "{resource}");
    let set = |rows: Vec<String>| rows.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(set(loaded), set(expected), "{resource}");
}

#[test]
fn by_keyset_with_an_empty_last_page() {
    all_rows("", "issues", "project_issues", "id");
}

#[test]
fn in_the_order_of_change() {
    all_rows("", "merge_requests", "project_merge_requests", "id");
}

#[test]
fn without_any_total() {
    all_rows("", "repository/commits", "project_commits", "id");
}

/// The user's order makes it a list of page numbers, which end at row 500: the rest comes by keyset.
#[test]
fn beyond_the_last_page_number() {
    let order = "[resources.project_issues.query]\norder_by = 'created_at'\nsort = 'asc'";
    all_rows(order, "issues", "project_issues", "id");
}
