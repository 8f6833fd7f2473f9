//! Query parameters that leave rows out.

use super::{Query, Refusal};
use crate::rows::{Key, Rows};
use crate::world::{DAY, Moment};

/// A filter that a route knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    pub(crate) param: &'static str,
    field: &'static str,
    test: Test,
}

#[derive(Clone, Copy, Debug)]
enum Test {
    From,
    UpTo,
    /// Dates without a time: the day itself is left out.
    AfterDay,
    BeforeDay,
    Above,
    Below,
    Is,
    /// One of these, or `all`.
    Choice(&'static [&'static str]),
    Contains,
    HasAll,
    AnyOf,
}

impl Filter {
    const fn new(param: &'static str, field: &'static str, test: Test) -> Self {
        Self { param, field, test }
    }

    pub(crate) const fn from(param: &'static str, field: &'static str) -> Self {
        Self::new(param, field, Test::From)
    }

    pub(crate) const fn up_to(param: &'static str, field: &'static str) -> Self {
        Self::new(param, field, Test::UpTo)
    }

    pub(crate) const fn is(param: &'static str, field: &'static str) -> Self {
        Self::new(param, field, Test::Is)
    }

    pub(crate) const fn choice(
        param: &'static str,
        field: &'static str,
        of: &'static [&'static str],
    ) -> Self {
        Self::new(param, field, Test::Choice(of))
    }

    pub(crate) const fn any_of(param: &'static str, field: &'static str) -> Self {
        Self::new(param, field, Test::AnyOf)
    }

    pub(crate) const fn contains(param: &'static str, field: &'static str) -> Self {
        Self::new(param, field, Test::Contains)
    }
}

pub(crate) type Filters = &'static [Filter];

pub(crate) const UPDATED: Filters =
    &[Filter::from("updated_after", "updated_at"), Filter::up_to("updated_before", "updated_at")];
pub(crate) const CREATED: Filters =
    &[Filter::from("created_after", "created_at"), Filter::up_to("created_before", "created_at")];
pub(crate) const FINISHED: Filters =
    &[Filter::from("finished_after", "finished_at"), Filter::up_to("finished_before", "finished_at")];
pub(crate) const COMMITTED: Filters =
    &[Filter::from("since", "committed_date"), Filter::up_to("until", "committed_date")];
pub(crate) const DAYS: Filters = &[
    Filter::new("after", "created_at", Test::AfterDay),
    Filter::new("before", "created_at", Test::BeforeDay),
];
pub(crate) const ID_BOUNDS: Filters =
    &[Filter::new("id_after", "id", Test::Above), Filter::new("id_before", "id", Test::Below)];
pub(crate) const TITLE_SEARCH: Filters = &[Filter::contains("search", "title")];
pub(crate) const NAME_SEARCH: Filters = &[Filter::contains("search", "name")];
pub(crate) const ISSUABLE: Filters = &[
    Filter::new("labels", "labels", Test::HasAll),
    Filter::new("iids", "iid", Test::AnyOf),
    Filter::is("author_id", "author/id"),
    Filter::is("author_username", "author/username"),
    Filter::is("assignee_id", "assignee/id"),
    Filter::is("milestone", "milestone/title"),
];

/// A filter with the value that the query gives it.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) field: &'static str,
    test: Test,
    wanted: Vec<Key>,
}

/// A stretch of one field, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    AtLeast,
    AtMost,
}

impl Condition {
    pub(crate) fn asked(filters: &[Filters], query: &Query) -> Result<Vec<Self>, Refusal> {
        let mut conditions = Vec::new();
        for filter in filters.iter().flat_map(|set| set.iter()) {
            conditions.extend(Self::of(filter, query)?);
        }
        Ok(conditions)
    }

    fn of(filter: &Filter, query: &Query) -> Result<Option<Self>, Refusal> {
        let values = match filter.test {
            Test::HasAll | Test::AnyOf => query.list(filter.param),
            _ => query.get(filter.param).into_iter().collect(),
        };
        let Some(first) = values.first() else {
            return Ok(None);
        };
        let wanted = match filter.test {
            Test::Choice(_) if *first == "all" => return Ok(None),
            Test::Choice(of) if !of.contains(first) => return Err(Refusal::not_a_choice(filter.param)),
            Test::From | Test::UpTo => vec![moment(filter.param, first)?.into()],
            Test::AfterDay => vec![day(filter.param, first)?.plus(DAY).into()],
            Test::BeforeDay => vec![day(filter.param, first)?.plus(-1).into()],
            Test::Above | Test::Below => vec![number(filter.param, first)?.into()],
            Test::Contains => vec![Key::Text(first.to_lowercase())],
            Test::HasAll => values.iter().map(|value| Key::from(*value)).collect(),
            _ => values.iter().map(|value| Key::from_query(value, filter.field)).collect(),
        };
        Ok(Some(Self { field: filter.field, test: filter.test, wanted }))
    }

    /// For conditions that cut a stretch out of rows sorted by their field.
    pub(crate) fn bound(&self) -> Option<(Bound, Key)> {
        let wanted = self.wanted.first()?.clone();
        match (self.test, wanted) {
            (Test::From | Test::AfterDay, key) => Some((Bound::AtLeast, key)),
            (Test::UpTo | Test::BeforeDay, key) => Some((Bound::AtMost, key)),
            (Test::Above, Key::Number(number)) => Some((Bound::AtLeast, Key::Number(number + 1))),
            (Test::Below, Key::Number(number)) => Some((Bound::AtMost, Key::Number(number - 1))),
            _ => None,
        }
    }

    pub(crate) fn admits(&self, rows: &dyn Rows, place: usize) -> bool {
        let key = rows.key(place, self.field);
        match (self.bound(), self.test) {
            (_, _) if key == Key::Null => false,
            (Some((Bound::AtLeast, bound)), _) => key >= bound,
            (Some((Bound::AtMost, bound)), _) => key <= bound,
            (None, Test::HasAll) => {
                let worn = key.texts();
                self.wanted
                    .iter()
                    .all(|wanted| matches!(wanted, Key::Text(label) if worn.contains(&label.as_str())))
            }
            (None, Test::Contains) => match (&key, self.wanted.first()) {
                (Key::Text(text), Some(Key::Text(part))) => text.to_lowercase().contains(part),
                _ => false,
            },
            (None, _) => self.wanted.contains(&key),
        }
    }
}

fn moment(param: &str, text: &str) -> Result<Moment, Refusal> {
    Moment::parse(text).ok_or_else(|| Refusal::invalid(param))
}

/// Only the date counts: a time behind it is cut off without a word.
fn day(param: &str, text: &str) -> Result<Moment, Refusal> {
    text.get(..10).and_then(Moment::parse).ok_or_else(|| Refusal::invalid(param))
}

fn number(param: &str, text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::invalid(param))
}
