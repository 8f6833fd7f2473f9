use std::collections::BTreeSet;

use sample_gitlab::{Settings, Size};
use serde_json::Value;

use super::client::{Client, iids, small, started, texts};

const ISSUES: &str = "/projects/platform%2Fstorefront/issues";
const REFUSED: &str = "Keyset pagination is not yet available for this type of request";

#[test]
fn pages_cut_inside_equal_timestamps_lose_and_repeat_nothing() {
    let server = small();
    let client = Client::of(&server);
    for order in ["updated_at", "created_at", "title", "id", "due_date", "weight"] {
        for sort in ["asc", "desc"] {
            let path = format!("{ISSUES}?pagination=keyset&per_page=7&order_by={order}&sort={sort}");
            let rows = client.all_rows(&path);
            let distinct: BTreeSet<i64> = iids(&rows).into_iter().collect();
            assert_eq!((rows.len(), distinct.len()), (110, 110), "{order} {sort}");
        }
    }
    let rows =
        client.all_rows(&format!("{ISSUES}?pagination=keyset&per_page=7&order_by=updated_at&sort=asc"));
    let times = texts(&rows, "updated_at");
    assert!(times.is_sorted());
    let most = times.chunk_by(|one, other| one == other).map(<[_]>::len).max().unwrap();
    assert!(most > 20, "a bulk edit gave {most} rows one timestamp");
}

#[test]
fn only_the_link_leads_on() {
    let server = small();
    let reply =
        Client::of(&server).get(&format!("{ISSUES}?pagination=keyset&per_page=100&order_by=id&sort=asc"));
    assert!(!reply.has_page_headers());
    let next = reply.link("next").unwrap();
    assert!(
        next.contains("cursor=") && next.contains("pagination=keyset") && next.contains("order_by=id"),
        "{next}"
    );
    assert!(reply.link("first").is_none() && reply.link("last").is_none());
}

#[test]
fn the_last_page_has_no_link_and_may_be_followed_by_an_empty_one() {
    let path = format!("{ISSUES}?pagination=keyset&per_page=55&order_by=id&sort=asc");
    let server = small();
    let client = Client::of(&server);
    assert_eq!(client.all_rows(&path).len(), 110);
    assert_eq!(server.requests("/projects/{id}/issues"), 2);

    server.set(Settings { empty_last_keyset_page: true, ..Settings::default() });
    server.clear_log();
    assert_eq!(client.all_rows(&path).len(), 110);
    assert_eq!(server.requests("/projects/{id}/issues"), 3);
}

#[test]
fn projects_go_on_by_id() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects?membership=true&pagination=keyset&per_page=3&order_by=id";
    let reply = client.get(&format!("{path}&sort=asc"));
    assert!(reply.link("next").unwrap().contains("id_after=21"), "{:?}", reply.link("next"));
    assert!(client.get(path).link("next").unwrap().contains("id_before="), "descending by default");
    let ids = |rows: Vec<Value>| rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>();
    let ascending = ids(client.all_rows(&format!("{path}&sort=asc")));
    let mut descending = ids(client.all_rows(path));
    descending.reverse();
    assert_eq!(ascending.len(), 7);
    assert_eq!(ascending, descending);
}

#[test]
fn illegal_orders_are_refused() {
    let server = small();
    let client = Client::of(&server);
    for path in [
        "/projects?pagination=keyset",
        "/projects?pagination=keyset&order_by=name",
        "/projects/platform%2Fstorefront/audit_events?pagination=keyset&order_by=created_at",
        "/groups?pagination=keyset&order_by=name&sort=asc",
    ] {
        let reply = client.get(path);
        assert_eq!((reply.status, reply.json()["error"].as_str()), (405, Some(REFUSED)), "{path}");
    }
    let anonymous = Client::anonymous(&server);
    assert_eq!(anonymous.get("/groups?pagination=keyset&order_by=name&sort=asc").status, 200);
    assert_eq!(anonymous.get("/projects/community%2Fopen-map/jobs?pagination=keyset").status, 405);
}

#[test]
fn jobs_go_newest_first_by_cursor() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects/platform%2Fstorefront/jobs";
    let offset = client.all_rows(&format!("{path}?per_page=100"));
    let keyset = client.all_rows(&format!("{path}?pagination=keyset&per_page=5"));
    assert_eq!(offset.len(), 36);
    assert_eq!(offset, keyset);
}

#[test]
fn branches_and_files_go_on_by_page_token() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects/platform%2Fstorefront/repository/branches?pagination=keyset&per_page=2";
    assert!(client.get(path).link("next").unwrap().contains("page_token=feature%2Ftask-0006"));
    assert_eq!(client.all_rows(path).len(), 6);
    let tree = "/projects/platform%2Fstorefront/repository/tree?pagination=keyset&per_page=10";
    assert_eq!(client.all_rows(tree).len(), 25);
}

#[test]
fn users_and_registry_tags_offer_it_too() {
    let server = small();
    let client = Client::of(&server);
    assert_eq!(client.all_rows("/users?pagination=keyset&per_page=5&order_by=name&sort=asc").len(), 12);
    let repository = &client.rows("/projects/platform%2Fstorefront/registry/repositories")[0]["id"];
    let tags = format!("/projects/platform%2Fstorefront/registry/repositories/{repository}/tags");
    assert_eq!(
        client.all_rows(&format!("{tags}?pagination=keyset&per_page=3&order_by=name&sort=asc")).len(),
        4
    );
}

#[test]
fn a_cursor_that_was_not_ours_is_refused() {
    let server = small();
    let reply = Client::of(&server).get(&format!("{ISSUES}?pagination=keyset&order_by=id&cursor=nonsense"));
    assert_eq!((reply.status, reply.text.as_str()), (400, r#"{"error":"cursor is invalid"}"#));
}

#[test]
fn a_million_rows_are_read_anywhere_at_once() {
    let server = started(Size::one_project(1_000_000), Settings::default());
    let client = Client::of(&server);
    let page = client.get(&format!("{ISSUES}?pagination=keyset&per_page=100&order_by=id&sort=desc"));
    assert_eq!(iids(&page.rows())[..2], [1_000_000, 999_999]);
    assert_eq!(server.world().count("/projects/{id}/issues"), Ok(1_000_000));
}
