//! Lists that hold what many others do, one for each of many parents.

use super::{Incremental, Pagination};

/// A list of a group, or of all that the token sees, with the very records that a resource has a list of for each
/// project: `/groups/{id}/issues` beside `/projects/{id}/issues`.
///
/// ```
/// use gitlab_pipeline::resource::*;
///
/// const OF_A_GROUP: Wide = Wide {
///     path: "/groups/{id}/issues",
///     over: Over::Group,
///     parent_field: "project_id",
///     pagination: Pagination::Offset,
///     ..Wide::DEFAULT
/// };
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wide {
    /// Below the API root.
    pub path: &'static str,
    /// Whose records it holds.
    pub over: Over,
    /// The field of a record that names the parent, as the resource's own path does: `project_id`.
    pub parent_field: &'static str,
    /// Sent with every request, unless the configuration sets the same parameter.
    pub query: &'static [(&'static str, &'static str)],
    pub pagination: Pagination,
    /// How a later run asks it for what changed.
    pub incremental: Option<Incremental>,
    /// Filters of the resource that it does not take.
    pub lacks: &'static [&'static str],
    /// Fields that are told from where the list stands, and those with what they say in the list of a parent, at dotted
    /// paths: `references.relative` and `references.short`.
    pub relative: &'static [(&'static str, &'static str)],
}

/// What a wide list reaches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A group, with all that is below it. Its path has one placeholder.
    Group,
    /// All that the token sees.
    Instance,
}

impl Wide {
    /// What a definition leaves unsaid.
    pub const DEFAULT: Self = Self {
        path: "",
        over: Over::Group,
        parent_field: "",
        query: &[],
        pagination: Pagination::None,
        incremental: None,
        lacks: &[],
        relative: &[],
    };
}
