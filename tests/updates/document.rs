//! A small document of GitLab's kind that can be changed at random.

use fastrand::Rng;
use gitlab_init::document::Text;
use serde_json::{Map, Value, json};

/// Endpoints that hang together as GitLab's do.
const PATHS: [&str; 30] = [
    "/projects",
    "/groups",
    "/metadata",
    "/users",
    "/projects/{id}/issues",
    "/projects/{id}/issues/{issue_iid}/notes",
    "/projects/{id}/issues/{issue_iid}/links",
    "/projects/{id}/issues/{issue_iid}/award_emoji",
    "/projects/{id}/labels",
    "/groups/{id}/labels",
    "/projects/{id}/milestones",
    "/groups/{id}/milestones",
    "/projects/{id}/merge_requests",
    "/projects/{id}/merge_requests/{merge_request_iid}/notes",
    "/projects/{id}/merge_requests/{merge_request_iid}/commits",
    "/projects/{id}/pipelines",
    "/projects/{id}/pipelines/{pipeline_id}/jobs",
    "/projects/{id}/repository/branches",
    "/projects/{id}/repository/tags",
    "/projects/{id}/repository/commits",
    "/projects/{id}/releases",
    "/projects/{id}/environments",
    "/projects/{id}/deployments",
    "/projects/{id}/members",
    "/groups/{id}/members",
    "/groups/{id}/epics",
    "/projects/{id}/snippets",
    "/projects/{id}/events",
    "/projects/{id}/packages",
    "/projects/{id}/widgets",
];

const FIELDS: [&str; 14] = [
    "id",
    "iid",
    "name",
    "title",
    "state",
    "created_at",
    "updated_at",
    "web_url",
    "author",
    "labels",
    "weight",
    "sha",
    "status",
    "description",
];

const PARAMETERS: [&str; 10] = [
    "state",
    "search",
    "labels",
    "author_id",
    "order_by",
    "sort",
    "updated_after",
    "scope",
    "ref",
    "with_counts",
];

#[derive(Debug, Clone)]
pub(crate) struct Document {
    endpoints: Vec<Endpoint>,
}

/// What one change does to what a pipeline sees.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Added(String),
    Removed(String),
    /// To another place, or with other names of placeholders.
    Moved {
        from: String,
        to: String,
    },
    Parameter {
        path: String,
        name: &'static str,
    },
    Field {
        path: String,
        name: &'static str,
    },
    Nothing,
}

#[derive(Debug, Clone)]
struct Endpoint {
    path: String,
    summary: String,
    fields: Vec<&'static str>,
    parameters: Vec<&'static str>,
}

impl Endpoint {
    fn random(path: &str, rng: &mut Rng) -> Self {
        let mut fields = vec!["id"];
        fields.extend(FIELDS.iter().skip(1).filter(|_| rng.bool()));
        let parameters = PARAMETERS.iter().filter(|_| rng.usize(0..3) == 0).copied().collect();
        Self { path: path.to_owned(), summary: format!("What {path} has"), fields, parameters }
    }

    fn get(&self) -> Value {
        let property = |field: &&str| {
            let schema = match *field {
                "author" => {
                    json!({ "type": "object", "properties": { "id": { "type": "integer" }, "name": { "type": "string" } } })
                }
                "labels" => json!({ "type": "array", "items": { "type": "string" } }),
                "id" | "iid" | "weight" => json!({ "type": "integer" }),
                _ => json!({ "type": "string" }),
            };
            ((*field).to_owned(), schema)
        };
        let properties: Map<String, Value> = self.fields.iter().map(property).collect();
        let schema = json!({ "type": "array", "items": { "type": "object", "properties": properties } });
        let placeholders = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = placeholders
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        parameters.extend(self.parameters.iter().chain(&["page", "per_page"]).map(|name| {
            json!({ "name": name, "in": "query", "description": format!("The {name} of it."), "schema": { "type": "string" } })
        }));
        let answer = json!({ "description": "OK", "content": { "application/json": { "schema": schema } } });
        json!({ "get": { "summary": self.summary, "parameters": parameters, "responses": { "200": answer } } })
    }
}

impl Document {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        let always = 2;
        let mut paths = PATHS.to_vec();
        while paths.len() > 14 {
            paths.remove(rng.usize(always..paths.len()));
        }
        Self { endpoints: paths.iter().map(|path| Endpoint::random(path, rng)).collect() }
    }

    /// A few changes of any kind.
    pub(crate) fn change(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(0..5) {
            self.change_once(rng);
        }
    }

    /// One change, and what it is.
    pub(crate) fn change_once(&mut self, rng: &mut Rng) -> Change {
        let at = rng.usize(0..self.endpoints.len());
        match rng.usize(0..8) {
            0 if self.endpoints.len() > 6 && at > 1 => Change::Removed(self.endpoints.remove(at).path),
            1 | 2 => self.add(rng).map_or(Change::Nothing, Change::Added),
            3 if at > 1 => {
                let path = &mut self.endpoints[at].path;
                let from = path.clone();
                *path = if path.contains("_v2") { path.replace("_v2", "") } else { format!("{path}_v2") };
                Change::Moved { from, to: path.clone() }
            }
            4 => {
                let own = &mut self.endpoints[at];
                let from = own.path.clone();
                own.path = own.path.replace("{id}", "{parent_id}");
                let to = own.path.clone();
                if from == to { Change::Nothing } else { Change::Moved { from, to } }
            }
            5 => {
                let (own, name) = (&mut self.endpoints[at], PARAMETERS[rng.usize(0..PARAMETERS.len())]);
                toggle(&mut own.parameters, name);
                Change::Parameter { path: own.path.clone(), name }
            }
            6 => {
                let (own, name) = (&mut self.endpoints[at], FIELDS[rng.usize(1..FIELDS.len())]);
                toggle(&mut own.fields, name);
                Change::Field { path: own.path.clone(), name }
            }
            _ => {
                self.endpoints[at].summary = format!("What it has in version {}", rng.u8(..));
                Change::Nothing
            }
        }
    }

    /// The path that came, unless it was there.
    fn add(&mut self, rng: &mut Rng) -> Option<String> {
        let path = PATHS[rng.usize(0..PATHS.len())];
        if self.endpoints.iter().any(|endpoint| endpoint.path == path) {
            return None;
        }
        let at = rng.usize(0..=self.endpoints.len());
        self.endpoints.insert(at, Endpoint::random(path, rng));
        Some(path.to_owned())
    }

    pub(crate) fn text(&self) -> Text {
        let paths: Map<String, Value> = self
            .endpoints
            .iter()
            .map(|endpoint| (format!("/api/v4{}", endpoint.path), endpoint.get()))
            .collect();
        let document =
            json!({ "openapi": "3.0.0", "info": { "title": "GitLab API", "version": "v4" }, "paths": paths });
        Text::new("random.json", document.to_string())
    }
}

fn toggle(list: &mut Vec<&'static str>, name: &'static str) {
    match list.iter().position(|known| *known == name) {
        Some(at) => drop(list.remove(at)),
        None => list.push(name),
    }
}
