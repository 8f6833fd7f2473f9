//! What a place is called, and what its errors mean.

use std::fmt::Write;
use std::sync::Arc;

use object_store::Error;
use parquet::errors::ParquetError;

use super::settings::Settings;
use crate::client::Excerpt;
use crate::config::Secret;
use crate::destination::DestinationError;

/// The place, as messages call it.
#[derive(Debug, Clone)]
pub(in super::super) struct Place(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    /// The bucket or container, as messages call it.
    container: Option<String>,
    secrets: Vec<Secret>,
}

/// What went wrong, in words without secrets.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

impl Place {
    pub(in super::super) fn new(name: String, container: Option<String>, settings: &Settings) -> Self {
        Self(Arc::new(Inner { name, container, secrets: settings.secrets() }))
    }

    pub(in super::super) fn name(&self) -> String {
        self.0.name.clone()
    }

    fn cause(&self, error: &dyn std::error::Error) -> Box<dyn std::error::Error + Send + Sync> {
        Box::new(Cause(Excerpt::new(&self.words(error)).to_string()))
    }

    /// What a store says of a failed request may hold its address with a signature in it.
    fn words(&self, error: &dyn std::error::Error) -> String {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let more = error.to_string();
            if !text.contains(&more) {
                // Nothing fails to be written to memory.
                let _ = write!(text, ": {more}");
            }
            source = error.source();
        }
        for secret in &self.0.secrets {
            text = text.replace(secret.expose(), "[redacted]");
        }
        let words = text.split(' ').map(|word| match word.split_once('?') {
            Some((address, _)) if address.contains("://") => format!("{address}?…"),
            _ => word.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// For `map_err`: what failed.
    pub(in super::super) fn failed(
        &self,
        action: &'static str,
    ) -> impl Fn(Error) -> DestinationError + use<> {
        let place = self.clone();
        move |error| place.fault(action, &error)
    }

    /// For `map_err`: what failed on which table.
    pub(in super::super) fn table_failed(
        &self,
        action: &'static str,
        table: &str,
    ) -> impl Fn(ParquetError) -> DestinationError + use<> {
        let (place, table) = (self.clone(), table.to_owned());
        move |error| {
            if let ParquetError::External(source) = &error
                && let Some(error) = source.downcast_ref::<Error>()
            {
                return place.fault(action, error);
            }
            let source = place.cause(&error);
            DestinationError::Table { place: place.name(), action, table: table.clone(), source }
        }
    }

    pub(in super::super) fn fault(&self, action: &'static str, error: &Error) -> DestinationError {
        let (place, source) = (self.name(), self.cause(error));
        let who = || "these credentials".to_owned();
        if is_full(error) {
            return DestinationError::NoSpace { place, source };
        }
        match error {
            Error::Unauthenticated { .. } => DestinationError::Unknown { place, who: who(), source },
            Error::PermissionDenied { .. } => DestinationError::Denied { place, who: who(), action, source },
            Error::NotFound { .. } if self.has_no_container(error) => {
                let what = self.0.container.clone().unwrap_or_default();
                DestinationError::Missing { place, what }
            }
            _ if is_unreachable(error) => DestinationError::Unreachable { place, source },
            _ => DestinationError::Package { place, action, source },
        }
    }

    /// Whether what was not found is not the object but what it would lie in.
    fn has_no_container(&self, error: &Error) -> bool {
        let words = self.words(error);
        ["NoSuchBucket", "ContainerNotFound"].iter().any(|code| words.contains(code))
    }

    pub(in super::super) fn not_opened(&self, error: &Error) -> DestinationError {
        DestinationError::Open { place: self.name(), source: self.cause(error) }
    }

    pub(in super::super) fn package_failed(
        &self,
        action: &'static str,
        source: &'static str,
    ) -> DestinationError {
        DestinationError::Package { place: self.name(), action, source: source.into() }
    }

    pub(in super::super) fn unreadable(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
    ) -> DestinationError {
        DestinationError::unreadable(self.name(), table, column, value)
    }
}

fn sources(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
}

fn is_full(error: &Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let kinds =
        sources(error).filter_map(|error| error.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kinds.into_iter().any(|kind| matches!(kind, StorageFull | ReadOnlyFilesystem | QuotaExceeded))
}

fn is_unreachable(error: &Error) -> bool {
    let is_of_connection = |error: &reqwest::Error| error.is_connect() || error.is_timeout();
    sources(error).any(|error| error.downcast_ref::<reqwest::Error>().is_some_and(is_of_connection))
}
