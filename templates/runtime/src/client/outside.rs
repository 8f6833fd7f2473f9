//! A way to other services than GitLab: webhooks and collectors. It shows none of GitLab's credentials, and what goes wrong
//! is told without the address, which may be a secret.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;

use super::{ClientError, Fault, connection};
use crate::config::Secret;

/// For one body, however often it is sent: nobody waits longer for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between attempts; it doubles.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub(crate) struct Outside {
    http: reqwest::Client,
}

/// Why a body was not taken.
#[derive(Debug, Error)]
pub(crate) enum Unsent {
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("{0}")]
    Fault(Fault),
}

impl Outside {
    pub(crate) fn open() -> Result<Self, ClientError> {
        Ok(Self { http: connection::open_to_others(PATIENCE)? })
    }

    /// Sends JSON until it is taken, refused, or too late.
    pub(crate) async fn post(
        &self,
        address: &Secret,
        headers: &HeaderMap,
        body: &Value,
    ) -> Result<(), Unsent> {
        let (body, end) = (body.to_string(), Instant::now() + PATIENCE);
        tokio::time::timeout_at(end, self.insist(address, headers, &body, end))
            .await
            .unwrap_or(Err(Unsent::Late))
    }

    async fn insist(
        &self,
        address: &Secret,
        headers: &HeaderMap,
        body: &str,
        end: Instant,
    ) -> Result<(), Unsent> {
        let mut pause = PAUSE;
        loop {
            let request = self.http.post(address.expose()).headers(headers.clone());
            let request = request.header(CONTENT_TYPE, "application/json").body(body.to_owned());
            let unsent = match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => Unsent::Status(answer.status().as_u16()),
                Err(error) if error.is_timeout() => Unsent::Late,
                Err(error) => Unsent::Fault(Fault::transport(&error.without_url())),
            };
            if !unsent.may_pass() || Instant::now() + pause >= end {
                return Err(unsent);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

impl Unsent {
    /// Whether it was not taken for sure, and may be later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => {
                *status == StatusCode::TOO_MANY_REQUESTS.as_u16() || matches!(status, 502..=504)
            }
            Self::Fault(fault) => fault.is_connect(),
            Self::Late => false,
        }
    }
}
