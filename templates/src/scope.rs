//! Where a run starts: the scope and a resource without parameters come in, the lists to read go out. Pure.
//!
//! `/projects` and `/groups` follow the scope; every other resource without parameters is read as it is. An empty
//! scope means what the token is a member of, never everything that the instance shows.

use crate::client::path_segment;
use crate::config::Scope;
use crate::resource::{Pagination, Resource, Shape};

/// One list or object that feeds a resource without parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// Below the API root, percent-encoded.
    pub path: String,
    /// Sent unless the configuration sets the same parameter.
    pub query: Vec<(String, String)>,
    pub shape: Shape,
    pub pagination: Pagination,
    /// The entry of the scope that asked for it, as the user wrote it.
    pub named: Option<Named>,
}

/// An entry of the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Group(String),
    Project(String),
}

/// The roots of a resource without parameters; none when the scope leaves nothing of it.
pub fn plan_roots(resource: &Resource, scope: &Scope) -> Vec<Root> {
    match resource.path {
        "/projects" => project_roots(resource, scope),
        "/groups" => group_roots(resource, scope),
        _ => vec![own_root(resource, &[])],
    }
}

fn project_roots(resource: &Resource, scope: &Scope) -> Vec<Root> {
    let archived: &[_] = if scope.archived { &[] } else { &[("archived", "false")] };
    if scope.groups.is_empty() && scope.projects.is_empty() {
        return vec![own_root(resource, &[&[("membership", "true")], archived].concat())];
    }
    let subgroups = if scope.subgroups { "true" } else { "false" };
    let filters = [&[("include_subgroups", subgroups), ("with_shared", "false")], archived].concat();
    let of_groups = scope.groups.iter().map(|group| Root {
        path: format!("/groups/{}/projects", named_segment(group)),
        query: pairs(&filters),
        shape: Shape::List,
        pagination: Pagination::Offset,
        named: Some(Named::Group(group.clone())),
    });
    let named = scope.projects.iter().map(|project| Root {
        path: format!("/projects/{}", named_segment(project)),
        query: Vec::new(),
        shape: Shape::Object,
        pagination: Pagination::None,
        named: Some(Named::Project(project.clone())),
    });
    of_groups.chain(named).collect()
}

fn group_roots(resource: &Resource, scope: &Scope) -> Vec<Root> {
    if scope.groups.is_empty() && scope.projects.is_empty() {
        return vec![own_root(resource, &[("min_access_level", "10")])];
    }
    scope.groups.iter().flat_map(|group| roots_of_group(group, scope.subgroups)).collect()
}

fn roots_of_group(group: &str, subgroups: bool) -> Vec<Root> {
    let segment = named_segment(group);
    let named = Some(Named::Group(group.to_owned()));
    let itself = Root {
        path: format!("/groups/{segment}"),
        // The projects in a group's own body are cut off at 100; they are read from their list.
        query: pairs(&[("with_projects", "false")]),
        shape: Shape::Object,
        pagination: Pagination::None,
        named: named.clone(),
    };
    let below = Root {
        path: format!("/groups/{segment}/descendant_groups"),
        query: Vec::new(),
        shape: Shape::List,
        pagination: Pagination::Offset,
        named,
    };
    if subgroups { vec![itself, below] } else { vec![itself] }
}

/// The resource as it stands, with more of a query.
fn own_root(resource: &Resource, more: &[(&str, &str)]) -> Root {
    Root {
        path: resource.path.to_owned(),
        query: pairs(&[resource.query, more].concat()),
        shape: resource.shape,
        pagination: resource.pagination,
        named: None,
    }
}

/// A name that no path can carry becomes one that GitLab does not find, and says so.
fn named_segment(name: &str) -> String {
    path_segment(name).unwrap_or_else(|| "%20".to_owned())
}

fn pairs(query: &[(&str, &str)]) -> Vec<(String, String)> {
    query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
