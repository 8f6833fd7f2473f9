//! About how many requests a full run needs: the tree and a few answers come in, one [`Estimate`] per resource goes out.
//!
//! A list says how long it is when one page of it is asked for. What hangs below is looked at for a few parents and
//! taken to be alike for the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{At, ExtractError};
use super::walk::{Node, Tree, fill_path};
use crate::client::{Client, Effort, Fault, Request};
use crate::config::Scope;
use crate::hooks::Hooks;
use crate::page::Partition;
use crate::record::{Glimpse, Reading, read_records};
use crate::resource::{Pagination, Resource, Shape};
use crate::scope::plan_roots;

/// Partitions that are looked at, and records of each that children are looked at for.
const SAMPLES: usize = 3;

/// What one resource is likely to need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub resource: &'static Resource,
    pub requests: f64,
    pub records: f64,
    pub basis: Basis,
}

/// How much is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// The server says how much there is.
    Known,
    /// So many partitions were looked at, of about so many.
    Sampled { looked_at: usize, of: f64 },
    /// A list does not say how long it is: this is the least.
    AtLeast,
}

/// One list or object that is looked at.
#[derive(Debug)]
struct Place {
    request: Request,
    partition: Partition,
    shape: Shape,
    is_list: bool,
}

/// What one place holds.
#[derive(Debug, Default)]
struct Look {
    requests: f64,
    records: f64,
    is_exact: bool,
    samples: Vec<Glimpse>,
}

/// What was seen of one resource.
#[derive(Debug)]
struct Seen {
    estimate: Estimate,
    /// A few of its records, each with its partition.
    samples: Vec<(Partition, Glimpse)>,
}

/// Asks at most three times per resource, besides once per entry of the scope.
pub async fn estimate(
    client: &Client,
    tree: &Tree,
    scope: &Scope,
    per_page: u32,
) -> Result<Vec<Estimate>, ExtractError> {
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    for node in tree.nodes() {
        let parent = node.resource.parent().and_then(|parent| seen.get(parent));
        let (places, partitions) = match parent {
            Some(parent) => (places_below(node, &parent.samples), parent.estimate.records),
            None => {
                let places = places_of(node, scope);
                let partitions = number(places.len());
                (places, partitions)
            }
        };
        let is_guess = parent.is_some_and(|parent| parent.estimate.basis != Basis::Known);
        let found = look_at(client, node, places, per_page, partitions, is_guess).await?;
        seen.insert(node.resource.name, found);
    }
    Ok(tree.nodes().iter().filter_map(|node| Some(seen.get(node.resource.name)?.estimate)).collect())
}

/// The places of a resource without a parent.
fn places_of(node: &Arc<Node>, scope: &Scope) -> Vec<Place> {
    if !node.resource.params.is_empty() || node.resource.fan_out.is_some() {
        let bound = node.partitions(None, &Glimpse::default()).unwrap_or_default();
        return bound.into_iter().map(|partition| place(node, partition)).collect();
    }
    let roots = plan_roots(node.resource, scope).into_iter();
    roots
        .map(|root| Place {
            request: Request { path: root.path, query: node.set_query(&root.query), route: root.route },
            partition: Partition { resource: node.resource, bindings: Vec::new(), carried: Vec::new() },
            shape: root.shape,
            is_list: root.pagination != Pagination::None,
        })
        .collect()
}

fn places_below(node: &Arc<Node>, samples: &[(Partition, Glimpse)]) -> Vec<Place> {
    let below = |(parent, record): &(Partition, Glimpse)| {
        let bound = node.partitions(Some(parent), record).ok()?.into_iter().next()?;
        Some(place(node, bound))
    };
    samples.iter().filter_map(below).take(SAMPLES).collect()
}

fn place(node: &Node, partition: Partition) -> Place {
    let resource = node.resource;
    let query = node.own_query(&partition.bindings);
    let path = fill_path(resource, &partition.bindings);
    let is_list = resource.pagination != Pagination::None;
    Place {
        request: Request { path, query, route: resource.path },
        partition,
        shape: resource.shape,
        is_list,
    }
}

async fn look_at(
    client: &Client,
    node: &Node,
    places: Vec<Place>,
    per_page: u32,
    partitions: f64,
    is_guess: bool,
) -> Result<Seen, ExtractError> {
    let (mut requests, mut records, mut is_exact) = (0.0, 0.0, true);
    let looked_at = places.len();
    let mut samples = Vec::new();
    // One record of each place, so that they differ; several of a single one.
    let most = if places.len() > 1 { 1 } else { SAMPLES };
    for place in places {
        let look = look(client, node, &place, per_page).await?;
        requests += look.requests;
        records += look.records;
        is_exact &= look.is_exact;
        samples.extend(look.samples.into_iter().take(most).map(|record| (place.partition.clone(), record)));
    }
    let is_whole = !is_guess && number(looked_at) >= partitions;
    let scale = if is_whole || looked_at == 0 { 1.0 } else { partitions / number(looked_at) };
    let basis = match (is_exact, is_whole) {
        (false, _) => Basis::AtLeast,
        (true, true) => Basis::Known,
        (true, false) => Basis::Sampled { looked_at, of: partitions },
    };
    let estimate =
        Estimate { resource: node.resource, requests: requests * scale, records: records * scale, basis };
    Ok(Seen { estimate, samples })
}

/// One place, by one request; by none where it is one record that nothing hangs below.
async fn look(client: &Client, node: &Node, place: &Place, per_page: u32) -> Result<Look, ExtractError> {
    let one = Look { requests: 1.0, records: 1.0, is_exact: true, samples: Vec::new() };
    if !place.is_list && node.children.is_empty() {
        return Ok(one);
    }
    let mut request = place.request.clone();
    if place.is_list {
        // By offset: keyset says no totals.
        request.query.retain(|(name, _)| !matches!(name.as_str(), "page" | "per_page" | "pagination"));
        let pair = |name: &str, value: String| (name.to_owned(), value);
        request.query.extend([pair("per_page", SAMPLES.to_string()), pair("page", "1".to_owned())]);
    }
    let hooks = Hooks::new();
    let reading = Reading {
        resource: node.resource,
        shape: place.shape,
        taps: &node.taps,
        hooks: &hooks,
        omit: node.omit,
    };
    let effort = Effort { can_shrink: false, retries: node.counts.retries_to_count() };
    let answer = match client.get_with(&request, effort, &|text| read_records(reading, text)).await {
        Ok(answer) => answer,
        Err(fault) => return refused(client, &fault),
    };
    let total = answer.total().map(f64::from);
    let samples = answer.body.map(|read| read.glimpses).unwrap_or_default();
    if !place.is_list {
        return Ok(Look { samples, ..one });
    }
    let is_exact = total.is_some() || samples.len() < SAMPLES;
    let records = total.unwrap_or_else(|| number(samples.len()));
    let requests = (records / f64::from(per_page)).ceil().max(1.0);
    Ok(Look { requests, records, is_exact, samples })
}

/// What is refused costs its request and brings nothing; what ends a run ends this as well.
fn refused(client: &Client, fault: &Fault) -> Result<Look, ExtractError> {
    match ExtractError::of_run(client, fault, At::Below) {
        Some(error) => Err(error),
        None => Ok(Look { requests: 1.0, is_exact: true, ..Look::default() }),
    }
}

/// Exact for all that occurs.
fn number(length: usize) -> f64 {
    f64::from(u32::try_from(length).unwrap_or(u32::MAX))
}
