//! What a run may cost, and how much of it is spent. A run whose budget is spent begins nothing more; the next one goes on
//! where it was.
//!
//! However small a budget is, a run gets a little further than the one before: it is not ended before it has brought
//! something that the next one need not ask for again.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Client;
use crate::page::Kept;

/// `None`: as much as it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// Requests that are sent, retries among them.
    pub max_requests: Option<u64>,
    pub max_duration: Option<Duration>,
}

/// The part of a budget that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    Requests(u64),
    Duration(Duration),
}

/// How an extraction ended that met no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything was asked for.
    Whole,
    /// The budget was used up before.
    Stopped(Spent),
}

/// What a run has spent so far.
#[derive(Debug)]
pub(super) struct Spending {
    budget: Budget,
    client: Client,
    began: Instant,
    /// Requests that were begun, sent or not.
    begun: AtomicU64,
    /// What was kept that later runs go on from.
    kept: AtomicU64,
}

impl Spending {
    pub(super) fn new(budget: Budget, client: Client) -> Self {
        Self { budget, client, began: Instant::now(), begun: AtomicU64::new(0), kept: AtomicU64::new(0) }
    }

    /// Whether it may end before everything is asked for.
    pub(super) fn is_bounded(&self) -> bool {
        self.budget != Budget::default()
    }

    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn keep<'k>(&self, kept: impl IntoIterator<Item = &'k Kept>) {
        let new = kept.into_iter().filter(|kept| kept.state.is_some()).count();
        self.kept.fetch_add(u64::try_from(new).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What is used up, once the run may end for it.
    pub(super) fn spent(&self) -> Option<Spent> {
        let Budget { max_requests, max_duration } = self.budget;
        let requests = self.begun.load(Ordering::Relaxed).max(self.client.attempts());
        let spent = match (max_requests, max_duration) {
            (Some(most), _) if requests >= most => Spent::Requests(most),
            (_, Some(most)) if self.began.elapsed() >= most => Spent::Duration(most),
            _ => return None,
        };
        // A part of a budget is what it costs to come to where the last run was.
        let least = max_requests.map_or(1, |most| (most / 10).max(1));
        (self.kept.load(Ordering::Relaxed) >= least).then_some(spent)
    }
}

impl End {
    pub fn spent(self) -> Option<Spent> {
        match self {
            Self::Whole => None,
            Self::Stopped(spent) => Some(spent),
        }
    }
}

impl Spent {
    /// The key of the configuration that sets it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Requests(_) => "max_requests",
            Self::Duration(_) => "max_duration",
        }
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests(most) => write!(formatter, "`{}` = {most}", self.key()),
            Self::Duration(most) => {
                write!(formatter, "`{}` = \"{}\"", self.key(), humantime::format_duration(*most))
            }
        }
    }
}
