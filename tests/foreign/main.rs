//! A document of another API, from `new` to rows: what GitLab has at `/api/v4` lies elsewhere.
#![allow(clippy::expect_used, reason = "a test may panic")]

#[path = "../scaffold/mod.rs"]
#[allow(dead_code, reason = "only a part of it is needed here")]
mod scaffold;
mod server;

use rusqlite::Connection;
use scaffold::{Pipeline, root, succeed};
use server::{BOOKS, LOANS, Library};

#[test]
fn another_api_is_read_below_its_own_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = root().join("tests/foreign/document.yaml").display().to_string();
    let pipeline = Pipeline::scaffold(folder.path(), "library-all", &["--spec", &spec, "--preset", "all"]);
    let pipeline = pipeline.expect("a crate");
    pipeline.build().expect("a build without warnings");
    let library = Library::start().expect("a server");
    let run = || succeed(pipeline.command_at(&library.url, "a token").arg("run"));
    run().expect("a first run");
    run().expect("a second run");
    let database = Connection::open(pipeline.database()).expect("a database");
    let count = |query: &str| -> i64 { database.query_row(query, [], |row| row.get(0)).expect("a count") };
    assert_eq!(count("SELECT count(DISTINCT isbn) FROM books"), BOOKS);
    assert_eq!(count("SELECT count(*) FROM books"), BOOKS);
    assert_eq!(
        count("SELECT count(*) FROM (SELECT DISTINCT book_isbn, number FROM book_loans)"),
        BOOKS * LOANS
    );
    let asked = library.asked();
    assert!(asked.iter().all(|path| path.starts_with("/city/library/v1/books")), "{asked:?}");
}
