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

/// All values of a template's placeholders: those of the last one come from the list that the path
/// before it names.
fn parents(now: Snapshot, template: &'static str) -> Box<dyn Iterator<Item = Vec<String>>> {
    let Some(last) = template.rfind("/{") else {
        return Box::new(std::iter::once(Vec::new()));
    };
    let (list, rest) = template.split_at(last);
    let field = field_named(segments(rest).next().unwrap_or_default());
    let Ok(route) = route(list) else {
        return Box::new(std::iter::empty());
    };
    let grandparents = parents(now.clone(), route.template);
    let calls = grandparents.filter_map(move |params| call(&now, route, params, Query::of(route.complete)));
    Box::new(calls.flat_map(move |call| {
        let rows = selection(&call, route);
        let above = call.params;
        rows.into_iter().flat_map(move |rows| {
            let above = above.clone();
            (0..rows.len()).map(move |position| {
                let mut params = above.clone();
                params.push(rows.key(position, field).to_string());
                params
            })
        })
    }))
}

/// The field of the parent's record that a placeholder stands for.
fn field_named(placeholder: &str) -> &'static str {
    match placeholder {
        "{tag_name}" => "tag_name",
        "{name}" => "name",
        iid if iid.ends_with("_iid}") => "iid",
        _ => "id",
    }
}
