//! What a complete load with the member's token must contain, list by list.

use std::fmt;

use serde_json::Value;

use super::lookup::{is_placeholder, same_shape, segments};
use super::{Call, Gives, Query, Route, table};
use crate::paging::Selection;
use crate::world::{Caller, Snapshot, World};

/// Names and values of the path's placeholders.
pub type Params = Vec<(String, String)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchList(String);

impl fmt::Display for NoSuchList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sample server has no list `{}`", self.0)
    }
}

impl std::error::Error for NoSuchList {}

impl World {
    /// Every record of a list (or of a single-record endpoint) under every parent that the member's
    /// token reaches; parents that answer 403 or 404 have none. Nothing is hidden by default filters.
    ///
    /// The template may begin with `/api/v4` and call its placeholders as it likes.
    pub fn rows(&self, template: &str) -> Result<impl Iterator<Item = (Params, Value)> + use<>, NoSuchList> {
        let route = route(template)?;
        Ok(records(self.snapshot(), route, names(template), Query::of(route.complete)))
    }

    /// The same under exactly these parameters, default filters included; paging is left to the caller.
    pub fn rows_with(
        &self,
        template: &str,
        query: &[(&str, &str)],
    ) -> Result<impl Iterator<Item = (Params, Value)> + use<>, NoSuchList> {
        Ok(records(self.snapshot(), route(template)?, names(template), Query::of(query)))
    }

    /// How many `rows` there are, without making them.
    pub fn count(&self, template: &str) -> Result<usize, NoSuchList> {
        let route = route(template)?;
        let now = self.snapshot();
        let query = Query::of(route.complete);
        let calls = parents(now.clone(), route.template)
            .filter_map(|params| call(&now, route, params, query.clone()));
        Ok(calls
            .map(|call| {
                selection(&call, route).map_or_else(|| usize::from(is_found(&call, route)), |rows| rows.len())
            })
            .sum())
    }

    /// The templates of all lists.
    pub fn lists() -> impl Iterator<Item = &'static str> {
        table().filter(|route| matches!(route.gives, Gives::List(_))).map(|route| route.template)
    }
}

fn route(template: &str) -> Result<&'static Route, NoSuchList> {
    table().find(|route| same_shape(route.template, template)).ok_or_else(|| NoSuchList(template.to_owned()))
}

fn names(template: &str) -> Vec<String> {
    segments(template)
        .filter(|segment| is_placeholder(segment))
        .map(|name| name.trim_matches(['{', '}']).to_owned())
        .collect()
}

fn records(
    now: Snapshot,
    route: &'static Route,
    names: Vec<String>,
    query: Query,
) -> impl Iterator<Item = (Params, Value)> + use<> {
    parents(now.clone(), route.template)
        .filter_map(move |params| call(&now, route, params, query.clone()))
        .flat_map(move |call| {
            let params: Params = names.iter().cloned().zip(call.params.iter().cloned()).collect();
            let rows = selection(&call, route);
            let single = match route.gives {
                Gives::One(record) => record(&call).ok(),
                Gives::List(_) => None,
            };
            let listed =
                rows.into_iter().flat_map(|rows| (0..rows.len()).map(move |position| rows.record(position)));
            listed.chain(single).map(move |record| (params.clone(), record))
        })
}

fn call(now: &Snapshot, route: &'static Route, params: Vec<String>, query: Query) -> Option<Call> {
    Call::new(
        now.clone(),
        Caller::MEMBER,
        route,
        route.template.to_owned() + &params.join("/"),
        params,
        query,
    )
    .ok()
}

fn selection(call: &Call, route: &Route) -> Option<Selection> {
    match route.gives {
        Gives::List(rows) => Selection::new(call, route, rows(call).ok()?).ok(),
        Gives::One(_) => None,
    }
}

fn is_found(call: &Call, route: &Route) -> bool {
    matches!(route.gives, Gives::One(record) if record(call).is_ok())
}

/// All values of a template's placeholders.
fn parents(now: Snapshot, template: &'static str) -> Box<dyn Iterator<Item = Vec<String>>> {
    Box::new(parents_by(now, vec![template]).filter_map(|mut params| params.pop()))
}

/// The same for several templates of one shape, which may look the same record up by different fields. The values of the
/// last placeholder come from the list that the path before it names.
fn parents_by(now: Snapshot, templates: Vec<&'static str>) -> Box<dyn Iterator<Item = Vec<Vec<String>>>> {
    let ends: Vec<_> = templates.iter().filter_map(|template| template.rsplit_once("/{")).collect();
    let Some((list, _)) = ends.first() else {
        return Box::new(std::iter::once(vec![Vec::new(); templates.len()]));
    };
    let Ok(route) = route(list) else {
        return Box::new(std::iter::empty());
    };
    let fields: Vec<_> = ends.iter().map(|(_, rest)| field_named(rest)).collect();
    let above = ends.into_iter().map(|(list, _)| list).chain([route.template]).collect();
    let parents = parents_by(now.clone(), above);
    let below = move |mut above: Vec<Vec<String>>| {
        let rows = call(&now, route, above.pop()?, Query::of(route.complete));
        let rows = rows.and_then(|call| selection(&call, route))?;
        let fields = fields.clone();
        Some((0..rows.len()).map(move |position| {
            let with = |(above, field): (&Vec<String>, &&str)| {
                above.iter().cloned().chain([rows.key(position, field).to_string()]).collect()
            };
            above.iter().zip(&fields).map(with).collect()
        }))
    };
    Box::new(parents.filter_map(below).flatten())
}

/// The field of the parent's record that a placeholder stands for.
fn field_named(placeholder: &str) -> &'static str {
    match placeholder.split('}').next() {
        Some("tag_name") => "tag_name",
        Some("name") => "name",
        Some(iid) if iid.ends_with("_iid") => "iid",
        _ => "id",
    }
}
