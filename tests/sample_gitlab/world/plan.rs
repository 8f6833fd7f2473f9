//! The groups and projects of a world and how much they hold.

use std::sync::Arc;

use super::cast;
use super::edits::Change;
use super::groups::{self, Group};
use super::projects::{self, Project};
use super::seed::Seed;
use super::size::Size;

/// The address that this instance believes it has.
pub const PUBLIC_URL: &str = "http://gitlab.sample.invalid";

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: Seed,
    pub(crate) size: Size,
    pub(crate) groups: Vec<Arc<Group>>,
    pub(crate) projects: Vec<Arc<Project>>,
}

impl Plan {
    pub(crate) fn new(size: Size, seed: u64) -> Self {
        let size = Size { users: size.users.max(6), groups: size.groups.max(3), ..size };
        let seed = Seed::new(seed);
        let groups: Vec<_> = groups::planned(&size).into_iter().map(Arc::new).collect();
        let projects = projects::planned(&size, seed, &groups).into_iter().map(Arc::new).collect();
        Self { seed, size, groups, projects }
    }

    /// Projects of the member that are not there yet.
    pub(super) fn hide_last(&mut self, count: usize) {
        let strangers = self.projects.len().saturating_sub(2);
        let mine = self.projects.iter_mut().take(strangers);
        let with_group = mine.filter(|project| project.group.is_some()).rev().take(count);
        with_group.for_each(|project| Arc::make_mut(project).is_there = false);
    }

    pub(super) fn change(&mut self, project: usize, change: Change) {
        let Some(project) = self.projects.get_mut(project).map(Arc::make_mut) else {
            return;
        };
        match change {
            Change::Appear => project.is_there = true,
            Change::Archive(archived) => project.archived = archived,
            Change::Issues(on) => project.issues_on = on,
            Change::Ci(on) => project.ci_on = on,
            Change::Member { user, level } => {
                project.members.insert(user, level);
            }
        }
    }

    pub(crate) fn group(&self, index: usize) -> Option<&Arc<Group>> {
        self.groups.get(index)
    }

    /// By number or by full path, as the API takes either.
    pub(crate) fn find_group(&self, id: &str) -> Option<&Arc<Group>> {
        match id.parse::<i64>() {
            Ok(number) => self.groups.iter().find(|group| group.id == number),
            Err(_) => self.groups.iter().find(|group| group.full_path.eq_ignore_ascii_case(id)),
        }
    }

    pub(crate) fn find_project(&self, id: &str) -> Option<&Arc<Project>> {
        match id.parse::<i64>() {
            Ok(number) => self.project_of_id(number),
            Err(_) => self.projects.iter().find(|project| project.full_path.eq_ignore_ascii_case(id)),
        }
    }

    pub(crate) fn project_of_id(&self, id: i64) -> Option<&Arc<Project>> {
        let index = usize::try_from((id - projects::FIRST_ID) / projects::ID_STEP).ok()?;
        self.projects.get(index).filter(|project| project.id == id)
    }

    /// Where a project that moved is now.
    pub(crate) fn moved_to(&self, path: &str) -> Option<i64> {
        let home = self.find_project(cast::ORDINARY)?;
        path.eq_ignore_ascii_case(cast::MOVED_FROM).then_some(home.id)
    }

    /// The group itself, then its ancestors up to the top.
    pub(crate) fn lineage(&self, group: usize) -> Vec<&Arc<Group>> {
        let mut line = Vec::new();
        let mut next = self.group(group);
        while let Some(group) = next {
            line.push(group);
            next = group.parent.and_then(|parent| self.group(parent));
        }
        line
    }

    pub(crate) fn is_within(&self, group: usize, ancestor: usize) -> bool {
        self.lineage(group).iter().any(|member| member.index == ancestor)
    }
}
