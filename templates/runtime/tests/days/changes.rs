//! What happens in a simulated GitLab, at random, and what of it may not be in the tables yet.

use std::collections::BTreeMap;

use fastrand::Rng;
use sample_gitlab::{Change, Edit, Kind, Moment, Size, World, cast};

const MINUTE: i64 = 60_000;

/// In a week everything is read whole once, as it is by default; and a day is compared at its end.
const SWEEP: i64 = 8 * 24 * 60 * MINUTE;

/// A row whose change is activity of its project.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    pub(crate) table: &'static str,
    pub(crate) project: i64,
    pub(crate) iid: i64,
    pub(crate) at: Moment,
}

#[derive(Debug)]
pub(crate) struct Changes {
    rng: Rng,
    projects: Vec<Project>,
    users: i64,
    active: Vec<Active>,
    /// Since when rows are gone, by kind, project and number.
    gone: BTreeMap<(Kind, i64, i64), Moment>,
}

/// What is known of a project from outside.
#[derive(Debug, Clone)]
struct Project {
    id: i64,
    is_there: bool,
    is_archived: bool,
    issues_on: bool,
    ci_on: bool,
}

const NUMBERED: [Kind; 3] = [Kind::Issue, Kind::MergeRequest, Kind::Label];

impl Changes {
    pub(crate) fn new(seed: u64, size: &Size) -> Self {
        let first = World::new(size.clone()).project_id(cast::ORDINARY).unwrap();
        let project = |nth: i64| Project {
            id: first + nth * 5,
            is_there: nth < size.projects - 1,
            is_archived: false,
            issues_on: true,
            ci_on: true,
        };
        let projects = (0..size.projects).map(project).collect();
        Self {
            rng: Rng::with_seed(seed),
            projects,
            users: size.users,
            active: Vec::new(),
            gone: BTreeMap::new(),
        }
    }

    /// The hour before `now`.
    pub(crate) fn happen(&mut self, world: &World, now: Moment) {
        self.active.clear();
        for _ in 0..self.rng.usize(0..4) {
            let at = now.plus(-self.rng.i64(1..60) * MINUTE);
            let place = self.rng.usize(0..self.projects.len());
            if self.projects[place].is_there {
                self.change(world, place, at);
            }
        }
    }

    pub(crate) fn active(&mut self) -> Vec<Active> {
        std::mem::take(&mut self.active)
    }

    fn change(&mut self, world: &World, place: usize, at: Moment) {
        let id = self.projects[place].id;
        let is_archived = self.projects[place].is_archived;
        match self.rng.u8(0..100) {
            0..10 => {
                let (user, level) = (self.rng.i64(3..self.users), self.rng.bool().then_some(30));
                world.apply(Edit::Change { project: id, change: Change::Member { user, level } });
            }
            10..13 => {
                self.projects[place].is_archived = !is_archived;
                world.apply(Edit::Change { project: id, change: Change::Archive(!is_archived) });
            }
            _ if is_archived => {}
            13..17 if self.projects[place].issues_on => {
                self.projects[place].issues_on = false;
                world.apply(Edit::Change { project: id, change: Change::Issues(false) });
            }
            17..20 if self.projects[place].ci_on => {
                self.projects[place].ci_on = false;
                world.apply(Edit::Change { project: id, change: Change::Ci(false) });
            }
            20..30 => world.apply(Edit::Create { kind: Kind::Commit, project: id, at }),
            30..40 if self.projects[place].ci_on => {
                world.apply(Edit::Create { kind: Kind::Pipeline, project: id, at });
            }
            _ => self.change_row(world, place, at),
        }
    }

    fn change_row(&mut self, world: &World, place: usize, at: Moment) {
        let nth = self.rng.usize(0..3);
        let (kind, project) = (NUMBERED[nth], self.projects[place].id);
        if kind == Kind::Issue && !self.projects[place].issues_on {
            return;
        }
        let iid = self.rng.i64(1..=8);
        let is_label = kind == Kind::Label;
        match self.rng.u8(0..10) {
            0..3 => world.apply(Edit::Touch { kind, project, iid, at }),
            3..5 => world.apply(Edit::Create { kind, project, at }),
            5 => {
                world.apply(Edit::Delete { kind, project, iid });
                self.gone.entry((kind, project, iid)).or_insert(at);
            }
            _ if is_label => {}
            6..8 => self.tell(world, Edit::Close { kind, project, iid, at }, kind, (project, iid, at)),
            _ => self.tell(world, Edit::Comment { kind, project, iid, at }, kind, (project, iid, at)),
        }
    }

    fn tell(&mut self, world: &World, edit: Edit, kind: Kind, (project, iid, at): (i64, i64, Moment)) {
        let template = if kind == Kind::Issue { "issues" } else { "merge_requests" };
        let is_there = world
            .rows(&format!("/projects/{{id}}/{template}"))
            .unwrap()
            .any(|(_, row)| row["project_id"] == project && row["iid"] == iid);
        world.apply(edit);
        if is_there {
            let table = if kind == Kind::Issue { "project_issues" } else { "project_merge_requests" };
            self.active.push(Active { table, project, iid, at });
        }
    }

    /// With the new day: what was switched off is on again, and now and then there is a new project.
    pub(crate) fn come_back(&mut self, world: &World) {
        for place in 0..self.projects.len() {
            let project = &mut self.projects[place];
            let appears = !project.is_there && self.rng.u8(0..8) == 0;
            for (is_new, change) in [
                (appears, Change::Appear),
                (!project.issues_on && self.rng.bool(), Change::Issues(true)),
                (!project.ci_on && self.rng.bool(), Change::Ci(true)),
            ] {
                if !is_new {
                    continue;
                }
                match change {
                    Change::Appear => project.is_there = true,
                    Change::Issues(on) => project.issues_on = on,
                    _ => project.ci_on = true,
                }
                world.apply(Edit::Change { project: project.id, change });
            }
        }
    }

    /// Whether a table's rows of a project are what they were when GitLab last gave them.
    pub(crate) fn is_given(&self, table: &str, project: i64) -> bool {
        let Some(project) = self.projects.iter().find(|one| one.id == project) else { return true };
        let is_of = |starts: &[&str]| starts.iter().any(|start| table.starts_with(start));
        let is_off = (!project.issues_on && is_of(&["project_issues", "issue_", "project_board"]))
            || (!project.ci_on
                && is_of(&["project_pipeline", "pipeline_", "project_environments", "project_deployments"]));
        !is_off
    }

    /// Whether a row may still be there although it is gone: until the next full sweep.
    pub(crate) fn may_be_there(&self, table: &str, (project, iid): (i64, i64), now: Moment) -> bool {
        let kind = if table.contains("merge_request") { Kind::MergeRequest } else { Kind::Issue };
        self.gone.get(&(kind, project, iid)).is_some_and(|at| at.plus(SWEEP) > now)
    }
}
