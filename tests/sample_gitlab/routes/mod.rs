//! Every endpoint as an entry of a table: its template, where its rows come from, and the rules of
//! order, filters, keyset paging and access that hold for it. A new endpoint is a new entry.

mod call;
mod filter;
mod gate;
mod groups;
mod instance;
mod issues;
mod lookup;
mod merge_requests;
mod order;
mod pipelines;
mod projects;
mod query;
mod reach;
mod refusal;
mod repository;

use serde_json::Value;

pub(crate) use call::{Call, Found};
pub(crate) use filter::{Bound, Condition, Filters};
pub(crate) use gate::Gate;
pub(crate) use lookup::{find, same_shape};
pub(crate) use order::{Keyset, Next, Order, PLACE};
pub(crate) use query::Query;
pub use reach::{NoSuchList, Params};
pub(crate) use refusal::Refusal;

use crate::rows::Rows;

pub(crate) type Listing = Result<Box<dyn Rows>, Refusal>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Gives {
    List(fn(&Call) -> Listing),
    One(fn(&Call) -> Result<Value, Refusal>),
}

#[derive(Debug)]
pub(crate) struct Route {
    /// Below `/api/v4`.
    pub(crate) template: &'static str,
    pub(crate) gives: Gives,
    pub(crate) gates: &'static [Gate],
    pub(crate) order: Order,
    pub(crate) keyset: Option<Keyset>,
    filters: &'static [Filters],
    /// Whether a list is cut into pages at all.
    pub(crate) paged: bool,
    /// Whether the length is known: commits never send it.
    pub(crate) totals: bool,
    pub(crate) job_token: bool,
    /// Whether a token without `read_api` may ask.
    pub(crate) any_scope: bool,
    /// Filters on `updated_at` (or `finished_at`) need the same order.
    paired: bool,
    /// The parameters with which nothing is hidden.
    complete: &'static [(&'static str, &'static str)],
}

impl Route {
    const fn new(template: &'static str, gives: Gives) -> Self {
        Self {
            template,
            gives,
            gates: &[],
            order: Order::NATURAL,
            keyset: None,
            filters: &[],
            paged: true,
            totals: true,
            job_token: false,
            any_scope: false,
            paired: false,
            complete: &[],
        }
    }

    const fn list(template: &'static str, rows: fn(&Call) -> Listing) -> Self {
        Self::new(template, Gives::List(rows))
    }

    /// A list that comes in one piece, without page headers.
    const fn whole(template: &'static str, rows: fn(&Call) -> Listing) -> Self {
        Self { paged: false, ..Self::new(template, Gives::List(rows)) }
    }

    const fn one(template: &'static str, record: fn(&Call) -> Result<Value, Refusal>) -> Self {
        Self::new(template, Gives::One(record))
    }

    const fn gates(self, gates: &'static [Gate]) -> Self {
        Self { gates, ..self }
    }

    const fn ordered(self, order: Order) -> Self {
        Self { order, ..self }
    }

    const fn keyset(self, keyset: Keyset) -> Self {
        Self { keyset: Some(keyset), ..self }
    }

    const fn filters(self, filters: &'static [Filters]) -> Self {
        Self { filters, ..self }
    }

    const fn paired(self) -> Self {
        Self { paired: true, ..self }
    }

    const fn without_totals(self) -> Self {
        Self { totals: false, ..self }
    }

    const fn job_token(self) -> Self {
        Self { job_token: true, ..self }
    }

    const fn any_scope(self) -> Self {
        Self { any_scope: true, ..self }
    }

    const fn complete(self, complete: &'static [(&'static str, &'static str)]) -> Self {
        Self { complete, ..self }
    }

    pub(crate) fn conditions(&self, query: &Query) -> Result<Vec<Condition>, Refusal> {
        let conditions = Condition::asked(self.filters, query)?;
        if self.paired {
            self.refuse_unpaired(query, &conditions)?;
        }
        Ok(conditions)
    }

    fn refuse_unpaired(&self, query: &Query, conditions: &[Condition]) -> Result<(), Refusal> {
        let (field, _) = self.order.asked(query)?;
        for name in ["updated_at", "finished_at"] {
            if field != name && conditions.iter().any(|condition| condition.field == name) {
                let reason = format!("`{name}` filter and `{name}` sorting must be paired");
                return Err(Refusal::bad_request(&reason));
            }
        }
        Ok(())
    }

    pub(crate) fn filter_params(&self) -> impl Iterator<Item = &'static str> {
        self.filters.iter().flat_map(|set| set.iter()).map(|filter| filter.param)
    }
}

pub(crate) fn table() -> impl Iterator<Item = &'static Route> {
    [
        instance::ROUTES,
        groups::ROUTES,
        projects::ROUTES,
        issues::ROUTES,
        merge_requests::ROUTES,
        repository::ROUTES,
        pipelines::ROUTES,
    ]
    .into_iter()
    .flatten()
}
