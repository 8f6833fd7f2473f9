//! Asks for one thing until it is clear what became of it.
//!
//! Evidence comes before verdicts. A fault that may speak of the server, the token or the way there is weighed against
//! what else was answered meanwhile, and a request that was answered before is asked again: when the server is well, the
//! fault speaks of its own request alone; when it is not, it is waited for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Response, StatusCode, Url};
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::announced::notice;
use super::fault::Sent;
use super::retry::Next;
use super::waits::Reason;
use super::{Answer, Client, Effort, Excerpt, Fault, Reader, Request, answer, oauth, redirect};
use crate::config::Secret;

/// Between looks at a server that is not well.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// How a fault that no retry mends is taken.
#[derive(Debug)]
enum Weighed {
    Stands(Fault),
    /// The server is not well: it is waited for.
    Outage,
}

impl Client {
    /// Asks until there is an answer, a fault that no retry mends, or the retries are used up.
    pub async fn get(&self, request: &Request) -> Result<Answer, Fault> {
        let effort = Effort { can_shrink: false, retries: &AtomicU64::new(0) };
        self.get_with(request, effort, &|text: &str| serde_json::from_str(text)).await
    }

    /// The same, with as much effort as is said.
    pub async fn get_with<T>(
        &self,
        request: &Request,
        effort: Effort<'_>,
        read: &Reader<'_, T>,
    ) -> Result<Answer<T>, Fault> {
        let mut schedule = self.retry.schedule(effort.can_shrink, self.is_reached());
        let mut token = self.token().await?;
        let mut is_refreshed = false;
        let mut failing_since = None;
        loop {
            let fault = match self.attempt(request, token.as_ref(), read).await {
                Ok(answer) => {
                    self.health.good(request);
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
            let since = *failing_since.get_or_insert_with(Instant::now);
            let pause = match schedule.after(&fault) {
                Next::Again(pause) => pause,
                Next::Stands => return Err(fault),
                Next::UsedUp => match self.weigh(&fault, since, token.as_ref()).await {
                    Weighed::Stands(fault) => return Err(fault),
                    Weighed::Outage => schedule.pause().min(LOOK_AGAIN),
                },
            };
            effort.retries.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(path = %request.path, %fault, ?pause, "trying again");
            // The limiter holds back whoever shares a limit that is used up.
            if !matches!(fault, Fault::RateLimited { .. }) {
                let _told = self.waits.tell_after(Instant::now() + pause, Reason::Server, Some(&fault));
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// What a fault says that was there since `since`, after all retries.
    async fn weigh(&self, fault: &Fault, since: Instant, token: Option<&Secret>) -> Weighed {
        let stands = || Weighed::Stands(fault.clone());
        if !self.is_reached() || !fault.may_concern_all() {
            return stands();
        }
        let is_over = since.elapsed() >= self.retry.outage;
        if fault.is_connect() && !is_over {
            return Weighed::Outage;
        }
        if self.health.was_good_after(since) || self.is_well(token).await {
            return Weighed::Stands(match fault {
                // The token is good elsewhere.
                Fault::Unauthorized { message } => Fault::Refused { status: 401, message: message.clone() },
                fault => fault.clone(),
            });
        }
        if fault.is_passing() && !is_over {
            return Weighed::Outage;
        }
        self.health.give_up();
        stands()
    }

    /// Asks again for what was answered well before.
    async fn is_well(&self, token: Option<&Secret>) -> bool {
        let Some(proof) = self.health.proof() else { return false };
        let read = |text: &str| serde_json::from_str::<IgnoredAny>(text);
        let answer = self.attempt(proof, token, &read).await;
        if answer.is_ok() {
            self.health.good(proof);
        }
        tracing::debug!(path = %proof.path, is_well = answer.is_ok(), "looked whether the server is well");
        answer.is_ok()
    }

    /// The access token where it is one that changes.
    async fn token(&self) -> Result<Option<Secret>, Fault> {
        match &self.session {
            Some(session) => session.token(&self.http, &self.retry).await.map(Some),
            None => Ok(None),
        }
    }

    /// Without an access token, 401 speaks of one place, not of the credentials.
    fn by_credentials(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Unauthorized { message } if !self.has_access_token => Fault::NeedsToken { message },
            fault => fault,
        }
    }

    /// One request, redirects followed at the configured address.
    async fn attempt<T>(
        &self,
        request: &Request,
        token: Option<&Secret>,
        read: &Reader<'_, T>,
    ) -> Result<Answer<T>, Fault> {
        let mut url = self.api.at(&request.path, &request.query);
        for _ in 0..=redirect::MOST {
            let began = Instant::now();
            let response = self.send(&url, request, token).await?;
            if let Some(target) = redirect::target(&self.api, &url, &response)? {
                url = target;
                continue;
            }
            let sent = Sent { path: &request.path, route: request.route, took: began.elapsed() };
            let answer =
                answer::read(response, sent, read).await.map_err(|fault| self.by_credentials(fault))?;
            if answer.is_repaired {
                self.repaired.fetch_add(1, Ordering::Relaxed);
                tracing::info!(path = %request.path, "the bytes of the answer were mended");
            }
            return Ok(answer);
        }
        Err(Fault::Redirects)
    }

    /// Sends once the limits allow it, and tells them what the answer says.
    async fn send(&self, url: &Url, request: &Request, token: Option<&Secret>) -> Result<Response, Fault> {
        let permit = self.limiter.ready(request.route, &self.waits).await;
        self.attempts.fetch_add(1, Ordering::Relaxed);
        tracing::trace!(path = %request.path, "request");
        let mut call = self.http.get(url.clone());
        if let Some(token) = token {
            let headers = oauth::header(token);
            call = call.headers(headers.ok_or_else(|| Fault::Unauthorized {
                message: Excerpt::new("the access token holds characters that a header cannot carry"),
            })?);
        }
        let began = Instant::now();
        let response = call.send().await.map_err(|error| Fault::transport(&error))?;
        if response.status().is_success() {
            self.clock.note(response.headers(), began);
        }
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            permit.accepted(notice(response.headers()));
            return Ok(response);
        }
        let mut notice = notice(response.headers());
        let sent = Sent { path: &request.path, route: request.route, took: began.elapsed() };
        let fault = answer::read(response, sent, &|_| Ok(())).await.err();
        let fault = fault.unwrap_or(Fault::RateLimited { wait: None, is_of_route: false });
        if let Fault::RateLimited { wait, is_of_route } = &fault {
            notice.is_of_route |= is_of_route;
            let pause = wait.unwrap_or(self.retry.rate_limit_wait);
            let why = if wait.is_some() { "the server says so" } else { "the server does not say how long" };
            tracing::info!(path = %request.path, seconds = pause.as_secs(), why, "too many requests: waiting");
            permit.refused(notice, pause);
        }
        Err(fault)
    }
}
