//! How the parameters of a child get their values: from the parent's record, from the parent's own parameters, from what
//! the parent carries of records further up, or from the configuration. Looked up by resource and field; what a parameter
//! is called says little.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use super::tree::TreeError;
use crate::client::path_segment;
use crate::page::{Binding, Carried, Partition};
use crate::record::Glimpse;
use crate::resource::{Param, ParamSource, Resource};

/// Where the value of one parameter of a child comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extract) enum Route {
    /// A field of the parent's record.
    Record { field: &'static str },
    /// The parent's own parameter at this place.
    Parent { index: usize },
    /// A field of a record further up, which the parent carries.
    Carried { source: ParamSource },
    /// `[resources.NAME.params]`.
    Config,
}

impl Route {
    /// The field of the parent's record, where it is one.
    pub(super) fn record_field(&self) -> Option<&'static str> {
        match self {
            Self::Record { field } => Some(field),
            Self::Parent { .. } | Self::Carried { .. } | Self::Config => None,
        }
    }
}

/// Why a record starts no partition of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in crate::extract) enum Unbound {
    /// The field is not there, or is neither text nor a whole number.
    #[error("the parent's record has no `{field}`")]
    Missing { field: &'static str },
    #[error("the record of `{resource}` above has no `{field}`")]
    MissingAbove { resource: &'static str, field: &'static str },
    #[error("the value for `{param}` cannot stand in a path")]
    Unusable { param: &'static str },
}

/// The routes of all parameters of `child`, in the order of its path. `above` is its parent and what lies above that.
pub(super) fn resolve_routes(
    child: &'static Resource,
    above: &[&'static Resource],
) -> Result<Vec<Route>, TreeError> {
    child.params.iter().map(|param| resolve_route(child, param, above)).collect()
}

fn resolve_route(
    child: &'static Resource,
    param: &Param,
    above: &[&'static Resource],
) -> Result<Route, TreeError> {
    let inherited = |resource: &Resource| resource.params.iter().position(|above| is_same(above, param));
    let parent = above.first();
    if let Some(index) = parent.and_then(|parent| inherited(parent)) {
        return Ok(Route::Parent { index });
    }
    let ParamSource::Parent { resource, field } = param.source else { return Ok(Route::Config) };
    if parent.is_some_and(|parent| parent.name == resource) {
        return Ok(Route::Record { field });
    }
    if above.iter().any(|above| above.name == resource || inherited(above).is_some()) {
        return Ok(Route::Carried { source: param.source });
    }
    Err(TreeError::Unbound { resource: child, param: param.name, from: resource, field })
}

/// What a resource has to carry, so that all below it get their values.
pub(super) fn carried_by<'w>(
    resource: &Resource,
    wanted_below: impl Iterator<Item = &'w ParamSource>,
) -> Vec<ParamSource> {
    let mut carried = Vec::new();
    for source in wanted_below {
        let from_above =
            matches!(source, ParamSource::Parent { resource: from, .. } if *from != resource.name);
        let is_own = resource.params.iter().any(|param| param.source == *source);
        if from_above && !is_own && !carried.contains(source) {
            carried.push(*source);
        }
    }
    carried
}

/// Whether a parameter of the parent carries the value that the child's parameter wants.
fn is_same(above: &Param, param: &Param) -> bool {
    above.source == param.source && (above.source != ParamSource::Config || above.name == param.name)
}

/// The bindings of each partition that a record starts: one, or more where the configuration lists several values.
/// `parent` is the partition of the record; none for what has no parent.
pub(super) fn bind(
    child: &Resource,
    routes: &[Route],
    configured: &BTreeMap<String, Vec<Value>>,
    parent: Option<&Partition>,
    record: &Glimpse,
) -> Result<Vec<Vec<Binding>>, Unbound> {
    let mut partitions = vec![Vec::with_capacity(routes.len())];
    for (param, route) in child.params.iter().zip(routes) {
        let values = match route {
            Route::Record { field } => {
                vec![field_of(record, field).ok_or(Unbound::Missing { field })?.clone()]
            }
            Route::Parent { index } => {
                let binding = parent.and_then(|parent| parent.bindings.get(*index));
                binding.map(|binding| binding.value.clone()).into_iter().collect()
            }
            Route::Carried { source } => vec![carried_value(*source, parent)?],
            Route::Config => configured.get(param.name).cloned().unwrap_or_default(),
        };
        if values.iter().any(|value| segment_of(value).is_none()) {
            return Err(Unbound::Unusable { param: param.name });
        }
        partitions = combine(&partitions, param.column, &values);
    }
    Ok(partitions)
}

fn carried_value(source: ParamSource, parent: Option<&Partition>) -> Result<Value, Unbound> {
    let carried = parent.and_then(|parent| parent.carried.iter().find(|carried| carried.source == source));
    match (carried, source) {
        (Some(Carried { value, .. }), _) if !value.is_null() => Ok(value.clone()),
        (_, ParamSource::Parent { resource, field }) => Err(Unbound::MissingAbove { resource, field }),
        (_, ParamSource::Config) => Ok(Value::Null),
    }
}

/// What a partition that a record of `parent` starts carries for those below it.
pub(super) fn carry(sources: &[ParamSource], parent: Option<&Partition>, record: &Glimpse) -> Vec<Carried> {
    let value = |source: &ParamSource| {
        let parent = parent?;
        let ParamSource::Parent { resource, field } = *source else { return None };
        if resource == parent.resource.name {
            return field_of(record, field).cloned();
        }
        let place = parent.resource.params.iter().position(|param| param.source == *source);
        let bound = place.and_then(|place| parent.bindings.get(place)).map(|binding| &binding.value);
        let carried = || parent.carried.iter().find(|carried| carried.source == *source);
        bound.or_else(|| carried().map(|carried| &carried.value)).cloned()
    };
    sources
        .iter()
        .map(|source| Carried { source: *source, value: value(source).unwrap_or_default() })
        .collect()
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

    const PROJECTS: Resource = resource("projects", "/projects", &[]);
    const PATHS: Param = Param { name: "path", column: "path", source: ParamSource::Config };
    const ISSUES: Resource = resource("issues", "/projects/{id}/issues", &[from("id", "projects", "id")]);
    const NOTES: Resource = resource(
        "notes",
        "/projects/{id}/issues/{noteable_id}/notes",
        &[from("id", "projects", "id"), from("noteable_id", "issues", "iid")],
    );
    const FILES: Resource =
        resource("files", "/projects/{id}/files/{path}", &[from("id", "projects", "id"), PATHS]);

    fn partition(resource: &'static Resource, bindings: Vec<Binding>) -> Partition {
        Partition { resource, bindings, carried: Vec::new() }
    }

    fn issues_of_7() -> Partition {
        partition(&ISSUES, vec![Binding { column: "id", value: json!(7) }])
    }

    fn record(value: Value) -> Glimpse {
        Glimpse::of_json(&value, &["id", "iid"])
    }

    #[test]
    fn a_grandchild_takes_its_values_by_resource_and_field() {
        let routes = resolve_routes(&NOTES, &[&ISSUES]).unwrap();
        assert_eq!(routes, [Route::Parent { index: 0 }, Route::Record { field: "iid" }]);
        let parent = issues_of_7();
        let record = record(json!({"id": 900, "iid": 3}));
        let bound = bind(&NOTES, &routes, &BTreeMap::new(), Some(&parent), &record).unwrap();
        assert_eq!(fill_path(&NOTES, &bound[0]), "/projects/7/issues/3/notes");
    }

    #[test]
    fn configured_values_are_combined_with_each_record() {
        let routes = resolve_routes(&FILES, &[&PROJECTS]).unwrap();
        let configured = BTreeMap::from([("path".to_owned(), vec![json!("a/b.md"), json!("c")])]);
        let parent = partition(&PROJECTS, Vec::new());
        let bound = bind(&FILES, &routes, &configured, Some(&parent), &record(json!({"id": 7}))).unwrap();
        let paths: Vec<_> = bound.iter().map(|bindings| fill_path(&FILES, bindings)).collect();
        assert_eq!(paths, ["/projects/7/files/a%2Fb.md", "/projects/7/files/c"]);
    }

    #[test]
    fn a_record_without_the_field_starts_nothing() {
        let routes = resolve_routes(&NOTES, &[&ISSUES]).unwrap();
        let parent = issues_of_7();
        let unbound =
            |value| bind(&NOTES, &routes, &BTreeMap::new(), Some(&parent), &record(value)).unwrap_err();
        assert_eq!(unbound(json!({"iid": null})), Unbound::Missing { field: "iid" });
        assert_eq!(unbound(json!({"id": 1})), Unbound::Missing { field: "iid" });
        assert_eq!(unbound(json!({"iid": ".."})), Unbound::Unusable { param: "noteable_id" });
    }

    #[test]
    fn a_parameter_that_no_ancestor_carries_is_named() {
        let error = resolve_routes(&NOTES, &[&PROJECTS]).unwrap_err();
        assert!(
            matches!(error, TreeError::Unbound { param: "noteable_id", from: "issues", .. }),
            "{error:?}"
        );
    }

    #[test]
    fn a_field_from_further_up_is_carried_past_those_that_do_not_take_it() {
        const AWARDS: Resource = resource(
            "awards",
            "/epics/{iid}/notes/{note}/awards",
            &[from("iid", "epics", "iid"), from("note", "notes", "id")],
        );
        const EPICS: Resource = resource("epics", "/epics", &[]);
        const OF_EPICS: Resource = resource("notes", "/epics/{id}/notes", &[from("id", "epics", "id")]);
        let routes = resolve_routes(&AWARDS, &[&OF_EPICS, &EPICS]).unwrap();
        let sources = carried_by(&OF_EPICS, AWARDS.params.iter().map(|param| &param.source));
        assert_eq!(sources, [AWARDS.params[0].source]);
        let epics = partition(&EPICS, Vec::new());
        let awards_below = |epic: Value| {
            let mut notes = partition(&OF_EPICS, vec![Binding { column: "id", value: json!(900) }]);
            notes.carried = carry(&sources, Some(&epics), &record(epic));
            let bound = bind(&AWARDS, &routes, &BTreeMap::new(), Some(&notes), &record(json!({"id": 5})))?;
            Ok(fill_path(&AWARDS, &bound[0]))
        };
        assert_eq!(awards_below(json!({"id": 900, "iid": 3})), Ok("/epics/3/notes/5/awards".to_owned()));
        let missing = Unbound::MissingAbove { resource: "epics", field: "iid" };
        assert_eq!(awards_below(json!({"id": 900})), Err(missing));
    }

    #[test]
    fn a_placeholder_that_stands_twice_has_one_value() {
        const ROOM: Param = from("room-id", "rooms", "id");
        let rooms = resource("rooms", "/rooms/{room-id}/copies/{room-id}.json", &[ROOM]);
        let bindings = [Binding { column: "room_id", value: json!("a/b") }];
        assert_eq!(fill_path(&rooms, &bindings), "/rooms/a%2Fb/copies/a%2Fb.json");
    }
}
