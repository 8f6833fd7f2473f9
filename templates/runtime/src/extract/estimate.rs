//! About how many requests a run needs: what is known before it comes in, an [`Estimate`] per resource goes out.
//!
//! It is the walk itself, with the same start, states and rules, that is not gone to its end: what the scope starts from
//! is read; of the lists below, a few are looked at, and the others taken to be like those. So whatever decides that a
//! list is asked for or not, decides it here as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::Spending;
use super::error::ExtractError;
use super::sink::Sink;
use super::walk::{Look, Node, Starter, Task, Tree, Walk};
use super::{Budget, ExtractOptions};
use crate::client::Client;
use crate::config::Scope;
use crate::resource::Resource;

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
    /// All of its lists were looked at.
    Known,
    /// So many lists were looked at, of about so many.
    Sampled { looked_at: usize, of: f64 },
    /// A list does not say how long it is: this is the least.
    AtLeast,
}

/// Lists that are looked at where they are all alike, and nothing hangs on them.
const FEW: usize = 3;

/// The same where they differ, or something hangs on their records.
const MANY: usize = 24;

/// Pages of a list that does not say how long it is.
const PAGES: usize = 10;

/// The same of a list that holds many partitions: once it is read, it is known of which nothing came.
const WIDE_PAGES: usize = 30;

/// Lists of one stratum that are kept to choose from.
const KEPT: usize = 1024;

/// The lists of one resource that are to be read. Some are asked for changes, are gone on with, or hold many partitions:
/// they are no measure of the others.
#[derive(Debug, Default)]
struct Pool(BTreeMap<[bool; 3], Stratum>);

/// Lists that are read in the same way, each with how many it stands for.
#[derive(Debug, Default)]
struct Stratum {
    tasks: Vec<(Task, f64)>,
    /// How many lists there are, also those that are not kept.
    lists: f64,
    /// One of so many is kept.
    stride: usize,
    seen: usize,
}

/// What one list comes to.
#[derive(Debug)]
struct Length {
    requests: f64,
    records: f64,
    is_exact: bool,
    is_read: bool,
    is_refused: bool,
    /// Its last page that was looked at.
    last: Task,
    below: Vec<Task>,
    /// How many each of those below stands for.
    each: f64,
}

/// What the lists of one resource come to.
#[derive(Debug, Default)]
struct Sum {
    requests: f64,
    records: f64,
    lists: f64,
    looked_at: usize,
    is_least: bool,
    below: Vec<(Task, f64)>,
}

/// Looks ahead; `sink` knows what earlier runs have kept, and is handed nothing.
pub async fn estimate<S: Sink>(
    client: Client,
    tree: &Tree,
    scope: &Scope,
    sink: S,
    options: ExtractOptions,
) -> Result<Vec<Estimate>, ExtractError> {
    let starter = Starter::new(sink, client.clone(), options.page_size(), options.shard);
    let mut pools: BTreeMap<&str, Pool> = BTreeMap::new();
    for task in starter.first_tasks(tree, scope) {
        pools.entry(task.resource().name).or_default().add(task, 1.0);
    }
    let spending = Arc::new(Spending::new(Budget::default(), client.clone()));
    let walk = Walk { client, scope: scope.clone(), starter, options, spending };
    let mut estimates = Vec::with_capacity(tree.nodes().len());
    for node in tree.nodes() {
        let mut sum = Sum::default();
        // A list may lead to others of the same resource.
        while let Some(pool) = pools.remove(node.resource.name) {
            for stratum in pool.0.into_values() {
                sum.add(walk.measure(node, stratum).await?);
            }
            for (task, each) in std::mem::take(&mut sum.below) {
                pools.entry(task.resource().name).or_default().add(task, each);
            }
        }
        estimates.push(sum.estimate(node.resource));
    }
    Ok(estimates)
}

impl Pool {
    fn add(&mut self, task: Task, each: f64) {
        let way = [task.is_bounded(), task.is_resumed(), task.is_wide()];
        self.0.entry(way).or_default().add(task, each);
    }
}

impl Stratum {
    /// Keeps every list, then every second, every fourth…
    fn add(&mut self, task: Task, each: f64) {
        self.lists += each;
        self.stride = self.stride.max(1);
        if self.seen.is_multiple_of(self.stride) {
            self.tasks.push((task, each));
        }
        self.seen += 1;
        if self.tasks.len() >= KEPT {
            let mut is_kept = false;
            self.tasks.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.stride *= 2;
        }
    }

    /// In an order in which the first few are spread over all.
    fn spread(self) -> Vec<(Task, f64)> {
        let mut tasks: Vec<Option<(Task, f64)>> = self.tasks.into_iter().map(Some).collect();
        let mut spread = Vec::with_capacity(tasks.len());
        let mut step = tasks.len().next_power_of_two();
        while step > 0 {
            spread.extend(tasks.iter_mut().step_by(step).filter_map(Option::take));
            step /= 2;
        }
        spread
    }
}

impl<S: Sink> Walk<S> {
    async fn measure(&self, node: &Node, stratum: Stratum) -> Result<Sum, ExtractError> {
        let (lists, mut weight, mut looked) = (stratum.lists, 0.0, Vec::new());
        for (task, each) in stratum.spread() {
            if is_enough(node, &looked) {
                break;
            }
            weight += each;
            looked.push((self.length(task).await?, each));
        }
        // What the instance gives nowhere is not asked for everywhere.
        let is_given_up = node.is_given_up();
        let scale = if weight > 0.0 && !is_given_up { lists / weight } else { 1.0 };
        let mut sum = Sum { lists, looked_at: looked.len(), ..Sum::default() };
        if is_given_up {
            sum.lists = number(sum.looked_at);
        }
        let is_read = looked.iter().all(|(length, _)| length.is_read);
        let last = looked.last().map(|(length, _)| &length.last);
        if let Some(last) = last.filter(|last| node.has_wide_children() || last.is_wide() && is_read) {
            sum.below.extend(self.at_end(last).into_iter().map(|task| (task, 1.0)));
        }
        for (length, each) in looked {
            sum.requests += length.requests * each * scale;
            sum.records += length.records * each * scale;
            sum.is_least |= !length.is_exact && !is_given_up;
            sum.below.extend(length.below.into_iter().map(|task| (task, length.each * each * scale)));
        }
        Ok(sum)
    }

    /// How long a list is. One that the scope starts from is read to its end, of others as little as tells it.
    async fn length(&self, task: Task) -> Result<Length, ExtractError> {
        let most = match (task.starts_the_scope(), task.is_wide()) {
            (true, _) => usize::MAX,
            (false, true) => WIDE_PAGES,
            (false, false) => PAGES,
        };
        let reads_on = most > PAGES || task.ends_early();
        let (mut requests, mut pages, mut records, mut received) = (0, 0, 0, 0);
        let (mut total, mut below, mut last) = (None, Vec::new(), task);
        let (is_read, is_refused) = loop {
            let look: Look = self.look(&last).await?;
            (requests, pages) = (requests + look.requests, pages + 1);
            (records, received) = (records + look.records, received + look.length);
            total = total.or(look.total);
            below.extend(look.below);
            let Some(next) = look.next else { break (true, look.is_refused) };
            last = next;
            if total.is_none() && !reads_on {
                total = self.total(&last).await;
            }
            if pages >= most || total.is_some() && !reads_on {
                break (false, false);
            }
        };
        let received = number(received);
        let left = match total {
            _ if is_read => 0.0,
            Some(total) => (f64::from(total) - received).max(1.0),
            None => 1.0,
        };
        let each = if received > 0.0 { (received + left) / received } else { 1.0 };
        Ok(Length {
            requests: f64::from(requests) + (left / f64::from(self.options.page_size())).ceil(),
            records: number(records) * each,
            is_exact: is_read || total.is_some(),
            is_read,
            is_refused,
            last,
            below,
            each,
        })
    }
}

/// Whether enough was looked at to speak for the others.
fn is_enough(node: &Node, looked: &[(Length, f64)]) -> bool {
    let lengths = || looked.iter().map(|(length, _)| length);
    let differ = lengths().any(|length| length.requests > 1.0);
    let are_refused = lengths().all(|length| length.is_refused);
    match looked.len() {
        _ if node.resource.start.is_some() => false,
        count if count < FEW => false,
        count if differ || are_refused || !node.children.is_empty() => count >= MANY,
        _ => true,
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.records += other.records;
        self.lists += other.lists;
        self.looked_at += other.looked_at;
        self.is_least |= other.is_least;
        self.below.extend(other.below);
    }

    fn estimate(&self, resource: &'static Resource) -> Estimate {
        let is_whole = number(self.looked_at) + 0.5 >= self.lists;
        let basis = match (self.is_least, is_whole) {
            (true, _) => Basis::AtLeast,
            (false, true) => Basis::Known,
            (false, false) => Basis::Sampled { looked_at: self.looked_at, of: self.lists },
        };
        Estimate { resource, requests: self.requests, records: self.records, basis }
    }
}

/// Exact for all that occurs.
fn number(length: usize) -> f64 {
    f64::from(u32::try_from(length).unwrap_or(u32::MAX))
}
