//! The projects of a world: the cast first, then ordinary ones, then those of strangers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::groups::{DEVELOPER, Group};
use super::seed::Seed;
use super::size::Size;

/// Groups and projects start at the same number on purpose: ids are unique per kind only.
pub(crate) const FIRST_ID: i64 = 11;
pub(crate) const ID_STEP: i64 = 5;

#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) index: usize,
    pub(crate) id: i64,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) full_path: String,
    /// None for a project in the namespace of the member's user.
    pub(crate) group: Option<usize>,
    pub(crate) shared_into: Option<usize>,
    pub(crate) public: bool,
    pub(crate) archived: bool,
    pub(crate) issues_on: bool,
    pub(crate) ci_on: bool,
    pub(crate) empty_repository: bool,
    pub(crate) premium: bool,
    pub(crate) is_there: bool,
    /// Levels that were given or taken since the start.
    pub(crate) members: BTreeMap<i64, Option<i64>>,
    pub(crate) holds: Holdings,
}

/// How many of each kind were there at the start; later edits come on top.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) issues: i64,
    pub(crate) merge_requests: i64,
    pub(crate) pipelines: i64,
    pub(crate) commits: i64,
    pub(crate) branches: i64,
    pub(crate) tags: i64,
    pub(crate) releases: i64,
    pub(crate) deployments: i64,
    pub(crate) events: i64,
}

impl Project {
    /// The number that stands for this project in seeded choices and ids.
    pub(crate) fn ordinal(&self) -> i64 {
        i64::try_from(self.index).unwrap_or(0)
    }
}

pub(crate) fn planned(size: &Size, seed: Seed, groups: &[Arc<Group>]) -> Vec<Project> {
    let mut projects = Vec::new();
    for index in 0..usize::try_from(size.projects).unwrap_or(0) {
        let (path, name, group) = match index {
            0 => ("storefront".to_owned(), "Storefront".to_owned(), 0),
            1 => ("toolbox".to_owned(), "Werkzeug 🧰".to_owned(), 1),
            2 => ("handbook".to_owned(), "Hand\"book\"".to_owned(), 2),
            3 => ("firmware".to_owned(), "ファームウェア".to_owned(), 1),
            4 => ("attic".to_owned(), "Attic".to_owned(), 0),
            5 => ("blank-slate".to_owned(), "Blank slate".to_owned(), 2),
            // The same path in several groups: only the full path tells them apart.
            _ => (
                format!("service-{}", index / 2),
                format!("Service {index}"),
                index % groups_of_member(groups),
            ),
        };
        let ordinary = in_group(index, path, name, group, groups);
        projects.push(if size.peculiar { peculiar(ordinary) } else { ordinary });
    }
    if size.peculiar {
        projects.push(personal(projects.len()));
    }
    for (path, group) in [("open-map", groups.len() - 2), ("ledger", groups.len() - 1)] {
        projects.push(in_group(projects.len(), path.to_owned(), path.to_owned(), group, groups));
    }
    for project in &mut projects {
        project.holds = holdings(project, size, seed);
    }
    projects
}

fn groups_of_member(groups: &[Arc<Group>]) -> usize {
    groups.len().saturating_sub(2).max(1)
}

fn in_group(index: usize, path: String, name: String, group: usize, groups: &[Arc<Group>]) -> Project {
    let home = groups.get(group);
    let parent = home.map(|group| group.full_path.as_str()).unwrap_or_default();
    Project {
        index,
        id: FIRST_ID + ID_STEP * i64::try_from(index).unwrap_or(0),
        full_path: format!("{parent}/{path}"),
        path,
        name,
        group: Some(group),
        shared_into: None,
        public: home.is_some_and(|group| group.public),
        archived: false,
        issues_on: true,
        ci_on: true,
        empty_repository: false,
        premium: home.is_some_and(|group| group.premium),
        is_there: true,
        members: BTreeMap::new(),
        holds: Holdings::default(),
    }
}

fn peculiar(ordinary: Project) -> Project {
    match ordinary.index {
        1 => Project { shared_into: Some(2), ..ordinary },
        2 => Project { issues_on: false, ..ordinary },
        3 => Project { ci_on: false, ..ordinary },
        4 => Project { archived: true, ..ordinary },
        5 => Project { empty_repository: true, ..ordinary },
        _ => ordinary,
    }
}

fn personal(index: usize) -> Project {
    Project {
        full_path: "mira/dotfiles".to_owned(),
        group: None,
        premium: false,
        public: false,
        ..in_group(index, "dotfiles".to_owned(), "dotfiles".to_owned(), 0, &[])
    }
}

/// The access that a share gives to the members of the other group.
pub(crate) const SHARE_ACCESS: i64 = DEVELOPER;

fn holdings(project: &Project, size: &Size, seed: Seed) -> Holdings {
    let part = match project.index {
        0 => 1,
        _ => seed.within(2..=4, "part", &[project.ordinal()]),
    };
    let some = |count: i64| if count == 0 { 0 } else { (count / part).max(1) };
    let in_repository = |count: i64| if project.empty_repository { 0 } else { some(count) };
    Holdings {
        issues: some(size.issues),
        merge_requests: in_repository(size.merge_requests),
        pipelines: in_repository(size.pipelines),
        commits: in_repository(size.commits),
        branches: in_repository(size.branches),
        tags: in_repository(size.tags),
        releases: in_repository(size.releases.min(size.tags)),
        deployments: in_repository(size.deployments),
        events: some(size.events),
    }
}
