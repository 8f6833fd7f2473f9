//! The engine against a server of its own: pages, partitions, faults, hooks, limits.

use gitlab_pipeline::extract::{LossKind, Tree, TreeError};
use gitlab_pipeline::resource::{FanOut, KeyScope, Pagination, Param, ParamSource, Resource};
use gitlab_pipeline::{Hooks, Keep, Record};

use crate::gitlab::{GitLab, Reply};
use crate::run::*;

#[tokio::test]
async fn three_levels_are_read_whole() {
    let gitlab = GitLab::start(|target, _| small(target)).await;
    let run = run(&gitlab, Setup::default()).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows(), SMALL);
    assert_eq!([PROJECTS, ISSUES, NOTES].map(|one| run.pages.complete(one)), [1, 2, 3]);
    assert_eq!((run.tally.records(), run.tally.requests()), (7, 7));
}

#[tokio::test]
async fn children_are_done_before_the_next_page() {
    let gitlab = GitLab::start(|target, _| small(target)).await;
    run(&gitlab, Setup { concurrency: 1, ..Setup::default() }).await.result.unwrap();
    let targets = gitlab.targets();
    let place = |part: &str| targets.iter().position(|target| target.contains(part)).unwrap();
    assert!(place("/issues/11/notes") < place("page=2"), "{targets:?}");
    assert!(place("page=2") < place("/projects/2/issues"), "{targets:?}");
}

#[tokio::test]
async fn a_keyset_list_follows_the_link_and_keeps_its_own_host() {
    let gitlab = GitLab::start(|target, _| {
        if target.contains("id_after=2") {
            return Reply::json(&ids([3]));
        }
        let next = "<http://gitlab.internal:8181/api/v4/projects?id_after=2&pagination=keyset>; rel=\"next\"";
        Reply::json(&ids([1, 2])).with("link", next)
    })
    .await;
    let run = run(&gitlab, Setup { all: &[PROJECTS], select: &[PROJECTS], ..Setup::default() }).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows(), ["projects() 1", "projects() 2", "projects() 3"]);
    assert_eq!(
        gitlab.targets(),
        [
            "/api/v4/projects?membership=true&per_page=100&pagination=keyset&order_by=id&sort=asc",
            "/api/v4/projects?id_after=2&pagination=keyset",
        ]
    );
}

#[tokio::test]
async fn a_server_without_keyset_is_read_by_offset() {
    let gitlab = GitLab::start(|target, _| {
        if target.contains("keyset") {
            return Reply::fault(
                405,
                r#"{"error":"Keyset pagination is not yet available for this type of request"}"#,
            );
        }
        Reply::json(&ids([1]))
    })
    .await;
    let run = run(&gitlab, Setup { all: &[PROJECTS], select: &[PROJECTS], ..Setup::default() }).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows(), ["projects() 1"]);
}

#[tokio::test]
async fn a_full_page_without_headers_means_ask_again() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects" => Reply::json(&ids([1])),
        _ if target.contains("&page=1") => Reply::json(&ids(1000..1100)),
        _ => Reply::json(&ids(1100..1150)),
    })
    .await;
    let select = [PROJECTS, ISSUES];
    let run = run(&gitlab, Setup { all: &select, select: &select, ..Setup::default() }).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows().len(), 1 + 150);
}

#[tokio::test]
async fn a_list_that_repeats_itself_fails_and_the_rest_goes_on() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects/1/issues" => Reply::json(&ids(100..200)),
        _ => small(target),
    })
    .await;
    let select = [PROJECTS, ISSUES];
    let run = run(&gitlab, Setup { all: &select, select: &select, ..Setup::default() }).await;
    run.result.as_ref().unwrap();
    let expected = "1 of project_issues: the same page came twice in a row, so the list would never end (/projects/1/issues)";
    assert_eq!(run.losses(LossKind::Failed), [expected]);
    assert!(run.pages.rows().contains(&"project_issues(2) 21".to_owned()));
}

#[tokio::test]
async fn a_refused_partition_is_left_out_and_counted() {
    for (status, body, expected) in [
        (403, r#"{"message":"403 Forbidden"}"#, "forbidden: 403 Forbidden"),
        (404, r#"{"message":"404 Project Not Found"}"#, "not found: 404 Project Not Found"),
    ] {
        let gitlab = GitLab::start(move |target, _| match path_of(target) {
            "/projects/1/issues" => Reply::fault(status, body),
            _ => small(target),
        })
        .await;
        let run = run(&gitlab, Setup::default()).await;
        run.result.as_ref().unwrap();
        assert_eq!(run.pages.rows(), ["project_issues(2) 21", "projects() 1", "projects() 2"]);
        assert_eq!(
            run.losses(LossKind::Skipped),
            [format!("1 of project_issues: {expected} (/projects/1/issues)")]
        );
        assert_eq!(run.tally.lost(LossKind::Failed), 0);
    }
}

#[tokio::test]
async fn while_one_route_is_limited_the_others_go_on() {
    const LABELS: &Resource = &list("project_labels", "/projects/{id}/labels", &[PROJECT]);
    const ALL: &[&Resource] = &[PROJECTS, ISSUES, LABELS];
    let gitlab = GitLab::start(|target, before| match path_of(target) {
        "/projects" => Reply::json(&ids(1..=30)),
        "/projects/1/issues" if before == 0 => {
            let body = r#"{"message":{"error":"This endpoint has been requested too many times."}}"#;
            Reply::fault(429, body)
        }
        _ => Reply::json("[]"),
    })
    .await;
    let run = run(&gitlab, Setup { all: ALL, select: ALL, concurrency: 2, ..Setup::default() }).await;
    run.result.unwrap();
    let targets = gitlab.targets();
    let last = targets.iter().rposition(|target| target.contains("/labels")).unwrap();
    let before = targets[..last].iter().filter(|target| target.contains("/issues")).count();
    // One worker waits for the limit; the other one takes what is not held back.
    assert!(before <= 3, "{targets:?}");
    assert_eq!(targets.len(), 1 + 30 + 30 + 1);
}

#[tokio::test]
async fn a_page_that_is_smaller_than_asked_for_keeps_its_place_when_it_shrinks() {
    // At most 20 per page, whatever is asked for; the third page is too much until it is one of 5.
    let gitlab = GitLab::start(|target, _| {
        let number = |name: &str| {
            let pair = target.split(['?', '&']).find_map(|pair| pair.strip_prefix(name));
            pair.unwrap().parse::<u64>().unwrap()
        };
        if path_of(target) == "/projects" {
            return Reply::json(&ids([1]));
        }
        let (page, size) = (number("page="), number("per_page=").min(20));
        if size > 5 && page == 3 {
            return Reply::fault(504, "<html>");
        }
        let start = (page - 1) * size;
        let next = if start + size < 70 { (page + 1).to_string() } else { String::new() };
        let reply = Reply::json(&ids((start..70.min(start + size)).map(|id| id + 1000)));
        reply.with("x-per-page", &size.to_string()).with("x-next-page", &next)
    })
    .await;
    let select = [PROJECTS, ISSUES];
    let run = run(&gitlab, Setup { all: &select, select: &select, ..Setup::default() }).await;
    run.result.as_ref().unwrap();
    let rows = run.pages.rows();
    assert_eq!(rows.len(), 1 + 70, "{rows:?}");
    let different: std::collections::BTreeSet<_> = rows.iter().collect();
    assert_eq!(different.len(), rows.len(), "{rows:?}");
}

#[tokio::test]
async fn a_partition_that_keeps_failing_is_counted_as_failed() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects/1/issues" => Reply::fault(500, r#"{"message":"500 Internal Server Error"}"#),
        _ => small(target),
    })
    .await;
    let run = run(&gitlab, Setup::default()).await;
    run.result.as_ref().unwrap();
    assert_eq!(run.tally.lost(LossKind::Failed), 1);
    assert_eq!(run.pages.complete(ISSUES), 1);
}

#[tokio::test]
async fn a_limit_cuts_every_list_and_says_so() {
    let gitlab = GitLab::start(|target, _| small(target)).await;
    let run = run(&gitlab, Setup { limit: Some(1), ..Setup::default() }).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows(), ["project_issue_notes(1,11) 111", "project_issues(1) 11", "projects() 1"]);
    assert_eq!(run.tally.truncated(), ["projects", "project_issues"]);
    assert_eq!([PROJECTS, ISSUES, NOTES].map(|one| run.pages.complete(one)), [0, 0, 1]);
    assert!(gitlab.targets()[0].contains("per_page=1&"));
}

#[tokio::test]
async fn a_hook_changes_and_drops_records() {
    // What a child's path needs may go: children are found by the record as GitLab sent it.
    let without_iid = |record: &mut Record<'_>| {
        record.insert("iid", None::<i64>);
        Keep::Yes
    };
    let hooks = ["projects", "project_issues", "project_issue_notes"];
    let hooks = hooks.into_iter().fold(Hooks::new(), |hooks, name| hooks.on(name, without_iid));
    let hooks = hooks.on("project_issues", |record| if record["id"] == 11 { Keep::No } else { Keep::Yes });
    let gitlab = GitLab::start(|target, _| small(target)).await;
    let run = run(&gitlab, Setup { hooks, ..Setup::default() }).await;
    run.result.unwrap();
    let expected: Vec<_> = SMALL.iter().filter(|row| !row.contains("11")).copied().collect();
    assert_eq!(run.pages.rows(), expected);
    assert!(
        run.pages
            .0
            .lock()
            .unwrap()
            .iter()
            .flat_map(|page| &page.records)
            .all(|record| record["iid"].is_null())
    );
    assert!(!gitlab.targets().iter().any(|target| target.contains("/issues/11/")));
}

#[tokio::test]
async fn parents_come_along_and_are_loaded_unless_switched_off() {
    let gitlab = GitLab::start(|target, _| small(target)).await;
    let along = run(&gitlab, Setup { select: &[NOTES], ..Setup::default() }).await;
    assert_eq!(along.pages.rows(), SMALL);
    let config = "[resources.projects]\nenabled = false\n[resources.project_issues]\nenabled = false";
    let off = run(&gitlab, Setup { select: &[NOTES], config, ..Setup::default() }).await;
    assert_eq!(off.pages.rows(), &SMALL[..2]);
}

#[tokio::test]
async fn a_wrong_shape_is_said_and_not_loaded() {
    let gitlab = GitLab::start(|_, _| Reply::json(r#"{"items": [{"id": 1}]}"#)).await;
    let run = run(&gitlab, Setup { all: &[PROJECTS], select: &[PROJECTS], ..Setup::default() }).await;
    let error = run.result.unwrap_err();
    assert_eq!(error.to_string(), "the resource `projects` cannot be read");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "a list was expected and an object came, with the keys `items`");
    assert!(run.pages.rows().is_empty());
}

const fn below(resource: &'static str) -> Param {
    Param { name: "id", column: "id", source: ParamSource::Parent { resource, field: "id" } }
}

#[test]
fn definitions_that_cannot_run_are_named() {
    let refusal = |all: &[&'static Resource]| Tree::resolve(all, all, &config("", all)).unwrap_err();

    const LOST: &Resource = &list("lost", "/a/{id}", &[below("projcts")]);
    let error = refusal(&[PROJECTS, LOST]);
    assert_eq!(error.to_string(), "`lost` takes its parameters from `projcts`, which is no resource");
    assert!(error.hint().starts_with("did you mean `projects`?"), "{}", error.hint());

    const HEN: &Resource = &list("hen", "/eggs/{id}/hen", &[below("egg")]);
    const EGG: &Resource = &list("egg", "/hens/{id}/egg", &[below("hen")]);
    assert_eq!(refusal(&[HEN, EGG]).to_string(), "`hen` is its own ancestor");

    const ODD: &Resource = &list("odd", "/odd/{a}/{b}", &[]);
    assert_eq!(refusal(&[ODD]), TreeError::Placeholders { resource: ODD });

    const INPUT: &[Param] = &[Param { name: "key", column: "key", source: ParamSource::Config }];
    const TEMPLATE: &Resource = &list("template", "/templates/{key}", INPUT);
    let error = refusal(&[TEMPLATE]);
    assert_eq!(error.to_string(), "`template` needs values for `key`, which no list provides");
    assert!(error.hint().contains("[resources.template.params]"), "{}", error.hint());
}

#[tokio::test]
async fn secrets_that_come_as_data_are_loaded_only_when_asked_for() {
    const WITH_TOKEN: &Resource = &Resource { secrets: &["runners_token", "owner.token"], ..*PROJECTS };
    let gitlab = GitLab::start(|_, _| {
        Reply::json(r#"[{"id": 1, "runners_token": "GR13", "owner": {"id": 2, "token": "x"}}]"#)
    })
    .await;
    for (config, expected) in [
        ("", serde_json::json!({"id": 1, "owner": {"id": 2}})),
        (
            "[resources.projects]\nsecrets = true",
            serde_json::json!({"id": 1, "runners_token": "GR13", "owner": {"id": 2, "token": "x"}}),
        ),
    ] {
        let select = [WITH_TOKEN];
        let run = run(&gitlab, Setup { config, all: &select, select: &select, ..Setup::default() }).await;
        run.result.unwrap();
        let pages = run.pages.0.lock().unwrap();
        assert_eq!(pages[0].records[0].to_string(), expected.to_string());
    }
}

#[tokio::test]
async fn a_parameter_with_a_few_values_is_asked_for_each() {
    const METRICS: &Resource = &Resource {
        key_scope: KeyScope::Parent,
        record_key: &["date"],
        pagination: Pagination::None,
        fan_out: Some(FanOut { param: "metric", column: "metric", values: &["frequency", "lead_time"] }),
        ..list("project_metrics", "/projects/{id}/metrics", &[PROJECT])
    };
    assert_eq!(METRICS.primary_key(), ["project_id", "metric", "date"]);
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects" => Reply::json(&ids([1])),
        _ => Reply::json(r#"[{"id": 7, "date": "2024-05-01"}]"#),
    })
    .await;
    let select = [PROJECTS, METRICS];
    for (config, expected) in [
        (
            "",
            vec!["project_metrics(1,\"frequency\") 7", "project_metrics(1,\"lead_time\") 7", "projects() 1"],
        ),
        (
            "[resources.project_metrics.query]\nmetric = 'frequency'",
            vec!["project_metrics(1,\"frequency\") 7", "projects() 1"],
        ),
    ] {
        let run = run(&gitlab, Setup { config, all: &select, select: &select, ..Setup::default() }).await;
        run.result.unwrap();
        assert_eq!(run.pages.rows(), expected);
    }
    let asked: Vec<String> =
        gitlab.targets().into_iter().filter(|target| target.contains("metrics?")).collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|target| target.matches("metric=").count() == 1), "{asked:?}");
}
