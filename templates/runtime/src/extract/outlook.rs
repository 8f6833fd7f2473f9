//! How much a run will have read in the end, as far as is known: counts per resource come in, an [`Outlook`] goes out. Pure.

/// Records of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// All lists were begun, and each says how long it is.
    Known(u64),
    /// Lists that were not begun are taken to be as long as those that were.
    About(u64),
    /// Of some lists nothing is known yet.
    AtLeast(u64),
}

impl Outlook {
    pub fn records(self) -> u64 {
        let (Self::Known(records) | Self::About(records) | Self::AtLeast(records)) = self;
        records
    }

    pub fn is_known(self) -> bool {
        matches!(self, Self::Known(_))
    }
}

/// What is known of one resource.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// The place of the resource that it hangs on, before its own.
    pub(super) parent: Option<usize>,
    pub(super) records: u64,
    /// Of the lists that were begun.
    pub(super) expected: u64,
    /// Lists that are to be read, as far as they are known.
    pub(super) lists: u64,
    pub(super) begun: u64,
}

/// Parents come before their children.
pub(super) fn outlook(known: &[Known]) -> Outlook {
    let mut ends: Vec<f64> = Vec::with_capacity(known.len());
    let (mut is_known, mut is_guessable) = (true, true);
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
    }
    let begun: u64 = known.iter().map(|one| one.expected.max(one.records)).sum();
    match (is_known, is_guessable) {
        (true, _) => Outlook::Known(begun),
        (false, true) => Outlook::About(whole(ends.iter().sum()).max(begun)),
        (false, false) => Outlook::AtLeast(begun),
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
        let projects = Known { records: 100, expected: 400, lists: 1, begun: 1, parent: None };
        let issues =
            |lists, begun, expected| Known { parent: Some(0), records: expected, expected, lists, begun };
        assert_eq!(outlook(&[projects]), Outlook::Known(400));
        assert_eq!(outlook(&[projects, issues(100, 0, 0)]), Outlook::AtLeast(400));
        // 300 projects bring 300 more lists, of 20 issues each.
        assert_eq!(outlook(&[projects, issues(100, 50, 1_000)]), Outlook::About(400 + 8_000));
        let done = Known { records: 400, ..projects };
        assert_eq!(outlook(&[done, issues(400, 400, 8_000)]), Outlook::Known(8_400));
    }
}
