//! What a destination could not do.

use std::error::Error;

use super::lease::Holder;

type Source = Box<dyn Error + Send + Sync>;

/// A destination could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    #[error("cannot open {place}")]
    Open { place: String, source: Source },
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
    #[error("{place} cannot {action} table `{table}`")]
    Table { place: String, action: &'static str, table: String, source: Source },
    #[error("{place} cannot {action}")]
    Package { place: String, action: &'static str, source: Source },
    #[error("{place} holds `{value}` in `{table}.{column}`, which this version cannot read")]
    Metadata { place: String, table: &'static str, column: &'static str, value: String },
    #[error("rows for table `{table}` carry column `{column}`, which the table does not have in that type")]
    Mismatch { table: String, column: String },
}

impl DestinationError {
    /// What to do next, in a line.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Open { .. } => "see that the folder exists and that you may write to it",
            Self::Held { .. } => "wait until that run is over, or load into another place",
            Self::LeaseLost { .. } => "what was committed is kept; let only one run at a time load into it",
            Self::Busy { .. } => "close the program that writes to it, or load into another place",
            Self::NoSpace { .. } => "make room, or load into another place",
            Self::ForeignTable { .. } => "load into another place, or rename that table",
            Self::Metadata { .. } => "use the version that wrote it, or load into another place",
            Self::Table { .. } | Self::Package { .. } | Self::Mismatch { .. } => return None,
        })
    }
}
