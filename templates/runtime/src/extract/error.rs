//! How a run of the extraction can end early.

use thiserror::Error;
use tokio::task::JoinError;

use super::decode::DecodeError;
use super::paging::PagingError;
use crate::client::Fault;
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

impl ExtractError {
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
            Self::RootRefused { resource, source: Fault::NeedsToken { .. } } => Some(format!(
                "set GITLAB_TOKEN to a token with scope `read_api`; or go on without it, in config.toml\n      [resources.{}]\n      enabled = false",
                resource.name
            )),
            Self::RootRefused { resource, .. } | Self::Root { resource, .. } => Some(format!(
                "to go on without it, set in config.toml\n      [resources.{}]\n      enabled = false",
                resource.name
            )),
            Self::Unreachable { source: Fault::ForeignRedirect { .. }, .. } => {
                Some("if that is your GitLab, set `gitlab.url` to it".into())
            }
            Self::Unreachable { source, .. } if source.is_untrusted() => Some(
                "the certificate is not one that this system trusts: set `ca_file` under `[gitlab]` to that of the authority"
                    .into(),
            ),
            Self::Unreachable { .. } => Some("check `gitlab.url`, the network and the proxy settings".into()),
            Self::NotSaved { .. } => {
                Some("make secrets.toml and its folder writable: each exchange ends the tokens before it".into())
            }
            Self::Sink { .. } | Self::Worker(_) => None,
        }
    }
}
