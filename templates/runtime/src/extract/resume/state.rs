//! What is kept of a partition between runs: JSON in the destination, committed with the rows it speaks for.
//!
//! It says only what is certain: a cursor moves once the whole list and everything below its records is loaded, and it
//! stands at the time when that run began, never at what was seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cover::Covers;
use crate::moment::Moment;

/// Everything that is known of one partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartitionState {
    /// By resource, this one and those below it: what changed before is loaded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cursors: BTreeMap<String, Moment>,
    /// When the last read began that left nothing out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swept_at: Option<Moment>,
    /// What the list was filtered by; of a list that is filtered otherwise, this state says nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// The first load that read it to its end with that filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtered_since: Option<String>,
    /// Set when it was read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// Set while it is being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<Unfinished>,
    /// Whether nothing below the record that it hangs on changed any more when it was read to its end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_frozen: bool,
    /// Set when it was not given when it was last asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// Of a list that holds many partitions: those for which this state speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covers: Option<Covers>,
}

/// A list that was not given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub at: Moment,
    pub reason: String,
}

/// A partition that was read to its end. Counts for the runs that go on with the load; later ones read it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub load: String,
    /// The resources that were read with it: itself and those below.
    pub with: Vec<String>,
    pub at: Moment,
}

/// A partition that was read as far as `point`, everything below included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The load in which the reading began.
    pub load: String,
    pub with: Vec<String>,
    pub began_at: Moment,
    /// The lower bound that it began with.
    pub since: Option<Moment>,
    pub point: Point,
}

/// A place in a list from which reading can go on although rows have come and gone: no page number is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Point {
    /// A list in the order of change: what changed from here on.
    From(Moment),
    /// The link to the next page of a keyset list.
    Link(Vec<(String, String)>),
    /// Of several lists in the order of change, by their paths: from where each goes on; `None` at its end. Others are at
    /// their front.
    Lists(BTreeMap<String, Option<Moment>>),
}

impl Point {
    /// The later of two places; of several lists, each is where it was last.
    pub(super) fn and_then(self, later: Option<Self>) -> Self {
        match (self, later) {
            (Self::Lists(mut all), Some(Self::Lists(later))) => {
                all.extend(later);
                Self::Lists(all)
            }
            (before, later) => later.unwrap_or(before),
        }
    }
}
