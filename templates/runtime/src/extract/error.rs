//! How a run of the extraction can end early.

use thiserror::Error;
use tokio::task::JoinError;

use super::paging::PagingError;
use crate::client::{Client, Fault, Missing};
use crate::record::DecodeError;
use crate::resource::Resource;
use crate::scope::Named;

/// Ends the run.
#[derive(Debug, Error)]
pub enum ExtractError {
    /// 401: nothing that follows could work.
    #[error("{api} does not accept the token")]
    InvalidCredentials { api: String, source: Fault },
    /// The OAuth tokens are exchanged, and what came cannot be kept.
    #[error("the run cannot go on with new OAuth tokens")]
    NotSaved { source: Fault },
    /// 403 with `insufficient_scope`: likewise.
    #[error("the token may not read {api}")]
    InvalidPermissions { api: String, source: Fault },
    /// An entry of the scope that GitLab does not show.
    #[error("{} in `scope` is not there, or not for this token", .named)]
    NoSuchRoot { named: Named, source: Fault },
    /// The projects or groups that the scope starts from.
    #[error("the resource `{}` may not be read", .resource.name)]
    RootRefused { resource: &'static Resource, source: Fault },
    #[error("the resource `{}` cannot be read", .resource.name)]
    Root { resource: &'static Resource, source: PartitionError },
    /// GitLab is gone, or was never there.
    #[error("{api} cannot be reached")]
    Unreachable { api: String, source: Fault },
    /// An entry of the scope that something before GitLab makes another one of.
    #[error("{} in `scope` cannot be asked for by its path", .named)]
    Garbled { named: Named, source: Fault },
    /// Something answers that is not GitLab's API.
    #[error("{api} does not answer as GitLab's API does")]
    NotGitlab { api: String, source: Fault },
    #[error("the records cannot be loaded")]
    Sink { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("a worker stopped")]
    Worker(#[from] JoinError),
}

/// Ends one partition; the others go on.
#[derive(Debug, Error)]
pub enum PartitionError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Paging(#[from] PagingError),
}

/// Where a fault occurred.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At<'p> {
    /// Where the scope starts; at which of its entries, if it has some.
    Start(Option<&'p Named>),
    Below,
}

impl ExtractError {
    /// What a fault means for the whole run; `None` when it concerns one list alone.
    pub(crate) fn of_run(client: &Client, fault: &Fault, at: At<'_>) -> Option<Self> {
        let (api, source) = (client.api().to_string(), fault.clone());
        let is_start = matches!(at, At::Start(_));
        let is_early = is_start || !client.is_reached();
        match (fault, at) {
            (Fault::Unauthorized { .. }, _) => Some(Self::InvalidCredentials { api, source }),
            (Fault::NotSaved { .. }, _) => Some(Self::NotSaved { source }),
            (Fault::InsufficientScope { .. }, _) if is_early => {
                Some(Self::InvalidPermissions { api, source })
            }
            (fault, _) if client.is_gone() && fault.may_concern_all() => {
                Some(Self::Unreachable { api, source })
            }
            (Fault::Transport { .. }, _) if !client.is_reached() => Some(Self::Unreachable { api, source }),
            (Fault::ForeignRedirect { .. } | Fault::Scheme { .. }, _) if is_early => {
                Some(Self::Unreachable { api, source })
            }
            (
                Fault::SignIn { .. } | Fault::Intercepted { .. } | Fault::NotJson { .. } | Fault::Redirects,
                _,
            ) if is_early => Some(Self::NotGitlab { api, source }),
            (Fault::DecodedSlash { .. }, At::Start(Some(named))) => {
                Some(Self::Garbled { named: named.clone(), source })
            }
            (Fault::NotFound { missing: Missing::Thing, .. }, At::Start(Some(named))) => {
                Some(Self::NoSuchRoot { named: named.clone(), source })
            }
            // Every GitLab has the lists that an empty scope starts from.
            (Fault::NotFound { .. }, At::Start(None)) => Some(Self::NotGitlab { api, source }),
            (Fault::NotFound { missing: Missing::Route, .. }, At::Start(Some(_))) if !client.is_reached() => {
                Some(Self::NotGitlab { api, source })
            }
            _ => None,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InvalidCredentials { .. } => {
                Some("it may be expired or revoked, or belong to another server: see GITLAB_TOKEN, secrets.toml and `gitlab.url`".into())
            }
            Self::InvalidPermissions { .. } => Some("create a token with scope `read_api`".into()),
            Self::NoSuchRoot { named, .. } => Some(format!(
                "check how {named} is spelt: the full path or the numeric id, and whether the token's user is a member"
            )),
            Self::RootRefused { source: Fault::NeedsToken { .. }, .. } => {
                Some("set GITLAB_TOKEN to a token with scope `read_api`".into())
            }
            Self::RootRefused { .. } => {
                Some("the token's user may not list it: see its roles, and what `[scope]` names".into())
            }
            Self::Root { source: PartitionError::Fault(source), .. }
            | Self::Unreachable { source, .. }
            | Self::NotGitlab { source, .. }
            | Self::Garbled { source, .. } => source.hint().map(str::to_owned),
            Self::Root { .. } => None,
            Self::NotSaved { .. } => {
                Some("make secrets.toml and its folder writable: each exchange ends the tokens before it".into())
            }
            Self::Sink { .. } | Self::Worker(_) => None,
        }
    }
}
