//! Reading a list by page numbers while its rows come, go and move, without losing one that was there all the time.
//!
//! A page number is a place counted from the front. When a row in front of it goes, everything behind moves up, and the
//! first row of the next page slips onto the page that was just read. Three ways of asking close that gap:
//!
//! - **In the order of change** (`ascends`): a changed row moves to the end and is seen there. The next page is not
//!   page 2 but page 1 of what changed since the last row. Rows of that very instant come again and are left out.
//! - **By overlapping windows**: the next page begins at least one row before the end of the last one. GitLab takes
//!   page numbers only, so the window is a page of another size: after 100 rows, page 2 of 99 begins with row 100. If
//!   its first row is known, everything that stood behind the known rows stands behind it still, and nothing was
//!   missed. If not, rows have gone, and the window before it is read again, and the one before that, until one
//!   begins with a known row or at the front. Nothing extra is asked as long as nothing goes; windows hold about
//!   a tenth less than pages.
//! - **By keyset**, where the server offers it: it needs nothing of this.
//!
//! Windows need pages of the size that was asked for, and rows with a key. A server that gives pages of another size, and
//! a list without a key, are followed page by page. Where pages have to become smaller, the first smaller window
//! overlaps with what was read as well; single rows cannot overlap.

use std::collections::HashSet;
use std::sync::Arc;

use super::position::Position;
use crate::moment::Moment;
use crate::record::Glimpse;

/// The smallest page that can overlap with another and still bring something new.
const SMALLEST: u32 = 2;

/// How many windows in a row may be read again before the list is taken to have no order.
const MOST_BACK: u32 = 50;

/// How many answers in a row may bring nothing but known rows before the server is taken to ignore page numbers.
const MOST_STALE: u32 = 3;

/// Rows that were handed over and may come again.
pub(super) type Known = Arc<HashSet<u64>>;

/// Where a list stands that is read by page numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The lower bound that the list is read with.
    pub(super) bound: Option<Moment>,
    /// The lower bound of this request.
    pub(super) since: Option<Moment>,
    /// The list is asked for in the order of change, and has kept to it so far.
    pub(super) ascends: bool,
    /// What was read in front of this request.
    known: Known,
    /// What was read behind a gap: handed over as well, but no sign that nothing was missed.
    beyond: Known,
    /// How far the list is read, in rows from its front, and how often it went back since.
    reached: u64,
    backs: u32,
    /// Answers in a row that brought nothing new though they reached farther.
    stale: u32,
}

/// One answer of such a list.
#[derive(Debug)]
pub(super) struct Window<'a> {
    pub(super) records: &'a [Glimpse],
    /// Whether the records can be told apart: of others, nothing is known when they come again.
    pub(super) has_key: bool,
    /// The field that the order of change goes by.
    pub(super) cursor: Option<&'static str>,
    pub(super) position: &'a Position,
    /// How many rows were asked for.
    pub(super) size: u32,
    /// The most that may be asked for.
    pub(super) most: u32,
    /// Where the server says that the list goes on.
    pub(super) next: Option<Position>,
}

/// What an answer means.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Rows have gone in front of it: this position comes first. The records are handed over all the same.
    Back(Position),
    Next(Position),
    End,
    /// The server gives the same rows again and again.
    Stuck,
}

/// What is left to do after an answer.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) step: Step,
    pub(super) place: Place,
    /// The server does not keep to the order of change, or to the bound.
    pub(super) is_disobeyed: bool,
}

impl Place {
    /// The front of a list that is read from `bound` on.
    pub(super) fn front(bound: Option<Moment>, ascends: bool) -> Self {
        Self { bound, since: bound, ascends, ..Self::default() }
    }

    /// The records that were not handed over before.
    pub(super) fn is_new(&self, record: &Glimpse) -> bool {
        !self.known.contains(&record.identity()) && !self.beyond.contains(&record.identity())
    }

    /// Where the list goes on, and from what place.
    pub(super) fn after(&self, window: &Window<'_>) -> Outcome {
        let cursors = self.cursors(window);
        let is_disobeyed = self.ascends && cursors.is_none() && !window.records.is_empty();
        let mut place = Self { ascends: self.ascends && !is_disobeyed, ..self.clone() };
        if is_disobeyed && self.since != self.bound {
            // What was read so far was no part of any order.
            place = Self::front(self.bound, false);
            return Outcome { step: Step::Next(Position::First), place, is_disobeyed };
        }
        if !self.is_continuous(window, cursors.as_deref()) && self.backs < MOST_BACK {
            place.backs += 1;
            place.beyond = with(&self.beyond, window);
            return Outcome { step: Step::Back(before(window)), place, is_disobeyed };
        }
        let end = window.position.page().saturating_mul(window.size.into());
        if end > place.reached {
            let is_known = |row: &Glimpse| self.known.contains(&row.identity());
            let is_stale = !window.records.is_empty() && window.records.iter().all(is_known);
            let stale = if is_stale { place.stale + 1 } else { 0 };
            (place.reached, place.backs, place.stale) = (end, 0, stale);
        }
        if place.stale >= MOST_STALE {
            return Outcome { step: Step::Stuck, place, is_disobeyed };
        }
        let Some(next) = window.next.clone() else {
            return Outcome { step: Step::End, place, is_disobeyed };
        };
        let last = cursors.as_ref().and_then(|cursors| cursors.last()).map(|last| last.floor_to_millis());
        let step = match (last, cursors) {
            (Some(last), Some(cursors)) if self.since.is_none_or(|since| since < last) => {
                place.known = known_from(window, &cursors, last);
                (place.since, place.reached, place.stale) = (Some(last), 0, 0);
                Position::First
            }
            // A whole page of one instant.
            (Some(_), _) => {
                place.known = with(&self.known, window);
                overlapping(window).unwrap_or(next)
            }
            (None, _) => {
                place.known = Arc::new(keys(window).collect());
                overlapping(window).unwrap_or(next)
            }
        };
        Outcome { step: Step::Next(step), place, is_disobeyed }
    }

    /// Whether the window hangs together with what was read before.
    fn is_continuous(&self, window: &Window<'_>, cursors: Option<&[Moment]>) -> bool {
        let Position::Window { page, .. } = window.position else { return true };
        let is_instant = match (self.ascends, cursors) {
            (true, Some(cursors)) => cursors.first().map(|first| first.floor_to_millis()) == self.since,
            _ => true,
        };
        let is_known = |first: &Glimpse| self.known.contains(&first.identity());
        *page == 1 || is_instant && window.records.first().is_some_and(is_known)
    }

    /// The cursors of a window that keeps to the order of change and to the bound.
    fn cursors(&self, window: &Window<'_>) -> Option<Vec<Moment>> {
        let field = window.cursor.filter(|_| self.ascends)?;
        let read = |record: &Glimpse| Moment::parse(record.text(field)?);
        let cursors: Vec<Moment> = window.records.iter().map(read).collect::<Option<_>>()?;
        let is_bounded = self.since.is_none_or(|since| cursors.iter().all(|cursor| *cursor >= since));
        (is_bounded && cursors.is_sorted()).then_some(cursors)
    }
}

fn with(known: &Known, window: &Window<'_>) -> Known {
    Arc::new(known.iter().copied().chain(keys(window)).collect())
}

/// The window before one that does not hang together with what was read.
fn before(window: &Window<'_>) -> Position {
    Position::Window { page: window.position.page().saturating_sub(1).max(1), size: window.size }
}

/// The window that reaches farthest of those that begin with a row of this one; `None` where the server does not
/// give the pages that are asked for.
fn overlapping(window: &Window<'_>) -> Option<Position> {
    let is_full = u32::try_from(window.records.len()) == Ok(window.size);
    let counts = window.position.counts_pages();
    let is_plain = window.next.as_ref().is_some_and(Position::counts_pages);
    let end = window.position.page().checked_mul(window.size.into())?;
    let (page, size) = farthest(end, window.most)?;
    (is_full && counts && is_plain).then_some(Position::Window { page, size })
}

/// Page and size of the window that begins before row `end`, counted from 0, and reaches farthest beyond it.
fn farthest(end: u64, most: u32) -> Option<(u64, u32)> {
    let sizes = (most / 2..=most).filter(|size| *size >= SMALLEST);
    let windows = sizes.map(|size| (end.saturating_sub(1) / u64::from(size) + 1, size));
    windows
        .max_by_key(|(page, size)| page * u64::from(*size))
        .filter(|(page, size)| page * u64::from(*size) > end)
}

impl Place {
    /// The window of at most `most` rows that goes on behind what was read; `None` where nothing was read, or where no
    /// window of that size overlaps.
    pub(super) fn smaller(&self, most: u32) -> Option<Position> {
        let (page, size) = farthest(self.reached, most).filter(|_| !self.known.is_empty())?;
        Some(Position::Window { page, size })
    }
}

/// The rows of the instant `from` and after it: they come again when the list is asked for from there.
fn known_from(window: &Window<'_>, cursors: &[Moment], from: Moment) -> Known {
    let keys = keys(window).zip(cursors).filter(|(_, cursor)| **cursor >= from);
    Arc::new(keys.map(|(key, _)| key).collect())
}

fn keys<'w>(window: &'w Window<'_>) -> impl Iterator<Item = u64> + 'w {
    window.records.iter().filter(|_| window.has_key).map(Glimpse::identity)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A server that counts pages, and whose rows change between two requests.
    struct List(Vec<Glimpse>);

    impl List {
        fn page(&self, place: &Place, page: u64, size: u32) -> (Vec<Glimpse>, bool) {
            let from = |record: &&Glimpse| place.since.is_none_or(|since| cursor(record) >= since);
            let rows: Vec<&Glimpse> = self.0.iter().filter(from).collect();
            let start = usize::try_from((page - 1) * u64::from(size)).unwrap();
            let shown = rows.iter().skip(start).take(size.try_into().unwrap());
            (shown.copied().cloned().collect(), rows.len() > start + usize::try_from(size).unwrap())
        }

        fn sort(&mut self) {
            self.0.sort_by_key(|record| (cursor(record), record.get("id").unwrap().as_i64()));
        }
    }

    fn cursor(record: &Glimpse) -> Moment {
        Moment::parse(record.text("updated_at").unwrap()).unwrap()
    }

    fn record(id: i64, second: i64) -> Glimpse {
        let at = format!("2024-01-01T{:02}:{:02}:{:02}.500Z", second / 3600, second / 60 % 60, second % 60);
        Glimpse::of_json(&json!({"id": id, "updated_at": at}), &["id", "updated_at"])
    }

    /// Reads the list; `change` happens after each request. Every id that was handed over, and the requests.
    fn read(
        list: &mut List,
        mut place: Place,
        mut change: impl FnMut(&mut List, usize),
    ) -> (Vec<i64>, usize) {
        let (mut position, mut ids, mut requests) = (Position::First, Vec::new(), 0);
        loop {
            let size = if let Position::Window { size, .. } = position { size } else { 100 };
            let (records, more) = list.page(&place, position.page(), size);
            requests += 1;
            assert!(requests < 1_000, "it does not end");
            change(list, requests);
            let next = more.then(|| Position::Page(position.page() + 1));
            let new = records.iter().filter(|record| place.is_new(record));
            ids.extend(new.map(|record| record.get("id").unwrap().as_i64().unwrap()));
            let window = Window {
                records: &records,
                has_key: true,
                cursor: Some("updated_at"),
                position: &position,
                size,
                most: 100,
                next,
            };
            let outcome = place.after(&window);
            place = outcome.place;
            position = match outcome.step {
                Step::End => return (ids, requests),
                Step::Stuck => panic!("it is read like a list that does not move on"),
                Step::Back(position) | Step::Next(position) => position,
            };
        }
    }

    fn ascending() -> Place {
        Place { ascends: true, ..Place::default() }
    }

    fn bounded(text: &str) -> Place {
        let since = Moment::parse(text);
        Place { bound: since, since, ..ascending() }
    }

    #[test]
    fn windows_overlap_and_hold_little_less_than_pages() {
        for (end, expected) in [(100, (2, 99)), (198, (3, 98)), (294, (4, 97))] {
            assert_eq!(farthest(end, 100), Some(expected), "after {end}");
        }
        let (mut end, mut windows) = (100, 1_u64);
        while end < 100_000 {
            let (page, size) = farthest(end, 100).unwrap();
            let start = (page - 1) * u64::from(size);
            assert!(start < end && page * u64::from(size) > end, "{start} {size} after {end}");
            (end, windows) = (page * u64::from(size), windows + 1);
        }
        assert!(windows < 1_170, "{windows} windows in place of 1,000 pages");
        assert_eq!(farthest(9, 9), Some((2, 8)));
        assert_eq!(farthest(60, 5), None, "each of these sizes ends there");
    }

    #[test]
    fn a_server_that_knows_no_windows_is_read_once_as_well() {
        let pages: Vec<Vec<Glimpse>> =
            vec![(0..100).map(|id| record(id, id)).collect(), (100..150).map(|id| record(id, id)).collect()];
        let (mut place, mut position, mut ids) = (Place::default(), Position::First, Vec::new());
        loop {
            let records = &pages[usize::try_from(position.page() - 1).unwrap()];
            let new = records.iter().filter(|record| place.is_new(record));
            ids.extend(new.map(|record| record.get("id").unwrap().as_i64().unwrap()));
            let next = (position.page() == 1).then_some(Position::Page(2));
            let size = if let Position::Window { size, .. } = position { size } else { 100 };
            let cursor = None;
            let window =
                Window { records, has_key: true, cursor, position: &position, size, most: 100, next };
            let outcome = place.after(&window);
            place = outcome.place;
            position = match outcome.step {
                Step::End | Step::Stuck => break,
                Step::Back(position) | Step::Next(position) => position,
            };
        }
        assert_eq!(ids, (0..150).collect::<Vec<_>>());
    }

    #[test]
    fn without_changes_every_row_comes_once() {
        for rows in [0, 1, 99, 100, 101, 198, 199, 1_000] {
            let mut list = List((0..rows).map(|id| record(id, id)).collect());
            for place in [Place::default(), ascending()] {
                let (ids, _) = read(&mut list, place, |_, _| {});
                assert_eq!(ids, (0..rows).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn rows_of_one_instant_are_stepped_through() {
        let mut list = List((0..1_000).map(|id| record(id, if id < 550 { 7 } else { id })).collect());
        let (ids, _) = read(&mut list, ascending(), |_, _| {});
        assert_eq!(ids, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn no_row_is_lost_while_others_go_and_come() {
        for seed in 0..40 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut list = List((0..1_000).map(|id| record(id, id)).collect());
            let (mut gone, mut new) = (HashSet::new(), 1_000);
            let (ids, _) = read(&mut list, Place::default(), |list, _| {
                for _ in 0..random.usize(0..40) * usize::from(gone.len() < 600) {
                    let row = list.0.remove(random.usize(0..list.0.len() / 2 + 1));
                    gone.insert(row.get("id").unwrap().as_i64().unwrap());
                }
                for _ in 0..random.usize(0..3) {
                    let place = random.usize(0..list.0.len());
                    list.0.insert(place, record(new, 0));
                    new += 1;
                }
            });
            let seen: HashSet<i64> = ids.into_iter().collect();
            let lost: Vec<i64> = (0..1_000).filter(|id| !gone.contains(id) && !seen.contains(id)).collect();
            assert_eq!(lost, Vec::<i64>::new(), "seed {seed}");
        }
    }

    #[test]
    fn no_row_is_lost_while_rows_move_to_the_end() {
        for seed in 0..40 {
            let mut random = fastrand::Rng::with_seed(seed);
            let instants = [1, 40, 400][usize::try_from(seed % 3).unwrap()];
            let mut list = List((0..1_000).map(|id| record(id, id / instants)).collect());
            let (mut gone, mut clock) = (HashSet::new(), 2_000);
            let (ids, _) = read(&mut list, ascending(), |list, requests| {
                for _ in 0..random.usize(0..10) * usize::from(requests < 100) {
                    let row = list.0.remove(random.usize(0..list.0.len()));
                    clock += 1;
                    if random.bool() {
                        list.0.push(record(row.get("id").unwrap().as_i64().unwrap(), clock));
                    } else {
                        gone.insert(row.get("id").unwrap().as_i64().unwrap());
                    }
                }
                list.sort();
            });
            let seen: HashSet<i64> = ids.into_iter().collect();
            let lost: Vec<i64> = (0..1_000).filter(|id| !gone.contains(id) && !seen.contains(id)).collect();
            assert_eq!(lost, Vec::<i64>::new(), "seed {seed}");
        }
    }

    #[test]
    fn a_server_that_ignores_order_or_bound_is_found_out() {
        let window = |records: &'static [(i64, i64)]| {
            records.iter().map(|(id, at)| record(*id, *at)).collect::<Vec<_>>()
        };
        let bound = bounded("2024-01-01T00:00:05Z");
        for (place, records) in [(ascending(), &[(1, 9), (2, 8)]), (bound, &[(1, 2), (2, 8)])] {
            let records = window(records);
            let window = Window {
                records: &records,
                has_key: true,
                cursor: Some("updated_at"),
                position: &Position::First,
                size: 2,
                most: 2,
                next: Some(Position::Page(2)),
            };
            let outcome = place.after(&window);
            assert!(outcome.is_disobeyed && !outcome.place.ascends);
            assert_eq!(outcome.step, Step::Next(Position::Page(2)));
        }
    }
}
