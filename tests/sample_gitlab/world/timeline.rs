//! When the rows of a series were made and changed.

use super::edits::{Kind, Numbers};
use super::moment::{DAY, Moment};
use super::projects::Project;
use super::{Snapshot, ids};

const YEAR: i64 = 366 * DAY;

/// The nth of `count` rows spread evenly over the year.
pub(crate) fn nth_of(n: i64, count: i64) -> Moment {
    let step = (YEAR - 10 * DAY) / (count + 1).max(1);
    Moment::START.plus(step.max(1) * n)
}

/// One bulk edit gave many rows the same time: pages under `updated_at` are cut inside it.
fn bulk_edit(n: i64, count: i64) -> Option<Moment> {
    (count / 4..count / 2).contains(&n).then(|| Moment::START.plus(300 * DAY))
}

impl Snapshot {
    fn count(&self, kind: Kind, project: &Project) -> i64 {
        match kind {
            Kind::Issue => project.holds.issues,
            Kind::MergeRequest => project.holds.merge_requests,
            Kind::Pipeline => project.holds.pipelines,
            Kind::Commit => project.holds.commits,
            Kind::Label => self.plan.size.labels,
        }
    }

    pub(crate) fn numbers(&self, kind: Kind, project: &Project) -> Numbers {
        self.edits.numbers(kind, project.index, self.count(kind, project))
    }

    pub(crate) fn created_at(&self, kind: Kind, project: &Project, iid: i64) -> Moment {
        let first = self.count(kind, project);
        self.edits.created(kind, project.index, iid - first - 1).unwrap_or_else(|| nth_of(iid, first))
    }

    pub(crate) fn updated_at(&self, kind: Kind, project: &Project, iid: i64) -> Moment {
        if let Some(touch) = self.edits.touched(kind, project.index, iid) {
            return touch.at;
        }
        let created = self.created_at(kind, project, iid);
        let first = self.count(kind, project);
        if iid > first {
            return created;
        }
        bulk_edit(iid, first).unwrap_or_else(|| {
            let left = Moment::NOW.millis() - created.millis();
            created.plus(self.plan.seed.below(
                left.max(1),
                "updated",
                &[ids::of_kind(kind), project.ordinal(), iid],
            ))
        })
    }

    /// One row in three is closed (or merged), at the time of its last change.
    pub(crate) fn is_open(&self, kind: Kind, project: &Project, iid: i64) -> bool {
        let was_closed = self.plan.seed.one_in(3, "closed", &[ids::of_kind(kind), project.ordinal(), iid]);
        !was_closed && !self.edits.is_closed(kind, project.index, iid)
    }

    /// What an edit adds to a title.
    pub(crate) fn revision(&self, kind: Kind, project: &Project, iid: i64) -> String {
        self.edits
            .touched(kind, project.index, iid)
            .map(|touch| format!(" [edit {}]", touch.times))
            .unwrap_or_default()
    }
}
