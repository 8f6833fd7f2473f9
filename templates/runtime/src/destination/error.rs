//! What a destination could not do.

use std::error::Error;

use super::lease::Holder;
use crate::client::Excerpt;
use crate::config::ConfigError;

type Source = Box<dyn Error + Send + Sync>;

/// A destination could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot open {place}")]
    Open { place: String, source: Source },
    #[error("{place} cannot be reached")]
    Unreachable { place: String, source: Source },
    #[error("{place} does not let in {who}")]
    Unknown { place: String, who: String, source: Source },
    #[error("{place} does not allow {who} to {action}")]
    Denied { place: String, who: String, action: &'static str, source: Source },
    #[error("there is no {what} in {place}")]
    Missing { place: String, what: String },
    #[error("another run is loading into {place}: {holder}")]
    Held { place: String, holder: Holder },
    #[error("{place} was taken over by another run: {holder}")]
    LeaseLost { place: String, holder: Holder },
    #[error("{place} is in use by another program")]
    Busy { place: String, source: Source },
    #[error("{place} is full or read-only")]
    NoSpace { place: String, source: Source },
    #[error("{place} has a table `{table}` that this pipeline did not make")]
    ForeignTable { place: String, table: String },
    #[error("{place} holds `.{found}` files, and config.toml wants `.{wanted}`")]
    OtherFormat { place: String, found: String, wanted: &'static str },
    #[error("{place} cannot make `{table}.{column}` {wanted}, which {views} stands on")]
    Viewed { place: String, table: String, column: String, wanted: &'static str, views: String },
    #[error("{place} cannot {action} table `{table}`")]
    Table { place: String, action: &'static str, table: String, source: Source },
    #[error("{place} cannot {action}")]
    Package { place: String, action: &'static str, source: Source },
    #[error("{place} holds `{value}` in `{table}.{column}`, which this version cannot read")]
    Metadata { place: String, table: &'static str, column: &'static str, value: String },
    #[error("another shard has changed table `{table}` of {place}")]
    Moved { place: String, table: String },
    #[error("rows for table `{table}` carry column `{column}`, which the table does not have in that type")]
    Mismatch { table: String, column: String },
}

impl DestinationError {
    /// A batch that is not as its table.
    pub(crate) fn mismatch(table: &str, column: &str) -> Self {
        Self::Mismatch { table: table.to_owned(), column: column.to_owned() }
    }

    /// What no pipeline of this version writes, found in `table.column` of a destination's own tables.
    pub(crate) fn unreadable(place: String, table: &'static str, column: &'static str, value: &str) -> Self {
        Self::Metadata { place, table, column, value: Excerpt::new(value).to_string() }
    }

    /// What to do next, in a line.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Config(error) => return error.hint(),
            Self::Unreachable { .. } => "see that the address is right and that the server runs",
            Self::Unknown { .. } => "see that the credentials in secrets.toml are those of that place",
            Self::Denied { .. } => "grant it, or use other credentials",
            Self::Missing { .. } => "make it, or name another one under `[destination]` in config.toml",
            Self::Open { .. } => "see that the folder exists and that you may write to it",
            Self::Held { .. } => {
                "wait until that run is over (`lock_timeout` in config.toml does), or load into another place"
            }
            Self::LeaseLost { .. } => "what was committed is kept; let only one run at a time load into it",
            Self::Busy { .. } => "close the program that writes to it, or load into another place",
            Self::NoSpace { .. } => "make room, or load into another place",
            Self::ForeignTable { .. } => "load into another place, or rename that table",
            Self::Moved { .. } => "run the shard again: it goes on where it was",
            Self::Viewed { .. } => {
                "drop it, run, and make it anew; or keep the type: `types = \"discard_value\"` under `[schema]` leaves such values out"
            }
            Self::OtherFormat { .. } => {
                "set `format` and `compression` back, or name another `path` for a load from the beginning"
            }
            Self::Metadata { .. } => "use the version that wrote it, or load into another place",
            Self::Table { .. } | Self::Package { .. } | Self::Mismatch { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
