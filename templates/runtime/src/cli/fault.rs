//! Every way in which a command can fail: how it is printed, and which exit code it has.

use std::error::Error;
use std::io;

use thiserror::Error;

use super::notice::NoticeError;
use crate::access::AccessFault;
use crate::client::{ClientError, Fault};
use crate::config::ConfigError;
use crate::destination::{DestinationError, NAMES};
use crate::extract::{ExtractError, PartitionError, TreeError};
use crate::load::LoadError;
use crate::login::LoginError;
use crate::normalize::NormalizeError;
use crate::show::ShowError;
use crate::told::{INTERRUPTED, ToldError};

#[derive(Debug, Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Destination(#[from] DestinationError),
    #[error(transparent)]
    Extract(#[from] ExtractError),
    #[error(transparent)]
    Access(#[from] AccessFault),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error("there is no destination `{kind}`")]
    NoSuchDestination { kind: String, suggestion: Option<String> },
    #[error("the destination `{kind}` is not compiled in")]
    DestinationLeftOut { kind: String },
    #[error("src/hooks.rs has a hook for `{resource}`, which is no resource")]
    UnknownHook { resource: &'static str, suggestion: Option<String> },
    #[error("there is no command `{name}`")]
    NoSuchCommand { name: String },
    #[error("the scope leaves nothing to read of `{resource}`")]
    NothingToRead { resource: &'static str },
    #[error("`{}` and `{}` together name no shard", .variables[0], .variables[1])]
    Shard { variables: [&'static str; 2] },
    #[error("the threads for the run cannot be started")]
    Runtime { source: io::Error },
    #[error("what is loaded into `{kind}` cannot be shown")]
    NotReadable { kind: &'static str },
    #[error("the tables of `{kind}` are not made by SQL")]
    NoSql { kind: &'static str },
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
    #[error(transparent)]
    Show(#[from] ShowError),
    #[error("`{path}` cannot be written")]
    Export { path: String, source: io::Error },
    #[error(transparent)]
    Notice(#[from] NoticeError),
    #[error("the output cannot be written")]
    Output { source: io::Error },
    #[error("interrupted by {signal}: what was read so far is loaded")]
    Interrupted { signal: &'static str },
}

/// Exit codes that schedulers may tell apart.
const FAILED: u8 = 1;
pub(super) const USAGE: u8 = 2;
const INVALID_CREDENTIALS: u8 = 3;
const INVALID_PERMISSIONS: u8 = 4;
const NO_RESOURCES: u8 = 5;

impl CliError {
    /// The name that `check` and `run` share for an access fault, and its exit code.
    fn class(&self) -> (Option<&'static str>, u8) {
        match self {
            Self::Config(ConfigError::DeployToken) => (Some("invalid_credentials"), INVALID_CREDENTIALS),
            Self::Config(_)
            | Self::Tree(_)
            | Self::Client(
                ClientError::Token | ClientError::Read { .. } | ClientError::Pem { .. } | ClientError::Proxy,
            )
            | Self::NoSuchDestination { .. }
            | Self::DestinationLeftOut { .. }
            | Self::NotReadable { .. }
            | Self::NoSql { .. }
            | Self::Destination(DestinationError::Config(_))
            | Self::Load(LoadError::Refused(_))
            | Self::UnknownHook { .. }
            | Self::NoSuchCommand { .. }
            | Self::Shard { .. }
            | Self::Notice(NoticeError::NoAddress)
            | Self::Login(LoginError::NoApplication { .. }) => (None, USAGE),
            Self::Login(LoginError::Refused { .. }) => (Some("invalid_credentials"), INVALID_CREDENTIALS),
            Self::Extract(error) | Self::Access(AccessFault::Refused(error)) => extract_class(error),
            Self::NothingToRead { .. } | Self::Access(AccessFault::NoMembership) => {
                (Some("no_resources"), NO_RESOURCES)
            }
            Self::Interrupted { .. } => (None, INTERRUPTED),
            _ => (None, FAILED),
        }
    }

    pub(super) fn exit_code(&self) -> u8 {
        self.class().1
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Tree(error) => Some(error.hint()),
            Self::Client(ClientError::Token) => {
                Some("copy the token again, without quotes or line breaks".into())
            }
            Self::Client(ClientError::Setup(_)) => Some(
                "see that the certificates of the system are installed (package `ca-certificates`)".into(),
            ),
            Self::Client(ClientError::Proxy) => {
                Some("write it as `http://host:port`, or `http://user:password@host:port`".into())
            }
            Self::NoSuchDestination { suggestion, .. } => Some(match suggestion {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("`kind` under `[destination]` in config.toml is one of {}", NAMES.join(", ")),
            }),
            Self::DestinationLeftOut { kind } => Some(format!(
                "name the feature `{kind}` in `default` under `[features]` of Cargo.toml, or set another kind"
            )),
            Self::NotReadable { .. } => {
                Some("`info` tells how loads went; the tables are with whoever keeps them".into())
            }
            Self::NoSql { .. } => Some(
                "`--format json` describes the rows, and `--format mermaid` how tables hang together".into(),
            ),
            Self::Show(ShowError::Port { .. }) => Some("leave `--port` out: a free one is taken".into()),
            Self::Export { .. } => Some("see that the folder exists and that you may write to it".into()),
            Self::UnknownHook { suggestion, .. } => Some(match suggestion {
                Some(name) => format!("did you mean `{name}`?"),
                None => "`resources` lists what there is".into(),
            }),
            Self::NoSuchCommand { .. } => Some("`help` lists them".into()),
            Self::Shard { .. } => Some("pass `--shard I/N`, or `--shard 1/1` for a whole run".into()),
            Self::Interrupted { .. } => Some("the next run goes on with it".into()),
            Self::Notice(NoticeError::NoAddress) => Some(
                "put the address that the service gave into secrets.toml, under `[notify]`, or set PIPELINE__NOTIFY__URL"
                    .into(),
            ),
            Self::Notice(_) => Some(
                "see that `notify.url` is whole and still valid, and that `notify.kind` is the service that gave it".into(),
            ),
            Self::Load(error) => error.hint(),
            Self::Login(error) => error.hint(),
            Self::Destination(error) => error.hint(),
            Self::Extract(ExtractError::Root { resource, source: PartitionError::Decode(error) }) => {
                error.hint(resource.name)
            }
            Self::Extract(error) | Self::Access(AccessFault::Refused(error)) => error.hint(),
            Self::NothingToRead { .. } | Self::Access(AccessFault::NoMembership) => {
                Some("name groups or projects in `[scope]`, or leave both lists empty".into())
            }
            _ => None,
        }
    }

    /// The error, what caused it, and what to do next.
    pub(super) fn told(&self) -> ToldError {
        let (class, exit_code) = self.class();
        let mut causes = Vec::new();
        let mut source = self.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        ToldError { class, message: self.to_string(), causes, hint: self.hint(), exit_code }
    }
}

fn extract_class(error: &ExtractError) -> (Option<&'static str>, u8) {
    match error {
        ExtractError::InvalidCredentials { .. }
        | ExtractError::RootRefused { source: Fault::NeedsToken { .. }, .. } => {
            (Some("invalid_credentials"), INVALID_CREDENTIALS)
        }
        ExtractError::InvalidPermissions { .. }
        | ExtractError::RootRefused { source: Fault::Forbidden { .. }, .. } => {
            (Some("invalid_permissions"), INVALID_PERMISSIONS)
        }
        ExtractError::NoSuchRoot { .. } | ExtractError::Garbled { .. } | ExtractError::RootRefused { .. } => {
            (Some("no_resources"), NO_RESOURCES)
        }
        _ => (None, FAILED),
    }
}
