//! Why a load could not go on.

use std::sync::Arc;

use super::refusal::Refusal;
use crate::destination::DestinationError;
use crate::normalize::NormalizeError;

/// A load could not go on. Every caller gets the same error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
    #[error(transparent)]
    Destination(Arc<DestinationError>),
    #[error(transparent)]
    Refused(Refusal),
    #[error("cannot start the thread that writes")]
    Thread(#[source] Arc<std::io::Error>),
    #[error("the thread that writes has panicked")]
    Panicked,
    #[error("the load is closed")]
    Closed,
}

impl LoadError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            LoadError::Destination(error) => error.hint(),
            LoadError::Refused(refusal) => Some(refusal.hint()),
            LoadError::Panicked => {
                Some("what was committed is kept; start again, and please report it".to_owned())
            }
            LoadError::Normalize(_) | LoadError::Thread(_) | LoadError::Closed => None,
        }
    }
}

impl From<DestinationError> for LoadError {
    fn from(error: DestinationError) -> Self {
        LoadError::Destination(Arc::new(error))
    }
}
