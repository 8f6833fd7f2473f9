//! The one owner of paging: what was asked and what came back go in, what to ask next goes out.

use reqwest::header::HeaderMap;

use super::PagingError;
use super::announced::{Announced, announced, given_size};
use super::changes::ignores_bound;
use super::list::{List, Way};
use super::newest_first::is_reached;
use super::position::{Position, is_set};
use super::smaller::smaller_size;
use super::window::{Place, Step, Window};
use crate::client::Fault;
use crate::extract::resume::Point;
use crate::record::Glimpse;
use crate::resource::Pagination;

/// What an endpoint gives that does not say how much it gives, and ignores what it is asked for.
const DEFAULT_PAGE: usize = 20;

/// How often a list is asked again that says how long it is and brings nothing.
const MOST_AGAIN: u8 = 2;

/// Where a list stands. Small: thousands of them wait.
#[derive(Debug, Clone)]
pub(in crate::extract) struct Pager {
    way: Way,
    position: Position,
    place: Place,
    /// Records per page, where the usual number does not go.
    size: Option<u32>,
    /// Records at the start of the page that were read before its size changed.
    skip: usize,
    /// The digest of the page before.
    previous: Option<u64>,
    /// Records of the pages before.
    received: u64,
    /// It goes on where an interrupted load stopped.
    is_resumed: bool,
    again: u8,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::extract) struct Seen<'a> {
    pub(in crate::extract) headers: &'a HeaderMap,
    pub(in crate::extract) records: &'a [Glimpse],
    /// Tells one body from another.
    pub(in crate::extract) digest: u64,
    /// How long the server says that the list is.
    pub(in crate::extract) total: Option<u32>,
}

/// What an answer comes to.
#[derive(Debug)]
pub(in crate::extract) struct Turn {
    /// Which of the records are new, by their place.
    pub(in crate::extract) is_new: Vec<bool>,
    /// `None` at the end.
    pub(in crate::extract) next: Option<Pager>,
    /// The server does not keep to the order or to the bound that was asked for.
    pub(in crate::extract) is_disobeyed: bool,
    /// How the siblings of the list are to be asked for, where the answer shows it.
    pub(in crate::extract) learned: Option<Way>,
}

impl Pager {
    /// The front of a list, or the place where an interrupted load stopped.
    pub(in crate::extract) fn new(list: &List, point: Option<&Point>) -> Self {
        let mut place = list.front();
        let position = match point {
            // Several lists are told apart before.
            None | Some(Point::Lists(_)) => Position::First,
            Some(Point::Link(query)) => Position::Link(query.clone()),
            Some(Point::From(since)) => {
                place.since = Some(*since);
                Position::First
            }
        };
        Self {
            way: list.way,
            position,
            place,
            size: None,
            skip: 0,
            previous: None,
            received: 0,
            is_resumed: point.is_some(),
            again: 0,
        }
    }

    /// Records of the pages before this one.
    pub(in crate::extract) fn received(&self) -> u64 {
        self.received
    }

    /// The whole query of the request.
    pub(in crate::extract) fn query(&self, list: &List) -> Vec<(String, String)> {
        let per_page = match self.position {
            Position::Window { size, .. } => size,
            _ => self.size.unwrap_or(list.per_page),
        };
        let set = list.parameters(self.way, self.place.since);
        self.position.query(list.pagination(self.way), per_page, set)
    }

    /// How many records the page may hold.
    pub(in crate::extract) fn size(&self, list: &List) -> u32 {
        match self.position {
            Position::Window { size, .. } => size,
            _ => self.most(list),
        }
    }

    fn most(&self, list: &List) -> u32 {
        self.size.unwrap_or_else(|| list.most())
    }

    /// Whether a smaller page can be asked for.
    pub(in crate::extract) fn can_shrink(&self, list: &List) -> bool {
        list.can_shrink(self.way) && smaller_size(self.size(list)).is_some()
    }

    /// The place from which a later run can go on: where rows come and go, a page number is none.
    pub(in crate::extract) fn point(&self, list: &List) -> Option<Point> {
        match (&self.position, list.pagination(self.way)) {
            (Position::Link(query), Pagination::Keyset { .. }) => Some(Point::Link(query.clone())),
            (Position::First, Pagination::Offset) if self.place.ascends => self.place.since.map(Point::From),
            _ => None,
        }
    }

    /// What an answer comes to.
    ///
    /// # Errors
    /// When the list would never end, or is not what the server says that it is.
    pub(in crate::extract) fn after(&self, list: &List, seen: &Seen<'_>) -> Result<Turn, PagingError> {
        self.check_total(seen)?;
        let fresh = seen.records.get(self.skip.min(seen.records.len())..).unwrap_or_default();
        let ignores_bound = self.ignores_bound(list, fresh);
        let is_new = self.new_records(seen.records);
        let count = is_new.iter().filter(|is_new| **is_new).count();
        let received = self.received.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let said = announced(seen.headers);
        let is_counted = self.is_counted_instead(list, &said, seen);
        let way = if is_counted { Way::Counted } else { self.way };
        let learned = (is_counted && said != Announced::Nothing).then_some(Way::Counted);
        let announced = self.next_position(list, way, said, seen)?;
        let base =
            Self { way, previous: Some(seen.digest), received, skip: 0, is_resumed: false, ..self.clone() };
        // Some lists give smaller pages than they are asked for; the places of records follow what they give.
        let given = given_size(seen.headers).filter(|given| *given < self.size(list));
        let base = Self { size: given.or(self.size), again: 0, ..base };
        let (next, is_disobeyed) = base.stepped(list, self, fresh, announced)?;
        Ok(Turn { is_new, next, is_disobeyed: is_disobeyed || ignores_bound, learned })
    }

    /// A list that is said to hold something, and does not, is no empty list.
    fn check_total(&self, seen: &Seen<'_>) -> Result<(), PagingError> {
        let is_front = self.position == Position::First && self.received == 0;
        match seen.total.filter(|total| *total > 0 && seen.records.is_empty() && is_front) {
            Some(total) => Err(PagingError::NothingCame { total }),
            None => Ok(()),
        }
    }

    fn new_records(&self, records: &[Glimpse]) -> Vec<bool> {
        let is_new = |(place, record): (usize, &Glimpse)| place >= self.skip && self.place.is_new(record);
        records.iter().enumerate().map(is_new).collect()
    }

    /// Whether the server was asked for keyset and counts pages: it links to page numbers, or gives a full page and says
    /// nothing at all, which may be the end or a server that is kept from saying more.
    fn is_counted_instead(&self, list: &List, said: &Announced, seen: &Seen<'_>) -> bool {
        if !matches!(list.pagination(self.way), Pagination::Keyset { .. }) || self.way != Way::Usual {
            return false;
        }
        match said {
            Announced::Next(position) => position.counts_pages(),
            Announced::Nothing => self.position == Position::First && self.is_full(list, seen),
            Announced::End => false,
        }
    }

    fn is_full(&self, list: &List, seen: &Seen<'_>) -> bool {
        let given = given_size(seen.headers).unwrap_or_else(|| self.size(list));
        let given = usize::try_from(given).unwrap_or(usize::MAX);
        seen.records.len() >= given || seen.records.len() == DEFAULT_PAGE
    }

    /// The position after this one as the server has it; "a full page means ask again" where it says nothing.
    fn next_position(
        &self,
        list: &List,
        way: Way,
        said: Announced,
        seen: &Seen<'_>,
    ) -> Result<Option<Position>, PagingError> {
        // Empty pages may follow each other: GitLab drops what the token may not see after it has cut the pages.
        let is_repeated = !seen.records.is_empty() && self.previous == Some(seen.digest);
        let most = usize::try_from(self.most(list)).unwrap_or(usize::MAX);
        let is_more_than_asked = seen.records.len() > most;
        if is_repeated && said == Announced::Nothing && is_more_than_asked {
            // It has no pages, and gave all that there is.
            return Ok(None);
        }
        if is_repeated {
            return Err(PagingError::RepeatedPage);
        }
        let next = match said {
            Announced::Next(next) => next,
            Announced::End => return Ok(None),
            Announced::Nothing => {
                let counts = list.pagination(way) == Pagination::Offset && self.is_full(list, seen);
                return Ok(counts.then(|| Position::Page(self.position.page() + 1)));
            }
        };
        let goes_on = match (&self.position, &next) {
            (Position::Link(current), Position::Link(next)) => current != next,
            (_, Position::Page(next)) => *next > self.position.page(),
            _ => true,
        };
        if goes_on { Ok(Some(next)) } else { Err(PagingError::NoProgress) }
    }

    /// The pager after `asked`, which brought `records`. What is read by page numbers goes on so that no row is lost.
    fn stepped(
        &self,
        list: &List,
        asked: &Self,
        records: &[Glimpse],
        announced: Option<Position>,
    ) -> Result<(Option<Self>, bool), PagingError> {
        let newest_first = list.newest_first.zip(list.since);
        let is_reached = newest_first.is_some_and(|(order, since)| is_reached(order.cursor, records, since));
        if list.pagination(self.way) != Pagination::Offset {
            let next = announced.filter(|_| !is_reached);
            return Ok((next.map(|position| Self { position, ..self.clone() }), false));
        }
        let window = Window {
            records,
            has_key: list.has_key,
            cursor: list.changes.and_then(|incremental| incremental.cursor),
            position: &asked.position,
            size: asked.size(list),
            most: if list.can_shrink(self.way) && list.has_key { self.most(list) } else { 0 },
            next: announced,
        };
        let outcome = asked.place.after(&window);
        let (position, is_forward) = match outcome.step {
            Step::Stuck => return Err(PagingError::RepeatedPage),
            Step::End => return Ok((None, outcome.is_disobeyed)),
            Step::Next(_) if is_reached => return Ok((None, outcome.is_disobeyed)),
            Step::Next(position) => (position, true),
            Step::Back(position) => (position, false),
        };
        let is_other_list = !is_forward || position == Position::First;
        let previous = self.previous.filter(|_| !is_other_list);
        let next = Self { position, place: outcome.place, previous, ..self.clone() };
        Ok((Some(next), outcome.is_disobeyed))
    }

    /// Whether the first page of a list shows that it is not bounded.
    fn ignores_bound(&self, list: &List, records: &[Glimpse]) -> bool {
        let bound = list.since.filter(|_| self.position == Position::First);
        list.changes.is_some_and(|incremental| ignores_bound(&incremental, bound, records))
    }

    /// What to ask in place of a list that could not be read to its end, if asking again may help.
    pub(in crate::extract) fn again(&self, error: PagingError) -> Option<Self> {
        let is_worth_it = matches!(error, PagingError::NothingCame { .. }) && self.again < MOST_AGAIN;
        is_worth_it.then(|| Self { again: self.again + 1, ..self.clone() })
    }

    /// What to ask in place of what was refused: smaller pages, keyset, or no keyset; `None` when nothing is left.
    pub(in crate::extract) fn instead(&self, list: &List, fault: &Fault) -> Option<Self> {
        if fault.is_heavy() {
            return self.with_smaller_pages(list);
        }
        if self.is_resumed && matches!(fault, Fault::Refused { .. }) {
            // The link that an interrupted load left is good no more.
            return Some(self.afresh(list, self.way));
        }
        let Fault::Refused { status: 405, .. } = fault else { return None };
        let way = match (self.way, list.pagination(self.way)) {
            // Versions of GitLab that do not have keyset for a list yet say so with a 405.
            (Way::Usual, Pagination::Keyset { .. }) if self.position == Position::First => Way::Offset,
            (Way::Usual, Pagination::Offset) if fault.is_offset_limit() => {
                let is_ordered = is_set(&list.parameters(self.way, None), "order_by");
                if is_ordered { Way::KeysetAsOrdered } else { Way::Keyset }
            }
            (Way::KeysetAsOrdered, _) if self.position == Position::First => Way::Keyset,
            _ => return None,
        };
        // A list in another order has other pages: it is read from its start. Rows that were read already are merged.
        Some(self.afresh(list, way))
    }

    /// How the siblings of the list are to be asked for: a server that refuses keyset for one refuses it for all.
    pub(in crate::extract) fn learned(&self) -> Option<Way> {
        (self.way == Way::Offset).then_some(Way::Offset)
    }

    fn afresh(&self, list: &List, way: Way) -> Self {
        Self { way, size: self.size, ..Self::new(list, None) }
    }

    fn with_smaller_pages(&self, list: &List) -> Option<Self> {
        let size = self.size(list);
        let smaller = smaller_size(size).filter(|_| list.can_shrink(self.way))?;
        let overlapping =
            self.place.smaller(smaller).filter(|_| list.has_key && self.position.counts_pages());
        let (position, skip) = match overlapping {
            Some(window) => (window, 0),
            None => self.position.resized(size, smaller, self.skip),
        };
        Some(Self { position, skip, size: Some(smaller), previous: None, ..self.clone() })
    }
}
