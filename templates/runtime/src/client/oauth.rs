//! OAuth tokens that live for two hours: hands out the access token and exchanges it for a new one.
//!
//! GitLab gives a new refresh token with each access token and ends the old one as soon as the new pair is used. So the
//! new pair is saved before anything else happens: killed at any moment, the pipeline finds one that works.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Mutex;

use super::grant::{self, Granted};
use super::retry::{Next, RetryPolicy};
use super::{Excerpt, Fault};
use crate::config::{OAuth, OAuthTokens, Secret};

/// The tokens of a run. One exchange at a time.
#[derive(Debug)]
pub(super) struct Session {
    app: OAuth,
    endpoint: Url,
    tokens: Mutex<OAuthTokens>,
}

impl Session {
    pub(super) fn new(app: OAuth, endpoint: Url) -> Self {
        let tokens = Mutex::new(app.tokens.clone());
        Self { app, endpoint, tokens }
    }

    /// The access token; made first where there is none yet.
    pub(super) async fn token(&self, http: &reqwest::Client, retry: &RetryPolicy) -> Result<Secret, Fault> {
        let mut tokens = self.tokens.lock().await;
        if tokens.access.is_empty() {
            *tokens = self.exchange(http, retry, &tokens).await?;
        }
        Ok(tokens.access.clone())
    }

    /// A token other than `refused`. Of many requests that were refused together, the first makes a new one.
    pub(super) async fn token_after(
        &self,
        refused: &Secret,
        http: &reqwest::Client,
        retry: &RetryPolicy,
    ) -> Result<Secret, Fault> {
        let mut tokens = self.tokens.lock().await;
        if tokens.access == *refused {
            *tokens = self.exchange(http, retry, &tokens).await?;
        }
        Ok(tokens.access.clone())
    }

    /// Asks for a new pair and saves it. It is used by nobody before.
    async fn exchange(
        &self,
        http: &reqwest::Client,
        retry: &RetryPolicy,
        old: &OAuthTokens,
    ) -> Result<OAuthTokens, Fault> {
        let mut schedule = retry.schedule(false, true);
        let new = loop {
            let fault = match self.ask(http, &old.refresh).await {
                Ok(new) => break new,
                // The refresh token is as good as it was.
                Err(fault @ Fault::Unauthorized { .. }) => return Err(fault),
                Err(fault) => fault,
            };
            let Next::Again(pause) = schedule.after(&fault) else { return Err(fault) };
            tracing::debug!(%fault, ?pause, "asking for an access token again");
            tokio::time::sleep(pause).await;
        };
        self.app
            .file
            .save(&new)
            .map_err(|error| Fault::NotSaved { reason: Excerpt::new(&error.to_string()) })?;
        tracing::info!("a new access token was made and saved");
        Ok(new)
    }

    async fn ask(&self, http: &reqwest::Client, refresh: &Secret) -> Result<OAuthTokens, Fault> {
        let application = &self.app.application;
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose().trim()),
            ("client_id", application.client_id.trim()),
            ("client_secret", application.client_secret.expose().trim()),
        ];
        match grant::post(http, self.endpoint.clone(), &form).await? {
            Granted::Given(body) => grant::tokens_of(&body).ok_or_else(|| Fault::Unauthorized {
                message: Excerpt::new("the answer to the refresh token holds no tokens"),
            }),
            Granted::Refused { message, .. } => Err(Fault::Unauthorized { message }),
        }
    }
}

/// The header for an access token.
pub(super) fn header(token: &Secret) -> Option<HeaderMap> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose().trim())).ok()?;
    value.set_sensitive(true);
    let pair: (HeaderName, HeaderValue) = (AUTHORIZATION, value);
    Some(HeaderMap::from_iter([pair]))
}
