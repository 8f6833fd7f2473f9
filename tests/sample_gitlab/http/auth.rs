//! From credentials to the caller on whose behalf a request is answered.

use hyper::HeaderMap;
use serde_json::json;

use crate::routes::{Query, Refusal, Route};
use crate::world::{Caller, Snapshot, cast};

/// The tokens that an instance knows. None of them opens anything anywhere else.
pub mod tokens {
    /// Of a user who is a member of groups and projects; scope `read_api`.
    pub const MEMBER: &str = "sample-member-token";
    /// An OAuth token of the same user: goes behind `Bearer` only.
    pub const OAUTH: &str = "sample-oauth-token";
    /// The same user, scope `read_user` only.
    pub const NARROW: &str = "sample-narrow-token";
    pub const EXPIRED: &str = "sample-expired-token";
    pub const REVOKED: &str = "sample-revoked-token";
    /// Of a user without any membership.
    pub const OUTSIDER: &str = "sample-outsider-token";
    pub const ADMIN: &str = "sample-admin-token";
    /// Of a job in `platform/storefront`; goes into `JOB-TOKEN`, and few endpoints take it.
    pub const JOB: &str = "sample-job-token";
}

/// What a request brings along to prove who it is. Never holds the token longer than needed.
#[derive(Debug, Default)]
pub(super) struct Credentials<'a> {
    private: Option<&'a str>,
    bearer: Option<&'a str>,
    job: Option<&'a str>,
    in_url: Option<String>,
}

impl<'a> Credentials<'a> {
    pub(super) fn of(headers: &'a HeaderMap, query: &Query) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let in_url = URL_PARAMS.iter().find_map(|name| query.get(name)).map(str::to_owned);
        Self { private: header("private-token"), bearer, job: header("job-token"), in_url }
    }

    /// The names of what was used, for the log.
    pub(super) fn carriers(&self) -> Vec<&'static str> {
        let headers =
            [("private-token", self.private), ("authorization", self.bearer), ("job-token", self.job)];
        headers.into_iter().filter(|(_, token)| token.is_some()).map(|(name, _)| name).collect()
    }

    pub(super) fn is_in_url(&self) -> bool {
        self.in_url.is_some()
    }

    pub(super) fn caller(&self, route: &Route, now: &Snapshot) -> Result<Caller, Refusal> {
        if let Some(token) = self.bearer {
            return with_bearer(token).and_then(|holder| holder.on(route));
        }
        if let Some(token) = self.private.or(self.in_url.as_deref()) {
            return with_private_token(token).and_then(|holder| holder.on(route));
        }
        match self.job {
            None => Ok(Caller::ANONYMOUS),
            // Where job tokens are not taken, they are not looked at either.
            Some(_) if !route.job_token => Ok(Caller::ANONYMOUS),
            Some(tokens::JOB) => {
                let home = now.plan.find_project(cast::ORDINARY).map(|project| project.index);
                Ok(Caller { only_project: home.or(Some(usize::MAX)), ..Caller::MEMBER })
            }
            Some(_) => Err(Refusal::unauthorized()),
        }
    }
}

pub(super) const URL_PARAMS: [&str; 3] = ["private_token", "access_token", "job_token"];

/// A caller whose token may lack the scope for most endpoints.
struct Holder {
    caller: Caller,
    reads_api: bool,
}

impl Holder {
    fn on(self, route: &Route) -> Result<Caller, Refusal> {
        if self.reads_api || route.any_scope {
            return Ok(self.caller);
        }
        Err(Refusal::Denied(
            403,
            json!({
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": "api read_api",
            }),
        ))
    }
}

fn with_private_token(token: &str) -> Result<Holder, Refusal> {
    let (caller, reads_api) = match token {
        tokens::MEMBER => (Caller::MEMBER, true),
        tokens::NARROW => (Caller::MEMBER, false),
        tokens::OUTSIDER => (Caller::OUTSIDER, true),
        tokens::ADMIN => (Caller::ADMIN, true),
        _ => return Err(Refusal::unauthorized()),
    };
    Ok(Holder { caller, reads_api })
}

/// Bearer takes OAuth tokens and all that `PRIVATE-TOKEN` takes; its refusals say more.
fn with_bearer(token: &str) -> Result<Holder, Refusal> {
    let why = match token {
        tokens::OAUTH => return Ok(Holder { caller: Caller::MEMBER, reads_api: true }),
        tokens::EXPIRED => "Token is expired. You can either do re-authorization or token refresh.",
        tokens::REVOKED => "Token was revoked. You have to re-authorize from the user.",
        token => return with_private_token(token),
    };
    Err(Refusal::Denied(401, json!({"error": "invalid_token", "error_description": why})))
}
