//! What a warehouse said, as the errors of a destination.

use std::error::Error;
use std::sync::Arc;

use crate::destination::DestinationError;

type Source = Box<dyn Error + Send + Sync>;

pub(in super::super) type Answer<T> = Result<T, Fault>;

/// What went wrong, and what that means.
#[derive(Debug)]
pub(in super::super) struct Fault {
    pub(in super::super) why: Why,
    pub(in super::super) source: Source,
}

/// What does not depend on what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Why {
    /// The credentials are no good.
    #[cfg(feature = "snowflake")]
    Unknown,
    Denied,
    Full,
    /// Somebody else changes the same thing.
    Busy,
    Unreachable,
    /// It would have taken longer than it may.
    Late,
    /// A statement does more than read.
    Writes,
    /// Anything else: it is told with what was done.
    Other,
}

impl Fault {
    pub(in super::super) fn other(source: impl Into<Source>) -> Self {
        Self { why: Why::Other, source: source.into() }
    }
}

/// The place, as messages call it, and who asks.
#[derive(Debug, Clone)]
pub(in super::super) struct Place {
    name: Arc<str>,
    who: Arc<str>,
}

impl Place {
    pub(in super::super) fn new(name: &str, who: &str) -> Self {
        Self { name: name.into(), who: who.into() }
    }

    pub(in super::super) fn name(&self) -> String {
        self.name.to_string()
    }

    /// For `map_err`: what failed on which table.
    pub(in super::super) fn failed(
        &self,
        action: &'static str,
        table: &str,
    ) -> impl Fn(Fault) -> DestinationError + use<> {
        let (place, table) = (self.clone(), table.to_owned());
        move |fault| {
            let other = |source| DestinationError::Table {
                place: place.name(),
                action,
                table: table.clone(),
                source,
            };
            place.general(action, fault).unwrap_or_else(other)
        }
    }

    /// For `map_err`: what failed.
    pub(in super::super) fn package_failed(
        &self,
        action: &'static str,
    ) -> impl Fn(Fault) -> DestinationError + use<> {
        let place = self.clone();
        move |fault| {
            let other = |source| DestinationError::Package { place: place.name(), action, source };
            place.general(action, fault).unwrap_or_else(other)
        }
    }

    /// For `map_err`: there is no connection.
    #[cfg(feature = "snowflake")]
    pub(in super::super) fn not_connected(&self, fault: Fault) -> DestinationError {
        let other = |source| DestinationError::Open { place: self.name(), source };
        self.general("connect", fault).unwrap_or_else(other)
    }

    pub(super) fn incomplete(&self, why: &'static str) -> DestinationError {
        DestinationError::Package { place: self.name(), action: "commit a package", source: why.into() }
    }

    pub(super) fn unreadable(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
    ) -> DestinationError {
        DestinationError::unreadable(self.name(), table, column, value)
    }

    fn general(&self, action: &'static str, fault: Fault) -> Result<DestinationError, Source> {
        let (place, who, source) = (self.name(), self.who.to_string(), fault.source);
        Ok(match fault.why {
            #[cfg(feature = "snowflake")]
            Why::Unknown => DestinationError::Unknown { place, who, source },
            Why::Denied => DestinationError::Denied { place, who, action, source },
            Why::Full => DestinationError::NoSpace { place, source },
            Why::Busy => DestinationError::Busy { place, source },
            Why::Unreachable => DestinationError::Unreachable { place, source },
            Why::Late | Why::Writes | Why::Other => return Err(source),
        })
    }
}
