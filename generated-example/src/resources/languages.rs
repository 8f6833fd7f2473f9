//! Resources around `languages`, written by `gitlab-init` from the OpenAPI document.
use crate::resource::*;

/// `GET /api/v4/projects/{id}/languages`
///
/// Share of each programming language, in percent.
///
/// - map: `x-gitlab-init` states it
/// - key `key`: each key of the map is a record
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
pub const PROJECT_LANGUAGES: Resource = Resource {
    name: "project_languages",
    table: "project_languages",
    path: "/projects/{id}/languages",
    params: &[
        Param {
            name: "id",
            column: "project_id",
            source: ParamSource::Parent {
                resource: "projects",
                field: "id",
            },
        },
    ],
    shape: Shape::Map,
    record_key: &["key"],
    key_scope: KeyScope::Parent,
    pagination: Pagination::None,
    query: &[],
    incremental: None,
    write_disposition: WriteDisposition::Merge,
    columns: &[],
    enabled: true,
};
