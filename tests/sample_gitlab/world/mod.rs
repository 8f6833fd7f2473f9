//! The state of a GitLab instance: a plan of groups and projects, and a layer of edits.
//!
//! Records are functions of their ids and are computed when somebody asks; only edits are stored, so
//! a million issues cost nothing until they are read.

mod access;
pub mod cast;
mod edits;
mod groups;
pub(crate) mod ids;
mod moment;
mod people;
mod plan;
mod projects;
mod seed;
mod size;
pub(crate) mod timeline;
pub(crate) mod words;

use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use access::Caller;
pub use edits::{Change, Edit, Kind};
pub(crate) use edits::{Edits, Numbers};
pub(crate) use groups::{Group, MAINTAINER, REPORTER};
pub use moment::Moment;
pub(crate) use moment::{DAY, HOUR, SECOND};
pub(crate) use people::{ADMIN, CROWD, MEMBER};
pub use plan::PUBLIC_URL;
pub(crate) use plan::Plan;
pub(crate) use projects::{Project, SHARE_ACCESS};
pub(crate) use seed::Seed;
pub use size::Size;

use crate::paging::SortedPlaces;

/// An instance. Edits take `&self`: tests change a world while a server reads it.
#[derive(Debug)]
pub struct World {
    now: RwLock<Now>,
    sorted: Arc<SortedPlaces>,
}

#[derive(Debug)]
struct Now {
    plan: Arc<Plan>,
    edits: Arc<Edits>,
}

/// The world as it is at one moment; a request is answered from one snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) plan: Arc<Plan>,
    pub(crate) edits: Arc<Edits>,
    pub(crate) sorted: Arc<SortedPlaces>,
}

impl World {
    pub fn new(size: Size) -> Self {
        Self::seeded(size, 1)
    }

    /// The same size and seed give the same records.
    pub fn seeded(size: Size, seed: u64) -> Self {
        let now = Now { plan: Arc::new(Plan::new(size, seed)), edits: Arc::default() };
        Self { now: RwLock::new(now), sorted: Arc::default() }
    }

    /// The same without the last of the member's projects, which an edit lets appear.
    #[must_use]
    pub fn before(self, projects: usize) -> Self {
        let mut now = self.now.into_inner().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut now.plan).hide_last(projects);
        Self { now: RwLock::new(now), sorted: self.sorted }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let (plan, edits) = (Arc::clone(&now.plan), Arc::clone(&now.edits));
        Snapshot { plan, edits, sorted: Arc::clone(&self.sorted) }
    }

    pub fn project_id(&self, full_path: &str) -> Option<i64> {
        self.snapshot().plan.find_project(full_path).map(|project| project.id)
    }

    pub fn group_id(&self, full_path: &str) -> Option<i64> {
        self.snapshot().plan.find_group(full_path).map(|group| group.id)
    }

    pub fn touch_issue(&self, project: i64, iid: i64, at: Moment) {
        self.apply(Edit::Touch { kind: Kind::Issue, project, iid, at });
    }

    pub fn create_issue(&self, project: i64, at: Moment) {
        self.apply(Edit::Create { kind: Kind::Issue, project, at });
    }

    pub fn delete_issue(&self, project: i64, iid: i64) {
        self.apply(Edit::Delete { kind: Kind::Issue, project, iid });
    }

    pub fn delete_project(&self, project: i64) {
        self.apply(Edit::DeleteProject { project });
    }

    /// Does nothing when there is no such project or row.
    pub fn apply(&self, edit: Edit) {
        let snapshot = self.snapshot();
        let Some(project) = snapshot.plan.project_of_id(edit.project()) else {
            return;
        };
        if edit.row().is_some_and(|(kind, number)| !snapshot.numbers(kind, project).contains(number)) {
            return;
        }
        let active = snapshot.last_activity_at(project);
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut now.edits).apply(edit, project.index, active);
        if let Edit::Change { change, .. } = edit {
            Arc::make_mut(&mut now.plan).change(project.index, change);
        }
    }
}
