//! A machine without a browser: a short code that is typed in on another one.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{LoginError, PATIENCE, SCOPE, exchange, with_application};
use crate::client::{Excerpt, Fault, Granted, Grants};
use crate::config::{Application, OAuthTokens, Secret};

/// What a person has to do, and what then brings the tokens.
#[derive(Debug)]
pub struct DeviceCode {
    /// Where the code is typed in. It comes from outside.
    pub address: Excerpt,
    /// The code. It comes from outside.
    pub code: Excerpt,
    device_code: Secret,
    every: Duration,
    expires_in: Duration,
}

/// How often is asked where GitLab does not say: RFC 8628, section 3.2.
const EVERY: Duration = Duration::from_secs(5);

/// What `slow_down` adds: section 3.5.
const SLOWER: Duration = Duration::from_secs(5);

pub async fn request_code(grants: &Grants, application: &Application) -> Result<DeviceCode, LoginError> {
    let form = with_application(application, &[("scope", SCOPE)]);
    let body = match grants.ask("/oauth/authorize_device", &form).await {
        Ok(Granted::Given(body)) => body,
        Ok(Granted::Refused { code, message }) => return Err(LoginError::Refused { code, message }),
        Err(Fault::NotFound { .. }) => return Err(LoginError::NoDeviceCodes),
        Err(fault) => return Err(fault.into()),
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let seconds = |name: &str| body.get(name).and_then(Value::as_u64).map(Duration::from_secs);
    let incomplete = LoginError::Incomplete { what: "code for a device" };
    let (Some(device_code), Some(code), Some(address)) =
        (text("device_code"), text("user_code"), text("verification_uri"))
    else {
        return Err(incomplete);
    };
    Ok(DeviceCode {
        address: Excerpt::new(address),
        code: Excerpt::new(code),
        device_code: Secret::new(device_code),
        every: seconds("interval").unwrap_or(EVERY),
        expires_in: seconds("expires_in").unwrap_or(PATIENCE),
    })
}

/// Asks until the person has consented or refused, or the code has expired.
pub async fn await_consent(
    grants: &Grants,
    application: &Application,
    code: &DeviceCode,
) -> Result<OAuthTokens, LoginError> {
    let end = Instant::now() + code.expires_in;
    let mut every = code.every;
    let grant = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", code.device_code.expose()),
    ];
    loop {
        if Instant::now() + every > end {
            return Err(LoginError::TimedOut);
        }
        tokio::time::sleep(every).await;
        match exchange(grants, application, &grant).await {
            Err(LoginError::Refused { code, .. }) if code == "authorization_pending" => {}
            Err(LoginError::Refused { code, .. }) if code == "slow_down" => every += SLOWER,
            Err(LoginError::Refused { code, .. }) if code == "expired_token" => {
                return Err(LoginError::TimedOut);
            }
            // The person is still at it.
            Err(LoginError::Fault(fault)) if fault.is_passing() => every += SLOWER,
            ended => return ended,
        }
    }
}
