//! What the server said, as the errors of a destination. Its message is told, and of its details only those about tables:
//! others may quote what a record holds.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::client::Excerpt;
use crate::destination::DestinationError;

type Source = Box<dyn StdError + Send + Sync>;

/// The schema, as messages call it, and who asks.
#[derive(Debug, Clone)]
pub(in super::super) struct Place {
    name: Arc<str>,
    user: Arc<str>,
}

impl Place {
    pub(super) fn new(called: &str, schema: &str, database: &str, address: &str, user: &str) -> Self {
        let name = format!(
            "{called} schema `{}` of database `{}` at {}",
            Excerpt::new(schema),
            Excerpt::new(database),
            Excerpt::new(address)
        );
        Self { name: name.into(), user: format!("`{}`", Excerpt::new(user)).into() }
    }

    pub(in super::super) fn name(&self) -> String {
        self.name.to_string()
    }

    #[cfg(feature = "redshift")]
    pub(in super::super) fn user(&self) -> &str {
        &self.user
    }

    /// For `map_err`: what failed on which table.
    pub(super) fn failed(
        &self,
        action: &'static str,
        table: &str,
    ) -> impl Fn(Error) -> DestinationError + use<> {
        let (place, table) = (self.clone(), table.to_owned());
        move |error| {
            place.general(action, error).unwrap_or_else(|source| DestinationError::Table {
                place: place.name(),
                action,
                table: table.clone(),
                source,
            })
        }
    }

    /// For `map_err`: what failed.
    pub(super) fn package_failed(&self, action: &'static str) -> impl Fn(Error) -> DestinationError + use<> {
        let place = self.clone();
        move |error| {
            let other = |source| DestinationError::Package { place: place.name(), action, source };
            place.general(action, error).unwrap_or_else(other)
        }
    }

    pub(super) fn not_connected(&self, error: Error) -> DestinationError {
        let (place, who) = (self.name(), self.user.to_string());
        match error.code().cloned() {
            Some(SqlState::INVALID_CATALOG_NAME) => {
                DestinationError::Missing { place, what: "such a database".to_owned() }
            }
            Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                DestinationError::Unknown { place, who, source: source_of(error) }
            }
            Some(SqlState::TOO_MANY_CONNECTIONS) => {
                DestinationError::Busy { place, source: source_of(error) }
            }
            Some(_) => DestinationError::Open { place, source: source_of(error) },
            // The client says so itself when it has no password, or when the server does not know it.
            None if ["authentication error", "invalid configuration"]
                .contains(&error.to_string().as_str()) =>
            {
                DestinationError::Unknown { place, who, source: source_of(error) }
            }
            None => DestinationError::Unreachable { place, source: source_of(error) },
        }
    }

    pub(super) fn unreadable(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
    ) -> DestinationError {
        DestinationError::unreadable(self.name(), table, column, value)
    }

    /// What does not depend on what was done, or why that failed.
    fn general(&self, action: &'static str, error: Error) -> Result<DestinationError, Source> {
        let place = self.name();
        let Some(code) = error.code().cloned() else {
            let is_cut = error.is_closed() || error.to_string().contains("communicating");
            let source = source_of(error);
            return if is_cut { Ok(DestinationError::Unreachable { place, source }) } else { Err(source) };
        };
        let source = source_of(error);
        match code {
            SqlState::INSUFFICIENT_PRIVILEGE => {
                Ok(DestinationError::Denied { place, who: self.user.to_string(), action, source })
            }
            SqlState::DISK_FULL | SqlState::READ_ONLY_SQL_TRANSACTION => {
                Ok(DestinationError::NoSpace { place, source })
            }
            SqlState::LOCK_NOT_AVAILABLE | SqlState::T_R_DEADLOCK_DETECTED => {
                Ok(DestinationError::Busy { place, source })
            }
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
                Ok(DestinationError::Unreachable { place, source })
            }
            _ => Err(source),
        }
    }
}

/// What the server said.
#[derive(Debug)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Said {}

pub(in super::super) fn source_of(error: Error) -> Source {
    match error.as_db_error() {
        Some(said) => Box::new(Said(text_of(said))),
        None => error.into(),
    }
}

fn text_of(said: &DbError) -> String {
    let code = said.code().code();
    let is_about_tables = ["0A", "2B", "42"].iter().any(|class| code.starts_with(class));
    let detail = said.detail().filter(|_| is_about_tables);
    let detail = detail.map(|detail| format!(": {}", Excerpt::new(detail))).unwrap_or_default();
    format!("{}{detail} ({code})", Excerpt::new(said.message()))
}

/// Whether it says that a statement which only reads was asked for.
pub(in super::super) fn is_of_writing(error: &Error) -> bool {
    let is_several = error.as_db_error().is_some_and(|said| said.message().contains("multiple commands"));
    let code = error.code();
    is_several
        || matches!(code, Some(&(SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::INVALID_CURSOR_DEFINITION)))
}
