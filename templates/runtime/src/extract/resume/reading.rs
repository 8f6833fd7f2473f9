//! How a partition is read in this run: what is kept of it comes in, a decision goes out. Pure.
//!
//! - A load that was interrupted is gone on with: what it has finished is left alone, what it has begun is read from
//!   where it stood.
//! - Otherwise a list with a lower time bound is asked for what changed since the last complete read began, minus
//!   the lookback; everything when a full sweep is due, or when a resource below was not read along last time.
//! - What is known well enough is left for later: see `refresh`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::refresh::{Due, Refresh, Standing};
use super::run::Run;
use super::state::{Done, PartitionState, Point, Refused, Unfinished};
use crate::config::StartDate;
use crate::moment::{Clock, Moment};
use crate::resource::{Finality, NewestFirst};

/// What a run knows of itself and of the loads before it.
#[derive(Debug, Clone)]
pub struct History {
    pub load_id: String,
    pub started_at: Moment,
    /// When the first of all loads began.
    pub first_at: Moment,
    /// Loads that did not come to their end, and that this one goes on with.
    pub unfinished: BTreeSet<String>,
    /// What tells when something ends.
    pub clock: Clock,
}

/// What the configuration and the definition say of one resource.
#[derive(Debug, Clone, Default)]
pub(in crate::extract) struct ReadingRules {
    /// The resource and all that are below it in this run.
    pub(in crate::extract) with: Vec<&'static str>,
    pub(in crate::extract) is_incremental: bool,
    /// How the list is asked for when a bound is known and the server takes none.
    pub(in crate::extract) newest_first: Option<NewestFirst>,
    /// Whether what hangs on a finished record is left alone once it is loaded.
    pub(in crate::extract) settled_after: Option<(Finality, Duration)>,
    pub(in crate::extract) lookback: Duration,
    pub(in crate::extract) start: StartDate,
    /// `None`: never.
    pub(in crate::extract) sweep_every: Option<Duration>,
    /// Whether state is kept and used. Not where rows wait for a complete read to replace a table: a part of them
    /// would replace all.
    pub(in crate::extract) keeps_state: bool,
    /// Whether a whole read may say which rows are gone.
    pub(in crate::extract) marks_deleted: bool,
    /// Whether the list is a part of what was read before: the scope or the user chooses.
    pub(in crate::extract) is_filtered: bool,
    /// How long it is left alone once it is read, with all below it.
    pub(in crate::extract) refresh: Refresh,
    /// How long it could be left alone, if that was decided here.
    pub(in crate::extract) patience: Refresh,
}

/// What a run does about a partition.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) enum Plan {
    Read(Box<Reading>),
    /// The interrupted load that this one goes on with has read it.
    Done,
    /// It is left for a later run.
    Left {
        due: Due,
        refused: Option<Refused>,
    },
}

/// The record that a partition hangs on, as far as it decides how that is read.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::extract) struct Above {
    /// When it has changed, if it says so.
    pub(in crate::extract) changed_at: Option<Moment>,
    pub(in crate::extract) standing: Standing,
}

/// How a partition is read.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Reading {
    /// What changed before is not asked for.
    pub(in crate::extract) since: Option<Moment>,
    /// Where an interrupted load stopped.
    pub(in crate::extract) point: Option<Point>,
    /// When it began, in this load or in the one that is gone on with.
    pub(in crate::extract) began_at: Moment,
    /// The load in which it began.
    pub(super) load: String,
    /// What was kept before.
    pub(super) before: PartitionState,
    filter: String,
    /// Whether nothing below the record that it hangs on changes any more.
    is_frozen: bool,
}

impl Reading {
    /// What is done about a partition of which `kept` is known.
    pub(in crate::extract) fn plan(
        kept: Option<PartitionState>,
        rules: &ReadingRules,
        filter: String,
        above: Above,
        history: &History,
    ) -> Plan {
        let Above { changed_at, standing } = above;
        let before = kept.filter(|state| rules.keeps_state && state.filter == filter).unwrap_or_default();
        let covers = |with: &[String]| rules.with.iter().all(|name| with.iter().any(|own| own == name));
        let is_fresh = |done: &Done| changed_at.is_none_or(|changed_at| changed_at <= done.at);
        let is_done = |done: &Done| history.resumes(&done.load) && covers(&done.with) && is_fresh(done);
        if before.done.as_ref().is_some_and(is_done) {
            return Plan::Done;
        }
        let due = rules.due(&before, standing, history);
        if due != Due::Now {
            return Plan::Left { due, refused: before.refused };
        }
        let reading = Self::begun(&before, rules, history).unwrap_or_else(|| {
            let since = rules.since(&before, history);
            Self::anew(before, since, filter, history)
        });
        Plan::Read(Box::new(Self { is_frozen: standing.is_frozen, ..reading }))
    }

    /// The reading that an interrupted load has left, if this one goes on with it.
    pub(super) fn begun(before: &PartitionState, rules: &ReadingRules, history: &History) -> Option<Self> {
        let Unfinished { load, with, began_at, since, point } = before.reading.clone()?;
        let covers = rules.with.iter().all(|name| with.iter().any(|own| own == name));
        let (before, filter) = (before.clone(), before.filter.clone());
        let begun = Self { since, point: Some(point), began_at, load, before, filter, is_frozen: false };
        (covers && history.resumes(&begun.load)).then_some(begun)
    }

    /// Of a list that many partitions are read in: `before` and `cursor` hold for all of them. Everything from the start
    /// date on without a cursor.
    pub(super) fn wide(
        before: PartitionState,
        cursor: Option<Moment>,
        rules: &ReadingRules,
        filter: &str,
        history: &History,
    ) -> Self {
        let start = || rules.start(history).filter(|_| rules.is_incremental);
        let since = cursor.map(|cursor| cursor.minus(rules.lookback)).or_else(start);
        Self::anew(before, since, filter.to_owned(), history)
    }

    fn anew(before: PartitionState, since: Option<Moment>, filter: String, history: &History) -> Self {
        let (began_at, load) = (history.started_at, history.load_id.clone());
        Self { since, point: None, began_at, load, before, filter, is_frozen: false }
    }

    /// Takes the bound of the list that it hangs on, where it has no cursor of its own.
    pub(in crate::extract) fn inherit(&mut self, since: Option<Moment>, rules: &ReadingRules) {
        if rules.newest_first.is_some() && !rules.is_incremental {
            self.since = since;
        }
    }

    /// The bound for what hangs on a record that was made at `created_at`: of a record that was there before the last
    /// run, everything below that changed before then is loaded. `None` in a full sweep.
    pub(in crate::extract) fn bound_below(
        &self,
        created_at: Option<Moment>,
        below: &str,
        rules: &ReadingRules,
    ) -> Option<Moment> {
        let cursor = self.since.and(self.before.cursors.get(below).copied())?;
        let bound = cursor.minus(rules.lookback);
        created_at.filter(|created_at| *created_at < bound).map(|_| bound)
    }

    /// Whether nothing was left out of the list on purpose.
    pub(in crate::extract) fn is_whole(&self) -> bool {
        self.since.is_none()
    }

    /// The first load that read the list with the filter that it has now.
    pub(in crate::extract) fn filtered_since(&self) -> &str {
        self.before.filtered_since.as_ref().unwrap_or(&self.load)
    }

    /// What changed before this was loaded in earlier runs, with everything below.
    pub(in crate::extract) fn loaded_before(&self, rules: &ReadingRules) -> Option<Moment> {
        rules.cursor(&self.before)
    }

    /// What to keep when everything up to `point` is loaded.
    pub(in crate::extract) fn state_at(&self, point: Point, rules: &ReadingRules) -> PartitionState {
        let reading = Unfinished {
            load: self.load.clone(),
            with: rules.names(),
            began_at: self.began_at,
            since: self.since,
            point,
        };
        PartitionState {
            reading: Some(reading),
            filter: self.filter.clone(),
            done: None,
            refused: None,
            ..self.before.clone()
        }
    }

    /// What to keep when everything is loaded.
    pub(in crate::extract) fn state_at_end(&self, rules: &ReadingRules, run: &Run) -> PartitionState {
        let began_at = run.on_the_server(self.began_at);
        let at = run.on_the_server(run.clock.now());
        let mut state = PartitionState {
            reading: None,
            filter: self.filter.clone(),
            filtered_since: self.before.filtered_since.clone().or_else(|| Some(self.load.clone())),
            done: Some(Done { load: run.load_id.clone(), with: rules.names(), at }),
            is_frozen: self.is_frozen,
            refused: None,
            ..self.before.clone()
        };
        if rules.keeps_cursor() {
            state.cursors.extend(rules.with.iter().map(|name| ((*name).to_owned(), began_at)));
            if self.is_sweep(rules) {
                state.swept_at = Some(self.began_at);
            }
        }
        state
    }

    /// What to keep when it was refused, beside what was known before: why, where that says when to ask again; that it is
    /// done, by the rules that it was asked by.
    pub(in crate::extract) fn state_when_refused(
        &self,
        reason: Option<String>,
        done_by: Option<&Arc<ReadingRules>>,
        run: &Run,
    ) -> PartitionState {
        let done = |rules: &Arc<ReadingRules>| {
            let at = run.on_the_server(run.clock.now());
            Done { load: run.load_id.clone(), with: rules.names(), at }
        };
        let at = run.on_the_server(self.began_at);
        PartitionState {
            reading: None,
            filter: self.filter.clone(),
            done: done_by.map(done).or_else(|| self.before.done.clone()),
            refused: reason.map(|reason| Refused { at, reason }),
            ..self.before.clone()
        }
    }

    /// Whether it was bounded by the start date at most.
    pub(super) fn is_sweep(&self, rules: &ReadingRules) -> bool {
        self.since.is_none()
            || rules.cursor(&self.before).is_none()
            || rules.is_sweep_due(&self.before, self.began_at)
    }
}

impl ReadingRules {
    /// Whether what is kept of a partition says something to later loads; if not, it is forgotten when what it hangs
    /// on is done.
    pub(in crate::extract) fn keeps_cursor(&self) -> bool {
        let says_something = self.is_incremental || self.settled_after.is_some() || !self.refresh.is_none();
        self.keeps_state && says_something
    }

    fn names(&self) -> Vec<String> {
        self.with.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The lower bound to ask with.
    fn since(&self, before: &PartitionState, history: &History) -> Option<Moment> {
        if !self.is_incremental {
            return None;
        }
        let start = self.start(history);
        if self.is_sweep_due(before, history.started_at) {
            return start;
        }
        self.cursor(before).map_or(start, |cursor| Some(cursor.minus(self.lookback)))
    }

    fn start(&self, history: &History) -> Option<Moment> {
        match self.start {
            StartDate::Beginning => None,
            StartDate::At(moment) => Some(moment),
            StartDate::Now => Some(history.first_at.minus(self.lookback)),
        }
    }

    /// The earliest cursor of all that are read now; `None` when one of them has none.
    pub(super) fn cursor(&self, before: &PartitionState) -> Option<Moment> {
        let cursors: Option<Vec<Moment>> =
            self.with.iter().map(|name| before.cursors.get(*name).copied()).collect();
        cursors.and_then(|cursors| cursors.into_iter().min())
    }

    fn is_sweep_due(&self, before: &PartitionState, now: Moment) -> bool {
        let Some(every) = self.sweep_every else { return false };
        before.swept_at.is_none_or(|swept_at| swept_at <= now.minus(every))
    }
}

impl History {
    fn resumes(&self, load: &str) -> bool {
        load == self.load_id || self.unfinished.contains(load)
    }
}

impl Default for History {
    /// That of a first load.
    fn default() -> Self {
        let now = Moment::now();
        let (load_id, unfinished) = (String::new(), BTreeSet::new());
        Self { load_id, started_at: now, first_at: now, unfinished, clock: Clock::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    /// Of issues with notes below them.
    fn rules() -> ReadingRules {
        ReadingRules {
            with: vec!["issues", "notes"],
            is_incremental: true,
            lookback: HOUR,
            sweep_every: Some(WEEK),
            keeps_state: true,
            ..ReadingRules::default()
        }
    }

    fn run(load: &str, at: &str) -> History {
        History { load_id: load.to_owned(), started_at: moment(at), ..History::default() }
    }

    /// A run on a server whose clock is that of this machine.
    fn here(load: &str) -> Run {
        Run::new(load, Clock::default(), || Duration::ZERO)
    }

    fn plan(kept: Option<PartitionState>, rules: &ReadingRules, history: &History) -> Option<Reading> {
        reading(Reading::plan(kept, rules, String::new(), Above::default(), history))
    }

    fn reading(plan: Plan) -> Option<Reading> {
        match plan {
            Plan::Read(reading) => Some(*reading),
            Plan::Done | Plan::Left { .. } => None,
        }
    }

    /// What a run that came to its end has kept.
    fn after(load: &str, at: &str, rules: &ReadingRules) -> PartitionState {
        plan(None, rules, &run(load, at)).unwrap().state_at_end(rules, &here(load))
    }

    #[test]
    fn the_bound_is_the_start_of_the_last_run_minus_the_lookback() {
        let kept = after("a", "2024-05-01T10:00:00Z", &rules());
        let reading = plan(Some(kept), &rules(), &run("b", "2024-05-02")).unwrap();
        assert_eq!(reading.since, Some(moment("2024-05-01T09:00:00Z")));
        assert!(!reading.is_whole());
    }

    #[test]
    fn a_resource_that_comes_along_for_the_first_time_brings_everything() {
        let alone = ReadingRules { with: vec!["issues"], ..rules() };
        let kept = after("a", "2024-05-01", &alone);
        assert_eq!(plan(Some(kept.clone()), &rules(), &run("b", "2024-05-02")).unwrap().since, None);
        // Read without notes in between, issues go on, and the notes stay where they were.
        let both = after("a", "2024-05-01", &rules());
        let between =
            plan(Some(both), &alone, &run("b", "2024-05-03")).unwrap().state_at_end(&alone, &here("b"));
        let reading = plan(Some(between), &rules(), &run("c", "2024-05-04")).unwrap();
        assert_eq!(reading.since, Some(moment("2024-05-01").minus(HOUR)));
    }

    #[test]
    fn a_sweep_is_due_when_the_last_is_old_and_another_filter_is_another_list() {
        let kept = after("a", "2024-05-01", &rules());
        assert!(
            plan(Some(kept.clone()), &rules(), &run("b", "2024-05-07T23:00:00Z")).unwrap().since.is_some()
        );
        let sweep = plan(Some(kept.clone()), &rules(), &run("b", "2024-05-08")).unwrap();
        assert_eq!(sweep.since, None);
        assert_eq!(sweep.state_at_end(&rules(), &here("b")).swept_at, Some(moment("2024-05-08")));
        let filtered = Reading::plan(
            Some(kept),
            &rules(),
            "labels=bug".to_owned(),
            Above::default(),
            &run("b", "2024-05-02"),
        );
        assert_eq!(reading(filtered).unwrap().since, None);
    }

    #[test]
    fn the_start_date_bounds_a_first_run_and_now_is_that_of_the_first_load() {
        let at =
            |start| plan(None, &ReadingRules { start, ..rules() }, &run("a", "2024-05-01")).unwrap().since;
        assert_eq!(at(StartDate::At(moment("2024-04-01"))), Some(moment("2024-04-01")));
        let now = ReadingRules { start: StartDate::Now, ..rules() };
        let later = History { first_at: moment("2024-01-01"), ..run("z", "2024-05-01") };
        assert_eq!(plan(None, &now, &later).unwrap().since, Some(moment("2024-01-01").minus(HOUR)));
    }

    #[test]
    fn an_interrupted_load_is_gone_on_with() {
        let begun = plan(None, &rules(), &run("a", "2024-05-01")).unwrap();
        let point = Point::From(moment("2024-03-01"));
        let kept = begun.state_at(point.clone(), &rules());
        let going_on = History { unfinished: ["a".to_owned()].into(), ..run("b", "2024-05-02") };
        let reading = plan(Some(kept.clone()), &rules(), &going_on).unwrap();
        assert_eq!((reading.point.clone(), reading.load.as_str()), (Some(point), "a"));
        // What changed since the first of both began may be missing.
        let done = reading.state_at_end(&rules(), &here("b"));
        assert_eq!(done.cursors.get("notes"), Some(&moment("2024-05-01")));
        assert_eq!(
            plan(Some(done.clone()), &rules(), &History { load_id: "b".to_owned(), ..going_on }),
            None
        );
        assert!(
            plan(Some(done), &rules(), &run("c", "2024-05-03")).is_some(),
            "a finished load is followed by another"
        );
        let other = plan(Some(kept), &rules(), &run("b", "2024-05-02")).unwrap();
        assert_eq!(other.point, None, "a load that is not gone on with says nothing");
    }

    #[test]
    fn what_changed_after_it_was_done_is_read_again() {
        let leaf = ReadingRules { with: vec!["notes"], keeps_state: true, ..ReadingRules::default() };
        let kept = after("a", "2024-05-01", &leaf);
        let history = History { unfinished: ["a".to_owned()].into(), ..run("b", "2024-05-02") };
        let reads = |changed_at| {
            let above = Above { changed_at, ..Above::default() };
            Reading::plan(Some(kept.clone()), &leaf, String::new(), above, &history) != Plan::Done
        };
        assert!(!reads(Some(moment("2024-05-01"))) && !reads(None));
        assert!(reads(Some(Moment::now().minus(Duration::ZERO))));
    }

    #[test]
    fn nothing_is_kept_or_used_where_a_table_is_replaced() {
        let replaced = ReadingRules { keeps_state: false, ..rules() };
        let history = History { unfinished: ["a".to_owned()].into(), ..run("b", "2024-05-02") };
        let reading = plan(Some(after("a", "2024-05-01", &rules())), &replaced, &history).unwrap();
        assert_eq!((reading.since, reading.point), (None, None));
    }

    #[test]
    fn where_the_servers_clock_is_behind_its_time_counts() {
        let behind = Run::new("a", Clock::default(), || 2 * HOUR);
        let kept = plan(None, &rules(), &run("a", "2024-05-01T10:00:00Z")).unwrap();
        let kept = kept.state_at_end(&rules(), &behind);
        let reading = plan(Some(kept), &rules(), &run("b", "2024-05-02")).unwrap();
        assert_eq!(reading.since, Some(moment("2024-05-01T07:00:00Z")));
    }
}
