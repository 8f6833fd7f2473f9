//! How the parameters of a child get their values: from the parent's record, from the parent's own parameters, or from
//! the configuration. Looked up by resource and field; what a parameter is called says little.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use super::tree::TreeError;
use crate::client::path_segment;
use crate::page::Binding;
use crate::record::Glimpse;
use crate::resource::{Param, ParamSource, Resource};

/// Where the value of one parameter of a child comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extract) enum Route {
    /// A field of the parent's record.
    Record { field: &'static str },
    /// The parent's own parameter at this place.
    Parent { index: usize },
    /// `[resources.NAME.params]`.
    Config,
}

impl Route {
    /// The field of the parent's record, where it is one.
    pub(super) fn record_field(&self) -> Option<&'static str> {
        match self {
            Self::Record { field } => Some(field),
            Self::Parent { .. } | Self::Config => None,
        }
    }
}

/// Why a record starts no partition of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in crate::extract) enum Unbound {
    /// The field is not there, or is neither text nor a whole number.
    #[error("the parent's record has no `{field}`")]
    Missing { field: &'static str },
    #[error("the value for `{param}` cannot stand in a path")]
    Unusable { param: &'static str },
}

/// The routes of all parameters of `child`, in the order of its path.
pub(super) fn resolve_routes(
    child: &'static Resource,
    parent: Option<&Resource>,
) -> Result<Vec<Route>, TreeError> {
    child.params.iter().map(|param| resolve_route(child, param, parent)).collect()
}

fn resolve_route(
    child: &'static Resource,
    param: &Param,
    parent: Option<&Resource>,
) -> Result<Route, TreeError> {
    let inherited = parent.and_then(|parent| parent.params.iter().position(|above| is_same(above, param)));
    match (param.source, parent) {
        (ParamSource::Parent { resource, field }, Some(parent)) if parent.name == resource => {
            Ok(Route::Record { field })
        }
        (_, _) if inherited.is_some() => Ok(inherited.map_or(Route::Config, |index| Route::Parent { index })),
        (ParamSource::Config, _) => Ok(Route::Config),
        (ParamSource::Parent { resource, field }, _) => {
            Err(TreeError::Unbound { resource: child, param: param.name, from: resource, field })
        }
    }
}

/// Whether a parameter of the parent carries the value that the child's parameter wants.
fn is_same(above: &Param, param: &Param) -> bool {
    above.source == param.source && (above.source != ParamSource::Config || above.name == param.name)
}

/// The bindings of each partition that a record starts: one, or more where the configuration lists several values.
pub(super) fn bind(
    child: &Resource,
    routes: &[Route],
    configured: &BTreeMap<String, Vec<Value>>,
    parent: &[Binding],
    record: &Glimpse,
) -> Result<Vec<Vec<Binding>>, Unbound> {
    let mut partitions = vec![Vec::with_capacity(routes.len())];
    for (param, route) in child.params.iter().zip(routes) {
        let values = match route {
            Route::Record { field } => {
                vec![field_of(record, field).ok_or(Unbound::Missing { field })?.clone()]
            }
            Route::Parent { index } => {
                parent.get(*index).map(|binding| binding.value.clone()).into_iter().collect()
            }
            Route::Config => configured.get(param.name).cloned().unwrap_or_default(),
        };
        if values.iter().any(|value| segment_of(value).is_none()) {
            return Err(Unbound::Unusable { param: param.name });
        }
        partitions = combine(&partitions, param.column, &values);
    }
    Ok(partitions)
}

/// Each partition with each of the values.
pub(super) fn combine(
    partitions: &[Vec<Binding>],
    column: &'static str,
    values: &[Value],
) -> Vec<Vec<Binding>> {
    let with = |bindings: &Vec<Binding>, value: &Value| {
        bindings.iter().cloned().chain([Binding { column, value: value.clone() }]).collect()
    };
    partitions.iter().flat_map(|bindings| values.iter().map(move |value| with(bindings, value))).collect()
}

/// The field at a dotted path, when its value identifies something.
fn field_of<'a>(record: &'a Glimpse, field: &str) -> Option<&'a Value> {
    let value = record.get(field)?;
    (value.is_string() || value.is_i64() || value.is_u64()).then_some(value)
}

/// The path with each placeholder filled, percent-encoded; one that stands twice has the same value twice. [`bind`] has
/// seen that each value can stand in a path.
pub(in crate::extract) fn fill_path(resource: &Resource, bindings: &[Binding]) -> String {
    let mut filled = String::with_capacity(resource.path.len());
    let mut rest = resource.path;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        filled.push_str(before);
        let place = resource.params.iter().position(|param| param.name == name);
        let binding = place.and_then(|place| bindings.get(place));
        filled.push_str(&binding.and_then(|binding| segment_of(&binding.value)).unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn segment_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => path_segment(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Pagination;

    const fn resource(name: &'static str, path: &'static str, params: &'static [Param]) -> Resource {
        Resource {
            name,
            table: name,
            path,
            params,
            record_key: &["id"],
            pagination: Pagination::Offset,
            ..Resource::DEFAULT
        }
    }

    const fn from(name: &'static str, resource: &'static str, field: &'static str) -> Param {
        Param { name, column: name, source: ParamSource::Parent { resource, field } }
    }

    const PATHS: Param = Param { name: "path", column: "path", source: ParamSource::Config };
    const ISSUES: Resource = resource("issues", "/projects/{id}/issues", &[from("id", "projects", "id")]);
    const NOTES: Resource = resource(
        "notes",
        "/projects/{id}/issues/{noteable_id}/notes",
        &[from("id", "projects", "id"), from("noteable_id", "issues", "iid")],
    );
    const FILES: Resource =
        resource("files", "/projects/{id}/files/{path}", &[from("id", "projects", "id"), PATHS]);

    fn record(value: Value) -> Glimpse {
        Glimpse::of_json(&value, &["id", "iid"])
    }

    #[test]
    fn a_grandchild_takes_its_values_by_resource_and_field() {
        let routes = resolve_routes(&NOTES, Some(&ISSUES)).unwrap();
        assert_eq!(routes, [Route::Parent { index: 0 }, Route::Record { field: "iid" }]);
        let parent = [Binding { column: "id", value: json!(7) }];
        let bound =
            bind(&NOTES, &routes, &BTreeMap::new(), &parent, &record(json!({"id": 900, "iid": 3}))).unwrap();
        assert_eq!(fill_path(&NOTES, &bound[0]), "/projects/7/issues/3/notes");
    }

    #[test]
    fn configured_values_are_combined_with_each_record() {
        let projects = resource("projects", "/projects", &[]);
        let routes = resolve_routes(&FILES, Some(&projects)).unwrap();
        let configured = BTreeMap::from([("path".to_owned(), vec![json!("a/b.md"), json!("c")])]);
        let bound = bind(&FILES, &routes, &configured, &[], &record(json!({"id": 7}))).unwrap();
        let paths: Vec<_> = bound.iter().map(|bindings| fill_path(&FILES, bindings)).collect();
        assert_eq!(paths, ["/projects/7/files/a%2Fb.md", "/projects/7/files/c"]);
    }

    #[test]
    fn a_record_without_the_field_starts_nothing() {
        let routes = resolve_routes(&NOTES, Some(&ISSUES)).unwrap();
        let parent = [Binding { column: "id", value: json!(7) }];
        let unbound = |value| bind(&NOTES, &routes, &BTreeMap::new(), &parent, &record(value)).unwrap_err();
        assert_eq!(unbound(json!({"iid": null})), Unbound::Missing { field: "iid" });
        assert_eq!(unbound(json!({"id": 1})), Unbound::Missing { field: "iid" });
        assert_eq!(unbound(json!({"iid": ".."})), Unbound::Unusable { param: "noteable_id" });
    }

    #[test]
    fn a_parameter_that_no_ancestor_carries_is_named() {
        let projects = resource("projects", "/projects", &[]);
        let error = resolve_routes(&NOTES, Some(&projects)).unwrap_err();
        assert!(
            matches!(error, TreeError::Unbound { param: "noteable_id", from: "issues", .. }),
            "{error:?}"
        );
    }

    #[test]
    fn a_placeholder_that_stands_twice_has_one_value() {
        const ROOM: Param = from("room-id", "rooms", "id");
        let rooms = resource("rooms", "/rooms/{room-id}/copies/{room-id}.json", &[ROOM]);
        let bindings = [Binding { column: "room_id", value: json!("a/b") }];
        assert_eq!(fill_path(&rooms, &bindings), "/rooms/a%2Fb/copies/a%2Fb.json");
    }
}
