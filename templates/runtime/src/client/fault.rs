//! What can go wrong with a request, by what can be done about it.
//!
//! What GitLab refuses, it says in JSON. Anything else that is no success comes from something before it, and says
//! nothing of what was asked for.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;
use thiserror::Error;

use super::Excerpt;
use super::announced::{announced_wait, is_by_middleware, retry_after};
use super::stranger::{Stranger, is_page};

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
    NotFound { missing: Missing, message: Excerpt },
    #[error("GitLab refuses the request with status {status}: {message}")]
    Refused { status: u16, message: Excerpt },
    /// `is_of_route` when only requests of the same route are meant.
    #[error("too many requests")]
    RateLimited { wait: Option<Duration>, is_of_route: bool },
    /// `is_late` when it came after a time in which a smaller page might have been made.
    #[error("GitLab fails with status {status}: {message}")]
    Server { status: u16, message: Excerpt, is_late: bool, wait: Option<Duration> },
    #[error("{kind}: {detail}")]
    Transport { kind: TransportKind, detail: Excerpt },
    #[error("the answer is not JSON: {detail}")]
    NotJson { detail: Excerpt },
    #[error("the answer is larger than {limit} MiB")]
    TooLarge { limit: u64 },
    #[error("GitLab redirects to another host, `{host}`, which does not get the token")]
    ForeignRedirect { host: Excerpt },
    #[error("too many redirects")]
    Redirects,
    /// Something before GitLab wants a person to sign in.
    #[error("sent to a page to sign in, `{place}`, in place of an answer")]
    SignIn { place: Excerpt },
    /// Something before GitLab refuses.
    #[error("not GitLab, but something before it answers, with status {status}: {answer}")]
    Intercepted { status: u16, answer: Stranger },
    /// Something before GitLab makes another path of one with `%2F` in it.
    #[error("something before GitLab seems to decode `%2F` in paths: {answer}")]
    DecodedSlash { answer: Excerpt },
    /// TLS where there is none, or none where there is.
    #[error("the server speaks {} there", if *.is_tls { "https, not http" } else { "http, not https" })]
    Scheme { is_tls: bool },
    /// New OAuth tokens came and are not used, for the old ones would be lost.
    #[error("the new OAuth tokens cannot be saved: {reason}")]
    NotSaved { reason: Excerpt },
}

/// What a 404 speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// GitLab knows the route and does not find the thing, or does not show it.
    Thing,
    /// GitLab knows no such route; of an old version, or of something before it, it is a page.
    Route,
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

/// An error that took this long may be one of too much work.
const LATE: Duration = Duration::from_secs(5);

/// What a request was, as far as it says something of its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) path: &'a str,
    pub(super) route: &'a str,
    pub(super) took: Duration,
}

impl Fault {
    /// What an answer without success says.
    pub(super) fn of(sent: Sent<'_>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let json: Option<Value> = serde_json::from_slice(body).ok().filter(|_| !is_challenge(headers));
        let status = status.as_u16();
        match (status, &json) {
            (429, _) => Self::RateLimited {
                wait: announced_wait(headers),
                is_of_route: !is_by_middleware(headers, body),
            },
            (500.., _) => Self::Server {
                status,
                message: message(json.as_ref(), headers, body),
                is_late: sent.took >= LATE,
                wait: retry_after(headers),
            },
            (_, Some(json)) => Self::said_by_gitlab(sent, status, json),
            (_, None) => Self::said_by_another(sent, status, headers, body),
        }
    }

    fn said_by_gitlab(sent: Sent<'_>, status: u16, json: &Value) -> Self {
        let message = Excerpt::new(said(json).as_deref().unwrap_or("(no reason given)"));
        let is_unknown_route = json.get("error").and_then(Value::as_str) == Some("404 Not Found");
        match status {
            401 => Self::Unauthorized { message },
            403 => match missing_scope(json) {
                Some(needed) => Self::InsufficientScope { needed },
                None => Self::Forbidden { message },
            },
            404 if is_unknown_route && sent.has_slash() && sent.is_everywhere() => {
                Self::DecodedSlash { answer: message }
            }
            404 if is_unknown_route => Self::NotFound { missing: Missing::Route, message },
            404 => Self::NotFound { missing: Missing::Thing, message },
            status => Self::Refused { status, message },
        }
    }

    fn said_by_another(sent: Sent<'_>, status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let answer = Stranger::new(headers, body);
        let message = Excerpt::new(&answer.to_string());
        match status {
            401 if !is_page(headers, body) && !wants_a_password(headers) => Self::Unauthorized { message },
            400 | 404 | 405 if sent.has_slash() => Self::DecodedSlash { answer: message },
            404 => Self::NotFound { missing: Missing::Route, message },
            401 | 403 | 407 | 451 => Self::Intercepted { status, answer },
            status => Self::Refused { status, message },
        }
    }

    pub(super) fn transport(error: &reqwest::Error) -> Self {
        let detail = Excerpt::new(&innermost(error).to_string());
        let is_plain = error.url().is_some_and(|url| url.scheme() == "http");
        let kind = if error.is_connect() {
            TransportKind::Connect
        } else if error.is_timeout() {
            TransportKind::Timeout
        } else {
            TransportKind::Broken
        };
        if kind == TransportKind::Connect && !is_plain && detail.contains("InvalidContentType") {
            return Self::Scheme { is_tls: false };
        }
        // The alert that a TLS server sends.
        if is_plain && detail.contains("invalid HTTP version") {
            return Self::Scheme { is_tls: true };
        }
        Self::Transport { kind, detail }
    }

    /// Whether the request was too much work for the server: less of it may go.
    pub fn is_heavy(&self) -> bool {
        match self {
            Self::Server { status: 504 | 524, .. } => true,
            Self::Server { status: 500, is_late, .. } => *is_late,
            Self::Transport { kind: TransportKind::Timeout, .. } => true,
            _ => false,
        }
    }

    /// The status of the answer, where there was one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized { .. } | Self::NeedsToken { .. } => Some(401),
            Self::InsufficientScope { .. } | Self::Forbidden { .. } => Some(403),
            Self::NotFound { .. } => Some(404),
            Self::RateLimited { .. } => Some(429),
            Self::Refused { status, .. } | Self::Server { status, .. } | Self::Intercepted { status, .. } => {
                Some(*status)
            }
            _ => None,
        }
    }

    /// What it is, in a word, for programs.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Unauthorized { .. } | Self::NeedsToken { .. } => "unauthorized",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } | Self::DecodedSlash { .. } => "not_found",
            Self::Refused { .. } => "refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Server { .. } => "server",
            Self::Transport { kind: TransportKind::Connect, .. } | Self::Scheme { .. } => "connect",
            Self::Transport { kind: TransportKind::Timeout, .. } => "timeout",
            Self::Transport { kind: TransportKind::Broken, .. } => "broken",
            Self::NotJson { .. } | Self::TooLarge { .. } => "body",
            Self::ForeignRedirect { .. } | Self::Redirects => "redirect",
            Self::SignIn { .. } | Self::Intercepted { .. } => "intercepted",
            Self::NotSaved { .. } => "tokens",
        }
    }

    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Transport { kind: TransportKind::Connect, .. })
    }

    /// Whether a list is too long for offsets.
    pub fn is_offset_limit(&self) -> bool {
        matches!(self, Self::Refused { status: 405, message } if message.contains("maximum allowed offset"))
    }

    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Transport { .. } | Self::NotJson { .. } => true,
            Self::Intercepted { status, .. } => *status == 403,
            Self::Server { status, .. } => *status != 501,
            Self::Refused { status, .. } => matches!(status, 408 | 409 | 425),
            _ => false,
        }
    }

    /// Whether it may speak of the server, the token or the way there rather than of what was asked for.
    pub fn may_concern_all(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized { .. }
                | Self::Server { .. }
                | Self::Transport { .. }
                | Self::NotJson { .. }
                | Self::ForeignRedirect { .. }
                | Self::SignIn { .. }
                | Self::Intercepted { .. }
        )
    }
}

impl Sent<'_> {
    fn has_slash(&self) -> bool {
        self.path.contains("%2F")
    }

    /// Whether every GitLab has the route.
    fn is_everywhere(&self) -> bool {
        matches!(self.route, "/projects/{id}" | "/groups/{id}" | "/groups/{id}/projects")
    }
}

/// A wall that wants a browser says so in a header, whatever its body is.
fn is_challenge(headers: &HeaderMap) -> bool {
    headers.contains_key("cf-mitigated")
}

/// Whether a proxy asks for credentials of its own. GitLab asks for tokens.
fn wants_a_password(headers: &HeaderMap) -> bool {
    let asked = headers.get(WWW_AUTHENTICATE).and_then(|scheme| scheme.to_str().ok()).unwrap_or_default();
    let scheme = asked.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    matches!(scheme.as_str(), "basic" | "negotiate" | "ntlm" | "digest")
}

/// The innermost source names the cause; the outer ones repeat the address.
fn innermost(error: &reqwest::Error) -> &dyn std::error::Error {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

fn message(json: Option<&Value>, headers: &HeaderMap, body: &[u8]) -> Excerpt {
    let said = json.and_then(said);
    Excerpt::new(&said.unwrap_or_else(|| Stranger::new(headers, body).to_string()))
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
    use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};

    use super::*;

    const PAGE: &str = "<html><title>Just a moment</title></html>";

    fn fault_of(path: &str, status: u16, headers: &HeaderMap, body: &str) -> Fault {
        let sent = Sent { path, route: "/projects/{id}", took: Duration::ZERO };
        Fault::of(sent, StatusCode::from_u16(status).unwrap(), headers, body.as_bytes())
    }

    fn fault(status: u16, body: &str) -> Fault {
        let html = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
        let headers = if body.starts_with('<') { html } else { HeaderMap::new() };
        fault_of("/projects/7", status, &headers, body)
    }

    #[test]
    fn what_gitlab_says_has_its_class() {
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
            (
                404,
                r#"{"error":"404 Not Found"}"#,
                Fault::NotFound { missing: Missing::Route, message: message("404 Not Found") },
            ),
            (
                404,
                r#"{"message":"404 Project Not Found"}"#,
                Fault::NotFound { missing: Missing::Thing, message: message("404 Project Not Found") },
            ),
            (
                400,
                r#"{"message":{"ref":["is missing"]}}"#,
                Fault::Refused { status: 400, message: message(r#"{"ref":["is missing"]}"#) },
            ),
            (429, "Retry later", Fault::RateLimited { wait: None, is_of_route: false }),
            (429, r#"{"message":{"error":"x"}}"#, Fault::RateLimited { wait: None, is_of_route: true }),
        ];
        for (status, body, expected) in cases {
            assert_eq!(fault(status, body), expected);
        }
    }

    #[test]
    fn what_others_say_is_no_refusal_of_gitlab() {
        let shown = |status, body| fault(status, body).to_string();
        for (status, passes) in [(403, true), (401, false), (451, false)] {
            let fault = fault(status, PAGE);
            assert!(matches!(fault, Fault::Intercepted { .. }), "{fault}");
            assert_eq!(fault.is_passing(), passes, "{status}");
        }
        assert_eq!(shown(502, PAGE), "GitLab fails with status 502: the page `Just a moment`");
        assert_eq!(shown(404, PAGE), "not found: the page `Just a moment`");
        // No text of theirs is shown: it may be a record's.
        assert_eq!(shown(500, "secret"), "GitLab fails with status 500: 6 bytes of an unknown type");
        let challenge = HeaderMap::from_iter([(
            HeaderName::from_static("cf-mitigated"),
            HeaderValue::from_static("challenge"),
        )]);
        let fault = fault_of("/projects/7", 403, &challenge, r#"{"message":"blocked"}"#);
        assert!(matches!(fault, Fault::Intercepted { status: 403, .. }), "{fault}");
    }

    #[test]
    fn a_decoded_slash_is_told_from_what_is_not_there() {
        let decoded = |status, body| {
            matches!(fault_of("/projects/a%2Fb", status, &HeaderMap::new(), body), Fault::DecodedSlash { .. })
        };
        assert!(decoded(404, PAGE) && decoded(400, PAGE));
        assert!(decoded(404, r#"{"error":"404 Not Found"}"#), "GitLab sees a path that it does not know");
        assert!(!decoded(404, r#"{"message":"404 Project Not Found"}"#));
        assert!(matches!(fault(404, PAGE), Fault::NotFound { missing: Missing::Route, .. }));
    }

    #[test]
    fn only_what_took_long_is_too_much_work() {
        let server =
            |status, is_late| Fault::Server { status, message: Excerpt::new(""), is_late, wait: None };
        for (status, is_late, is_heavy) in [
            (504, false, true),
            (500, false, false),
            (500, true, true),
            (502, true, false),
            (503, true, false),
        ] {
            assert_eq!(server(status, is_late).is_heavy(), is_heavy, "{status} {is_late}");
        }
    }
}
