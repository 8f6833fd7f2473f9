//! When a list that was read is asked for again: what is kept of it, and what the record that it hangs on says, come in;
//! a time goes out. Pure.
//!
//! A list is left alone with all that hangs on its records, or not at all, so the least patient of them decides.
//! Nothing is left alone that an earlier run has not read to its end with everything below it, or was refused.

use std::time::Duration;

use super::reading::{History, ReadingRules};
use super::state::PartitionState;
use crate::moment::Moment;

/// How long a list is left alone once it is read; zero: every run asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::extract) struct Refresh {
    /// Whatever happens.
    pub(in crate::extract) every: Duration,
    /// While the record that it hangs on shows no activity.
    pub(in crate::extract) quiet: Duration,
    /// Whether it is left alone until the next full sweep once it changes no more.
    pub(in crate::extract) can_freeze: bool,
}

/// What a record says of a list that hangs on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::extract) struct Standing {
    /// Up to when something may have happened; `None`: it does not say.
    pub(in crate::extract) active_until: Option<Moment>,
    /// Whether the list changes no more.
    pub(in crate::extract) is_frozen: bool,
}

/// When a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extract) enum Due {
    /// By this run.
    Now,
    /// By the first run from then on.
    At(Moment),
    /// By none, unless the record that it hangs on says something else.
    Never,
}

impl Refresh {
    /// What suits both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            every: self.every.min(other.every),
            quiet: self.quiet.min(other.quiet),
            can_freeze: self.can_freeze && other.can_freeze,
        }
    }

    /// Whether every run asks.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// When what was asked for at that time is asked for again. Times are counted from the first of all loads, so that all
/// lists of a pipeline fall due together, at its own time of the day; a little before it, as a run may come a little
/// earlier than the one a day before.
fn next_time(asked_at: Moment, first_at: Moment, every: Duration) -> Moment {
    asked_at.next_step(first_at.minus(every / 24), every)
}

impl ReadingRules {
    /// When the list is asked for that `before` was kept of.
    pub(in crate::extract) fn due(&self, before: &PartitionState, standing: Standing, run: &History) -> Due {
        let now = run.started_at;
        let refused = before.refused.as_ref().map(|refused| refused.at);
        let asked_at = self.cursor(before).into_iter().chain(refused).max();
        let (Some(asked_at), true) = (asked_at, self.keeps_state && before.reading.is_none()) else {
            return Due::Now;
        };
        let swept_at = before.swept_at.or(refused);
        let sweep = self.sweep_every.map(|every| swept_at.map_or(asked_at, |at| at.plus(every)));
        if sweep.is_some_and(|sweep| sweep <= now) {
            return Due::Now;
        }
        if standing.is_frozen && before.is_frozen && self.refresh.can_freeze {
            return sweep.map_or(Due::Never, Due::At);
        }
        let is_quiet = standing.active_until.is_some_and(|active| active < asked_at);
        let left = if is_quiet { self.refresh.every.max(self.refresh.quiet) } else { self.refresh.every };
        let due = if left.is_zero() { now } else { next_time(asked_at, run.first_at, left) };
        if due <= now { Due::Now } else { Due::At(sweep.map_or(due, |sweep| sweep.min(due))) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::extract::resume::state::Refused;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    fn rules(every: Duration, quiet: Duration) -> ReadingRules {
        ReadingRules {
            with: vec!["boards", "lists"],
            sweep_every: Some(7 * DAY),
            keeps_state: true,
            refresh: Refresh { every, quiet, can_freeze: true },
            ..ReadingRules::default()
        }
    }

    /// Of a pipeline whose first load began with May.
    fn run(now: &str) -> History {
        History { started_at: at(now), first_at: at("2024-05-01"), ..History::default() }
    }

    /// Read at noon on the third of May.
    fn read(with: &[&str]) -> PartitionState {
        let noon = at("2024-05-03T12:00:00Z");
        let cursors: BTreeMap<_, _> = with.iter().map(|name| ((*name).to_owned(), noon)).collect();
        PartitionState { cursors, swept_at: Some(noon), ..PartitionState::default() }
    }

    fn active(until: &str) -> Standing {
        Standing { active_until: Some(at(until)), is_frozen: false }
    }

    #[test]
    fn slow_lists_are_due_together_whatever_happens() {
        let (slow, before) = (rules(DAY, Duration::ZERO), read(&["boards", "lists"]));
        let due = |now| slow.due(&before, active("2024-05-03T20:00:00Z"), &run(now));
        assert_eq!(due("2024-05-03T22:00:00Z"), Due::At(at("2024-05-03T23:00:00Z")));
        assert_eq!(due("2024-05-03T23:30:00Z"), Due::Now, "a run that comes half an hour early");
        let unread = read(&["boards"]);
        assert_eq!(slow.due(&unread, Standing::default(), &run("2024-05-03T13:00:00Z")), Due::Now);
        let fast = rules(Duration::ZERO, DAY);
        assert_eq!(fast.due(&before, Standing::default(), &run("2024-05-03T12:00:00Z")), Due::Now);
    }

    #[test]
    fn a_quiet_record_leaves_its_lists_until_something_may_have_happened() {
        let (fast, before) = (rules(Duration::ZERO, 6 * HOUR), read(&["boards", "lists"]));
        let due = |active_until| fast.due(&before, active(active_until), &run("2024-05-03T14:00:00Z"));
        assert_eq!(due("2024-05-03T11:59:59Z"), Due::At(at("2024-05-03T17:45:00Z")));
        assert_eq!(due("2024-05-03T12:00:00Z"), Due::Now);
    }

    #[test]
    fn what_is_frozen_waits_for_a_sweep_once_it_was_read_so() {
        let frozen = Standing { active_until: None, is_frozen: true };
        let any = rules(Duration::ZERO, Duration::ZERO);
        let before = read(&["boards", "lists"]);
        assert_eq!(any.due(&before, frozen, &run("2024-05-04")), Due::Now, "read before it froze");
        let before = PartitionState { is_frozen: true, ..before };
        let sweep = "2024-05-10T12:00:00Z";
        assert_eq!(any.due(&before, frozen, &run("2024-05-04")), Due::At(at(sweep)));
        assert_eq!(any.due(&before, frozen, &run(sweep)), Due::Now);
        assert_eq!(any.due(&before, Standing::default(), &run("2024-05-04")), Due::Now, "it thawed");
        let without_sweeps = ReadingRules { sweep_every: None, ..any };
        assert_eq!(without_sweeps.due(&before, frozen, &run("2025-05-02")), Due::Never);
    }

    #[test]
    fn what_was_refused_is_asked_again_when_it_would_be_read_again() {
        let refused = Refused { at: at("2024-05-03T12:00:00Z"), reason: "forbidden".to_owned() };
        let before = PartitionState { refused: Some(refused), ..PartitionState::default() };
        let due = |every, now| rules(every, Duration::ZERO).due(&before, Standing::default(), &run(now));
        assert_eq!(due(DAY, "2024-05-03T13:00:00Z"), Due::At(at("2024-05-03T23:00:00Z")));
        assert_eq!(due(DAY, "2024-05-04"), Due::Now);
        assert_eq!(due(Duration::ZERO, "2024-05-03T12:10:00Z"), Due::Now);
    }

    #[test]
    fn the_least_patient_decides() {
        let board = Refresh { every: DAY, quiet: Duration::ZERO, can_freeze: true };
        let list = Refresh { every: HOUR, quiet: DAY, can_freeze: true };
        assert_eq!(board.and(list), Refresh { every: HOUR, quiet: Duration::ZERO, can_freeze: true });
        assert!(board.and(Refresh::default()).is_none());
    }
}
