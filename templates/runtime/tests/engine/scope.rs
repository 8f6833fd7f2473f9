//! Where a run starts, and what it may pass over.

use gitlab_pipeline::extract::{ExtractError, LossKind};
use gitlab_pipeline::resource::Resource;

use crate::gitlab::{GitLab, Reply};
use crate::run::{GROUPS, ISSUES, NOTES, PROJECTS, SMALL, Setup, ids, list, path_of, run, small};

#[tokio::test]
async fn a_group_that_is_not_there_is_named() {
    let gitlab = GitLab::start(|_, _| Reply::fault(404, r#"{"message":"404 Group Not Found"}"#)).await;
    let error = run(&gitlab, Setup { config: "[scope]\ngroups = ['acme/none']", ..Setup::default() }).await;
    let error = error.result.unwrap_err();
    assert_eq!(error.to_string(), "group `acme/none` in `scope` is not there, or not for this token");
}

#[tokio::test]
async fn the_scope_decides_where_projects_come_from() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/groups/acme%2Fweb/projects" => Reply::json(&ids([1, 2])),
        "/groups/7/projects" => Reply::json(&ids([2, 3])),
        "/projects/tools%2Fx" => Reply::json(r#"{"id": 3}"#),
        _ => Reply::fault(404, ""),
    })
    .await;
    let config = "[scope]\ngroups = ['acme/web', 7]\nprojects = ['tools/x']\narchived = false\n\
                  [resources.projects.query]\nstatistics = true";
    let setup = Setup { config, all: &[PROJECTS], select: &[PROJECTS], concurrency: 1, ..Setup::default() };
    let run = run(&gitlab, setup).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows(), ["projects() 1", "projects() 2", "projects() 3"]);
    assert_eq!(run.pages.complete(PROJECTS), 1);
    let filters =
        "include_subgroups=true&with_shared=false&archived=false&statistics=true&per_page=100&page=1";
    assert_eq!(
        gitlab.targets(),
        [
            format!("/api/v4/groups/acme%2Fweb/projects?{filters}"),
            format!("/api/v4/groups/7/projects?{filters}"),
            "/api/v4/projects/tools%2Fx?statistics=true".to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_scope_decides_where_groups_come_from() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/groups/acme" => Reply::json(r#"{"id": 1}"#),
        "/groups/acme/descendant_groups" => Reply::json(&ids([2])),
        _ => Reply::fault(404, ""),
    })
    .await;
    let rows = async |config| {
        let setup = Setup { config, all: &[GROUPS], select: &[GROUPS], ..Setup::default() };
        let run = run(&gitlab, setup).await;
        run.result.unwrap();
        run.pages.rows()
    };
    assert_eq!(rows("[scope]\ngroups = ['acme']").await, ["groups() 1", "groups() 2"]);
    assert_eq!(rows("[scope]\ngroups = ['acme']\nsubgroups = false").await, ["groups() 1"]);
    assert!(rows("[scope]\nprojects = ['x/y']").await.is_empty());
}

#[tokio::test]
async fn what_the_scope_does_not_start_from_is_left_out_like_a_partition() {
    const TOPICS: &Resource = &list("topics", "/topics", &[]);
    const ALL: &[&Resource] = &[TOPICS, PROJECTS, ISSUES, NOTES];
    for (status, kind) in [(403, LossKind::Skipped), (404, LossKind::Skipped), (400, LossKind::Failed)] {
        let gitlab = GitLab::start(move |target, _| match path_of(target) {
            "/topics" => Reply::fault(status, r#"{"message":"no"}"#),
            _ => small(target),
        })
        .await;
        let run = run(&gitlab, Setup { all: ALL, select: ALL, ..Setup::default() }).await;
        run.result.as_ref().unwrap();
        assert_eq!(run.pages.rows(), SMALL, "{status}");
        assert!(run.losses(kind)[0].starts_with("1 of topics: "), "{:?}", run.losses(kind));
    }
    // Without projects, there is nothing to load.
    let gitlab = GitLab::start(|_, _| Reply::fault(403, r#"{"message":"403 Forbidden"}"#)).await;
    let result = run(&gitlab, Setup { all: ALL, select: ALL, ..Setup::default() }).await.result;
    assert!(matches!(result, Err(ExtractError::RootRefused { resource, .. }) if resource.name == "projects"));
}

#[tokio::test]
async fn a_renamed_project_with_a_dot_in_its_path_is_found() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        // With a plain dot, GitLab leads nowhere.
        "/projects/acme%2Fold.name" => {
            Reply::fault(301, "moved").with("location", "/api/v4/projects/999999.name")
        }
        "/projects/acme%2Fold%2Ename" => Reply::fault(301, "moved").with("location", "/api/v4/projects/104"),
        "/projects/104" => Reply::json(r#"{"id": 104}"#),
        _ => Reply::fault(404, r#"{"message":"404 Project Not Found"}"#),
    })
    .await;
    for form in ["acme/old.name", "acme%2Fold.name", "/acme/old.name/", "acme/old.name.git"] {
        let config = format!("[scope]\nprojects = ['{form}']");
        let setup = Setup { config: &config, all: &[PROJECTS], select: &[PROJECTS], ..Setup::default() };
        let run = run(&gitlab, setup).await;
        run.result.unwrap();
        assert_eq!(run.pages.rows(), ["projects() 104"], "{form}");
    }
}
