//! The groups of a world, parents before children.

use super::size::Size;

pub(crate) const FIRST_ID: i64 = 11;
pub(crate) const ID_STEP: i64 = 7;

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) index: usize,
    pub(crate) id: i64,
    pub(crate) path: String,
    pub(crate) full_path: String,
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) parent: Option<usize>,
    pub(crate) public: bool,
    /// Epics, iterations and audit events exist.
    pub(crate) premium: bool,
    /// What the member is given directly in this group.
    pub(crate) member_access: Option<i64>,
}

pub(crate) const MAINTAINER: i64 = 40;
pub(crate) const DEVELOPER: i64 = 30;
pub(crate) const REPORTER: i64 = 20;
pub(crate) const OWNER: i64 = 50;

/// The first three are the member's, so are all that the size adds; the last two are not.
pub(crate) fn planned(size: &Size) -> Vec<Group> {
    let mut groups = vec![
        top(0, "platform", "Platform 🏗️", true, Some(MAINTAINER)),
        below(1, "tools", "Outils & Werkzeuge", 0, "platform", "Platform 🏗️", true),
        top(2, "design", "Design – デザイン", false, Some(DEVELOPER)),
    ];
    for index in 3..usize::try_from(size.groups).unwrap_or(3).max(3) {
        let path = format!("team-{index:03}");
        let name = format!("Team {index}");
        groups.push(match index % 3 {
            0 => top(index, &path, &name, false, Some(REPORTER)),
            1 => below(index, &path, &name, 0, "platform", "Platform 🏗️", true),
            _ => below(index, &path, &name, 1, "platform/tools", "Platform 🏗️ / Outils & Werkzeuge", true),
        });
    }
    let strangers = groups.len();
    groups.push(Group { public: true, ..top(strangers, "community", "Community", true, None) });
    groups.push(top(strangers + 1, "vault", "Vault", true, None));
    groups
}

fn top(index: usize, path: &str, name: &str, premium: bool, member_access: Option<i64>) -> Group {
    Group {
        index,
        id: FIRST_ID + ID_STEP * i64::try_from(index).unwrap_or(0),
        path: path.to_owned(),
        full_path: path.to_owned(),
        name: name.to_owned(),
        full_name: name.to_owned(),
        parent: None,
        public: false,
        premium,
        member_access,
    }
}

fn below(
    index: usize,
    path: &str,
    name: &str,
    parent: usize,
    parent_path: &str,
    parent_name: &str,
    premium: bool,
) -> Group {
    Group {
        full_path: format!("{parent_path}/{path}"),
        full_name: format!("{parent_name} / {name}"),
        parent: Some(parent),
        ..top(index, path, name, premium, None)
    }
}
