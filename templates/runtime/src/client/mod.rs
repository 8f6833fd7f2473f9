//! The one HTTP client: a [`Request`] comes in, an [`Answer`] or a [`Fault`] goes out, after retries.
//!
//! Knows the address, the credentials and GitLab's manners; knows nothing of resources, records or pages. The `limiter`
//! says when a request may go, `retry` when it goes again, `oauth` makes tokens anew. The token stands in one header,
//! marked sensitive, and is sent to the configured host alone.

mod announced;
mod answer;
mod bucket;
mod connection;
mod credentials;
mod fault;
mod limiter;
mod limits;
mod oauth;
mod redirect;
mod request;
mod retry;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;
use thiserror::Error;

pub use fault::{Excerpt, Fault, TransportKind};
pub use request::{Request, path_segment};
pub use retry::RetryPolicy;

use crate::config::{ApiRoot, Config, ConfigError, Connection, Credentials, Secret};
use announced::notice;
use limiter::{Known, Limiter};
use oauth::Session;
use retry::Schedule;

/// What a successful request brought.
#[derive(Debug)]
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Value,
    /// Tells one body from another.
    pub digest: u64,
}

impl Answer {
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

/// Cheap to clone: all clones share connections, limiter and counters.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    api: ApiRoot,
    retry: RetryPolicy,
    limiter: Arc<Limiter>,
    session: Option<Arc<Session>>,
    attempts: Arc<AtomicU64>,
    is_reached: Arc<AtomicBool>,
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
            ..RetryPolicy::default()
        };
        Ok(Self {
            api: config.gitlab.url.clone(),
            credentials: config.credentials()?.clone(),
            connection: config.gitlab.connection.clone(),
            timeout: extract.timeout,
            retry,
            requests_per_minute: extract.requests_per_minute,
        })
    }
}

impl Client {
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let known = Known {
            is_gitlab_com: options.api.is_gitlab_com(),
            is_signed_in: options.credentials != Credentials::Anonymous,
            requests_per_minute: options.requests_per_minute,
        };
        let session = match &options.credentials {
            Credentials::OAuth(app) => {
                Some(Arc::new(Session::new(app.clone(), options.api.token_endpoint())))
            }
            _ => None,
        };
        Ok(Self {
            http: connection::open(&options)?,
            api: options.api,
            retry: options.retry,
            limiter: Arc::new(Limiter::new(known)),
            session,
            attempts: Arc::default(),
            is_reached: Arc::default(),
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

    /// Whether a request of this route would have to wait, because of a limit of its own.
    pub fn is_held_back(&self, route: &'static str) -> bool {
        self.limiter.is_held_back(route)
    }

    /// Asks until there is an answer, a fault that no retry mends, or the retries are used up.
    pub async fn get(&self, request: &Request) -> Result<Answer, Fault> {
        self.get_with(request, Effort { can_shrink: false, retries: &AtomicU64::new(0) }).await
    }

    /// The same, with as much effort as is said.
    pub async fn get_with(&self, request: &Request, effort: Effort<'_>) -> Result<Answer, Fault> {
        let mut schedule = self.retry.schedule(effort.can_shrink);
        let mut token = self.token().await?;
        let mut is_refreshed = false;
        loop {
            let fault = match self.attempt(request, token.as_ref()).await {
                Ok(answer) => {
                    self.is_reached.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            if let (Fault::Unauthorized { .. }, Some(session), Some(refused), false) =
                (&fault, &self.session, &token, is_refreshed)
            {
                token = Some(session.token_after(refused, &self.http, &self.retry).await?);
                is_refreshed = true;
                continue;
            }
            if self.is_nobody_there(&fault, &schedule) {
                return Err(fault);
            }
            let Some(delay) = schedule.delay_after(&fault) else { return Err(fault) };
            effort.retries.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(path = %request.path, %fault, ?delay, "trying again");
            // The limiter holds back whoever shares a limit that is used up.
            if !matches!(fault, Fault::RateLimited { .. }) {
                tokio::time::sleep(delay).await;
            }
        }
    }

    /// The access token where it is one that changes.
    async fn token(&self) -> Result<Option<Secret>, Fault> {
        match &self.session {
            Some(session) => session.token(&self.http, &self.retry).await.map(Some),
            None => Ok(None),
        }
    }

    /// A server that has never answered is rather misspelt than down: the user is not kept waiting for all retries.
    fn is_nobody_there(&self, fault: &Fault, schedule: &Schedule) -> bool {
        let is_connect = matches!(fault, Fault::Transport { kind: TransportKind::Connect, .. });
        is_connect && schedule.retries() >= 2 && !self.is_reached.load(Ordering::Relaxed)
    }

    /// Without an access token, 401 speaks of one place, not of the credentials.
    fn by_credentials(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Unauthorized { message } if !self.has_access_token => Fault::NeedsToken { message },
            fault => fault,
        }
    }

    /// One request, redirects within the host followed.
    async fn attempt(&self, request: &Request, token: Option<&Secret>) -> Result<Answer, Fault> {
        let mut url = self.api.at(&request.path, &request.query);
        for _ in 0..=redirect::MOST {
            let response = self.send(&url, request, token).await?;
            match redirect::target(&url, &response)? {
                Some(target) => url = target,
                None => return answer::read(response).await.map_err(|fault| self.by_credentials(fault)),
            }
        }
        Err(Fault::Redirects)
    }

    /// Sends once the limits allow it, and tells them what the answer says.
    async fn send(&self, url: &Url, request: &Request, token: Option<&Secret>) -> Result<Response, Fault> {
        let permit = self.limiter.ready(request.route).await;
        self.attempts.fetch_add(1, Ordering::Relaxed);
        tracing::trace!(path = %request.path, "request");
        let mut call = self.http.get(url.clone());
        if let Some(token) = token {
            let headers = oauth::header(token);
            call = call.headers(headers.ok_or_else(|| Fault::Unauthorized {
                message: Excerpt::new("the access token holds characters that a header cannot carry"),
            })?);
        }
        let response = call.send().await.map_err(|error| Fault::transport(&error))?;
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            permit.accepted(notice(response.headers()));
            return Ok(response);
        }
        let mut notice = notice(response.headers());
        let fault = answer::read(response).await.err();
        let fault = fault.unwrap_or(Fault::RateLimited { wait: None, is_of_route: false });
        if let Fault::RateLimited { wait, is_of_route } = &fault {
            notice.is_of_route |= is_of_route;
            permit.refused(notice, wait.unwrap_or(self.retry.rate_limit_wait));
        }
        Err(fault)
    }
}
