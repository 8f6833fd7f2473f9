//! What a run has done so far, per resource: counted by the workers, read by progress and report.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::outlook::{Known, Outlook, outlook};
use super::resume::Due;
use super::walk::Tree;
use crate::moment::Moment;
use crate::resource::Resource;

/// All resources of one tree. Made before the tree is read, looked at while it is.
#[derive(Debug)]
pub struct Tally {
    /// In the order of the tree.
    counts: Vec<(&'static str, Arc<Counts>)>,
    /// Of each, the place of its parent.
    parents: Vec<Option<usize>>,
}

/// What one resource has cost and brought. Shared by all workers.
#[derive(Debug, Default)]
pub struct Counts {
    records: AtomicU64,
    expected: AtomicU64,
    lists: AtomicU64,
    begun: AtomicU64,
    /// Requests that are to be made, so far; and those of which it is clear what they start.
    opened: AtomicU64,
    closed: AtomicU64,
    /// Those that lists go on with of which nobody says how long they are.
    open_ended: AtomicU64,
    requests: AtomicU64,
    retries: AtomicU64,
    truncated: AtomicU64,
    resumed: AtomicU64,
    settled: AtomicU64,
    disobeyed: AtomicU64,
    absent: AtomicU64,
    left: Mutex<LeftForLater>,
    wide_lists: AtomicU64,
    in_wide_lists: AtomicU64,
    losses: Mutex<BTreeMap<Loss, Losses>>,
    /// Why partitions are read by lists of their own though there are wide ones, and how many.
    asides: Mutex<BTreeMap<String, u64>>,
}

/// Lists that a run does not ask for, as what is loaded of them is new enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftForLater {
    pub lists: u64,
    /// When the first of them is asked for again; `None`: when what they hang on says so.
    pub due_at: Option<Moment>,
}

impl LeftForLater {
    fn add(self, other: Self) -> Self {
        let due_at = self.due_at.into_iter().chain(other.due_at).min();
        Self { lists: self.lists + other.lists, due_at }
    }
}

/// A kind of partition that is not, or not wholly, loaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    pub kind: LossKind,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKind {
    /// GitLab does not give it: switched off, forbidden or gone. Part of a normal run.
    Skipped,
    /// It should have worked.
    Failed,
}

/// How often, and where for example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Losses {
    pub partitions: u64,
    pub example: String,
}

/// Reasons come from outside: beyond this many of a resource, they are counted together.
const REASONS: usize = 20;

impl Tally {
    pub fn new(tree: &Tree) -> Self {
        let nodes = tree.nodes();
        let place = |parent| nodes.iter().position(|node| node.resource.name == parent);
        Self {
            counts: nodes.iter().map(|node| (node.resource.name, Arc::clone(&node.counts))).collect(),
            parents: nodes.iter().map(|node| node.resource.parent().and_then(place)).collect(),
        }
    }

    /// Every resource of the run, parents first.
    pub fn resources(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        self.counts.iter().map(|(name, counts)| (*name, counts.as_ref()))
    }

    /// Whether an interrupted load has read partitions of the resource, or of one that it hangs on: then what is not
    /// asked for was read before.
    pub fn is_read_before(&self, name: &str) -> bool {
        self.with_parents(name).any(|counts| counts.resumed() > 0)
    }

    /// The resources of which, and of what they hang below, nothing was cut off or has failed. What GitLab refuses counts
    /// as read: the table then holds what GitLab gives.
    pub fn complete(&self, resources: &[&'static Resource]) -> Vec<&'static Resource> {
        let mut complete: Vec<&'static Resource> = Vec::new();
        for (resource, (_, counts)) in resources.iter().copied().zip(self.resources()) {
            let is_read = counts.lost(LossKind::Failed) == 0 && counts.truncated() == 0;
            let is_reached =
                resource.parent().is_none_or(|parent| complete.iter().any(|above| above.name == parent));
            if is_read && is_reached {
                complete.push(resource);
            }
        }
        complete
    }

    /// The resources that hang on lists which are left for later.
    pub fn unseen(&self, resources: &[&'static Resource]) -> Vec<&'static Resource> {
        let is_unseen = |resource: &&Resource| resource.parent().is_some_and(|parent| self.is_left(parent));
        resources.iter().copied().filter(is_unseen).collect()
    }

    /// Whether lists of the resource, or of one that it hangs on, are left for later.
    pub fn is_left(&self, name: &str) -> bool {
        self.with_parents(name).any(|counts| counts.left().lists > 0)
    }

    /// Whether lists of the resource need not be asked for, or else those of the nearest that it hangs on and that was not
    /// asked for either.
    pub fn is_absent(&self, name: &str) -> bool {
        self.with_parents(name).take_while(|counts| counts.requests() == 0).any(|counts| counts.absent() > 0)
    }

    /// Lists of all resources that are left for later.
    pub fn left(&self) -> LeftForLater {
        self.counts.iter().map(|(_, counts)| counts.left()).fold(LeftForLater::default(), LeftForLater::add)
    }

    /// The counts of a resource, and of those that it hangs on.
    fn with_parents(&self, name: &str) -> impl Iterator<Item = &Counts> {
        let place = self.counts.iter().position(|(own, _)| *own == name);
        let places = std::iter::successors(place, |at| self.parents.get(*at).copied().flatten());
        places.filter_map(|at| self.counts.get(at)).map(|(_, counts)| counts.as_ref())
    }

    /// Records of all resources.
    pub fn records(&self) -> u64 {
        self.counts.iter().map(|(_, counts)| counts.records()).sum()
    }

    /// How many resources have nothing more to ask for, and of how many.
    pub fn done(&self) -> (usize, usize) {
        let has_begun = self.counts.iter().any(|(_, counts)| counts.opened.load(Ordering::Relaxed) > 0);
        let mut done: Vec<bool> = Vec::with_capacity(self.counts.len());
        for ((_, counts), parent) in self.counts.iter().zip(&self.parents) {
            // What hangs on a record is opened before its own request is closed.
            let is_done_above = parent.is_none_or(|parent| done.get(parent).copied().unwrap_or(false));
            done.push(has_begun && is_done_above && counts.is_idle());
        }
        (done.iter().filter(|done| **done).count(), done.len())
    }

    /// What is still to come, as far as is known.
    pub fn outlook(&self) -> Outlook {
        let known = |((_, counts), parent): (&(_, Arc<Counts>), &Option<usize>)| Known {
            parent: *parent,
            records: counts.records(),
            requests: counts.requests(),
            expected: counts.expected.load(Ordering::Relaxed),
            lists: counts.lists.load(Ordering::Relaxed),
            begun: counts.begun.load(Ordering::Relaxed),
            open_ended: counts.open_ended.load(Ordering::Relaxed),
        };
        outlook(&self.counts.iter().zip(&self.parents).map(known).collect::<Vec<_>>())
    }

    pub fn requests(&self) -> u64 {
        self.counts.iter().map(|(_, counts)| counts.requests()).sum()
    }

    pub fn retries(&self) -> u64 {
        self.counts.iter().map(|(_, counts)| counts.retries()).sum()
    }

    /// Partitions of this kind, of all resources.
    pub fn lost(&self, kind: LossKind) -> u64 {
        self.counts.iter().map(|(_, counts)| counts.lost(kind)).sum()
    }

    /// The resources of which a limit cut something off.
    pub fn truncated(&self) -> Vec<&'static str> {
        self.counts.iter().filter(|(_, counts)| counts.truncated() > 0).map(|(name, _)| *name).collect()
    }
}

impl Counts {
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests that were sent again.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    pub(super) fn retries_to_count(&self) -> &AtomicU64 {
        &self.retries
    }

    pub(super) fn add_retries(&self, retries: u64) {
        self.retries.fetch_add(retries, Ordering::Relaxed);
    }

    /// Partitions that a limit cut short.
    pub fn truncated(&self) -> u64 {
        self.truncated.load(Ordering::Relaxed)
    }

    /// Partitions that an interrupted load has read.
    pub fn resumed(&self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }

    /// Records that ended long ago: what hangs on them was loaded before and is not read again.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Partitions that did not keep to the order or the bound that was asked for, and were read whole.
    pub fn disobeyed(&self) -> u64 {
        self.disobeyed.load(Ordering::Relaxed)
    }

    /// Lists that need not be asked for, by what the record says that they would hang on.
    pub fn absent(&self) -> u64 {
        self.absent.load(Ordering::Relaxed)
    }

    pub fn left(&self) -> LeftForLater {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add_absent(&self) {
        self.absent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_left(&self, due: Due) {
        let due_at = match due {
            Due::At(due_at) => Some(due_at),
            Due::Now | Due::Never => None,
        };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.add(LeftForLater { lists: 1, due_at });
    }

    /// Lists that were read in place of one for each partition.
    pub fn wide_lists(&self) -> u64 {
        self.wide_lists.load(Ordering::Relaxed)
    }

    /// Partitions that were read in them.
    pub fn in_wide_lists(&self) -> u64 {
        self.in_wide_lists.load(Ordering::Relaxed)
    }

    /// Why partitions were read by lists of their own though there are wide ones, and how many; none where it was clear
    /// before the first request.
    pub fn asides(&self) -> Vec<(String, u64)> {
        let asides = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        asides.iter().map(|(reason, partitions)| (reason.clone(), *partitions)).collect()
    }

    /// So many partitions are read in so many wide lists.
    pub(super) fn add_wide(&self, lists: usize, partitions: usize) {
        self.wide_lists.fetch_add(whole(lists), Ordering::Relaxed);
        self.in_wide_lists.fetch_add(whole(partitions), Ordering::Relaxed);
    }

    /// So many of them are read by lists of their own after all.
    pub(super) fn leave_wide(&self, partitions: usize) {
        self.in_wide_lists.fetch_sub(whole(partitions), Ordering::Relaxed);
    }

    pub(super) fn add_aside(&self, reason: String, partitions: usize) {
        let mut asides = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        *asides.entry(reason).or_default() += whole(partitions);
    }

    pub(super) fn add_resumed(&self) {
        self.resumed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_settled(&self) {
        self.settled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_disobeyed(&self) {
        self.disobeyed.fetch_add(1, Ordering::Relaxed);
    }

    pub fn lost(&self, kind: LossKind) -> u64 {
        self.losses().iter().filter(|(loss, _)| loss.kind == kind).map(|(_, losses)| losses.partitions).sum()
    }

    /// Every reason, skipped ones first.
    pub fn losses(&self) -> Vec<(Loss, Losses)> {
        let losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        losses.iter().map(|(loss, losses)| (loss.clone(), losses.clone())).collect()
    }

    pub(super) fn add_records(&self, records: usize) {
        self.records.fetch_add(whole(records), Ordering::Relaxed);
    }

    /// A request is to be made.
    pub(super) fn open(&self, is_open_ended: bool) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open_ended.fetch_add(is_open_ended.into(), Ordering::Relaxed);
    }

    /// It is clear what it starts, and that is opened.
    pub(super) fn close(&self, is_open_ended: bool) {
        self.closed.fetch_add(1, Ordering::Relaxed);
        self.open_ended.fetch_sub(is_open_ended.into(), Ordering::Relaxed);
    }

    fn is_idle(&self) -> bool {
        // In this order: what is opened in between is not missed.
        let closed = self.closed.load(Ordering::Relaxed);
        closed == self.opened.load(Ordering::Relaxed)
    }

    /// A list is to be read.
    pub(super) fn add_list(&self) {
        self.lists.fetch_add(1, Ordering::Relaxed);
    }

    /// Its first request goes.
    pub(super) fn begin_list(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// `total` is what the server says that the list has.
    pub(super) fn add_expected(&self, total: Option<u32>, is_first: bool, records: usize) {
        let expected = match total {
            Some(total) if is_first => total.into(),
            Some(_) => 0,
            None => u64::try_from(records).unwrap_or(u64::MAX),
        };
        self.expected.fetch_add(expected, Ordering::Relaxed);
    }

    pub(super) fn add_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_truncated(&self) {
        self.truncated.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_loss(&self, kind: LossKind, reason: String, example: String) {
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        let mut loss = Loss { kind, reason };
        if losses.len() >= REASONS && !losses.contains_key(&loss) {
            loss.reason = "other reasons".to_owned();
        }
        losses.entry(loss).or_insert(Losses { partitions: 0, example }).partitions += 1;
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
