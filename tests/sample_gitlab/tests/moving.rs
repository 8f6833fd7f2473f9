use std::collections::BTreeSet;

use sample_gitlab::{Edit, Kind, Moment, ScheduledEdit, Settings, Size, World, cast};

use super::client::{Client, iids, small, started};

const ISSUES: &str = "/projects/platform%2Fstorefront/issues";

#[test]
fn edits_show_at_once() {
    let server = small();
    let client = Client::of(&server);
    let world = server.world();
    let project = world.project_id(cast::ORDINARY).unwrap();
    let path = format!("{ISSUES}?per_page=3&order_by=updated_at");
    client.rows(&path);

    world.touch_issue(project, 5, Moment::NOW.plus(1_000));
    let rows = client.rows(&path);
    assert_eq!(
        (rows[0]["iid"].as_i64(), rows[0]["updated_at"].as_str()),
        (Some(5), Some("2025-01-01T00:00:01.000Z"))
    );
    assert!(rows[0]["title"].as_str().unwrap().ends_with("[edit 1]"));

    world.create_issue(project, Moment::NOW.plus(2_000));
    assert_eq!(iids(&client.rows(&path))[..2], [111, 5]);

    world.delete_issue(project, 5);
    world.delete_issue(project, 4_711);
    assert_eq!(iids(&client.rows(&path))[0], 111);
    assert_eq!(client.get(&format!("{ISSUES}/5")).status, 404);
    assert_eq!(client.get(&format!("{ISSUES}?per_page=1")).header("x-total"), Some("110"));

    world.delete_project(project);
    assert_eq!(client.get(ISSUES).status, 404);
    assert_eq!(client.rows("/projects?membership=true").len(), 6);
}

#[test]
fn merge_requests_move_as_well() {
    let world = World::new(Size::small());
    let project = world.project_id(cast::ORDINARY).unwrap();
    let before = world.count("/projects/{id}/merge_requests").unwrap();
    world.apply(Edit::Delete { kind: Kind::MergeRequest, project, iid: 3 });
    world.apply(Edit::Create { kind: Kind::MergeRequest, project, at: Moment::NOW });
    world.apply(Edit::Create { kind: Kind::MergeRequest, project, at: Moment::NOW });
    assert_eq!(world.count("/projects/{id}/merge_requests"), Ok(before + 1));
}

/// The trap that loaders fall into: the server must really set it.
#[test]
fn a_row_that_moves_between_two_pages_hides_another() {
    let server = small();
    let client = Client::of(&server);
    let project = server.world().project_id(cast::ORDINARY).unwrap();
    let path = format!("{ISSUES}?per_page=50&order_by=updated_at&sort=asc");
    let before: BTreeSet<i64> = iids(&client.all_rows(&path)).into_iter().collect();
    let first = iids(&client.rows(&path))[0];
    let edit = Edit::Touch { kind: Kind::Issue, project, iid: first, at: Moment::NOW.plus(1) };
    let edits = vec![ScheduledEdit { template: Some("/projects/{id}/issues".to_owned()), after: 1, edit }];
    server.set(Settings { edits, ..Settings::default() });

    let rows = iids(&client.all_rows(&path));
    let found: BTreeSet<i64> = rows.iter().copied().collect();
    assert_eq!(rows.len(), 110, "as many rows as there are");
    assert_eq!(rows.iter().filter(|iid| **iid == first).count(), 2, "one of them twice");
    assert_eq!(before.difference(&found).count(), 1, "so another one was never seen");
}

#[test]
fn scheduled_edits_count_the_requests_of_their_list() {
    let project = World::new(Size::small()).project_id(cast::ORDINARY).unwrap();
    let edit = Edit::Create { kind: Kind::Issue, project, at: Moment::NOW };
    let edits = vec![
        ScheduledEdit { template: Some("/projects/{id}/issues".to_owned()), after: 2, edit },
        ScheduledEdit { template: None, after: 0, edit },
    ];
    let server = started(Size::small(), Settings { edits, ..Settings::default() });
    let client = Client::of(&server);
    client.get("/version");
    let total = || client.get(&format!("{ISSUES}?per_page=1")).header("x-total").unwrap().to_owned();
    assert_eq!([total(), total(), total()], ["111", "111", "112"]);
}
