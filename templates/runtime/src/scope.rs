//! Where a run starts: the scope and a resource without parameters come in, the lists to read go out. Pure.
//!
//! A resource with a [`Start`] follows the scope; every other one without parameters is read as it is. An empty
//! scope means what the token is a member of, never everything that the instance shows.

use std::fmt;

use wildmatch::WildMatch;

use crate::client::path_segment;
use crate::config::Scope;
use crate::record::Glimpse;
use crate::resource::{Over, Pagination, Resource, Shape, Start, Wide};

/// One list or object that feeds a resource without parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// Below the API root, percent-encoded.
    pub path: String,
    /// The path with its placeholders.
    pub route: &'static str,
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

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(formatter, "group `{}`", name.escape_debug()),
            Self::Project(name) => write!(formatter, "project `{}`", name.escape_debug()),
        }
    }
}

/// The roots of a resource without parameters; none when the scope leaves nothing of it.
pub fn plan_roots(resource: &Resource, scope: &Scope) -> Vec<Root> {
    match resource.start {
        Some(Start::Projects) => project_roots(resource, scope),
        Some(Start::Groups) => group_roots(resource, scope),
        None => vec![own_root(resource, &[])],
    }
}

/// The lists that hold, for all projects of a group of the scope or of an empty scope, what each of them has a list of.
pub fn plan_wide_roots(wide: &Wide, scope: &Scope) -> Vec<Root> {
    let root = |path: String, named| Root {
        path,
        route: wide.path,
        query: pairs(wide.query),
        shape: Shape::List,
        pagination: wide.pagination,
        named,
    };
    let parts = wide.path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
    match (wide.over, parts) {
        (Over::Group, Some((before, after))) => {
            let path = |group: &str| format!("{before}{}{after}", named_segment(group));
            let of = |group: &String| root(path(group), Some(Named::Group(group.clone())));
            scope.groups.iter().map(of).collect()
        }
        (Over::Instance, None) if scope.groups.is_empty() && scope.projects.is_empty() => {
            vec![root(wide.path.to_owned(), None)]
        }
        _ => Vec::new(),
    }
}

/// Whether the scope's patterns take a group or a project, by its full path.
pub fn takes(scope: &Scope, resource: &Resource, record: &Glimpse) -> bool {
    let field = |name: &str| record.text(name);
    let path = match resource.start {
        Some(Start::Projects) => field("path_with_namespace").map(str::to_owned),
        // What a pattern says of all that is below a group, it says of the group.
        Some(Start::Groups) => field("full_path").map(|path| format!("{path}/")),
        None => None,
    };
    let Some(path) = path else { return true };
    let is_match = |pattern: &String| {
        let pattern = WildMatch::new_case_insensitive(pattern);
        pattern.matches(&path) || pattern.matches(path.trim_end_matches('/'))
    };
    let is_included = scope.include.is_empty() || scope.include.iter().any(is_match);
    is_included && !scope.exclude.iter().any(is_match)
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
        route: "/groups/{id}/projects",
        query: pairs(&filters),
        shape: Shape::List,
        pagination: Pagination::Offset,
        named: Some(Named::Group(group.clone())),
    });
    let named = scope.projects.iter().map(|project| Root {
        path: format!("/projects/{}", named_segment(project)),
        route: "/projects/{id}",
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
        route: "/groups/{id}",
        // The projects in a group's own body are cut off at 100; they are read from their list.
        query: pairs(&[("with_projects", "false")]),
        shape: Shape::Object,
        pagination: Pagination::None,
        named: named.clone(),
    };
    let below = Root {
        path: format!("/groups/{segment}/descendant_groups"),
        route: "/groups/{id}/descendant_groups",
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
        route: resource.path,
        query: pairs(&[resource.query, more].concat()),
        shape: resource.shape,
        pagination: resource.pagination,
        named: None,
    }
}

/// An entry of the scope as one segment of a path. Its dots are encoded: GitLab leads from a former path to the present
/// one by the address as it was asked for, where what stands behind a dot would count as a format.
pub(crate) fn named_segment(name: &str) -> String {
    // The configuration takes no name that a path cannot carry.
    path_segment(name).unwrap_or_else(|| "%20".to_owned()).replace('.', "%2E")
}

fn pairs(query: &[(&str, &str)]) -> Vec<(String, String)> {
    query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(path: &'static str) -> Resource {
        let start = match path {
            "/projects" => Some(Start::Projects),
            "/groups" => Some(Start::Groups),
            _ => None,
        };
        Resource {
            name: "list",
            table: "list",
            path,
            start,
            record_key: &["id"],
            pagination: Pagination::Offset,
            ..Resource::DEFAULT
        }
    }

    #[test]
    fn patterns_take_and_leave_full_paths() {
        let taken = |include: &[&str], exclude: &[&str], project: &str| {
            let list_of = |patterns: &[&str]| patterns.iter().map(|text| (*text).to_owned()).collect();
            let scope = Scope {
                groups: Vec::new(),
                projects: Vec::new(),
                subgroups: true,
                archived: true,
                include: list_of(include),
                exclude: list_of(exclude),
            };
            let field = if project.ends_with('/') { "full_path" } else { "path_with_namespace" };
            let resource = if project.ends_with('/') { list("/groups") } else { list("/projects") };
            let record = json!({field: project.trim_end_matches('/')});
            let record = Glimpse::of_json(&record, &[field]);
            takes(&scope, &resource, &record)
        };
        let cases: [(&[&str], &[&str], &str, bool); 9] = [
            (&[], &[], "acme/web/shop", true),
            (&["acme/web/*"], &[], "acme/web/deep/shop", true),
            (&["Acme/*"], &[], "acme/web/shop", true),
            (&["acme/web/*"], &[], "acme/tools/x", false),
            (&["acme/*"], &["*/legacy-*"], "acme/legacy-shop", false),
            (&["acme/web/*"], &[], "acme/web/", true),
            (&["acme/web/*"], &[], "acme/", false),
            (&[], &["acme/web/*"], "acme/web/", false),
            (&[], &["acme/web"], "acme/web/shop", true),
        ];
        for (include, exclude, project, expected) in cases {
            assert_eq!(taken(include, exclude, project), expected, "{include:?} {exclude:?} {project}");
        }
    }
}
