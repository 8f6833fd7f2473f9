//! What `show` tells of a warehouse, page by page: the same as of a SQLite file.

use std::process::Command;

use sample_gitlab::SampleServer;

use crate::example::Example;
use crate::shown::{Shown, Visitor};

/// Filtered and sorted.
const SOME: &str = "table?name=project_issues&column=state&test=is&value=closed&sort=created_at&order=down";

/// Loads the same records into a file, and compares what is said of both.
pub(crate) fn looks_the_same(
    server: &SampleServer,
    select: &str,
    warehouse: impl Fn() -> Command,
    dialect: &str,
) {
    let file = Example::new("[load]\nviews = true");
    file.load(server, &["--select", select]);
    let (of_file, of_warehouse) = (Shown::start(&mut file.command(server)), Shown::start(&mut warehouse()));
    let (file, warehouse) = (of_file.visit(), of_warehouse.visit());

    assert!(warehouse.page("").contains("The last load is complete"));
    for page in ["tables", "table?name=project_issues&sort=id&page=2", SOME] {
        assert_eq!(numbers(&warehouse.page(page)), numbers(&file.page(page)), "{page}");
    }
    assert!(warehouse.page("schema").contains("data-table=\"project_issues__assignees\""));
    let charts = warehouse.page("charts");
    let (drawn, expected) = (answers(&charts), answers(&file.page("charts")));
    assert!(expected.matches("<figure").count() > 15, "{expected}");
    assert_eq!(drawn, expected);
    rows_are_behind(&warehouse, &charts);
    assert!(warehouse.page("query").contains(dialect));
    changes_nothing(&warehouse);
}

/// The numbers of a page's tables, and what it says of how many rows there are.
fn numbers(page: &str) -> Vec<&str> {
    let cells = ["<td class=\"number\">", "role=\"status\">"];
    let found = cells.iter().flat_map(|start| page.split(start).skip(1));
    found.map(|rest| rest.split('<').next().unwrap_or_default()).collect()
}

/// What the views say, without the statements behind it: names are written in another way.
fn answers(page: &str) -> String {
    let (_, answers) = page.split_once("id=\"answers\"").expect("answers");
    let (answers, _) = answers.split_once("id=\"of-loads\"").expect("loads");
    let mut parts = answers.split(" href=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('"').expect("an address").1);
    first + &rest.collect::<String>()
}

/// A bar leads to the rows that it is made of.
fn rows_are_behind(visitor: &Visitor<'_>, charts: &str) {
    let links = charts.split(" href=\"query?").skip(1).map(|rest| rest.split('"').next().expect("a link"));
    let mut views: Vec<&str> = Vec::new();
    for link in links {
        // A link for each view.
        let view = link.split("WHERE").next().expect("a view");
        if !views.contains(&view) {
            views.push(view);
            let rows = visitor.page(&format!("query?{}", link.replace("&amp;", "&")));
            assert!(rows.contains("id=\"answer\"") && !rows.contains(" 0 rows"), "{link}: {rows}");
        }
    }
    assert!(views.len() > 10, "{views:?}");
}

fn changes_nothing(visitor: &Visitor<'_>) {
    let count = "SELECT count(*) AS issues FROM project_issues";
    assert!(visitor.sql(count).contains(">329<"));
    for statement in [
        "DROP TABLE project_issues",
        "SELECT 1) ; DROP TABLE project_issues; --",
        "COMMIT; DROP TABLE projects",
    ] {
        assert!(visitor.sql(statement).contains("role=\"alert\""), "{statement}");
    }
    assert!(visitor.sql(count).contains(">329<"));
}
