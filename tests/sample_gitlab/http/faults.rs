//! Failures by chance, the same in every run with the same seed.

use std::collections::HashMap;

use crate::world::Seed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error with a JSON body.
    Status(u16),
    /// An error with an HTML body, as a proxy writes it.
    HtmlStatus(u16),
    /// The connection is reset before any answer.
    Reset,
    /// The connection ends before the announced length was sent.
    CutBody,
    /// A status of 200 with a page for people.
    HtmlInstead,
    /// No answer, ever.
    Stall,
    /// A page to sign in, as single sign-on in front of GitLab sends every call to.
    SignIn,
    /// A text in the answer holds a Latin-1 byte.
    LatinByte,
}

/// What happens to a request depends on its address and on how often it was tried, not on the order in
/// which requests arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    pub seed: u64,
    /// Only requests of this list fail.
    pub only: Option<String>,
    /// A request that failed this often in a row then succeeds.
    pub at_most_in_a_row: u32,
    pub chances: Vec<(Fault, f64)>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { seed: 1, only: None, at_most_in_a_row: u32::MAX, chances: Vec::new() }
    }
}

impl Faults {
    /// Every request fails so.
    pub fn always(fault: Fault) -> Self {
        Self::default().with(fault, 1.0)
    }

    /// Adds a failure with a probability of `0.0..=1.0`.
    #[must_use]
    pub fn with(mut self, fault: Fault, chance: f64) -> Self {
        self.chances.push((fault, chance));
        self
    }
}

#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<String, Attempt>);

#[derive(Clone, Copy, Debug, Default)]
struct Attempt {
    tries: i64,
    failures_in_a_row: u32,
}

impl Attempts {
    pub(super) fn next_fault(&mut self, faults: &Faults, address: &str) -> Option<Fault> {
        if faults.chances.is_empty() {
            return None;
        }
        let attempt = self.0.entry(address.to_owned()).or_default();
        attempt.tries += 1;
        let drawn = Seed::new(faults.seed).chance(address, &[attempt.tries]);
        let mut reached = 0.0;
        let fault = faults.chances.iter().find(|(_, chance)| {
            reached += chance;
            drawn < reached
        });
        let fault =
            fault.filter(|_| attempt.failures_in_a_row < faults.at_most_in_a_row).map(|(fault, _)| *fault);
        attempt.failures_in_a_row = if fault.is_some() { attempt.failures_in_a_row + 1 } else { 0 };
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(faults: &Faults, addresses: &[&str]) -> Vec<Option<Fault>> {
        let mut attempts = Attempts::default();
        addresses.iter().map(|address| attempts.next_fault(faults, address)).collect()
    }

    #[test]
    fn the_order_of_requests_does_not_change_what_fails() {
        let faults = Faults::default().with(Fault::Status(502), 0.3).with(Fault::Reset, 0.2);
        let addresses: Vec<String> = (0..200).map(|page| format!("/issues?page={page}")).collect();
        let mut forward: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let there = drawn(&faults, &forward);
        forward.reverse();
        let mut back = drawn(&faults, &forward);
        back.reverse();
        assert_eq!(there, back);
        let failed = there.iter().flatten().count();
        assert!((70..130).contains(&failed), "about half of 200 fail: {failed}");
    }

    #[test]
    fn a_row_of_failures_ends() {
        let faults = Faults { at_most_in_a_row: 2, ..Faults::always(Fault::Reset) };
        let outcome = drawn(&faults, &["/a"; 6]);
        let fails: Vec<_> = outcome.iter().map(Option::is_some).collect();
        assert_eq!(fails, [true, true, false, true, true, false]);
    }
}
