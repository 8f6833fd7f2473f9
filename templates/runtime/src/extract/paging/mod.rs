//! Reading one list from its front to its end: a [`Pager`] says what to ask next, and turns each answer into the pager
//! after it.
//!
//! In: a [`List`], which stays the same from page to page, and what each answer [`Seen`] so far brought. Out: the query
//! to send, which records are new, and where the list goes on. It knows neither the resources of a run nor how requests
//! are sent.
//!
//! - `announced`: where the server says that the list goes on.
//! - `window`: how a list that is counted by pages is read without losing a row that others push about.
//! - `changes`: how a list is asked for what changed.
//! - `pager`: the one owner of it all.

mod announced;
mod changes;
mod list;
mod newest_first;
mod pager;
mod position;
mod smaller;
#[cfg(test)]
mod tests;
mod window;

use thiserror::Error;

pub(super) use list::{List, Way};
pub(super) use pager::{Pager, Seen};
pub(super) use position::is_set;

/// A list that cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PagingError {
    #[error("the same page came twice in a row, so the list would never end")]
    RepeatedPage,
    #[error("the next page is the page that was just read, so the list would never end")]
    NoProgress,
    #[error("the list is said to hold {total} records, and none came")]
    NothingCame { total: u32 },
}
