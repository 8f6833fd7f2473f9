//! One request after its path, token and query were understood.

use std::sync::Arc;

use super::{Gives, Query, Refusal, Route};
use crate::http::Settings;
use crate::paging::{self, Page};
use crate::rows::Rows;
use crate::world::{Caller, Group, Project, Snapshot};

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) now: Snapshot,
    pub(crate) caller: Caller,
    /// As it was requested, escapes included; links repeat it.
    pub(crate) path: String,
    pub(crate) query: Query,
    /// What stands for the placeholders of the template, decoded.
    pub(crate) params: Vec<String>,
    pub(crate) project: Option<Arc<Project>>,
    pub(crate) group: Option<Arc<Group>>,
}

/// What a route found.
#[derive(Debug)]
pub(crate) enum Found {
    Page(Page),
    One(serde_json::Value),
}

impl Call {
    /// Resolves the project or group that the path begins with; hidden ones are not found.
    pub(crate) fn new(
        now: Snapshot,
        caller: Caller,
        route: &Route,
        path: String,
        params: Vec<String>,
        query: Query,
    ) -> Result<Self, Refusal> {
        let mut call = Self { now, caller, path, query, params, project: None, group: None };
        if route.template.starts_with("/projects/{id}") {
            call.project = Some(call.visible_project()?);
        } else if route.template.starts_with("/groups/{id}") {
            call.group = Some(call.visible_group()?);
        }
        for gate in route.gates {
            gate.check(&call)?;
        }
        Ok(call)
    }

    pub(crate) fn project(&self) -> Result<&Arc<Project>, Refusal> {
        self.project.as_ref().ok_or_else(|| Refusal::not_found("Project"))
    }

    pub(crate) fn group(&self) -> Result<&Arc<Group>, Refusal> {
        self.group.as_ref().ok_or_else(|| Refusal::not_found("Group"))
    }

    /// What stands for the nth placeholder, counted from 0.
    pub(crate) fn param(&self, nth: usize) -> &str {
        self.params.get(nth).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn number(&self, nth: usize) -> Result<i64, Refusal> {
        self.param(nth).parse().map_err(|_| Refusal::nothing_here())
    }

    fn visible_project(&self) -> Result<Arc<Project>, Refusal> {
        let id = self.param(0);
        let plan = &self.now.plan;
        let sees = |project: &&Arc<Project>| self.now.sees_project(self.caller, project);
        if let Some(home) = plan.moved_to(id).filter(|home| plan.project_of_id(*home).filter(sees).is_some())
        {
            return Err(Refusal::Moved(self.path_in_project(home)));
        }
        plan.find_project(id).filter(sees).cloned().ok_or_else(|| Refusal::not_found("Project"))
    }

    fn visible_group(&self) -> Result<Arc<Group>, Refusal> {
        let sees = |group: &&Arc<Group>| self.now.sees_group(self.caller, group);
        self.now
            .plan
            .find_group(self.param(0))
            .filter(sees)
            .cloned()
            .ok_or_else(|| Refusal::not_found("Group"))
    }

    /// The requested path and query with a project's id instead of its former path.
    fn path_in_project(&self, id: i64) -> String {
        let parts = self.path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let place = parts.iter().position(|part| part == "projects").map_or(usize::MAX, |place| place + 1);
        let id = id.to_string();
        let parts: Vec<_> =
            parts.iter().enumerate().map(|(at, part)| if at == place { &id } else { part }).collect();
        let path = parts.iter().map(|part| part.as_str()).collect::<Vec<_>>().join("/");
        match self.query.with(&[]) {
            query if query.is_empty() => path,
            query => format!("{path}?{query}"),
        }
    }

    pub(crate) fn answer(&self, route: &Route, settings: &Settings) -> Result<Found, Refusal> {
        match route.gives {
            Gives::One(record) => record(self).map(Found::One),
            Gives::List(rows) if route.paged => {
                paging::page(self, route, rows(self)?, settings).map(Found::Page)
            }
            Gives::List(rows) => {
                let rows = rows(self)?;
                Ok(Found::One((0..rows.len()).map(|place| rows.record(place)).collect()))
            }
        }
    }

    /// The parameters that decide which rows there are, apart from filters and paging.
    pub(crate) fn row_choice(&self, route: &Route) -> String {
        const PAGING: [&str; 8] =
            ["page", "per_page", "pagination", "cursor", "page_token", "order_by", "sort", "id_after"];
        let left_out: Vec<_> =
            PAGING.into_iter().chain(route.filter_params()).map(|name| (name, None)).collect();
        self.query.with(&left_out)
    }

    pub(crate) fn boxed(rows: impl Rows + 'static) -> super::Listing {
        Ok(Box::new(rows))
    }
}
