//! Global ids by kind. Some kinds lie beyond 2^31, notes beyond 2^53, as a reader must expect.

use super::edits::Kind;

const PER_PROJECT: i64 = 20_000_000;

pub(crate) fn of_kind(kind: Kind) -> i64 {
    match kind {
        Kind::Issue => 1,
        Kind::MergeRequest => 2,
        Kind::Pipeline => 3,
        Kind::Commit => 4,
        Kind::Label => 5,
    }
}

pub(crate) fn issue(project: i64, iid: i64) -> i64 {
    (project + 1) * PER_PROJECT + iid
}

pub(crate) fn merge_request(project: i64, iid: i64) -> i64 {
    (project + 1) * PER_PROJECT + 7 + iid
}

pub(crate) fn pipeline(project: i64, number: i64) -> i64 {
    3_000_000_000 + project * PER_PROJECT + number
}

/// The number that `pipeline` made this id of.
pub(crate) fn pipeline_number(project: i64, id: i64) -> i64 {
    id - pipeline(project, 0)
}

pub(crate) fn job(project: i64, number: i64) -> i64 {
    6_000_000_000 + project * 5 * PER_PROJECT + number
}

/// A child of something that has an id of its own; `kind` keeps notes of issues and epics apart.
pub(crate) fn note(kind: i64, parent: i64, number: i64) -> i64 {
    const BEYOND_DOUBLES: i64 = 9_007_199_254_740_993;
    BEYOND_DOUBLES + kind * 100_000_000_000_000 + parent * 64 + number
}

/// Few per project or group: a thousand at most.
pub(crate) fn small(base: i64, holder: i64, number: i64) -> i64 {
    base + holder * 1_000 + number
}
