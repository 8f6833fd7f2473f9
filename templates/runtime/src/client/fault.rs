//! What can go wrong with a request, by what can be done about it.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use thiserror::Error;

use super::announced::{announced_wait, is_by_middleware};

/// A request that brought no records.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("unauthorized: {message}")]
    Unauthorized { message: Excerpt },
    /// 401 for somebody who shows no token, or a job token, which GitLab takes in some places only.
    #[error("not given without an access token: {message}")]
    NeedsToken { message: Excerpt },
    #[error("one of these scopes is needed: {needed}")]
    InsufficientScope { needed: Excerpt },
    #[error("forbidden: {message}")]
    Forbidden { message: Excerpt },
    #[error("not found: {message}")]
    NotFound { message: Excerpt },
    #[error("GitLab refuses the request with status {status}: {message}")]
    Refused { status: u16, message: Excerpt },
    /// `is_of_route` when only requests of the same route are meant.
    #[error("too many requests")]
    RateLimited { wait: Option<Duration>, is_of_route: bool },
    #[error("GitLab fails with status {status}: {message}")]
    Server { status: u16, message: Excerpt },
    #[error("{kind}: {detail}")]
    Transport { kind: TransportKind, detail: Excerpt },
    #[error("the answer is not JSON: {start}")]
    NotJson { start: Excerpt },
    #[error("the answer is larger than {limit} MiB")]
    TooLarge { limit: u64 },
    #[error("GitLab redirects to another host, `{host}`, which does not get the token")]
    ForeignRedirect { host: Excerpt },
    #[error("too many redirects")]
    Redirects,
    /// New OAuth tokens came and are not used, for the old ones would be lost.
    #[error("the new OAuth tokens cannot be saved: {reason}")]
    NotSaved { reason: Excerpt },
}

/// Where on the way the connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    Connect,
    Timeout,
    /// The connection broke, or the body was cut.
    Broken,
}

impl fmt::Display for TransportKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "cannot connect",
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
        })
    }
}

/// The start of a text that came from outside: short, and with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    const BYTES: usize = 200;

    pub fn new(text: &str) -> Self {
        let end = text.floor_char_boundary(Self::BYTES);
        let start = text.get(..end).unwrap_or_default();
        let mut shown = String::with_capacity(start.len());
        for character in start.chars() {
            if character.is_control() {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        if end < text.len() {
            shown.push('…');
        }
        Self(shown)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Fault {
    /// What an answer without success says.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let message =
            json.as_ref().and_then(said).unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        let message = Excerpt::new(if message.is_empty() { "(empty answer)" } else { &message });
        match status.as_u16() {
            401 => Self::Unauthorized { message },
            403 => match json.as_ref().and_then(missing_scope) {
                Some(needed) => Self::InsufficientScope { needed },
                None => Self::Forbidden { message },
            },
            404 => Self::NotFound { message },
            429 => Self::RateLimited {
                wait: announced_wait(headers),
                is_of_route: !is_by_middleware(headers, body),
            },
            status @ 500.. => Self::Server { status, message },
            status => Self::Refused { status, message },
        }
    }

    pub(super) fn transport(error: &reqwest::Error) -> Self {
        let kind = if error.is_connect() {
            TransportKind::Connect
        } else if error.is_timeout() {
            TransportKind::Timeout
        } else {
            TransportKind::Broken
        };
        Self::Transport { kind, detail: Excerpt::new(&innermost(error).to_string()) }
    }

    /// Whether the request may have been too much work for the server: less of it may go.
    pub fn is_heavy(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Transport { kind: TransportKind::Timeout, .. })
    }

    /// Whether the server's certificate is refused.
    pub fn is_untrusted(&self) -> bool {
        matches!(self, Self::Transport { kind: TransportKind::Connect, detail } if detail.0.contains("certificate"))
    }

    /// Whether a list is too long for offsets.
    pub fn is_offset_limit(&self) -> bool {
        const TEXT: &str = "maximum allowed offset";
        matches!(self, Self::Refused { status: 405, message } if message.0.contains(TEXT))
    }

    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Transport { .. } | Self::NotJson { .. } => true,
            Self::Server { status, .. } => *status != 501,
            Self::Refused { status, .. } => matches!(status, 408 | 409 | 425),
            _ => false,
        }
    }
}

/// The innermost source names the cause; the outer ones repeat the address.
fn innermost(error: &reqwest::Error) -> &dyn std::error::Error {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// GitLab says it under `message`, `error_description` or `error`; as text, or per field.
fn said(body: &Value) -> Option<String> {
    let said = ["message", "error_description", "error"].iter().find_map(|key| body.get(key))?;
    match said {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => match fields.get("error") {
            Some(Value::String(text)) => Some(text.clone()),
            _ => Some(said.to_string()),
        },
        other => Some(other.to_string()),
    }
}

fn missing_scope(body: &Value) -> Option<Excerpt> {
    let is_scope = body.get("error").and_then(Value::as_str) == Some("insufficient_scope");
    let needed = body.get("scope").and_then(Value::as_str).unwrap_or("read_api");
    is_scope.then(|| Excerpt::new(needed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(status: u16, body: &str) -> Fault {
        Fault::of(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn each_answer_has_its_class() {
        let message = Excerpt::new;
        let cases = [
            (
                401,
                r#"{"message":"401 Unauthorized"}"#,
                Fault::Unauthorized { message: message("401 Unauthorized") },
            ),
            (
                401,
                r#"{"error":"invalid_token","error_description":"Token is expired."}"#,
                Fault::Unauthorized { message: message("Token is expired.") },
            ),
            (
                403,
                r#"{"error":"insufficient_scope","scope":"api read_api"}"#,
                Fault::InsufficientScope { needed: message("api read_api") },
            ),
            (403, r#"{"message":"403 Forbidden"}"#, Fault::Forbidden { message: message("403 Forbidden") }),
            (404, r#"{"error":"404 Not Found"}"#, Fault::NotFound { message: message("404 Not Found") }),
            (
                400,
                r#"{"message":{"ref":["is missing"]}}"#,
                Fault::Refused { status: 400, message: message(r#"{"ref":["is missing"]}"#) },
            ),
            (429, "Retry later", Fault::RateLimited { wait: None, is_of_route: false }),
            (429, r#"{"message":{"error":"x"}}"#, Fault::RateLimited { wait: None, is_of_route: true }),
            (502, "<html>", Fault::Server { status: 502, message: message("<html>") }),
        ];
        for (status, body, expected) in cases {
            assert_eq!(fault(status, body), expected);
        }
    }

    #[test]
    fn an_excerpt_is_short_and_moves_no_cursor() {
        let shown = Excerpt::new(&format!("a\u{1b}[2J\n{}", "ü".repeat(200))).to_string();
        assert!(shown.starts_with("a\\u{1b}[2J\\n"), "{shown}");
        assert!(shown.chars().count() < 220 && shown.ends_with('…'), "{shown}");
    }
}
