//! The state of a GitLab instance: a plan that never changes and a layer of edits.
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
pub use edits::{Edit, Kind};
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
    plan: Arc<Plan>,
    edits: RwLock<Arc<Edits>>,
    sorted: Arc<SortedPlaces>,
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
        Self { plan: Arc::new(Plan::new(size, seed)), edits: RwLock::default(), sorted: Arc::default() }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let edits = Arc::clone(&self.edits.read().unwrap_or_else(PoisonError::into_inner));
        Snapshot { plan: Arc::clone(&self.plan), edits, sorted: Arc::clone(&self.sorted) }
    }

    pub fn project_id(&self, full_path: &str) -> Option<i64> {
        self.plan.find_project(full_path).map(|project| project.id)
    }

    pub fn group_id(&self, full_path: &str) -> Option<i64> {
        self.plan.find_group(full_path).map(|group| group.id)
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
        let (Edit::Touch { project, .. }
        | Edit::Create { project, .. }
        | Edit::Delete { project, .. }
        | Edit::DeleteProject { project }) = edit;
        let Some(project) = self.plan.project_of_id(project) else {
            return;
        };
        let index = project.index;
        if let Edit::Touch { kind, iid, .. } | Edit::Delete { kind, iid, .. } = edit
            && !self.snapshot().numbers(kind, project).contains(iid)
        {
            return;
        }
        let mut edits = self.edits.write().unwrap_or_else(PoisonError::into_inner);
        let edits = Arc::make_mut(&mut edits);
        match edit {
            Edit::Touch { kind, iid, at, .. } => edits.touch(kind, index, iid, at),
            Edit::Create { kind, at, .. } => edits.create(kind, index, at),
            Edit::Delete { kind, iid, .. } => edits.delete(kind, index, iid),
            Edit::DeleteProject { .. } => edits.delete_project(index),
        }
    }
}
