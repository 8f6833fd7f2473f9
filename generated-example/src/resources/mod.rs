//! The resources of this pipeline: plain data, written by `gitlab-init` from the OpenAPI document.
//!
//! The files follow the paths of the API: `/projects/{id}/issues/{iid}/notes` stands in
//! `projects/issues/notes.rs`. Change what you need to. `gitlab-init explain RESOURCE` tells why each fact
//! is as it is.

pub mod groups;
pub mod metadata;
pub mod projects;

use gitlab_pipeline::resource::*;

/// What stands here, and in the files below.
pub const ALL: Resources = Resources {
    own: &[],
    below: &[&groups::ALL, &metadata::ALL, &projects::ALL],
};

/// The path of the server below which their paths are.
pub const API_ROOT: &str = "/api/v4";
