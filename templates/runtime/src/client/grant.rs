//! GitLab's OAuth endpoints: a form goes out, what is granted comes back, or what GitLab has against it.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::fault::Sent;
use super::{ClientError, ClientOptions, Excerpt, Fault, answer, connection};
use crate::config::{ApiRoot, Credentials, OAuthTokens, Secret};

/// What an endpoint answers.
#[derive(Debug)]
pub enum Granted {
    Given(Value),
    /// `code` is one of the standard: `access_denied`, `authorization_pending`.
    Refused {
        code: String,
        message: Excerpt,
    },
}

/// Asks for tokens where there are none yet. It goes the same way as every request, and shows no token.
#[derive(Debug, Clone)]
pub struct Grants {
    http: reqwest::Client,
    api: ApiRoot,
}

impl Grants {
    /// Whatever credentials the options have, they are not shown.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let options = ClientOptions { credentials: Credentials::Anonymous, ..options };
        Ok(Self { http: connection::open(&options)?, api: options.api })
    }

    pub fn api(&self) -> &ApiRoot {
        &self.api
    }

    /// Asks one endpoint, below the instance: `/oauth/token`.
    pub async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Result<Granted, Fault> {
        post(&self.http, self.api.page(path), form).await
    }
}

pub(super) async fn post(
    http: &reqwest::Client,
    endpoint: Url,
    form: &[(&str, &str)],
) -> Result<Granted, Fault> {
    let request = http.post(endpoint.clone()).body(form_encoded(form));
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = request.send().await.map_err(|error| Fault::transport(&error))?;
    let sent = Sent { path: endpoint.path(), route: "/oauth", took: Duration::ZERO };
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_success() {
        let given = answer::read(response, sent, &|text: &str| serde_json::from_str(text)).await?;
        return Ok(Granted::Given(given.body));
    }
    let body = answer::read_body(response).await?;
    let fault = Fault::of(sent, status, &headers, &body);
    let code = || serde_json::from_slice::<Value>(&body).ok()?.get("error")?.as_str().map(str::to_owned);
    match (fault, code()) {
        (
            Fault::Refused { message, .. } | Fault::Unauthorized { message } | Fault::Forbidden { message },
            Some(code),
        ) => Ok(Granted::Refused { code, message }),
        (fault, _) => Err(fault),
    }
}

/// In the body alone: nothing secret goes into an address.
fn form_encoded(pairs: &[(&str, &str)]) -> String {
    let mut address = Url::parse("http://form/").ok();
    let Some(address) = &mut address else { return String::new() };
    address.query_pairs_mut().extend_pairs(pairs);
    address.query().unwrap_or_default().to_owned()
}

/// Both tokens, or none: an access token alone is of no use after two hours.
pub fn tokens_of(body: &Value) -> Option<OAuthTokens> {
    let text = |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty()).map(Secret::new);
    Some(OAuthTokens { access: text("access_token")?, refresh: text("refresh_token")? })
}
