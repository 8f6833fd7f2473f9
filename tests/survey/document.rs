//! One document: what it declares, and what of that was found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use gitlab_init::document::{Document, Source};
use gitlab_init::endpoint::{Answer, Endpoint, Endpoints, Entities, Type};
use gitlab_init::graph::ResourceGraph;
use gitlab_init::infer::{RecordedNames, Shape};
use gitlab_init::read;
use serde::{Deserialize, Serialize};

/// Counts over the GETs of a document.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    gets: usize,
    lists: usize,
    /// Answers that are declared as an object around one array of records.
    declared: usize,
    /// Those of them that come out as envelopes.
    found: usize,
    /// Resources with several records that have a key.
    keys: usize,
    /// Placeholders.
    params: usize,
    /// Those that a list feeds.
    fed: usize,
    needs_input: usize,
    skipped: usize,
    /// References that lead nowhere.
    dangling: usize,
    /// GETs that are not listed exactly once.
    pub(crate) lost: usize,
    pub(crate) missed: Vec<String>,
}

impl Figures {
    pub(crate) const HEADINGS: &str = "  GETs  lists  declared  found   keys  params    fed  needs  skipped  dangling  lost      time  document";

    pub(crate) fn line(&self, time: Duration, name: &str) -> String {
        format!(
            "{:6} {:6} {:9} {:6} {:6} {:7} {:6} {:6} {:8} {:9} {:5} {:6} ms  {name}",
            self.gets,
            self.lists,
            self.declared,
            self.found,
            self.keys,
            self.params,
            self.fed,
            self.needs_input,
            self.skipped,
            self.dangling,
            self.lost,
            time.as_millis()
        )
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.gets += other.gets;
        self.lists += other.lists;
        self.declared += other.declared;
        self.found += other.found;
        self.keys += other.keys;
        self.params += other.params;
        self.fed += other.fed;
        self.needs_input += other.needs_input;
        self.skipped += other.skipped;
        self.dangling += other.dangling;
        self.lost += other.lost;
    }
}

/// Reads a document twice: as declared, and as inferred.
pub(crate) fn figures(path: &Path) -> Result<Figures, Box<dyn std::error::Error>> {
    let text = Source::File(path.to_owned()).read()?;
    let document = Document::parse(&text, &[])?;
    let endpoints = Endpoints::parse(&document);
    let graph = read(&text, &[], &RecordedNames::new())?.graph;
    let declared: BTreeSet<&str> = endpoints
        .all
        .iter()
        .filter(|endpoint| is_declared_envelope(&endpoints.entities, endpoint))
        .map(|endpoint| endpoint.path.raw.as_str())
        .collect();
    let many: Vec<_> = graph.resources.iter().filter(|resource| resource.shape.value.is_many()).collect();
    let envelopes: BTreeSet<&str> = many
        .iter()
        .filter(|resource| matches!(resource.shape.value, Shape::Envelope { .. }))
        .map(|resource| resource.path.as_str())
        .collect();
    let params = || graph.resources.iter().flat_map(|resource| &resource.params);
    Ok(Figures {
        gets: document.gets().count(),
        lists: many.len(),
        declared: declared.len(),
        found: declared.intersection(&envelopes).count(),
        keys: many.iter().filter(|resource| !resource.key.value.fields.is_empty()).count(),
        params: params().count(),
        fed: params().filter(|param| param.source.value.is_some()).count(),
        needs_input: graph.resources.iter().filter(|resource| !resource.is_ready()).count(),
        skipped: graph.skipped.len(),
        dangling: endpoints.dangling.len(),
        lost: lost(&endpoints, &graph),
        missed: declared.difference(&envelopes).map(|path| (*path).to_owned()).collect(),
    })
}

/// How many GETs are not listed exactly once.
fn lost(endpoints: &Endpoints, graph: &ResourceGraph) -> usize {
    let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
    let skipped = graph.skipped.iter().map(|skipped| skipped.path.as_str());
    for path in graph.resources.iter().map(|resource| resource.path.as_str()).chain(skipped) {
        *listed.entry(path).or_default() += 1;
    }
    let unreadable = endpoints.unreadable.iter().map(|unreadable| unreadable.path.as_str());
    let all = endpoints.all.iter().map(|endpoint| endpoint.path.raw.as_str()).chain(unreadable);
    all.filter(|path| listed.get(path) != Some(&1)).count()
}

/// By the schema alone: one array of records and no `id` beside it, the rest values or objects of values, on a path that
/// does not end in a placeholder.
fn is_declared_envelope(entities: &Entities, endpoint: &Endpoint) -> bool {
    let Answer::Json(Type::Object(id)) = &endpoint.answer else { return false };
    if endpoint.path.segments.last().is_none_or(|last| last.literal().is_none()) {
        return false;
    }
    let entity = entities.get(*id);
    let is_records = |kind: &Type| match kind {
        Type::Array(items) => matches!(**items, Type::Object(item) if entities.get(item).is_described()),
        _ => false,
    };
    let kinds = || entity.properties.values().map(|property| &property.kind);
    let rest = kinds().filter(|kind| !is_records(kind));
    kinds().filter(|kind| is_records(kind)).count() == 1
        && !entity.has("id")
        && rest.into_iter().all(|kind| is_plain(entities, kind, 2))
}

fn is_plain(entities: &Entities, kind: &Type, depth: usize) -> bool {
    match kind {
        Type::Scalar(_) | Type::Unknown => true,
        Type::Object(id) if depth > 0 => {
            let properties = entities.get(*id).properties.values();
            properties.into_iter().all(|property| is_plain(entities, &property.kind, depth - 1))
        }
        _ => false,
    }
}
