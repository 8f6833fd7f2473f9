//! Inferred facts to a graph: indexes become names, and what no list provides becomes a need.

use std::collections::BTreeMap;

use crate::endpoint::{Endpoint, Endpoints, Path, QueryParam, Scalar, Segment, Type};
use crate::gitlab::{self, Audience, Preset};
use crate::infer::{Column, Fact, Facts, Key, Provider, Shape, is_plural, is_secret, singular};

use super::{
    Filter, FilterKind, Param, ParamSource, Resource, ResourceGraph, Skipped, WriteDisposition, needs,
    primary_key,
};

impl ResourceGraph {
    /// Freezes what was inferred.
    pub fn build(endpoints: &Endpoints, facts: &[Facts]) -> Self {
        let mut graph = Self::default();
        let originals = originals(endpoints);
        for (endpoint, own) in endpoints.all.iter().zip(facts) {
            if let Some(reason) = skip_reason(own) {
                graph.skipped.push(skipped(endpoint, own, reason));
                continue;
            }
            let mut resource = build_resource(endpoints, facts, endpoint, own);
            let original =
                originals.get(&endpoint.path.place()).filter(|original| **original != endpoint.path.raw);
            if let Some(original) = original {
                leave_to(&mut resource, original);
            }
            graph.resources.push(resource);
        }
        graph.skipped.extend(endpoints.unreadable.iter().map(|unreadable| Skipped {
            path: unreadable.path.clone(),
            operation_id: unreadable.operation_id.clone(),
            shape: Shape::None.name(),
            reason: format!("the operation cannot be read: {}", unreadable.fault),
        }));
        needs::resolve_needs(&mut graph);
        graph
    }
}

/// Of several paths to the same place, such as `/epics` and `/-/epics`, the plainest, by place.
fn originals(endpoints: &Endpoints) -> BTreeMap<String, &str> {
    let mut originals: BTreeMap<String, &str> = BTreeMap::new();
    for endpoint in &endpoints.all {
        let raw = endpoint.path.raw.as_str();
        let original = originals.entry(endpoint.path.place()).or_insert(raw);
        if raw.len() < original.len() {
            *original = raw;
        }
    }
    originals
}

/// A second path to the same records is left out unless it is asked for by name.
fn leave_to(resource: &mut Resource, original: &str) {
    resource.default = Fact::sure(false, format!("`{original}` leads to the same records"));
    resource.presets.clear();
    resource.enabled = false;
}

fn skip_reason(facts: &Facts) -> Option<String> {
    let no_records = !facts.shape.value.has_records();
    facts.skip.clone().or_else(|| no_records.then(|| facts.shape.reason.clone()))
}

fn skipped(endpoint: &Endpoint, facts: &Facts, reason: String) -> Skipped {
    Skipped {
        path: endpoint.path.raw.clone(),
        operation_id: endpoint.operation_id.clone(),
        shape: facts.shape.value.name(),
        reason,
    }
}

fn build_resource(endpoints: &Endpoints, facts: &[Facts], endpoint: &Endpoint, own: &Facts) -> Resource {
    let is_item =
        endpoint.path.segments.last().is_some_and(Segment::is_param) && own.shape.value == Shape::Object;
    let params = build_params(endpoints, facts, own);
    let default = infer_default(endpoint, is_item);
    let incremental = own.incremental.value.as_ref();
    let newest_first = gitlab::newest_first(&endpoint.path).filter(|_| incremental.is_none());
    Resource {
        name: own.name.clone(),
        table: own.table.clone().unwrap_or_else(|| own.name.clone()),
        path: endpoint.path.raw.clone(),
        request_path: endpoint.path.to_string(),
        pointer: endpoint.pointer.clone(),
        operation_id: endpoint.operation_id.clone(),
        summary: endpoint.summary.clone(),
        description: endpoint.description.clone(),
        tags: endpoint.tags.clone(),
        primary_key: primary_key(&own.shape.value, &own.key.value, &params, is_item),
        shape: own.shape.clone(),
        key: own.key.clone(),
        params,
        optional: endpoint.path.optional.clone(),
        pagination: own.pagination.clone(),
        start: gitlab::start(&endpoint.path),
        newest_first,
        finality: gitlab::finality(&endpoint.path),
        lookback: gitlab::lookback(incremental.map(|incremental| incremental.param.as_str()), newest_first),
        incremental: own.incremental.clone(),
        write_disposition: infer_disposition(&own.shape.value, &own.key.value),
        query: own.query.clone(),
        filters: endpoint.query.iter().filter(|param| !serves_paging(param)).map(filter).collect(),
        secrets: secrets(endpoint, &own.columns),
        columns: own.columns.iter().filter(|column| !is_secret(column)).cloned().collect(),
        needs: Vec::new(),
        presets: gitlab::presets(&endpoint.path),
        enabled: !matches!(
            gitlab::audience(&endpoint.path),
            Audience::Secret | Audience::Internal | Audience::Protocol
        ),
        default,
        faults: own.faults.clone(),
    }
}

/// As dotted paths, each once.
fn secrets(endpoint: &Endpoint, columns: &[Column]) -> Vec<String> {
    let declared =
        columns.iter().filter(|column| is_secret(column)).map(|column| column.name.replace("__", "."));
    let mut secrets: Vec<String> = declared.collect();
    for known in gitlab::secret_fields(&endpoint.path) {
        if !secrets.iter().any(|secret| secret == known) {
            secrets.push((*known).to_owned());
        }
    }
    secrets
}

fn build_params(endpoints: &Endpoints, facts: &[Facts], own: &Facts) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for (name, fact) in &own.params {
        let resolved = fact.value.as_ref().and_then(|provider| resolve(endpoints, facts, provider));
        let column = match &resolved {
            Some((column, _)) => column.clone(),
            None => identifier(name),
        };
        let taken = params.iter().any(|param| param.column == column);
        params.push(Param {
            column: if taken { format!("{}_{column}", identifier(name)) } else { column },
            name: name.clone(),
            source: fact.clone().map(|_| resolved.map(|(_, source)| source)),
        });
    }
    params
}

/// The column that carries a provider's field, and where the field is. A provider that is skipped provides nothing.
fn resolve(endpoints: &Endpoints, facts: &[Facts], provider: &Provider) -> Option<(String, ParamSource)> {
    let list = endpoints.all.get(provider.list)?;
    let own = facts.get(provider.list).filter(|own| skip_reason(own).is_none())?;
    let column = format!("{}_{}", singular(&identifier(collection(&list.path))), identifier(&provider.field));
    let source = ParamSource {
        resource: own.name.clone(),
        path: list.path.raw.clone(),
        field: provider.field.clone(),
    };
    Some((column, source))
}

/// What a list holds, by its path: `members` for `/projects/{id}/members/all`.
fn collection(path: &Path) -> &str {
    let plural = path.literals().rfind(|literal| is_plural(literal));
    plural.or_else(|| path.literals().next_back()).unwrap_or("parent")
}

fn identifier(text: &str) -> String {
    use heck::ToSnakeCase;
    let ascii: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut name = ascii.to_snake_case();
    name.truncate(48);
    if name.is_empty() { "value".into() } else { name }
}

/// Whether `--preset core` takes it.
fn infer_default(endpoint: &Endpoint, is_item: bool) -> Fact<bool> {
    let audience = gitlab::audience(&endpoint.path);
    if audience != Audience::Everyone {
        return Fact::sure(false, audience.reason());
    }
    if is_item {
        return Fact::sure(false, "its list already gives its records");
    }
    if gitlab::presets(&endpoint.path).contains(&Preset::Core) {
        Fact::sure(true, "it is among what most people ask of groups and projects")
    } else {
        Fact::sure(false, "it is not among what most people ask of groups and projects")
    }
}

fn infer_disposition(shape: &Shape, key: &Key) -> Fact<WriteDisposition> {
    let one_per_parent = *shape == Shape::Object && key.scope == crate::infer::KeyScope::Parent;
    if key.fields.is_empty() && !one_per_parent {
        Fact::sure(WriteDisposition::Replace, "without a key, rows cannot be told apart")
    } else {
        Fact::sure(WriteDisposition::Merge, "its key tells which row a record updates")
    }
}

fn serves_paging(param: &QueryParam) -> bool {
    matches!(
        param.name.as_str(),
        "page"
            | "per_page"
            | "cursor"
            | "page_token"
            | "pagination"
            | "id_after"
            | "id_before"
            | "private_token"
            | "access_token"
            | "job_token"
    )
}

fn filter(param: &QueryParam) -> Filter {
    Filter {
        name: param.name.clone(),
        description: param.description.clone(),
        values: param.values.clone(),
        kind: match &param.kind {
            Type::Array(items) => filter_kind(items),
            kind => filter_kind(kind),
        },
        required: param.is_needed(),
        is_array: matches!(param.kind, Type::Array(_)),
    }
}

fn filter_kind(kind: &Type) -> FilterKind {
    match kind {
        Type::Scalar(Scalar::Bool) => FilterKind::Bool,
        Type::Scalar(Scalar::Int) => FilterKind::Int,
        Type::Scalar(Scalar::Date | Scalar::Timestamp) => FilterKind::Time,
        _ => FilterKind::Text,
    }
}
