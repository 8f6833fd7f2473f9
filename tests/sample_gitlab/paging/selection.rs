//! The rows that pass the filters, in the order that was asked for.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::Page;
use super::sorted::WORTH_KEEPING;
use crate::routes::{Bound, Call, Condition, PLACE, Refusal, Route};
use crate::rows::{Key, Rows};

pub(crate) struct Selection {
    rows: Box<dyn Rows>,
    pub(crate) field: &'static str,
    pub(crate) descending: bool,
    /// Places in ascending order; None when that is their natural one.
    order: Option<Arc<Vec<usize>>>,
    /// The stretch of the ascending order that range filters leave.
    span: Range<usize>,
}

impl Selection {
    pub(crate) fn new(call: &Call, route: &Route, rows: Box<dyn Rows>) -> Result<Self, Refusal> {
        let (field, descending) = route.order.asked(&call.query)?;
        let conditions = route.conditions(&call.query)?;
        let (spans, others): (Vec<_>, Vec<_>) = conditions
            .into_iter()
            .partition(|condition| condition.field == field && condition.bound().is_some());
        let natural = field == PLACE || rows.ascends_by(field);
        let order = match (natural, others.is_empty()) {
            (true, true) => None,
            _ => Some(sorted(call, route, rows.as_ref(), field, &others)),
        };
        let all = order.as_ref().map_or_else(|| rows.len(), |order| order.len());
        let mut selection = Self { rows, field, descending, order, span: 0..all };
        for (bound, key) in spans.iter().filter_map(Condition::bound) {
            selection.narrow(bound, &key);
        }
        Ok(selection)
    }

    fn narrow(&mut self, bound: Bound, key: &Key) {
        let Range { start, end } = self.span;
        self.span = match bound {
            Bound::AtLeast => self.first(|found| found < key)..end,
            // Nulls sort last and never lie within a bound.
            Bound::AtMost => start..self.first(|found| found <= key),
        };
        self.span.end = self.span.end.max(self.span.start);
    }

    /// The first rank of the span whose key does not satisfy the test.
    fn first(&self, test: impl Fn(&Key) -> bool) -> usize {
        self.partition(|place| test(&self.rows.key(place, self.field)))
    }

    fn partition(&self, test: impl Fn(usize) -> bool) -> usize {
        let Range { start: mut low, end: mut high } = self.span;
        while low < high {
            let middle = low.midpoint(high);
            if test(self.place(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn place(&self, rank: usize) -> usize {
        self.order.as_ref().map_or(rank, |order| order.get(rank).copied().unwrap_or(usize::MAX))
    }

    /// Counted in the order asked for.
    fn nth(&self, position: usize) -> usize {
        if self.descending {
            self.place(self.span.end - 1 - position)
        } else {
            self.place(self.span.start + position)
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.span.len()
    }

    /// The page of these positions, as far as there are any.
    pub(crate) fn page(&self, positions: Range<usize>, headers: Vec<(&'static str, String)>) -> Page {
        let positions = self.clipped(positions);
        let mut body = Vec::with_capacity(2 + positions.len() * 2_048);
        body.push(b'[');
        for position in positions.clone() {
            if position > positions.start {
                body.push(b',');
            }
            self.rows.write(self.nth(position), &mut body);
        }
        body.push(b']');
        Page { body, records: positions.len(), headers }
    }

    pub(crate) fn clipped(&self, positions: Range<usize>) -> Range<usize> {
        let end = positions.end.min(self.len());
        positions.start.min(end)..end
    }

    pub(crate) fn record(&self, position: usize) -> Value {
        self.rows.record(self.nth(position))
    }

    pub(crate) fn key(&self, position: usize, field: &str) -> Key {
        self.rows.key(self.nth(position), field)
    }

    /// How many rows come up to and with the one that has this key and tie-breaker.
    pub(crate) fn position_after(&self, key: &Key, tie: &Key, tie_field: &str) -> usize {
        let compare = |place: usize| {
            let found = self.rows.key(place, self.field).cmp(key);
            found.then_with(|| self.rows.key(place, tie_field).cmp(tie))
        };
        if self.descending {
            self.span.end - self.partition(|place| compare(place) == Ordering::Less)
        } else {
            self.partition(|place| compare(place) != Ordering::Greater) - self.span.start
        }
    }
}

fn sorted(
    call: &Call,
    route: &Route,
    rows: &dyn Rows,
    field: &str,
    conditions: &[Condition],
) -> Arc<Vec<usize>> {
    let sort = || {
        let admitted =
            (0..rows.len()).filter(|place| conditions.iter().all(|condition| condition.admits(rows, *place)));
        if field == PLACE {
            return admitted.collect();
        }
        let mut keyed: Vec<_> = admitted.map(|place| (rows.key(place, field), place)).collect();
        keyed.sort();
        keyed.into_iter().map(|(_, place)| place).collect()
    };
    if rows.len() < WORTH_KEEPING {
        return Arc::new(sort());
    }
    // The path and the caller decide the rows; parameters that pick rows are in the conditions or
    // named here.
    let version = call.now.edits.version;
    let name = format!(
        "{version} {} {:?} {field} {conditions:?} {}",
        call.path,
        call.caller,
        call.row_choice(route)
    );
    call.now.sorted.get_or_sort(name, sort)
}
