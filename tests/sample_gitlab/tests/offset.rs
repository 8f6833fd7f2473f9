use sample_gitlab::{Settings, Size};

use super::client::{Client, iids, small, started};

const ISSUES: &str = "/projects/platform%2Fstorefront/issues";

#[test]
fn the_last_page_sends_an_empty_next_page() {
    let server = small();
    let reply = Client::of(&server).get(&format!("{ISSUES}?per_page=50&page=3"));
    assert_eq!(reply.rows().len(), 10);
    assert_eq!(reply.header("x-next-page"), Some(""));
    assert_eq!(reply.header("x-prev-page"), Some("2"));
    assert_eq!(reply.header("x-total"), Some("110"));
    assert_eq!(reply.header("x-total-pages"), Some("3"));
    assert_eq!(reply.link("next"), None);
    assert!(reply.link("prev").is_some() && reply.link("first").is_some() && reply.link("last").is_some());
}

#[test]
fn links_are_built_on_the_host_of_the_configuration() {
    let settings =
        Settings { public_url: "https://gitlab.corp.invalid/git".to_owned(), ..Settings::default() };
    let server = started(Size::small(), settings);
    assert!(server.url().ends_with("/git"), "{}", server.url());
    let reply = Client::of(&server).get(&format!("{ISSUES}?page=2&state=all"));
    let expected = format!("https://gitlab.corp.invalid/git/api/v4{ISSUES}?state=all&page=3&per_page=20");
    assert_eq!(reply.link("next"), Some(expected.as_str()));
}

#[test]
fn pages_hold_20_unless_asked_and_never_more_than_100() {
    let server = small();
    let client = Client::of(&server);
    assert_eq!(client.rows(ISSUES).len(), 20);
    let reply = client.get(&format!("{ISSUES}?per_page=1000"));
    assert_eq!(reply.rows().len(), 100);
    assert_eq!(reply.header("x-per-page"), Some("100"));
}

#[test]
fn a_page_that_is_no_number_is_refused() {
    let server = small();
    let client = Client::of(&server);
    for page in ["0", "-1", "two", "1.5"] {
        let reply = client.get(&format!("{ISSUES}?page={page}"));
        assert_eq!(
            (reply.status, reply.text.as_str()),
            (400, r#"{"error":"page is invalid"}"#),
            "page={page}"
        );
    }
    assert_eq!(client.get(&format!("{ISSUES}?per_page=0")).status, 400);
}

#[test]
fn a_page_behind_the_end_is_empty() {
    let server = small();
    let reply = Client::of(&server).get(&format!("{ISSUES}?page=999"));
    assert_eq!((reply.status, reply.text.as_str()), (200, "[]"));
    assert_eq!(reply.header("x-next-page"), Some(""));
}

#[test]
fn above_ten_thousand_rows_nothing_tells_how_many() {
    let server = started(Size::one_project(10_001), Settings::default());
    let reply = Client::of(&server).get(&format!("{ISSUES}?per_page=100"));
    assert_eq!(reply.header("x-total"), None);
    assert_eq!(reply.header("x-total-pages"), None);
    assert_eq!(reply.link("last"), None);
    assert_eq!(reply.header("x-next-page"), Some("2"));

    let server = started(Size::one_project(10_000), Settings::default());
    let reply = Client::of(&server).get(&format!("{ISSUES}?per_page=100"));
    assert_eq!(reply.header("x-total"), Some("10000"));
}

#[test]
fn commits_never_send_totals() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects/platform%2Fstorefront/repository/commits?per_page=100";
    let reply = client.get(path);
    assert_eq!(reply.header("x-total"), None);
    assert_eq!(reply.link("last"), None);
    assert_eq!(reply.header("x-next-page"), Some("2"));
    assert_eq!(client.all_rows(path).len(), 108, "one commit in ten is not on the default branch");
    assert_eq!(client.all_rows(&format!("{path}&all=true")).len(), 120);
}

#[test]
fn offsets_above_the_limit_are_refused_where_keyset_paging_exists() {
    let server = started(Size::one_project(60_000), Settings::default());
    let client = Client::of(&server);
    assert_eq!(client.get(&format!("{ISSUES}?per_page=100&page=500")).status, 200);
    let reply = client.get(&format!("{ISSUES}?per_page=100&page=501"));
    assert_eq!(reply.status, 405);
    assert_eq!(
        reply.json()["error"],
        "Offset pagination has a maximum allowed offset of 50000 for requests that return objects of type Issue. \
         Remaining records can be retrieved using keyset pagination."
    );
}

#[test]
fn the_limit_is_configurable_and_spares_other_lists() {
    let server = started(Size::small(), Settings { offset_limit: 10, ..Settings::default() });
    let client = Client::of(&server);
    assert_eq!(client.get(&format!("{ISSUES}?per_page=5&page=3")).status, 405);
    assert_eq!(client.get("/projects/platform%2Fstorefront/merge_requests?per_page=5&page=3").status, 200);
    let groups = client.get("/groups?per_page=20&page=1");
    assert_eq!(groups.status, 200, "groups offer keyset paging to anonymous callers only");
}

#[test]
fn iids_restart_in_each_project_and_the_newest_comes_first() {
    let server = small();
    let client = Client::of(&server);
    assert_eq!(iids(&client.rows(&format!("{ISSUES}?per_page=3"))), [110, 109, 108]);
    assert_eq!(iids(&client.rows(&format!("{ISSUES}?per_page=3&sort=asc"))), [1, 2, 3]);
    assert_eq!(iids(&client.rows("/projects/platform%2Fattic/issues?per_page=2&sort=asc")), [1, 2]);
}

#[test]
fn lists_that_come_in_one_piece_have_no_page_headers() {
    let server = small();
    let client = Client::of(&server);
    let wikis = client.get("/projects/platform%2Fstorefront/wikis?per_page=1");
    assert_eq!(wikis.rows().len(), 2, "per_page is ignored");
    assert!(!wikis.has_page_headers() && wikis.header("link").is_none());
    let languages = client.get("/projects/platform%2Fstorefront/languages").json();
    assert!(languages["Rust"].is_f64(), "a map, not a list");
}
