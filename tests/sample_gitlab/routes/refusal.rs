//! Answers other than the records that were asked for.

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `{"message": …}`: what GitLab itself says.
    Message(u16, String),
    /// `{"error": …}`: what its API framework says.
    Error(u16, String),
    /// A body of its own, as token checks have.
    Denied(u16, Value),
    /// The path and query where a project is now.
    Moved(String),
}

impl Refusal {
    pub(crate) fn unauthorized() -> Self {
        Self::Message(401, "401 Unauthorized".to_owned())
    }

    pub(crate) fn forbidden() -> Self {
        Self::Message(403, "403 Forbidden".to_owned())
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::Message(404, format!("404 {what} Not Found"))
    }

    pub(crate) fn nothing_here() -> Self {
        Self::Message(404, "404 Not found".to_owned())
    }

    pub(crate) fn unknown_route() -> Self {
        Self::Error(404, "404 Not Found".to_owned())
    }

    pub(crate) fn invalid(param: &str) -> Self {
        Self::Error(400, format!("{param} is invalid"))
    }

    pub(crate) fn not_a_choice(param: &str) -> Self {
        Self::Error(400, format!("{param} does not have a valid value"))
    }

    pub(crate) fn bad_request(reason: &str) -> Self {
        Self::Message(400, format!("400 Bad request - {reason}"))
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Message(status, _) | Self::Error(status, _) | Self::Denied(status, _) => *status,
            Self::Moved(_) => 301,
        }
    }

    pub(crate) fn body(&self) -> Value {
        match self {
            Self::Message(_, text) => json!({"message": text}),
            Self::Error(_, text) => json!({"error": text}),
            Self::Denied(_, body) => body.clone(),
            Self::Moved(to) => json!(format!("This resource has been moved permanently to {to}")),
        }
    }
}
