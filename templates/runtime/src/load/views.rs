//! The views of a pipeline in its destination: made at the end of a load, over the tables that are there.
//!
//! Which of them are the pipeline's own is kept as state before they are made, so that none of somebody else's is ever taken
//! away. They stand in the way of nothing: before a column gets another type they go, and come back with the load's end. One
//! that cannot be made is told, and the load is as good without it.

use std::error::Error;
use std::fmt;

use serde_json::{Value, json};

use super::definition::PIPELINE;
use super::evolve::Tables;
use super::options::LoadOptions;
use super::package::{Meaning, Packages};
use super::plan::{Writes, table_of, writes_of};
use super::summary::LoadNote;
use crate::client::Excerpt;
use crate::destination::{DestinationError, SchemaChange, StateEntry, StateKey, Views as Place};
use crate::resource::ColumnKind;
use crate::schema::kind::kind_name;
use crate::schema::table::{DELETED_AT, Table, VALID_TO};
use crate::view::{Need, View, Views};

type Result<T> = std::result::Result<T, DestinationError>;

/// The partition under which the names of the views are kept that are the pipeline's own.
const VIEWS: &str = "{\"views\":true}";

/// Why a view is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// It needs a resource that the pipeline has no more.
    Resource {
        name: &'static str,
    },
    /// The table is not there.
    Table {
        name: String,
    },
    Column {
        table: String,
        column: &'static str,
    },
    Kind {
        table: String,
        column: &'static str,
        is: &'static str,
        needs: &'static str,
    },
    /// All versions of a record are kept, and none is marked as the one that holds.
    Versions {
        table: String,
    },
    /// Somebody else has something of that name.
    Taken,
    /// They are written in the SQL of another destination.
    Dialect {
        wanted: &'static str,
        is: &'static str,
    },
    /// The destination has none.
    NoViews,
    /// What the destination says.
    Said(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Resource { name } => write!(f, "there is no resource `{name}`"),
            Lack::Table { name } => write!(f, "there is no table `{name}`, as nothing of it is loaded"),
            Lack::Column { table, column } => write!(f, "`{table}` has no column `{column}`"),
            Lack::Kind { table, column, is, needs } => {
                write!(f, "`{table}.{column}` is {is}, and would have to be {needs}")
            }
            Lack::Versions { table } => write!(f, "`{table}` keeps all versions of a record"),
            Lack::Taken => f.write_str("something of that name is there, and is none of this pipeline's"),
            Lack::Dialect { wanted, is } => write!(
                f,
                "they are written for `{is}`: `gitlab-init update --destination {wanted}` writes them anew"
            ),
            Lack::NoViews => f.write_str("a run makes none in this destination"),
            Lack::Said(said) => f.write_str(said),
        }
    }
}

impl Packages {
    /// Before columns get other types. What people built on a view keeps it there; then the change itself says so.
    pub(super) fn put_views_away(&mut self, changes: &[SchemaChange]) -> Result<()> {
        let is_another_type = |change: &SchemaChange| matches!(change, SchemaChange::AlterColumn { from, to, .. } if from.kind != to.kind);
        if !changes.iter().any(is_another_type) || self.load.views().is_none() {
            return Ok(());
        }
        let own = self.own_views()?;
        if let Some(place) = self.load.views() {
            own.iter().rev().for_each(|name| drop(place.remove(name)));
        }
        Ok(())
    }

    /// Makes those that the options want and takes the other own ones away.
    pub(super) fn make_views(&mut self) -> Result<()> {
        let before = if self.load.views().is_some() { self.own_views()? } else { Vec::new() };
        let options = self.options.clone();
        let Some(plans) = self.planned(options.views, &before, &options) else { return Ok(()) };
        let names =
            |plans: &[Planned]| plans.iter().map(|plan| plan.view.name.to_owned()).collect::<Vec<_>>();
        let (good, mut left_out): (Vec<Planned>, Vec<Planned>) =
            plans.into_iter().partition(|plan| plan.query.is_ok());
        let wanted = names(&good);
        let gone: Vec<String> = before.iter().filter(|name| !wanted.contains(name)).cloned().collect();
        // Own ones from the moment on at which they may be there.
        self.keep_views(&before, &[wanted.clone(), gone.clone()].concat())?;
        let (mut made, mut stay) = (Vec::new(), Vec::new());
        if let Some(place) = self.load.views() {
            stay = gone.into_iter().rev().filter(|name| place.remove(name).is_err()).collect();
            for plan in good {
                match plan.make(place) {
                    Ok(()) => made.push(plan),
                    Err(lack) => {
                        // What it was before says something else.
                        stay.extend(place.remove(plan.view.name).is_err().then(|| plan.view.name.to_owned()));
                        left_out.push(Planned { query: Err(lack), ..plan });
                    }
                }
            }
        }
        self.keep_views(&[wanted, Vec::new()].concat(), &[names(&made), stay].concat())?;
        self.summary.note(told(&left_out));
        Ok(())
    }

    /// What is to become of each view; `None` where there is nothing to do.
    fn planned(
        &mut self,
        views: Option<Views>,
        before: &[String],
        options: &LoadOptions,
    ) -> Option<Vec<Planned>> {
        let all = views.map(|views| views.all).unwrap_or_default();
        if all.is_empty() && before.is_empty() {
            return None;
        }
        let lacking = |lack: Lack| {
            all.iter().map(|view| Planned { view, query: Err(lack.clone()) }).collect::<Vec<_>>()
        };
        let Some(place) = self.load.views() else {
            self.summary.note(told(&lacking(Lack::NoViews)));
            return None;
        };
        let (wanted, is) = (place.dialect(), views.map_or(place.dialect(), |views| views.dialect));
        if wanted != is {
            self.summary.note(told(&lacking(Lack::Dialect { wanted, is })));
            return None;
        }
        let mut planned: Vec<Planned> = Vec::new();
        for view in all {
            let is_own = before.iter().any(|own| own == view.name);
            let query = query_of(view, &planned, (&self.tables, options), place);
            // Nobody is asked whether a name is free for what cannot be made.
            let query = match query {
                Ok(_) if !is_own && place.is_taken(view.name).unwrap_or(true) => Err(Lack::Taken),
                query => query,
            };
            planned.push(Planned { view, query });
        }
        Some(planned)
    }

    /// In the order in which they were made.
    fn own_views(&self) -> Result<Vec<String>> {
        let kept = self.kept(&[StateKey { resource: PIPELINE, partition: VIEWS }])?;
        let kept = kept.into_iter().flatten().next();
        Ok(kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default())
    }

    fn keep_views(&mut self, before: &[String], now: &[String]) -> Result<()> {
        if before == now {
            return Ok(());
        }
        let state: Value = json!(now);
        let entry =
            StateEntry { resource: PIPELINE.to_owned(), partition: VIEWS.to_owned(), state: Some(state) };
        self.send(&Meaning { states: vec![entry], ..Meaning::default() }).map(drop)
    }
}

/// A view, and its query over the tables that are there.
struct Planned {
    view: &'static View,
    query: std::result::Result<String, Lack>,
}

impl Planned {
    fn make(&self, place: &mut dyn Place) -> std::result::Result<(), Lack> {
        let query = self.query.as_ref().map_err(Lack::clone)?;
        place.make(self.view.name, query).map_err(|error| Lack::Said(cause(&error)))
    }
}

fn cause(error: &DestinationError) -> String {
    let last = std::iter::successors(Some(error as &dyn Error), |error| (*error).source()).last();
    Excerpt::new(&last.map(ToString::to_string).unwrap_or_default()).to_string()
}

/// Views that lack the same are told in one line.
fn told(left_out: &[Planned]) -> Vec<LoadNote> {
    let mut notes: Vec<(Lack, Vec<&'static str>)> = Vec::new();
    for (view, lack) in left_out.iter().filter_map(|plan| Some((plan.view.name, plan.query.as_ref().err()?)))
    {
        match notes.iter_mut().find(|(known, _)| known == lack) {
            Some((_, views)) => views.push(view),
            None => notes.push((lack.clone(), vec![view])),
        }
    }
    notes.into_iter().map(|(why, views)| LoadNote::ViewsLeftOut { views, why }).collect()
}

/// The query with what its tables are really called. `before` are the views that come before it.
fn query_of(
    view: &View,
    before: &[Planned],
    loaded: (&Tables, &LoadOptions),
    place: &dyn Place,
) -> std::result::Result<String, Lack> {
    let mut sources = Vec::new();
    for need in view.needs {
        if let Some(below) = before.iter().find(|plan| plan.view.name == need.name) {
            below.query.as_ref().map_err(Lack::clone)?;
            sources.push((place.quoted(need.name), place.table(need.name)));
            continue;
        }
        let resource = loaded.1.all.iter().find(|resource| resource.name == need.name);
        let resource = resource.ok_or(Lack::Resource { name: need.name })?;
        let source = match source_of(need, loaded, place) {
            Err(Lack::Table { .. }) if need.is_optional => nothing(need, place),
            source => source?,
        };
        sources.push((place.quoted(resource.table), source));
    }
    Ok(with_sources(view.sql, &sources))
}

/// What stands in the place of a table: of one that keeps what was, the rows that hold.
fn source_of(
    need: &Need,
    (tables, options): (&Tables, &LoadOptions),
    place: &dyn Place,
) -> std::result::Result<String, Lack> {
    let resource = options.all.iter().find(|resource| resource.name == need.name);
    let resource = resource.ok_or(Lack::Resource { name: need.name })?;
    let name = table_of(resource, options);
    let table = tables.get(&name).ok_or_else(|| Lack::Table { name: name.clone() })?;
    if writes_of(resource, options) == Writes::Versions {
        return Err(Lack::Versions { table: name });
    }
    need.columns.iter().try_for_each(|column| look(table, column.name, column.kind))?;
    let ends = [VALID_TO, DELETED_AT].into_iter().filter(|end| table.column(end).is_some());
    let holds: Vec<String> = ends.map(|end| format!("{} IS NULL", place.quoted(end))).collect();
    let own = place.table(&name);
    Ok(if holds.is_empty() { own } else { format!("(SELECT * FROM {own} WHERE {})", holds.join(" AND ")) })
}

/// A column that has had no value takes what its kind is as well.
fn look(table: &Table, column: &'static str, needs: ColumnKind) -> std::result::Result<(), Lack> {
    let found = table.column(column).ok_or_else(|| Lack::Column { table: table.name.clone(), column })?;
    let is = found.kind;
    let fits = is == needs
        || (needs == ColumnKind::Float && is == ColumnKind::Int)
        || (needs == ColumnKind::Json && matches!(is, ColumnKind::List(_)));
    let lack =
        || Lack::Kind { table: table.name.clone(), column, is: kind_name(is), needs: kind_name(needs) };
    if fits { Ok(()) } else { Err(lack()) }
}

/// A table without rows, with the columns that are read.
fn nothing(need: &Need, place: &dyn Place) -> String {
    let column = |column: &crate::resource::Column| {
        format!("CAST(NULL AS {}) AS {}", place.type_of(column.kind), place.quoted(column.name))
    };
    let columns: Vec<String> = need.columns.iter().map(column).collect();
    format!("(SELECT {} LIMIT 0)", columns.join(", "))
}

/// In one go, so that nothing that was put in is taken for something to be replaced.
fn with_sources(sql: &str, sources: &[(String, String)]) -> String {
    let (mut text, mut rest) = (String::with_capacity(sql.len()), sql);
    loop {
        let next = sources.iter().filter_map(|pair| Some((rest.find(&pair.0)?, pair)));
        let Some((_, (name, source))) = next.min_by_key(|(at, _)| *at) else { break };
        let Some((before, after)) = rest.split_once(name.as_str()) else { break };
        text.push_str(before);
        text.push_str(source);
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_change_places_are_replaced_once() {
        let sources = [("\"a\"".to_owned(), "\"b\"".to_owned()), ("\"b\"".to_owned(), "\"a\"".to_owned())];
        let sql = "SELECT * FROM \"a\" AS x JOIN \"b\" AS y JOIN \"a\" AS z";
        assert_eq!(with_sources(sql, &sources), "SELECT * FROM \"b\" AS x JOIN \"a\" AS y JOIN \"b\" AS z");
    }
}
