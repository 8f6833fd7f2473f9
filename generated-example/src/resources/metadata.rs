//! Resources of `metadata`, written by `gitlab-init` from the OpenAPI document.

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[&METADATA],
    below: &[],
};

/// `GET /api/v4/metadata`
///
/// Version, edition and agent server of the instance.
///
/// - object: its 200 answer is declared as one object
/// - no key: there is one in the instance
pub const METADATA: Resource = Resource {
    name: "metadata",
    table: "metadata",
    path: "/metadata",
    about: "Version, edition and agent server of the instance",
    shape: Shape::Object,
    filters: &[],
    write_disposition: WriteDisposition::Replace,
    columns: &[
        Column::text("version"),
        Column::text("revision"),
        Column::bool("kas__enabled"),
        Column::bool("enterprise"),
    ],
    ..Resource::DEFAULT
};
