//! The resources of a document, resolved and frozen: every parent is a resource that exists, every name is final.
//!
//! In: endpoints and what was inferred of them. Out: a [`ResourceGraph`] and the endpoints that are no resources, each
//! GET exactly once. Selection narrows a graph; nothing changes one.

mod build;
mod needs;
mod pattern;
mod select;
mod suggest;

use std::time::Duration;

use crate::gitlab::{Finality, NewestFirst, Preset, Start};
use crate::infer::{
    Asking, Column, Fact, FanOut, Incremental, Key, Over, Pagination, Shape, WriteDisposition,
};

pub use pattern::{Pattern, PatternError};
pub use select::{Selection, SelectionError};

/// Resources in the order of the document, and the endpoints that are none.
#[derive(Debug, Clone, Default)]
pub struct ResourceGraph {
    pub resources: Vec<Resource>,
    pub skipped: Vec<Skipped>,
    /// The path of the server below which all requests go: `/api/v4`.
    pub api_root: String,
}

/// An endpoint as a source of records.
#[derive(Debug, Clone)]
pub struct Resource {
    pub name: String,
    pub table: String,
    /// The collections that its path leads through, `projects`, `issues`, `notes`: where it stands among the others.
    pub part: Vec<String>,
    /// Whether the document describes it. What it leaves out and GitLab has is there for its children.
    pub is_declared: bool,
    /// Exactly as the document writes it.
    pub path: String,
    /// Below the root of the API: what a request is made of.
    pub request_path: String,
    /// Where the document declares it, as a JSON Pointer.
    pub pointer: String,
    pub operation_id: String,
    pub summary: String,
    pub description: String,
    pub tags: Vec<String>,
    pub shape: Fact<Shape>,
    pub key: Fact<Key>,
    /// The columns that identify a row.
    pub primary_key: Vec<String>,
    pub params: Vec<Param>,
    /// Placeholders in parts of the path that requests leave out.
    pub optional: Vec<String>,
    pub pagination: Fact<Pagination>,
    pub incremental: Fact<Option<Incremental>>,
    /// The part of the scope that it is read from.
    pub start: Option<Start>,
    pub newest_first: Option<NewestFirst>,
    pub finality: Option<Finality>,
    /// When it need not be asked for.
    pub asking: Asking,
    /// Whether the bound on changes is a date that does not belong to what is asked for.
    pub excludes_its_day: bool,
    /// How far behind the last run it is asked again; `None`: as usual.
    pub lookback: Option<Duration>,
    /// Lists that hold the same records for many parents at once.
    pub wide: Fact<Vec<Wide>>,
    pub write_disposition: Fact<WriteDisposition>,
    /// Sent with every request, so that nothing is hidden.
    pub query: Vec<(String, String)>,
    /// The query parameter that is sent with each of its values in turn.
    pub fan_out: Option<FanOut>,
    /// What a user may filter by.
    pub filters: Vec<Filter>,
    pub columns: Vec<Column>,
    /// Fields that are not loaded unless somebody asks for them.
    pub secrets: Vec<String>,
    /// What a token and a scope do not provide. Empty when it is ready.
    pub needs: Vec<Need>,
    /// Whether a run takes it unasked, and why not.
    pub default: Fact<bool>,
    pub presets: Vec<Preset>,
    /// Whether a run takes it when it was asked for by a preset: not what carries secrets.
    pub enabled: bool,
    /// What the document states of it and cannot be taken.
    pub faults: Vec<String>,
}

/// One placeholder of a path, and where its value comes from.
#[derive(Debug, Clone)]
pub struct Param {
    pub name: String,
    /// The column that carries the value in the resource's table.
    pub column: String,
    pub source: Fact<Option<ParamSource>>,
}

/// A field of the records of another resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamSource {
    pub resource: String,
    /// The path of that resource, as the document writes it.
    pub path: String,
    pub field: String,
}

/// A list that is read in place of one for each parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wide {
    /// Below the root of the API.
    pub request_path: String,
    pub over: Over,
    /// The field of a record that names the parent.
    pub parent_field: String,
    /// Sent with every request, so that nothing is hidden.
    pub query: Vec<(String, String)>,
    pub pagination: Pagination,
    pub incremental: Option<Incremental>,
    /// Filters that it does not take.
    pub lacks: Vec<String>,
    /// Fields that are told from where the list stands, and those with what they say in the list of a parent.
    pub relative: Vec<(String, String)>,
}

/// A query parameter for users to filter by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub name: String,
    pub description: String,
    /// The values that it may have; empty when any may be.
    pub values: Vec<String>,
    pub kind: FilterKind,
    pub required: bool,
    pub is_array: bool,
}

/// What the values of a filter are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterKind {
    Bool,
    Int,
    Time,
    Text,
    /// Objects, and what the document does not say.
    Any,
}

/// Something that only the user can provide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A value for a placeholder of the path.
    Param(String),
    /// A value for a query parameter without which GitLab refuses.
    Query(String),
    /// What an ancestor needs.
    Parent(String),
}

/// An endpoint that is no resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: String,
    pub operation_id: String,
    pub shape: &'static str,
    pub reason: String,
}

impl FilterKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Time => "time",
            Self::Text => "text",
            Self::Any => "any",
        }
    }
}

impl ResourceGraph {
    pub fn get(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }

    /// The resource of a name or a path. A path may leave out the root of the API, and call its placeholders anything:
    /// `/projects/:id/issues`.
    pub fn find(&self, wanted: &str) -> Option<&Resource> {
        let path = wanted.strip_prefix("GET ").unwrap_or(wanted).trim();
        let by_path = || self.resources.iter().find(|resource| resource.path == path);
        let place = suggest::position(path);
        let by_place = || self.resources.iter().find(|resource| resource.is_at(&place));
        self.get(wanted).or_else(by_path).or_else(by_place)
    }

    /// The resource of a path, as the document writes it.
    pub fn at(&self, path: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.path == path)
    }
}

impl Resource {
    /// The resource whose records start the partitions of this one.
    pub fn parent(&self) -> Option<&str> {
        self.params
            .iter()
            .rev()
            .find_map(|param| param.source.value.as_ref())
            .map(|source| source.resource.as_str())
    }

    /// Whether one of its paths is such a position.
    fn is_at(&self, place: &str) -> bool {
        [&self.path, &self.request_path].into_iter().any(|path| suggest::position(path) == place)
    }

    pub fn is_ready(&self) -> bool {
        self.needs.is_empty()
    }

    pub fn status(&self) -> &'static str {
        if self.is_ready() { "ready" } else { "needs_input" }
    }
}
