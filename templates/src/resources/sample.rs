//! Three resources, one below the other, that let the skeleton compile and be tested.

use crate::resource::{
    Column, ColumnKind, Incremental, KeyScope, Pagination, Param, ParamSource, Resource, Shape,
    WriteDisposition,
};

/// `GET /projects`
pub const PROJECTS: Resource = Resource {
    name: "projects",
    table: "projects",
    path: "/projects",
    params: &[],
    shape: Shape::List,
    record_key: &["id"],
    key_scope: KeyScope::Global,
    pagination: Pagination::Keyset { order_by: "id", sort: "asc" },
    query: &[("membership", "true")],
    incremental: None,
    write_disposition: WriteDisposition::Merge,
    columns: &[Column { name: "id", kind: ColumnKind::Int }],
    enabled: true,
};

/// `GET /projects/{id}/issues`
pub const PROJECT_ISSUES: Resource = Resource {
    name: "project_issues",
    table: "project_issues",
    path: "/projects/{id}/issues",
    params: &[Param {
        name: "id",
        column: "project_id",
        source: ParamSource::Parent { resource: "projects", field: "id" },
    }],
    shape: Shape::List,
    record_key: &["id"],
    key_scope: KeyScope::Global,
    pagination: Pagination::Offset,
    query: &[("scope", "all")],
    incremental: Some(Incremental {
        param: "updated_after",
        cursor: Some("updated_at"),
        query: &[("order_by", "updated_at"), ("sort", "asc")],
        default: true,
    }),
    write_disposition: WriteDisposition::Merge,
    columns: &[
        Column { name: "id", kind: ColumnKind::Int },
        Column { name: "iid", kind: ColumnKind::Int },
        Column { name: "title", kind: ColumnKind::Text },
        Column { name: "updated_at", kind: ColumnKind::Timestamp },
    ],
    enabled: true,
};

/// `GET /projects/{id}/issues/{noteable_id}/notes`
pub const PROJECT_ISSUE_NOTES: Resource = Resource {
    name: "project_issue_notes",
    table: "project_issue_notes",
    path: "/projects/{id}/issues/{noteable_id}/notes",
    params: &[
        Param {
            name: "id",
            column: "project_id",
            source: ParamSource::Parent { resource: "projects", field: "id" },
        },
        Param {
            name: "noteable_id",
            column: "issue_iid",
            source: ParamSource::Parent { resource: "project_issues", field: "iid" },
        },
    ],
    shape: Shape::List,
    record_key: &["id"],
    key_scope: KeyScope::Global,
    pagination: Pagination::Offset,
    query: &[],
    incremental: None,
    write_disposition: WriteDisposition::Merge,
    columns: &[Column { name: "id", kind: ColumnKind::Int }],
    enabled: true,
};
