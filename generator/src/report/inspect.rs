//! The JSON of `inspect`: a contract. Fields may be added, never renamed.

use indexmap::IndexMap;
use serde::Serialize;

use crate::document::{Auth, Info};
use crate::graph::{Resource, ResourceGraph, Skipped, Wide};

use super::doubt::{Doubt, doubts};

#[derive(Serialize)]
struct Inspection<'a> {
    spec: Spec<'a>,
    auth: Vec<Scheme<'a>>,
    resources: Vec<Row<'a>>,
    skipped: Vec<SkippedRow<'a>>,
}

#[derive(Serialize)]
struct Spec<'a> {
    title: &'a str,
    version: &'a str,
    openapi: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Scheme<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    table: &'a str,
    path: &'a str,
    operation_id: &'a str,
    tags: &'a [String],
    shape: &'static str,
    selector: Option<&'a str>,
    record_key: &'a [String],
    key_scope: &'static str,
    primary_key: &'a [String],
    params: IndexMap<&'a str, Option<Source<'a>>>,
    /// Placeholders that the scope of a pipeline feeds, though no list of the document does.
    scope: IndexMap<&'a str, &'a str>,
    pagination: &'static str,
    /// A query parameter that is sent with each of its values in turn.
    fan_out: Option<FanOutRow<'a>>,
    /// Lists that are read in place of one for each parent.
    wide: Vec<WideRow<'a>>,
    incremental: Option<&'a str>,
    incremental_default: bool,
    cursor: Option<&'a str>,
    /// How long it is left alone once it is read, in seconds: whatever happens, and while its project is quiet.
    refresh_every: u64,
    quiet_refresh: u64,
    /// What a record of the parent says when there is nothing to ask for.
    unless: Vec<SignRow>,
    write_disposition: &'static str,
    status: &'static str,
    needs: Vec<String>,
    default: bool,
    reasons: IndexMap<String, &'a str>,
    doubts: Vec<Doubt>,
}

#[derive(Serialize)]
struct FanOutRow<'a> {
    param: &'a str,
    values: &'a [String],
    column: &'a str,
}

#[derive(Serialize)]
struct SignRow {
    field: &'static str,
    values: &'static [&'static str],
}

#[derive(Serialize)]
struct WideRow<'a> {
    path: &'a str,
    parent_field: &'a str,
    lacks: &'a [String],
}

#[derive(Serialize)]
struct Source<'a> {
    resource: &'a str,
    path: &'a str,
    field: &'a str,
}

#[derive(Serialize)]
struct SkippedRow<'a> {
    path: &'a str,
    operation_id: &'a str,
    shape: &'static str,
    reason: &'a str,
}

/// All resources and skipped endpoints of a graph, indented.
///
/// # Errors
/// Never for the values of this program; the signature is that of the serializer.
pub fn inspect_json(info: &Info, auth: &[Auth], graph: &ResourceGraph) -> Result<String, serde_json::Error> {
    let implied: Vec<&str> = graph
        .resources
        .iter()
        .filter(|resource| !resource.is_declared)
        .map(|resource| resource.name.as_str())
        .collect();
    serde_json::to_string_pretty(&Inspection {
        spec: Spec {
            title: &info.title,
            version: &info.version,
            openapi: &info.openapi,
            sha256: &info.sha256,
        },
        auth: auth.iter().map(scheme).collect(),
        resources: graph
            .resources
            .iter()
            .filter(|resource| resource.is_declared)
            .map(|resource| row(&info.origin, &implied, resource))
            .collect(),
        skipped: graph.skipped.iter().map(skipped_row).collect(),
    })
}

fn scheme(auth: &Auth) -> Scheme<'_> {
    match auth {
        Auth::Header { name } => Scheme { kind: "header", name: Some(name) },
        Auth::Bearer => Scheme { kind: "bearer", name: None },
        Auth::OAuth2 => Scheme { kind: "oauth2", name: None },
    }
}

fn row<'a>(origin: &str, implied: &[&str], resource: &'a Resource) -> Row<'a> {
    let incremental = resource.incremental.value.as_ref();
    Row {
        name: &resource.name,
        table: &resource.table,
        path: &resource.path,
        operation_id: &resource.operation_id,
        tags: &resource.tags,
        shape: resource.shape.value.name(),
        selector: resource.shape.value.selector(),
        record_key: &resource.key.value.fields,
        key_scope: resource.key.value.scope.name(),
        primary_key: &resource.primary_key,
        params: params(implied, resource),
        scope: scope(implied, resource),
        fan_out: resource.fan_out.as_ref().map(|fan_out| FanOutRow {
            param: &fan_out.param,
            values: &fan_out.values,
            column: &fan_out.column,
        }),
        wide: resource.wide.value.iter().map(wide_row).collect(),
        pagination: resource.pagination.value.name(),
        incremental: incremental.map(|incremental| incremental.param.as_str()),
        incremental_default: incremental.is_some_and(|incremental| incremental.default),
        cursor: incremental.and_then(|incremental| incremental.cursor.as_deref()),
        refresh_every: resource.asking.refresh.value.every.as_secs(),
        quiet_refresh: resource.asking.refresh.value.quiet.as_secs(),
        unless: resource
            .asking
            .unless
            .iter()
            .map(|sign| SignRow { field: sign.field, values: sign.values })
            .collect(),
        write_disposition: resource.write_disposition.value.name(),
        status: resource.status(),
        needs: resource.needs.iter().map(ToString::to_string).collect(),
        default: resource.default.value,
        reasons: reasons(resource),
        doubts: doubts(origin, resource),
    }
}

fn wide_row(wide: &Wide) -> WideRow<'_> {
    WideRow { path: &wide.request_path, parent_field: &wide.parent_field, lacks: &wide.lacks }
}

/// The placeholders that `[scope]` feeds, by way of a list that GitLab has and the document leaves out.
fn scope<'a>(implied: &[&str], resource: &'a Resource) -> IndexMap<&'a str, &'a str> {
    let sources = resource.params.iter().filter_map(|param| Some((param, param.source.value.as_ref()?)));
    let implied = sources.filter(|(_, source)| implied.contains(&source.resource.as_str()));
    implied.map(|(param, source)| (param.name.as_str(), source.resource.as_str())).collect()
}

fn params<'a>(implied: &[&str], resource: &'a Resource) -> IndexMap<&'a str, Option<Source<'a>>> {
    let optional = resource.optional.iter().map(|name| (name.as_str(), None));
    let needed = resource.params.iter().map(|param| {
        let source =
            param.source.value.as_ref().filter(|source| !implied.contains(&source.resource.as_str()));
        let source = source.map(|source| Source {
            resource: &source.resource,
            path: &source.path,
            field: &source.field,
        });
        (param.name.as_str(), source)
    });
    needed.chain(optional).collect()
}

/// Why each fact is believed, by the name of the fact.
fn reasons(resource: &Resource) -> IndexMap<String, &str> {
    let mut reasons = IndexMap::new();
    for (fact, reason) in [
        ("shape", &resource.shape.reason),
        ("record_key", &resource.key.reason),
        ("pagination", &resource.pagination.reason),
        ("incremental", &resource.incremental.reason),
        ("refresh", &resource.asking.refresh.reason),
        ("write_disposition", &resource.write_disposition.reason),
        ("default", &resource.default.reason),
    ] {
        reasons.insert(fact.to_owned(), reason.as_str());
    }
    if !resource.wide.reason.is_empty() {
        reasons.insert("wide".to_owned(), resource.wide.reason.as_str());
    }
    let params = resource.params.iter();
    reasons.extend(params.map(|param| (format!("params.{}", param.name), param.source.reason.as_str())));
    reasons
}

fn skipped_row(skipped: &Skipped) -> SkippedRow<'_> {
    SkippedRow {
        path: &skipped.path,
        operation_id: &skipped.operation_id,
        shape: skipped.shape,
        reason: &skipped.reason,
    }
}
