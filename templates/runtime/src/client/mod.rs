//! The one HTTP client: a [`Request`] comes in, an [`Answer`] or a [`Fault`] goes out, after retries.
//!
//! Knows the address, the credentials and GitLab's manners; knows nothing of resources, records or pages. `asking` sends
//! a request until it is clear what became of it: the `limiter` says when it may go, `retry` when it goes again, `health`
//! whether a fault speaks of it alone, `oauth` makes tokens anew by a `grant`. The token stands in one header, marked sensitive, and is
//! sent to the configured host alone.

mod allowance;
mod announced;
mod answer;
mod asking;
mod charset;
mod clock;
mod connection;
mod credentials;
mod excerpt;
mod fault;
mod grant;
mod health;
mod hint;
mod limiter;
mod limits;
mod oauth;
mod outside;
mod pace;
mod packed;
mod redirect;
mod repair;
mod request;
mod retry;
mod stranger;
mod trust;
mod waits;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use reqwest::header::HeaderMap;
use serde_json::Value;
use thiserror::Error;

pub use excerpt::Excerpt;
pub use fault::{Fault, Missing, TransportKind};
pub use grant::{Granted, Grants, tokens_of};
pub use limits::Rate;
pub(crate) use outside::{Outside, Unsent};
pub use request::{Request, path_segment};
pub use retry::RetryPolicy;
pub use stranger::Stranger;
pub use waits::{Reason, Waiting};

use crate::config::{ApiRoot, Config, ConfigError, Connection, Credentials};
use clock::Clock;
use health::Health;
use limiter::{Known, Limiter};
use oauth::Session;
use waits::Waits;

/// What a successful request brought, in the form that the caller reads it in.
#[derive(Debug)]
pub struct Answer<T = Value> {
    pub headers: HeaderMap,
    pub body: T,
    /// Tells one body from another.
    pub digest: u64,
    /// Whether its bytes had to be mended.
    pub is_repaired: bool,
}

impl<T> Answer<T> {
    /// How many records the whole list has, where the server says so: not of long lists, nor of some others.
    pub fn total(&self) -> Option<u32> {
        self.headers.get("x-total")?.to_str().ok()?.parse().ok()
    }
}

/// How a client is set up.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub api: ApiRoot,
    pub credentials: Credentials,
    pub connection: Connection,
    /// For one attempt.
    pub timeout: Duration,
    pub retry: RetryPolicy,
    /// The user's own cap.
    pub requests_per_minute: Option<u32>,
}

/// Why a client cannot be made.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error("the token holds characters that a header cannot carry")]
    Token,
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    #[error("`{}` in `{key}` cannot be read", path.display())]
    Read { key: &'static str, path: std::path::PathBuf, source: std::io::Error },
    #[error("`{}` in `{key}` is not usable: {needs} is expected", path.display())]
    Pem { key: &'static str, path: std::path::PathBuf, needs: &'static str },
    #[error("`gitlab.proxy` is not the address of a proxy")]
    Proxy,
}

/// How much a request may insist, and where its retries are counted.
#[derive(Debug, Clone, Copy)]
pub struct Effort<'a> {
    /// Whether a smaller page can be asked for: then what looks like too large a page is soon given up.
    pub can_shrink: bool,
    pub retries: &'a AtomicU64,
}

/// Makes what the caller wants of the text of a body. A text that is no JSON is an error, and is asked for again. No
/// text at all is read as `null`.
pub type Reader<'r, T> = dyn Fn(&str) -> Result<T, serde_json::Error> + Sync + 'r;

/// Cheap to clone: all clones share connections, limiter and counters.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    api: ApiRoot,
    retry: RetryPolicy,
    limiter: Arc<Limiter>,
    session: Option<Arc<Session>>,
    attempts: Arc<AtomicU64>,
    repaired: Arc<AtomicU64>,
    health: Arc<Health>,
    clock: Arc<Clock>,
    waits: Arc<Waits>,
    has_access_token: bool,
}

impl ClientOptions {
    /// The defaults for an address and a token.
    pub fn new(api: ApiRoot, credentials: Credentials) -> Self {
        Self {
            api,
            credentials,
            connection: Connection::default(),
            timeout: Duration::from_secs(90),
            retry: RetryPolicy::default(),
            requests_per_minute: None,
        }
    }

    /// What the configuration says.
    pub fn of(config: &Config) -> Result<Self, ConfigError> {
        let extract = &config.extract;
        let retry = RetryPolicy {
            retries: extract.retries,
            first_delay: extract.retry_delay,
            rate_limit_wait: extract.rate_limit_wait,
            outage: extract.outage_wait,
            ..RetryPolicy::default()
        };
        Ok(Self {
            connection: config.gitlab.connection.clone(),
            timeout: extract.timeout,
            retry,
            requests_per_minute: extract.requests_per_minute,
            ..Self::new(config.gitlab.url.clone(), config.credentials()?.clone())
        })
    }

    /// The same for somebody who has no credentials yet.
    pub fn without_credentials(config: &Config) -> Self {
        Self {
            connection: config.gitlab.connection.clone(),
            timeout: config.extract.timeout,
            ..Self::new(config.gitlab.url.clone(), Credentials::Anonymous)
        }
    }
}

impl Client {
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let known = Known {
            is_gitlab_com: options.api.is_gitlab_com(),
            is_signed_in: options.credentials != Credentials::Anonymous,
            requests_per_minute: options.requests_per_minute,
            window: options.retry.rate_limit_wait,
        };
        let session = match &options.credentials {
            Credentials::OAuth(app) => {
                Some(Arc::new(Session::new(app.clone(), options.api.token_endpoint())))
            }
            _ => None,
        };
        let clock = Arc::new(Clock::default());
        Ok(Self {
            http: connection::open(&options)?,
            api: options.api,
            retry: options.retry,
            limiter: Arc::new(Limiter::new(known, Arc::clone(&clock))),
            session,
            attempts: Arc::default(),
            repaired: Arc::default(),
            health: Arc::default(),
            clock,
            waits: Arc::default(),
            has_access_token: !matches!(options.credentials, Credentials::Anonymous | Credentials::Job(_)),
        })
    }

    pub fn api(&self) -> &ApiRoot {
        &self.api
    }

    /// Requests sent so far, retries and redirects counted.
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Bodies so far whose bytes had to be mended.
    pub fn repaired(&self) -> u64 {
        self.repaired.load(Ordering::Relaxed)
    }

    /// Whether the server has ever answered well.
    pub fn is_reached(&self) -> bool {
        self.health.is_reached()
    }

    /// Whether it was found that the server answers nothing any more: what follows would only fail as well.
    pub fn is_gone(&self) -> bool {
        self.health.is_gone()
    }

    /// The time that it is on the server, or a little earlier; `None` before its first answer.
    pub fn server_now(&self) -> Option<SystemTime> {
        self.clock.now_there()
    }

    /// How far the server's clock is ahead of that of this machine, or a little less; negative when it is behind.
    pub fn clock_offset(&self) -> Option<TimeDelta> {
        self.clock.offset()
    }

    /// What requests are waiting for, when that takes longer than a moment.
    pub fn waiting(&self) -> Option<Waiting> {
        self.waits.first()
    }

    /// How many requests the server allows, as it announces or as is known: in all, or of one route.
    pub fn rate(&self, route: Option<&'static str>) -> Option<Rate> {
        self.limiter.rate(route)
    }

    /// How long at least one request has waited for this so far.
    pub fn waited(&self, reason: Reason) -> Duration {
        self.waits.waited(reason)
    }

    /// Whether a request of this route would have to wait, because of a limit of its own.
    pub fn is_held_back(&self, route: &'static str) -> bool {
        self.limiter.is_held_back(route)
    }
}
