//! Rows come, go and move while their list is read: none that is there before and after is lost, in any order of reading.

use std::collections::BTreeSet;

use sample_gitlab::{Edit, Kind, Moment, SampleServer, ScheduledEdit, Settings, Size, World};

use crate::example::Example;

const ROWS: i64 = 400;

fn size() -> Size {
    Size { merge_requests: ROWS, ..Size::one_project(ROWS) }
}

/// After each request of the list a few rows are touched, deleted and created.
fn edits(kind: Kind, template: &str, project: i64, seed: u64) -> Vec<ScheduledEdit> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut edits = Vec::new();
    for (after, hundred) in (1..15).zip(1..) {
        for nth in 0..random.i64(1..6) {
            let (iid, at) = (random.i64(1..=ROWS), Moment::NOW.plus(hundred * 100 + nth));
            let edit = match random.u8(0..4) {
                0 => Edit::Create { kind, project, at },
                1 => Edit::Touch { kind, project, iid, at },
                _ => Edit::Delete { kind, project, iid },
            };
            edits.push(ScheduledEdit { template: Some(template.to_owned()), after, edit });
        }
    }
    edits
}

fn iids(server: &SampleServer, template: &str) -> BTreeSet<i64> {
    let rows = server.world().rows(template).expect("a list");
    rows.filter_map(|(_, row)| row["iid"].as_i64()).collect()
}

/// A server whose rows move while one of its lists is read for the first time.
pub(crate) struct Moving {
    pub(crate) server: SampleServer,
    template: String,
    before: BTreeSet<i64>,
}

impl Moving {
    pub(crate) fn new(kind: Kind, list: &str, seed: u64) -> Self {
        let template = format!("/projects/{{id}}/{list}");
        let server = SampleServer::start(World::new(size()), Settings::default()).expect("a server");
        let projects = server.world().rows("/projects").expect("a list");
        let project = projects.filter_map(|(_, row)| row["id"].as_i64()).next().expect("a project");
        let before = iids(&server, &template);
        server.set(Settings { edits: edits(kind, &template, project, seed), ..Settings::default() });
        Self { server, template, before }
    }

    /// What was there all the time.
    pub(crate) fn kept(&self) -> BTreeSet<i64> {
        let after = iids(&self.server, &self.template);
        let gone = self.before.difference(&after).count();
        assert!(gone > 5, "only {gone} rows went away");
        self.before.intersection(&after).copied().collect()
    }
}

/// Loads one list while it changes, and compares what was there all the time with what is in the table.
fn lose_nothing(kind: Kind, list: &str, order: &str) {
    let resource = format!("project_{list}");
    for seed in 0..5 {
        let moving = Moving::new(kind, list, seed);
        let example = Example::new(&format!("[extract]\nper_page = 50\n{order}"));
        let requests = example.load(&moving.server, &["--select", &resource]);
        let loaded = example.column(&format!("SELECT iid FROM {resource}"));
        let loaded: BTreeSet<i64> = loaded.into_iter().map(|iid| iid.parse().expect("a number")).collect();
        let kept = moving.kept();
        let lost: Vec<&i64> = kept.difference(&loaded).collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?} of `{resource}` {order} are lost");
        assert!(requests < 60, "seed {seed}: {requests} requests");
    }
}

#[test]
fn by_keyset() {
    lose_nothing(Kind::Issue, "issues", "");
}

#[test]
fn in_the_order_of_change() {
    lose_nothing(Kind::MergeRequest, "merge_requests", "");
}

/// Orders that a user sets: page numbers are all there is.
#[test]
fn in_any_other_order() {
    for order in ["order_by = 'created_at'\nsort = 'desc'", "order_by = 'created_at'\nsort = 'asc'"] {
        let order = format!("[resources.project_merge_requests.query]\n{order}");
        lose_nothing(Kind::MergeRequest, "merge_requests", &order);
    }
}

/// As long as nothing moves, nothing extra is asked: one request for a page, and the little more that
/// overlapping costs.
#[test]
fn nothing_extra_while_nothing_moves() {
    let server = SampleServer::start(World::new(size()), Settings::default()).expect("a server");
    let pages = |config: &str, list: &str| {
        let example = Example::new(&format!("[extract]\nper_page = 50\n{config}"));
        example.load(&server, &["--select", &format!("project_{list}")]);
        server.requests(&format!("/projects/{{id}}/{list}"))
    };
    // 400 rows in pages of 50: GitLab needs 8.
    assert_eq!(pages("", "issues"), 8);
    assert_eq!(pages("", "merge_requests"), 9);
    let order = "[resources.project_merge_requests.query]\norder_by = 'created_at'\nsort = 'desc'";
    assert_eq!(pages(order, "merge_requests"), 10);
}
