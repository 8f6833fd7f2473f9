//! Signing in: an application of GitLab comes in, a first pair of OAuth tokens goes out.
//!
//! `browser` is for a machine with one: the authorization code flow with a proof key (`pkce`, RFC 7636), and a redirect to
//! this machine (RFC 8252). `device` is for all others: a code is typed in elsewhere (RFC 8628). What each asks of GitLab
//! stands in <https://docs.gitlab.com/api/oauth2/>.

mod browser;
mod device;
mod pkce;

use std::io;
use std::time::Duration;

use thiserror::Error;

pub use browser::{Invitation, REDIRECT_PATH};
pub use device::{DeviceCode, await_consent, request_code};

use crate::client::{Excerpt, Fault, Granted, Grants, tokens_of};
use crate::config::{Application, OAuthTokens, SaveError};

/// Enough for whatever a run reads.
const SCOPE: &str = "read_api";

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Debug, Error)]
pub enum LoginError {
    #[error("no application of {api} is known to sign in to")]
    NoApplication { api: String, register_at: String },
    #[error("GitLab gives no tokens: {message}")]
    Refused { code: String, message: Excerpt },
    #[error("GitLab cannot be asked for tokens")]
    Fault(#[from] Fault),
    /// GitLab has them since 17.1.
    #[error("this GitLab gives no codes for devices")]
    NoDeviceCodes,
    #[error("no port of this machine can be listened on")]
    Listen { source: io::Error },
    #[error("nobody has consented in time")]
    TimedOut,
    #[error("GitLab's answer holds no {what}")]
    Incomplete { what: &'static str },
    #[error("this system gives no random numbers")]
    Random,
    #[error("the tokens cannot be kept")]
    Save(#[from] SaveError),
}

impl LoginError {
    /// What to do next, where more can be said than the message does.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoApplication { register_at, .. } => Some(format!(
                "make one at {register_at}: not confidential, scope `{SCOPE}`, redirect URI\n  \
                 `http://127.0.0.1{REDIRECT_PATH}`; then give its id once: `login --client-id ID`"
            )),
            Self::Refused { code, .. } if code == "invalid_client" || code == "unauthorized_client" => Some(
                "see that the application's id is right; one that is confidential needs `client_secret`"
                    .into(),
            ),
            Self::Refused { code, .. } if code == "invalid_scope" => {
                Some(format!("give the application the scope `{SCOPE}`"))
            }
            Self::NoDeviceCodes => Some("leave out `--device`".into()),
            Self::Listen { .. } => Some("name a free one with `--port`".into()),
            Self::TimedOut => Some("`login` starts anew".into()),
            _ => None,
        }
    }
}

/// Asks for a pair of tokens by something that was granted.
async fn exchange(
    grants: &Grants,
    application: &Application,
    grant: &[(&str, &str)],
) -> Result<OAuthTokens, LoginError> {
    match grants.ask("/oauth/token", &with_application(application, grant)).await? {
        Granted::Given(body) => tokens_of(&body).ok_or(LoginError::Incomplete { what: "pair of tokens" }),
        Granted::Refused { code, message } => Err(LoginError::Refused { code, message }),
    }
}

fn with_application<'a>(
    application: &'a Application,
    form: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let secret = Some(application.client_secret.expose().trim()).filter(|secret| !secret.is_empty());
    let secret = secret.map(|secret| ("client_secret", secret));
    form.iter().copied().chain([("client_id", application.client_id.trim())]).chain(secret).collect()
}
