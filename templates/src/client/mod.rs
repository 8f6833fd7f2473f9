//! The one HTTP client: a [`Request`] comes in, an [`Answer`] or a [`Fault`] goes out, after retries.
//!
//! Knows the address, the credentials and GitLab's manners; knows nothing of resources, records or pages. The token
//! stands in one header, marked sensitive, and is sent to the configured host alone.

mod answer;
mod credentials;
mod fault;
mod limiter;
mod redirect;
mod request;
mod retry;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use thiserror::Error;

pub use fault::{Excerpt, Fault, TransportKind};
pub use request::{Request, path_segment};
pub use retry::RetryPolicy;

use crate::config::{ApiRoot, Credentials};
use limiter::Limiter;
use retry::Schedule;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// What a successful request brought.
#[derive(Debug)]
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Value,
    /// Tells one body from another.
    pub digest: u64,
}

/// How a client is set up.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub api: ApiRoot,
    pub credentials: Credentials,
    /// For one attempt.
    pub timeout: Duration,
    pub retry: RetryPolicy,
}

/// Why a client cannot be made.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error("the token holds characters that a header cannot carry")]
    Token,
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
}

/// Cheap to clone: all clones share connections, limiter and counters.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    api: ApiRoot,
    retry: RetryPolicy,
    limiter: Arc<Limiter>,
    attempts: Arc<AtomicU64>,
    is_reached: Arc<AtomicBool>,
    has_access_token: bool,
}

impl Client {
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        // Fails when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(credentials::headers(&options.credentials).map_err(|_| ClientError::Token)?)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(Duration::from_secs(30)))
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self {
            http,
            api: options.api,
            retry: options.retry,
            limiter: Arc::default(),
            attempts: Arc::default(),
            is_reached: Arc::default(),
            has_access_token: matches!(options.credentials, Credentials::Private(_) | Credentials::Bearer(_)),
        })
    }

    pub fn api(&self) -> &ApiRoot {
        &self.api
    }

    /// Requests sent so far, retries and redirects counted.
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Asks until there is an answer, a fault that no retry mends, or the retries are used up.
    pub async fn get(&self, request: &Request) -> Result<Answer, Fault> {
        let mut schedule = self.retry.schedule();
        loop {
            let fault = match self.attempt(request).await {
                Ok(answer) => {
                    self.is_reached.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            if self.is_nobody_there(&fault, &schedule) {
                return Err(fault);
            }
            let Some(delay) = schedule.delay_after(&fault) else { return Err(fault) };
            tracing::debug!(path = %request.path, %fault, ?delay, "trying again");
            if matches!(fault, Fault::RateLimited { .. }) {
                // The limit is the token's, not the request's: everybody waits.
                self.limiter.pause(delay);
            } else {
                tokio::time::sleep(delay).await;
            }
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
    async fn attempt(&self, request: &Request) -> Result<Answer, Fault> {
        let mut url = self.api.at(&request.path, &request.query);
        for _ in 0..=redirect::MOST {
            self.limiter.ready().await;
            self.attempts.fetch_add(1, Ordering::Relaxed);
            tracing::trace!(path = %request.path, "request");
            let response =
                self.http.get(url.clone()).send().await.map_err(|error| Fault::transport(&error))?;
            self.limiter.observe(response.headers());
            match redirect::target(&url, &response)? {
                Some(target) => url = target,
                None => return answer::read(response).await.map_err(|fault| self.by_credentials(fault)),
            }
        }
        Err(Fault::Redirects)
    }
}
