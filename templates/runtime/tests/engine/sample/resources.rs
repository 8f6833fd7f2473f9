//! Three resources, one below the other, that the tests of configuration and command line go by.

use gitlab_pipeline::resource::{Column, Incremental, Pagination, Param, Resource, Start};

/// All of them, parents first.
pub(crate) const ALL: &[&Resource] = &[&PROJECTS, &PROJECT_ISSUES, &PROJECT_ISSUE_NOTES];

/// `GET /projects`
pub(crate) const PROJECTS: Resource = Resource {
    name: "projects",
    table: "projects",
    path: "/projects",
    start: Some(Start::Projects),
    record_key: &["id"],
    pagination: Pagination::Keyset { order_by: "id", sort: "asc" },
    query: &[("membership", "true")],
    columns: &[Column::int("id")],
    ..Resource::DEFAULT
};

/// `GET /projects/{id}/issues`
pub(crate) const PROJECT_ISSUES: Resource = Resource {
    name: "project_issues",
    table: "project_issues",
    path: "/projects/{id}/issues",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    record_key: &["id"],
    pagination: Pagination::Offset,
    query: &[("scope", "all")],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        ..Incremental::DEFAULT
    }),
    columns: &[Column::int("id"), Column::int("iid"), Column::text("title"), Column::timestamp("updated_at")],
    ..Resource::DEFAULT
};

/// `GET /projects/{id}/issues/{noteable_id}/notes`
pub(crate) const PROJECT_ISSUE_NOTES: Resource = Resource {
    name: "project_issue_notes",
    table: "project_issue_notes",
    path: "/projects/{id}/issues/{noteable_id}/notes",
    params: &[
        Param::parent("id", "project_id", "projects", "id"),
        Param::parent("noteable_id", "issue_iid", "project_issues", "iid"),
    ],
    record_key: &["id"],
    pagination: Pagination::Offset,
    columns: &[Column::int("id")],
    ..Resource::DEFAULT
};
