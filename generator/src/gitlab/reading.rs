//! How lists of GitLab's are read again: where a run starts, what comes newest first, what comes to an end.

use std::time::Duration;

use super::Place;

/// The part of the scope that a list is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Groups,
    Projects,
}

/// A list that a later run reads from its newest record on, until it meets what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestFirst {
    /// The field that the order goes by.
    pub cursor: &'static str,
    /// What asks for that order.
    pub query: &'static [(&'static str, &'static str)],
}

/// How a record says that it has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finality {
    pub field: &'static str,
    pub values: &'static [&'static str],
    /// The fields that say when, the best first.
    pub ended_at: &'static [&'static str],
}

const WEEK: Duration = Duration::from_hours(7 * 24);

/// Notes go by their last change (the Notes API: `order_by=updated_at`).
const NOTES: NewestFirst =
    NewestFirst { cursor: "updated_at", query: &[("order_by", "updated_at"), ("sort", "desc")] };

/// Jobs come by id, the newest first (the Jobs API). One that changes later was made within the lookback, or waits for
/// the next full sweep.
const JOBS: NewestFirst = NewestFirst { cursor: "created_at", query: &[] };

/// Pipelines and jobs in these states change no more, unless somebody starts them again (`Ci::HasStatus` in GitLab's
/// code, `COMPLETED_STATUSES`).
const FINISHED: Finality = Finality {
    field: "status",
    values: &["success", "failed", "canceled", "skipped"],
    ended_at: &["updated_at", "finished_at"],
};

/// Where a run starts, if it is here (the Groups and the Projects API).
pub(crate) fn start(place: &Place) -> Option<Start> {
    let starts = [("/groups", Start::Groups), ("/projects", Start::Projects)];
    starts.into_iter().find(|(pattern, _)| place.is(pattern)).map(|(_, start)| start)
}

/// Whether the newest records come first, or can be made to.
pub(crate) fn newest_first(place: &Place) -> Option<NewestFirst> {
    if place.is("**/notes") {
        return Some(NOTES);
    }
    place.is("/projects/{}/jobs").then_some(JOBS)
}

/// Whether records come to an end.
pub(crate) fn finality(place: &Place) -> Option<Finality> {
    place.is_any(&["**/pipelines", "**/jobs"]).then_some(FINISHED)
}

/// How far behind the last run a list is asked again, where that is more than usual. Commits are bounded by the time at
/// which they were made, which may lie long before they are pushed; a job changes after it was made, and notes come and
/// go in the order of a time that GitLab does not always move.
pub(crate) fn lookback(param: Option<&str>, newest_first: Option<NewestFirst>) -> Option<Duration> {
    (param == Some("since") || newest_first.is_some()).then_some(WEEK)
}

/// Secrets that records hold whatever the document says (the Projects and the Groups API: for maintainers and owners).
pub(crate) fn secret_fields(place: &Place) -> &'static [&'static str] {
    let holds_one = place.is_any(&["/groups", "/projects", "/groups/{}", "/projects/{}", "**/projects"]);
    if holds_one { &["runners_token"] } else { &[] }
}

/// Whether the parameter takes a date and leaves that day out (the Events API: `after`).
pub(crate) fn is_exclusive_date(param: &str) -> bool {
    param == "after"
}
