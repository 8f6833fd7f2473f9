//! Who may see what.

use std::collections::BTreeMap;

use super::Snapshot;
use super::groups::{Group, OWNER};
use super::people::{ADMIN, CROWD, MEMBER, OUTSIDER};
use super::plan::Plan;
use super::projects::{Project, SHARE_ACCESS};

/// On whose behalf a request is answered; nobody when there is no token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) user: Option<i64>,
    /// A job token reaches the project of its job only.
    pub(crate) only_project: Option<usize>,
}

impl Caller {
    pub(crate) const MEMBER: Self = Self { user: Some(MEMBER), only_project: None };
    pub(crate) const ADMIN: Self = Self { user: Some(ADMIN), only_project: None };
    pub(crate) const OUTSIDER: Self = Self { user: Some(OUTSIDER), only_project: None };
    pub(crate) const ANONYMOUS: Self = Self { user: None, only_project: None };

    pub(crate) fn is_admin(self) -> bool {
        self.user == Some(ADMIN)
    }
}

/// Access levels are looked for among this many users, so that a big crowd costs nothing.
const NEIGHBOURS: i64 = 200;
const LEVELS: [i64; 5] = [10, 20, 30, 40, 50];

impl Plan {
    /// The members that a group names itself, with their access levels.
    pub(crate) fn group_members(&self, group: &Group) -> Vec<(i64, i64)> {
        let mine = group.member_access.map(|level| (MEMBER, level));
        let ordinal = i64::try_from(group.index).unwrap_or(0);
        mine.into_iter().chain(self.crowd("group member", ordinal, 3)).collect()
    }

    pub(crate) fn project_members(&self, project: &Project) -> Vec<(i64, i64)> {
        let mine = project.group.is_none().then_some((MEMBER, OWNER));
        let mut members: BTreeMap<i64, Option<i64>> = self
            .crowd("project member", project.ordinal(), 4)
            .map(|(user, level)| (user, Some(level)))
            .collect();
        members.extend(project.members.iter().map(|(user, level)| (*user, *level)));
        let members = members.into_iter().filter_map(|(user, level)| Some((user, level?)));
        mine.into_iter().chain(members).collect()
    }

    fn crowd(&self, topic: &'static str, ordinal: i64, one_in: i64) -> impl Iterator<Item = (i64, i64)> {
        let seed = self.seed;
        (CROWD..self.size.users.min(NEIGHBOURS))
            .filter(move |user| seed.one_in(one_in, topic, &[ordinal, *user]))
            .map(move |user| {
                let level = usize::try_from(seed.below(5, "level", &[ordinal, user])).unwrap_or(0);
                (user, LEVELS.get(level).copied().unwrap_or(10))
            })
    }

    /// Members of the group and of its ancestors, each with the highest level.
    pub(crate) fn all_group_members(&self, group: &Group) -> Vec<(i64, i64)> {
        highest(self.lineage(group.index).into_iter().flat_map(|member| self.group_members(member)).collect())
    }

    pub(crate) fn all_project_members(&self, project: &Project) -> Vec<(i64, i64)> {
        let mut members = self.project_members(project);
        for group in project.group.map(|group| self.lineage(group)).unwrap_or_default() {
            members.extend(self.group_members(group));
        }
        if let Some(invited) = project.shared_into.and_then(|group| self.group(group)) {
            let guests = self.group_members(invited);
            members.extend(guests.into_iter().map(|(user, level)| (user, level.min(SHARE_ACCESS))));
        }
        highest(members)
    }

    pub(crate) fn group_access(&self, caller: Caller, group: &Group) -> Option<i64> {
        match caller.user? {
            ADMIN => Some(OWNER),
            MEMBER => self.lineage(group.index).into_iter().filter_map(|group| group.member_access).max(),
            _ => None,
        }
    }

    pub(crate) fn project_access(&self, caller: Caller, project: &Project) -> Option<i64> {
        if caller.only_project.is_some_and(|only| only != project.index) {
            return None;
        }
        match caller.user? {
            ADMIN => Some(OWNER),
            MEMBER => match project.group.and_then(|group| self.group(group)) {
                Some(group) => self.group_access(caller, group),
                None => Some(OWNER),
            },
            _ => None,
        }
    }
}

impl Snapshot {
    pub(crate) fn sees_group(&self, caller: Caller, group: &Group) -> bool {
        group.public || self.plan.group_access(caller, group).is_some()
    }

    pub(crate) fn sees_project(&self, caller: Caller, project: &Project) -> bool {
        project.is_there
            && !self.edits.lacks_project(project.index)
            && (project.public || self.plan.project_access(caller, project).is_some())
    }
}

fn highest(mut members: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    members.sort_by_key(|(user, level)| (*user, -level));
    members.dedup_by_key(|(user, _)| *user);
    members
}
