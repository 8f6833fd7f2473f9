//! Resources of `projects/languages`, written by `gitlab-init` from the OpenAPI document.

use std::time::Duration;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&PROJECT_LANGUAGES],
    below: &[],
};

/// `GET /api/v4/projects/{id}/languages`
///
/// Share of each programming language, in percent.
///
/// - map: `x-gitlab-init` states it
/// - key `key`: each key of the map is a record
/// - `id` is `projects.id`: `/api/v4/projects` stands at its position; `{id}` names its field `id`
/// - left alone for a day: it is set up and seldom changed
pub const PROJECT_LANGUAGES: Resource = Resource {
    name: "project_languages",
    table: "project_languages",
    path: "/projects/{id}/languages",
    about: "Share of each programming language, in percent",
    params: &[Param::parent("id", "project_id", "projects", "id")],
    shape: Shape::Map,
    record_key: &["key"],
    key_scope: KeyScope::Parent,
    filters: &[],
    unless: &[Sign::new("empty_repo", &["true"])],
    refresh_every: Duration::from_hours(24),
    frozen: Some(Sign::new("archived", &["true"])),
    ..Resource::DEFAULT
};
