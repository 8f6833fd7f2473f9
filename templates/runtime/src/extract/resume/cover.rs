//! Partitions that are read together: the issues of a thousand projects in one list of their group.
//!
//! A wide list has one state, beside those that partitions have of their own: its cursors, and the ids of the partitions
//! for which these hold. Nothing is written down for each of them, and what is known of one is the better of the two
//! states. So a run may read each partition in either way, whatever the runs before have done:
//!
//! - Of a partition that neither state speaks of everything is missing, and a list of changes would not bring it: it is
//!   read by its own list, unless the wide list is read whole in any case. That holds for a project that has moved into
//!   the group, and for one that comes back. One that is gone is covered no more.
//! - The wide list is bounded by what the slowest of its partitions needs. Those that are far behind the others are read
//!   by their own lists until they are not.
//! - A list that is read whole covers only partitions of which something came: silence may mean that there is nothing,
//!   or that it is not shown. The silent ones are asked for themselves. So a whole read marks no row as deleted only
//!   because a project was closed.
//! - Where a wide list cannot be read, its partitions hang on it with lists of their own, and keep states of their own.
//! - What is kept while a list is being read says for whom it is read. A run that goes on with it takes no others along.
//! - Shards have the states of projects in common, and each has a part of these: they read project by project, and know
//!   what a whole run has read in wide lists.
//!
//! Records that the list has in common with other lists, and those of partitions that this run has not met, are left
//! out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reading::{Above, History, Reading, ReadingRules};
use super::state::{PartitionState, Point};
use crate::moment::Moment;
use crate::page::{Kept, Partition, Whole};

/// Partitions whose cursors lie so close together are read with the earliest of them.
const NEAR: Duration = Duration::from_hours(1);

/// What names a partition among those of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    /// `None` for what identifies nothing.
    pub(in crate::extract) fn of(value: &Value) -> Option<Self> {
        let text = || value.as_str().map(|text| Self::Text(text.to_owned()));
        value.as_i64().map(Self::Number).or_else(text)
    }

    fn of_partition(partition: &Partition) -> Option<Self> {
        Self::of(&partition.bindings.first()?.value)
    }
}

/// For which partitions the state of a wide list speaks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Covers {
    /// The cursors hold for these.
    pub of: BTreeSet<Id>,
    /// The reading that goes on is for these, by the path of the list that each is in…
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub serves: BTreeMap<String, BTreeSet<Id>>,
    /// …which is read whole…
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_whole: bool,
    /// …and has met records of these.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub heard: BTreeSet<Id>,
}

/// Where each list goes on, by its path; `None` at its end.
type Places = BTreeMap<String, Option<Moment>>;

/// A partition that a wide list may bring.
#[derive(Debug, Clone)]
pub(in crate::extract) struct Member {
    id: Id,
    pub(in crate::extract) partition: Arc<Partition>,
    /// The record that it hangs on.
    pub(in crate::extract) above: Above,
    /// Which of the lists has it.
    pub(in crate::extract) list: usize,
    /// By resource, what changed before is loaded.
    cursors: Arc<BTreeMap<String, Moment>>,
    /// Whether it is to be read whole all the same, or because there is no cursor.
    is_whole: bool,
    /// The first load that read it with the filter that it has now.
    filtered_since: String,
    is_heard: bool,
}

impl Member {
    /// `reading` is how its own list would be read.
    pub(in crate::extract) fn new(
        partition: Arc<Partition>,
        reading: &Reading,
        rules: &ReadingRules,
        above: Above,
        list: usize,
    ) -> Option<Self> {
        let (cursors, is_whole) = (Arc::new(reading.before.cursors.clone()), reading.is_sweep(rules));
        let filtered_since = reading.filtered_since().to_owned();
        let id = Id::of_partition(&partition)?;
        let is_heard = false;
        Some(Self { id, partition, above, list, cursors, is_whole, filtered_since, is_heard })
    }

    /// Members mostly have the same cursors: these are there once.
    pub(in crate::extract) fn sharing(self, other: Option<&Self>) -> Self {
        match other.filter(|other| other.cursors == self.cursors) {
            Some(other) => Self { cursors: Arc::clone(&other.cursors), ..self },
            None => self,
        }
    }

    fn cursor(&self, rules: &ReadingRules) -> Option<Moment> {
        rules.with.iter().filter_map(|name| self.cursors.get(*name)).min().copied()
    }
}

/// What is known of a partition: by its own state, and by that of the wide list that has brought it.
pub(in crate::extract) fn known_of(
    own: Option<PartitionState>,
    wide: Option<&PartitionState>,
    partition: &Partition,
    filter: &str,
) -> Option<PartitionState> {
    let covers = |state: &&PartitionState| {
        let covers = state.covers.as_ref().filter(|_| state.filter == filter);
        covers.zip(Id::of_partition(partition)).is_some_and(|(covers, id)| covers.of.contains(&id))
    };
    let Some(wide) = wide.filter(covers) else { return own };
    // What was read with another filter in between may lie outside of the list.
    let filtered_since = wide.filtered_since.clone().filter(|_| own.is_none());
    let (swept_at, filter) = (wide.swept_at, wide.filter.clone());
    let mut known = own.filter(|own| own.filter == filter).unwrap_or_else(|| PartitionState {
        swept_at,
        filter,
        filtered_since,
        ..PartitionState::default()
    });
    for (name, at) in &wide.cursors {
        let cursor = known.cursors.entry(name.clone()).or_insert(*at);
        *cursor = (*cursor).max(*at);
    }
    known.done = [known.done, wide.done.clone()].into_iter().flatten().max_by_key(|done| done.at);
    Some(known)
}

/// Who is read by wide lists in this run, and how.
#[derive(Debug)]
pub(in crate::extract) struct Choice {
    /// The partitions that the wide lists bring; none when it is not worth while.
    pub(in crate::extract) wide: Option<(Cover, Reading)>,
    /// Those that are read by lists of their own.
    pub(in crate::extract) own: Vec<Member>,
}

/// `paths` are those of the wide lists, and `kept` is their state.
pub(in crate::extract) fn choose(
    members: Vec<Member>,
    paths: &[String],
    kept: Option<&PartitionState>,
    rules: &ReadingRules,
    filter: &str,
    history: &History,
) -> Choice {
    let kept = kept.filter(|state| rules.keeps_state && state.filter == filter);
    let begun = kept.and_then(|kept| Begun::of(kept, paths, rules, history));
    let (served, mut own, reading, is_whole) = match begun.filter(|begun| begun.goes_on(&members)) {
        Some(begun) => begun.split(members),
        None => begun_now(members, kept, rules, filter, history),
    };
    let lists: BTreeSet<usize> = served.iter().map(|member| member.list).collect();
    if served.len() <= lists.len() {
        own.extend(served);
        return Choice { wide: None, own };
    }
    let ids: BTreeSet<Id> = served.iter().map(|member| member.id.clone()).collect();
    let before = kept.and_then(|kept| Some((kept.cursors.clone(), kept.covers.as_ref()?)));
    let before = before.map(|(cursors, covers)| (cursors, covers.of.intersection(&ids).cloned().collect()));
    let before = before.unwrap_or_default();
    let members = served.into_iter().map(|member| (member.id.clone(), member)).collect();
    let (is_marking, is_filtered) = (rules.marks_deleted, rules.is_filtered);
    let places = match &reading.point {
        Some(Point::Lists(places)) => Mutex::new(places.clone()),
        _ => Mutex::default(),
    };
    let (paths, members) = (paths.to_vec(), Mutex::new(members));
    let cover = Cover { paths, is_whole, is_marking, is_filtered, before, ids, members, places };
    Choice { wide: Some((cover, reading)), own }
}

/// Served, by own lists, how the wide lists are read, and whether they are read whole.
type Split = (Vec<Member>, Vec<Member>, Reading, bool);

/// The reading that an interrupted load has left.
struct Begun<'p> {
    reading: Reading,
    covers: Covers,
    paths: &'p [String],
}

impl<'p> Begun<'p> {
    fn of(
        kept: &PartitionState,
        paths: &'p [String],
        rules: &ReadingRules,
        history: &History,
    ) -> Option<Self> {
        let (covers, reading) = (kept.covers.clone()?, Reading::begun(kept, rules, history)?);
        Some(Self { reading, covers, paths })
    }

    /// Whether a list is left that brings some of these.
    fn goes_on(&self, members: &[Member]) -> bool {
        let Some(Point::Lists(places)) = &self.reading.point else { return false };
        let is_open =
            |member: &&Member| self.path(member).is_some_and(|path| places.get(path) != Some(&None));
        members.iter().filter(|member| self.serves(member)).any(|member| is_open(&member))
    }

    fn path(&self, member: &Member) -> Option<&String> {
        self.paths.get(member.list)
    }

    /// Whether it was begun for a partition, which is in the same list now.
    fn serves(&self, member: &Member) -> bool {
        let served = self.path(member).and_then(|path| self.covers.serves.get(path));
        served.is_some_and(|served| served.contains(&member.id))
    }

    fn split(self, members: Vec<Member>) -> Split {
        let (served, own): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| self.serves(member));
        let Self { mut reading, covers, .. } = self;
        let is_heard = |member: &Member| !covers.is_whole || covers.heard.contains(&member.id);
        let served = served.into_iter().map(|member| Member { is_heard: is_heard(&member), ..member });
        let served: Vec<Member> = served.collect();
        reading.before.cursors = common(&served);
        (served, own, reading, covers.is_whole)
    }
}

fn begun_now(
    members: Vec<Member>,
    kept: Option<&PartitionState>,
    rules: &ReadingRules,
    filter: &str,
    history: &History,
) -> Split {
    let all = members.len();
    let (whole, bounded): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.is_whole);
    let is_whole = whole.len() * 2 > all;
    let (served, own) = if is_whole {
        (bounded.into_iter().chain(whole).collect(), Vec::new())
    } else {
        let (served, mut own) = near_each_other(bounded, kept, rules);
        own.extend(whole);
        (served, own)
    };
    let cursor = served.iter().filter_map(|member| member.cursor(rules)).min().filter(|_| !is_whole);
    let filtered_since = served.iter().map(|member| member.filtered_since.clone()).max();
    let before = PartitionState {
        cursors: common(&served),
        swept_at: kept.and_then(|kept| kept.swept_at),
        filtered_since: filtered_since.filter(|_| !is_whole),
        ..PartitionState::default()
    };
    (served, own, Reading::wide(before, cursor, rules, filter, history), is_whole)
}

/// Those whose cursors are not far behind most others, and the rest.
fn near_each_other(
    bounded: Vec<Member>,
    kept: Option<&PartitionState>,
    rules: &ReadingRules,
) -> (Vec<Member>, Vec<Member>) {
    let mut cursors: Vec<Moment> = bounded.iter().filter_map(|member| member.cursor(rules)).collect();
    cursors.sort_unstable();
    let earliest = cursors.get(cursors.len() / 2).map(|median| median.minus(NEAR));
    // Nothing that is known of resources that are not read this time may get lost.
    let speaks = kept.filter(|kept| kept.covers.as_ref().is_some_and(|covers| !covers.of.is_empty()));
    let names: Vec<&String> = speaks.iter().flat_map(|kept| kept.cursors.keys()).collect();
    bounded.into_iter().partition(|member| {
        member.cursor(rules) >= earliest && names.iter().all(|name| member.cursors.contains_key(*name))
    })
}

/// What holds for all of them.
fn common(members: &[Member]) -> BTreeMap<String, Moment> {
    let mut all = members.iter().map(|member| &member.cursors);
    let mut common = all.next().map(|cursors| BTreeMap::clone(cursors)).unwrap_or_default();
    for cursors in all {
        common.retain(|name, _| cursors.contains_key(name));
        for (name, at) in &mut common {
            *at = cursors.get(name).map_or(*at, |own| (*at).min(*own));
        }
    }
    common
}

/// The partitions of the wide lists that are being read.
#[derive(Debug)]
pub(in crate::extract) struct Cover {
    /// Of the lists.
    paths: Vec<String>,
    is_whole: bool,
    is_marking: bool,
    is_filtered: bool,
    /// What the state before said, and for whom it holds.
    before: (BTreeMap<String, Moment>, BTreeSet<Id>),
    /// All for whom the lists are read, whatever has become of them since.
    ids: BTreeSet<Id>,
    members: Mutex<BTreeMap<Id, Member>>,
    /// How far the lists are loaded, with everything below.
    places: Mutex<Places>,
}

impl Cover {
    /// Where a list goes on that an interrupted load has begun.
    pub(in crate::extract) fn place(&self, list: usize) -> Option<Option<Moment>> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(self.paths.get(list)?).copied()
    }

    /// Where all lists are, once some of them have come further.
    pub(super) fn reached(&self, point: Point) -> Point {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Point::Lists(further) = point {
            places.extend(further);
        }
        Point::Lists(places.clone())
    }

    /// How many of them a list is read for.
    pub(in crate::extract) fn len(&self, list: usize) -> usize {
        self.lock().values().filter(|member| member.list == list).count()
    }

    /// The partition that a record on a list belongs to.
    pub(in crate::extract) fn partition(&self, id: &Value, list: usize) -> Option<Arc<Partition>> {
        let members = self.lock();
        let member = members.get(&Id::of(id)?).filter(|member| member.list == list)?;
        Some(Arc::clone(&member.partition))
    }

    /// Something came of a partition.
    pub(in crate::extract) fn hear(&self, partition: &Partition) {
        let Some(id) = Id::of_partition(partition) else { return };
        if let Some(member) = self.lock().get_mut(&id) {
            member.is_heard = true;
        }
    }

    /// Gives back those of a list that cannot be read.
    pub(in crate::extract) fn leave(&self, list: usize) -> Vec<Member> {
        self.take(|member| member.list == list)
    }

    /// Gives back those of which nothing came though everything was asked for.
    pub(in crate::extract) fn leave_silent(&self) -> Vec<Member> {
        let is_silent = |member: &Member| !member.is_heard && (member.is_whole || self.is_marking);
        if self.is_whole { self.take(is_silent) } else { Vec::new() }
    }

    fn take(&self, is_meant: impl Fn(&Member) -> bool) -> Vec<Member> {
        self.lock().extract_if(.., |_, member| is_meant(member)).map(|(_, member)| member).collect()
    }

    /// What is kept while the lists are being read.
    pub(super) fn at_point(&self, state: PartitionState) -> PartitionState {
        let members = self.lock();
        let mut serves = BTreeMap::<String, BTreeSet<Id>>::new();
        for (path, member) in members.values().filter_map(|own| Some((self.paths.get(own.list)?, own))) {
            serves.entry(path.clone()).or_default().insert(member.id.clone());
        }
        let heard = members.values().filter(|member| member.is_heard && self.is_whole);
        let heard = heard.map(|member| member.id.clone()).collect();
        let (cursors, of) =
            if self.is_whole { self.before.clone() } else { (state.cursors, self.ids.clone()) };
        let covers = Covers { of, serves, is_whole: self.is_whole, heard };
        PartitionState { cursors, covers: Some(covers), ..state }
    }

    /// What is kept once everything is loaded: of the lists, and of the partitions that they speak for from now on.
    pub(super) fn at_end(&self, state: PartitionState, reading: &Reading) -> (PartitionState, Vec<Kept>) {
        let members = self.lock();
        let covers = Covers { of: members.keys().cloned().collect(), ..Covers::default() };
        let swept_at = if self.is_whole { state.swept_at } else { reading.before.swept_at };
        let state = PartitionState { covers: Some(covers), swept_at, ..state };
        if !self.is_whole {
            return (state, Vec::new());
        }
        let kept = members.values().map(|member| {
            let is_marked = self.is_marking && member.is_heard && reading.is_whole();
            let whole = is_marked.then(|| Whole {
                since: reading.load.clone(),
                from: self.is_filtered.then(|| member.filtered_since.clone()),
            });
            Kept { partition: Arc::clone(&member.partition), state: None, whole }
        });
        (state, kept.collect())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Id, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
