//! What must be switched on, or which role is needed, before a route answers. Without a gate whoever
//! sees the parent may read.

use super::{Call, Refusal};
use crate::world::{MAINTAINER, REPORTER};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    SignedIn,
    Admin,
    Reporter,
    Maintainer,
    Issues,
    Ci,
    Environments,
    Wiki,
    /// Answers 404 while nothing was ever committed.
    Commits,
    Tree,
    /// A paid tier: epics, iterations, vulnerabilities, audit events.
    Premium,
    PremiumMaintainer,
}

impl Gate {
    pub(crate) fn check(self, call: &Call) -> Result<(), Refusal> {
        match self {
            Self::SignedIn => call.caller.user.map(|_| ()).ok_or_else(Refusal::unauthorized),
            Self::Admin => allowed(call.caller.is_admin()),
            Self::Reporter => at_least(call, REPORTER),
            Self::Maintainer => at_least(call, MAINTAINER),
            Self::Issues => allowed(call.project()?.issues_on),
            Self::Ci | Self::Environments => allowed(call.project()?.ci_on),
            Self::Wiki => call.project()?.issues_on.then_some(()).ok_or_else(Refusal::nothing_here),
            Self::Commits => has_commits(call, "Repository"),
            Self::Tree => has_commits(call, "Tree"),
            Self::Premium => premium(call),
            Self::PremiumMaintainer => premium(call).and_then(|()| at_least(call, MAINTAINER)),
        }
    }
}

fn allowed(yes: bool) -> Result<(), Refusal> {
    if yes { Ok(()) } else { Err(Refusal::forbidden()) }
}

fn at_least(call: &Call, level: i64) -> Result<(), Refusal> {
    let plan = &call.now.plan;
    let access = match (&call.project, &call.group) {
        (Some(project), _) => plan.project_access(call.caller, project),
        (None, Some(group)) => plan.group_access(call.caller, group),
        (None, None) => None,
    };
    match (call.caller.user, access) {
        (None, _) => Err(Refusal::unauthorized()),
        (_, Some(given)) if given >= level => Ok(()),
        _ => Err(Refusal::forbidden()),
    }
}

fn has_commits(call: &Call, what: &str) -> Result<(), Refusal> {
    if call.project()?.empty_repository { Err(Refusal::not_found(what)) } else { Ok(()) }
}

fn premium(call: &Call) -> Result<(), Refusal> {
    allowed(match (&call.project, &call.group) {
        (Some(project), _) => project.premium,
        (None, Some(group)) => group.premium,
        (None, None) => true,
    })
}
