//! Inferred facts to a graph: indexes become names, and what no list provides becomes a need.

use crate::endpoint::{Endpoint, Endpoints, Path, QueryParam, Scalar, Segment, Type};
use crate::gitlab;
use crate::infer::{
    Fact, Facts, Key, KeyScope, Provider, Shape, is_plural, is_secret, serves_paging, singular,
};
use crate::text::snake_case;

use super::{Filter, FilterKind, Param, ParamSource, Resource, ResourceGraph, Skipped, Wide, needs};

impl ResourceGraph {
    /// Freezes what was inferred.
    pub fn build(endpoints: &Endpoints, facts: &[Facts]) -> Self {
        let mut graph = Self { api_root: endpoints.api_root.clone(), ..Self::default() };
        for (endpoint, own) in endpoints.all.iter().zip(facts) {
            match skip_reason(own) {
                Some(reason) => graph.skipped.push(skipped(endpoint, own, reason)),
                None => graph.resources.push(build_resource(endpoints, facts, endpoint, own)),
            }
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
    let params = build_params(endpoints, facts, endpoint, own);
    let ends_in_param = endpoint.path.segments.last().is_some_and(Segment::is_param);
    let fan_out = own.fan_out.clone();
    let mut primary_key = primary_key(&own.shape.value, &own.key.value, &params, ends_in_param);
    if let Some(fan_out) = fan_out.as_ref().filter(|fan_out| fan_out.in_key && !primary_key.is_empty()) {
        let own_fields = own.key.value.fields.len().min(primary_key.len());
        primary_key.insert(primary_key.len() - own_fields, fan_out.column.clone());
    }
    let is_filter = |param: &&QueryParam| {
        let fans_out = fan_out.as_ref().is_some_and(|fan_out| fan_out.param == param.name);
        !fans_out && !serves_paging(&param.name) && !gitlab::is_credential(&param.name)
    };
    Resource {
        name: own.name.clone(),
        table: own.table.clone().unwrap_or_else(|| own.name.clone()),
        part: own.part.clone(),
        is_declared: endpoint.is_declared(),
        path: endpoint.path.raw.clone(),
        request_path: endpoint.path.below(&endpoints.api_root),
        pointer: endpoint.pointer.clone(),
        operation_id: endpoint.operation_id.clone(),
        summary: endpoint.summary.clone(),
        description: endpoint.description.clone(),
        tags: endpoint.tags.clone(),
        primary_key,
        shape: own.shape.clone(),
        key: own.key.clone(),
        params,
        optional: endpoint.path.optional.clone(),
        pagination: own.pagination.clone(),
        start: own.reading.start,
        newest_first: own.reading.newest_first,
        finality: own.reading.finality,
        asking: own.asking.clone(),
        excludes_its_day: own.reading.excludes_its_day,
        lookback: own.reading.lookback,
        wide: wide(endpoints, facts, own),
        incremental: own.incremental.clone(),
        write_disposition: own.write_disposition.clone(),
        query: own.query.clone(),
        filters: filters(endpoint.query.iter().filter(is_filter)),
        fan_out,
        secrets: own.secrets.clone(),
        columns: own.columns.iter().filter(|column| !is_secret(column)).cloned().collect(),
        needs: Vec::new(),
        presets: own.presets.clone(),
        enabled: own.enabled,
        default: own.default.clone(),
        faults: own.faults.clone(),
    }
}

/// Parent columns where the key needs them, then the record's own. An item's own placeholder is no parent's.
fn primary_key(shape: &Shape, key: &Key, params: &[Param], ends_in_param: bool) -> Vec<String> {
    if key.fields.is_empty() && *shape != Shape::Object {
        return Vec::new();
    }
    let own_param = usize::from(ends_in_param && *shape == Shape::Object && !key.fields.is_empty());
    let parents = match key.scope {
        KeyScope::Parent => params.get(..params.len().saturating_sub(own_param)).unwrap_or(params),
        KeyScope::Global => &[],
    };
    let mut columns: Vec<String> = parents.iter().map(|param| param.column.clone()).collect();
    for column in key.columns() {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

fn build_params(endpoints: &Endpoints, facts: &[Facts], endpoint: &Endpoint, own: &Facts) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for (name, fact) in &own.params {
        let resolved = fact.value.as_ref().and_then(|provider| resolve(endpoints, facts, provider));
        let column = match &resolved {
            Some((column, _)) => column.clone(),
            None => unfed_column(&endpoint.path, name),
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

/// A bare `id` would stand for the record's own: it is called after what it identifies.
fn unfed_column(path: &Path, name: &str) -> String {
    let at =
        path.segments.iter().position(|segment| matches!(segment, Segment::Param(known) if known == name));
    let before = at.and_then(|at| path.segments.get(..at)).unwrap_or_default();
    let collection = before.iter().rev().find_map(Segment::literal).filter(|literal| *literal != "-");
    match (identifier(name), collection) {
        (name, Some(collection)) if matches!(name.as_str(), "id" | "iid" | "uuid") => {
            format!("{}_{name}", singular(&identifier(collection)))
        }
        (name, _) => name,
    }
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

/// The wide lists, each with what is believed of it as an endpoint of its own.
fn wide(endpoints: &Endpoints, facts: &[Facts], own: &Facts) -> Fact<Vec<Wide>> {
    let resolve = |wide: crate::infer::Wide| {
        let (endpoint, list) = (endpoints.all.get(wide.list)?, facts.get(wide.list)?);
        Some(Wide {
            request_path: endpoint.path.below(&endpoints.api_root),
            over: wide.over,
            parent_field: wide.parent_field,
            query: list.query.clone(),
            pagination: list.pagination.value.clone(),
            incremental: list.incremental.value.clone(),
            lacks: wide.lacks,
            relative: wide.relative,
        })
    };
    own.wide.clone().map(|wide| wide.into_iter().filter_map(resolve).collect())
}

/// What a list holds, by its path: `members` for `/projects/{id}/members/all`.
fn collection(path: &Path) -> &str {
    let plural = path.literals().rfind(|literal| is_plural(literal));
    plural.or_else(|| path.literals().next_back()).unwrap_or("parent")
}

fn identifier(text: &str) -> String {
    let ascii: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut name = snake_case(&ascii);
    name.truncate(48);
    if name.is_empty() { "value".into() } else { name }
}

/// Each name once, however often the document has it.
fn filters<'p>(params: impl Iterator<Item = &'p QueryParam>) -> Vec<Filter> {
    let mut filters: Vec<Filter> = Vec::new();
    for filter in params.map(filter) {
        if filters.iter().all(|known| known.name != filter.name) {
            filters.push(filter);
        }
    }
    filters
}

/// GitLab wants `name[]`, which the runtime writes for arrays.
fn filter(param: &QueryParam) -> Filter {
    Filter {
        name: param.name.strip_suffix("[]").unwrap_or(&param.name).to_owned(),
        description: param.description.clone(),
        values: param.values.clone(),
        kind: match &param.kind {
            _ if gitlab::takes_none_or_any(&param.name) => FilterKind::Any,
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
        Type::Scalar(Scalar::Float | Scalar::Text | Scalar::Binary) => FilterKind::Text,
        Type::Unknown | Type::Object(_) | Type::Map | Type::Array(_) => FilterKind::Any,
    }
}
