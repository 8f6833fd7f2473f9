use sample_gitlab::cast;
use serde_json::Value;

use super::client::{Client, iids, small, texts};

const ISSUES: &str = "/projects/platform%2Fstorefront/issues";

#[test]
fn bounds_include_the_moment_itself() {
    let server = small();
    let client = Client::of(&server);
    let all = client.all_rows(&format!("{ISSUES}?per_page=100&order_by=updated_at&sort=asc"));
    let times = texts(&all, "updated_at");
    let bound = times[60];
    let at_or_after = times.iter().filter(|time| **time >= bound).count();
    let at_or_before = times.iter().filter(|time| **time <= bound).count();
    assert!(at_or_after + at_or_before > all.len(), "the bound itself is in both");
    let count = |query: &str| client.all_rows(&format!("{ISSUES}?per_page=100&{query}")).len();
    assert_eq!(count(&format!("updated_after={bound}&order_by=updated_at")), at_or_after);
    assert_eq!(count(&format!("updated_after={bound}")), at_or_after, "whatever the order");
    assert_eq!(count(&format!("updated_before={bound}&order_by=updated_at&sort=asc")), at_or_before);
    assert_eq!(count("created_after=2024-03-01T01:00:00%2B01:00&created_before=2024-02-29"), 0);
    assert_eq!(
        client.get(&format!("{ISSUES}?updated_after=soon")).text,
        r#"{"error":"updated_after is invalid"}"#
    );
}

#[test]
fn states_split_the_rows() {
    let server = small();
    let client = Client::of(&server);
    let count = |state: &str| client.all_rows(&format!("{ISSUES}?per_page=100&state={state}")).len();
    let (opened, closed) = (count("opened"), count("closed"));
    assert!(opened > 0 && closed > 0);
    assert_eq!(opened + closed, count("all"));
    let statistics = client.get("/projects/platform%2Fstorefront/issues_statistics").json();
    assert_eq!(statistics["statistics"]["counts"]["opened"], opened);
    let reply = client.get(&format!("{ISSUES}?state=ajar"));
    assert_eq!(
        (reply.status, reply.text.as_str()),
        (400, r#"{"error":"state does not have a valid value"}"#)
    );
    assert_eq!(client.get(&format!("{ISSUES}?order_by=colour")).status, 400);
}

#[test]
fn labels_must_all_be_worn() {
    let server = small();
    let client = Client::of(&server);
    let rows = client.all_rows(&format!("{ISSUES}?per_page=100&labels=bug,priority::high"));
    let wears = |row: &Value, name: &str| row["labels"].as_array().unwrap().iter().any(|label| label == name);
    assert!(!rows.is_empty() && rows.len() < 110);
    assert!(rows.iter().all(|row| wears(row, "bug") && wears(row, "priority::high")));
    assert_eq!(iids(&client.rows(&format!("{ISSUES}?iids[]=7&iids[]=9&sort=asc"))), [7, 9]);
}

#[test]
fn filters_on_updates_want_the_same_order_where_gitlab_insists() {
    let server = small();
    let client = Client::of(&server);
    let deployments = "/projects/platform%2Fstorefront/deployments?updated_after=2024-02-01";
    let text = "400 Bad request - `updated_at` filter and `updated_at` sorting must be paired";
    for path in
        [deployments, "/projects?updated_after=2024-02-01", "/projects?updated_before=2024-02-01&order_by=id"]
    {
        let reply = client.get(path);
        assert_eq!((reply.status, reply.json()["message"].as_str()), (400, Some(text)), "{path}");
    }
    assert_eq!(client.get(&format!("{deployments}&order_by=updated_at")).status, 200);
    let finished =
        "/projects/platform%2Fstorefront/deployments?finished_after=2024-02-01&order_by=finished_at";
    assert_eq!(client.get(finished).status, 400, "finished deployments are successful ones");
    assert!(!client.rows(&format!("{finished}&status=success")).is_empty());
    let since = client.rows("/projects?order_by=updated_at&updated_after=2024-06-01&membership=true");
    assert!(!since.is_empty() && since.len() < 7);
}

#[test]
fn commits_are_bounded_by_instants_although_each_has_its_own_offset() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects/platform%2Fstorefront/repository/commits?per_page=100&all=true";
    let all = client.all_rows(path);
    let offsets: Vec<_> = texts(&all, "committed_date").iter().map(|date| date[23..].to_owned()).collect();
    assert!(
        ["+00:00", "+02:00", "-07:00", "+09:00"].iter().all(|offset| offsets.contains(&(*offset).to_owned()))
    );
    let bound = all[40]["committed_date"].as_str().unwrap().replace('+', "%2B");
    assert_eq!(client.all_rows(&format!("{path}&since={bound}")).len(), 41);
    assert_eq!(client.all_rows(&format!("{path}&until={bound}")).len(), 80);
    assert!(all[0].get("stats").is_none());
    assert!(client.rows(&format!("{path}&with_stats=true"))[0]["stats"]["total"].is_i64());
}

#[test]
fn events_know_days_only_and_leave_the_day_itself_out() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects/platform%2Fstorefront/events?per_page=100";
    let all = client.all_rows(path);
    let day = &texts(&all, "created_at")[10][..10];
    let later = client.all_rows(&format!("{path}&after={day}"));
    let earlier = client.all_rows(&format!("{path}&before={day}"));
    assert_eq!(later.len() + earlier.len(), all.len() - 1, "one event falls on {day}");
    assert_eq!(
        client.all_rows(&format!("{path}&after={day}T23:59:59Z")).len(),
        later.len(),
        "the time is cut off"
    );
}

#[test]
fn the_instance_lists_show_only_my_own_by_default() {
    let server = small();
    let client = Client::of(&server);
    for list in ["/issues", "/merge_requests"] {
        let mine = client.all_rows(&format!("{list}?per_page=100"));
        let all = client.all_rows(&format!("{list}?per_page=100&scope=all"));
        assert!(!mine.is_empty() && mine.len() < all.len(), "{list}: {} of {}", mine.len(), all.len());
        assert!(mine.iter().all(|row| row["author"]["username"] == "mira"));
        let of_archived =
            |said: &str| client.all_rows(&format!("{list}?per_page=100&scope=all&non_archived={said}"));
        let (without, with) = (of_archived("true"), of_archived("false"));
        assert!(with.len() > without.len(), "{list}: archived projects can be hidden");
        let usual = if list == "/issues" { without } else { with };
        assert_eq!(all.len(), usual.len(), "{list}");
    }
}

#[test]
fn archived_projects_can_be_left_out() {
    let server = small();
    let client = Client::of(&server);
    let kept = client.rows("/projects?membership=true&archived=false");
    assert!(!texts(&kept, "path_with_namespace").contains(&cast::ARCHIVED));
    let only = client.rows("/projects?archived=true&membership=true");
    assert_eq!(texts(&only, "path_with_namespace"), [cast::ARCHIVED]);
}

#[test]
fn labels_and_epics_come_down_and_up_the_tree() {
    let server = small();
    let client = Client::of(&server);
    let count = |path: &str| client.all_rows(path).len();
    assert_eq!(count("/groups/platform%2Ftools/labels?per_page=100"), 10);
    assert_eq!(count("/groups/platform%2Ftools/labels?include_ancestor_groups=false"), 5);
    assert_eq!(count("/projects/platform%2Ftools%2Ftoolbox/labels?per_page=100"), 15);
    assert_eq!(count("/groups/platform/epics?per_page=100"), 10);
    assert_eq!(count("/groups/platform/epics?per_page=100&include_descendant_groups=false"), 5);
}

#[test]
fn findings_hide_what_was_dismissed() {
    let server = small();
    let client = Client::of(&server);
    let path = "/projects/platform%2Fstorefront/vulnerability_findings";
    assert_eq!(client.rows(path).len() + 1, client.rows(&format!("{path}?scope=all")).len());
}

#[test]
fn groups_can_be_narrowed() {
    let server = small();
    let client = Client::of(&server);
    let names = |query: &str| {
        let rows = client.rows(&format!("/groups{query}"));
        rows.iter().map(|row| row["full_path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        names(""),
        ["community", "design", "platform/tools", "platform"],
        "by name, what is public included"
    );
    assert_eq!(names("?min_access_level=40"), ["platform/tools", "platform"]);
    assert_eq!(names("?min_access_level=10&top_level_only=true"), ["design", "platform"]);
    assert_eq!(names("?all_available=false").len(), 3);
    assert_eq!(names("/platform/descendant_groups"), ["platform/tools"]);
}
