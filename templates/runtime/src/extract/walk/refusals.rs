//! What the refusals of one resource's lists say together: that the instance lacks it, or gives it to nobody like us.
//!
//! GitLab knows a route or does not, so a few parents show it. What is forbidden hangs on the parent, so that many of
//! different projects or groups have to agree, and a single list that is given says that the others are to be asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::client::{Fault, Missing};
use crate::page::Binding;

/// Parents that show that a route is not there.
const LACKING: usize = 3;

/// Projects or groups that show that a route is forbidden.
const FORBIDDEN: usize = 20;

/// Of one resource. Shared by all workers.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_given: bool,
    lacking: usize,
    /// The outermost parents of lists that were forbidden.
    forbidden: Vec<Value>,
    /// What the last refusal said, once there were enough.
    verdict: Option<String>,
}

impl Refusals {
    /// A list was given.
    pub(super) fn given(&self) {
        *self.lock() = State { is_given: true, ..State::default() };
    }

    /// A list was refused; the first of `bindings` is the project or group that it belongs to.
    pub(super) fn add(&self, fault: &Fault, bindings: &[Binding]) {
        let Some(outermost) = bindings.first() else { return };
        let mut state = self.lock();
        match fault {
            _ if state.is_given => return,
            Fault::NotFound { missing: Missing::Route, .. } => state.lacking += 1,
            Fault::Forbidden { .. } | Fault::InsufficientScope { .. }
                if !state.forbidden.contains(&outermost.value) =>
            {
                state.forbidden.push(outermost.value.clone());
            }
            _ => {}
        }
        if state.lacking >= LACKING || state.forbidden.len() >= FORBIDDEN {
            let asked = state.lacking + state.forbidden.len();
            state.verdict =
                Some(format!("not asked for, as {asked} before were refused and none was given: {fault}"));
        }
    }

    /// Why the lists that are left need not be asked for.
    pub(super) fn verdict(&self) -> Option<String> {
        self.lock().verdict.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Excerpt;

    fn refuse(refusals: &Refusals, fault: &Fault, projects: std::ops::Range<i64>) {
        for project in projects {
            refusals.add(fault, &[Binding { column: "project_id", value: project.into() }]);
        }
    }

    fn missing(missing: Missing) -> Fault {
        Fault::NotFound { missing, message: Excerpt::new("404") }
    }

    #[test]
    fn a_route_that_is_not_there_is_asked_a_few_times() {
        let refusals = Refusals::default();
        refuse(&refusals, &missing(Missing::Thing), 0..100);
        refuse(&refusals, &missing(Missing::Route), 0..2);
        assert_eq!(refusals.verdict(), None);
        refuse(&refusals, &missing(Missing::Route), 2..3);
        let said = refusals.verdict().unwrap();
        assert_eq!(said, "not asked for, as 3 before were refused and none was given: not found: 404");
    }

    #[test]
    fn what_is_forbidden_in_one_place_may_be_given_in_another() {
        let forbidden = Fault::Forbidden { message: Excerpt::new("403") };
        let refusals = Refusals::default();
        // All in one project.
        (0..100).for_each(|_| refuse(&refusals, &forbidden, 7..8));
        refuse(&refusals, &forbidden, 8..26);
        assert_eq!(refusals.verdict(), None);
        refuse(&refusals, &forbidden, 26..27);
        assert!(refusals.verdict().is_some());
        refusals.given();
        refuse(&refusals, &forbidden, 0..100);
        assert_eq!(refusals.verdict(), None);
    }
}
