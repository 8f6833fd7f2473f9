//! How much a run will have read in the end, as far as is known: counts per resource come in, an [`Outlook`] goes out. Pure.

/// What a run will come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    pub records: Records,
    /// That are still to be made for what is known, which is not all where records are [`AtLeast`](Records::AtLeast) so many.
    /// `None`: lists are to be read of a kind of which none was read yet.
    pub requests_left: Option<u64>,
}

/// Records of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// All lists were begun, and each says how long it is.
    Known(u64),
    /// Lists that were not begun are taken to be as long as those that were.
    About(u64),
    /// Of some lists nothing is known yet, or not how long they are.
    AtLeast(u64),
}

impl Records {
    pub fn number(self) -> u64 {
        let (Self::Known(records) | Self::About(records) | Self::AtLeast(records)) = self;
        records
    }
}

/// What is known of one resource.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// The place of the resource that it hangs on, before its own.
    pub(super) parent: Option<usize>,
    pub(super) records: u64,
    pub(super) requests: u64,
    /// Of the lists that were begun.
    pub(super) expected: u64,
    /// Lists that are to be read, as far as they are known.
    pub(super) lists: u64,
    pub(super) begun: u64,
    /// Those of them that go on, nobody says for how long.
    pub(super) open_ended: u64,
}

/// Parents come before their children.
pub(super) fn outlook(known: &[Known]) -> Outlook {
    let mut ends: Vec<f64> = Vec::with_capacity(known.len());
    let (mut is_known, mut is_guessable, mut requests) = (true, true, 0.0);
    for one in known {
        let parent = one.parent.and_then(|place| Some((known.get(place)?, *ends.get(place)?)));
        let to_come = match parent {
            // A parent's records to come bring as many lists each as those before.
            Some((parent, end)) if parent.records > 0 => {
                let each = number(one.lists) / number(parent.records);
                (end - number(parent.records)).max(0.0) * each
            }
            _ => 0.0,
        };
        let unread = number(one.lists.saturating_sub(one.begun)) + to_come;
        is_known &= unread < 0.5;
        let length = if one.begun > 0 { number(one.expected) / number(one.begun) } else { 0.0 };
        is_guessable &= one.begun > 0 || unread < 0.5;
        ends.push(number(one.expected.max(one.records)) + unread * length);
        requests += one.requests_left(unread, length);
    }
    let begun: u64 = known.iter().map(|one| one.expected.max(one.records)).sum();
    let has_end = known.iter().all(|one| one.open_ended == 0);
    let records = match (has_end && is_guessable, is_known) {
        (true, true) => Records::Known(begun),
        (true, false) => Records::About(whole(ends.iter().sum()).max(begun)),
        (false, _) => Records::AtLeast(begun),
    };
    Outlook { records, requests_left: is_guessable.then(|| whole(requests)) }
}

impl Known {
    /// For the rest of the lists that were begun, and for those that were not, each of them `length` records long.
    fn requests_left(&self, unread: f64, length: f64) -> f64 {
        // An empty list costs one as well.
        let page = (number(self.records) / number(self.requests.max(1))).max(1.0);
        let rest = number(self.expected.saturating_sub(self.records)) / page;
        rest + number(self.open_ended) + unread * (length / page).max(1.0)
    }
}

/// Exact for all that occurs.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn number(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and never negative"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_to_come_are_as_long_as_those_before() {
        let projects =
            Known { records: 100, requests: 1, expected: 400, lists: 1, begun: 1, ..Known::default() };
        let issues = |lists, begun, expected| Known {
            parent: Some(0),
            records: expected,
            requests: begun,
            expected,
            lists,
            begun,
            ..Known::default()
        };
        let seen = |known: &[Known]| {
            let outlook = outlook(known);
            (outlook.records, outlook.requests_left)
        };
        assert_eq!(seen(&[projects]), (Records::Known(400), Some(3)));
        assert_eq!(seen(&[projects, issues(100, 0, 0)]), (Records::AtLeast(400), None));
        // 300 projects bring 300 more lists, of 20 issues each.
        assert_eq!(seen(&[projects, issues(100, 50, 1_000)]), (Records::About(400 + 8_000), Some(3 + 350)));
        // Without an end, what is known is the least.
        let endless = Known { expected: 100, open_ended: 1, ..projects };
        assert_eq!(seen(&[endless]), (Records::AtLeast(100), Some(1)));
        assert_eq!(seen(&[endless, issues(100, 50, 1_000)]), (Records::AtLeast(100 + 1_000), Some(1 + 50)));
        let done = Known { records: 400, requests: 4, ..projects };
        assert_eq!(seen(&[done, issues(400, 400, 8_000)]), (Records::Known(8_400), Some(0)));
    }

    #[test]
    fn an_empty_list_costs_a_request_and_a_long_one_several() {
        let issues =
            Known { records: 200, requests: 2, expected: 200, lists: 1, begun: 1, ..Known::default() };
        let notes = |begun, records, requests| Known {
            parent: Some(0),
            records,
            requests,
            expected: records,
            lists: 200,
            begun,
            ..Known::default()
        };
        assert_eq!(outlook(&[issues, notes(100, 0, 100)]).requests_left, Some(100));
        // Three pages each.
        assert_eq!(outlook(&[issues, notes(100, 25_000, 300)]).requests_left, Some(300));
    }
}
