//! What the credentials open: a client and a scope come in, a [`Finding`] per thing that was looked at goes out.
//!
//! Asks a handful of questions and loads nothing. The first fault of the gravest kind is what `check` ends with.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::Value;
use thiserror::Error;

use crate::client::{Answer, Client, Excerpt, Fault, Request};
use crate::config::{Credentials, Scope};
use crate::extract::{At, ExtractError};
use crate::scope::{Named, named_segment};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    Fine,
    Warning,
    Fault,
}

/// Why a run would fail.
#[derive(Debug, Error)]
pub enum AccessFault {
    #[error(transparent)]
    Refused(#[from] ExtractError),
    #[error("the token is a member of no group and no project")]
    NoMembership,
}

/// What a token asks for itself.
const OWN_TOKEN: &str = "/personal_access_tokens/self";

/// A token that ends sooner than this is warned of.
const SOON_DAYS: i64 = 14;

/// What was found so far.
#[derive(Debug)]
struct Examination<'a> {
    client: &'a Client,
    findings: Vec<Finding>,
    fault: Option<AccessFault>,
}

/// Looks at the token, the server and each entry of the scope. The fault that a run would end with comes last.
pub async fn examine(
    client: &Client,
    credentials: &Credentials,
    scope: &Scope,
    today: NaiveDate,
) -> (Vec<Finding>, Option<AccessFault>) {
    let mut examination = Examination { client, findings: Vec::new(), fault: None };
    examination.look_at_token(credentials, today).await;
    if examination.fault.is_none() {
        examination.look_at_server(credentials).await;
    }
    if examination.fault.is_none() {
        examination.look_at_scope(scope).await;
    }
    (examination.findings, examination.fault)
}

impl Examination<'_> {
    fn say(&mut self, kind: FindingKind, text: String) {
        self.findings.push(Finding { kind, text });
    }

    async fn get(&self, path: &str, route: &'static str, query: &[(&str, &str)]) -> Result<Answer, Fault> {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.client.get(&Request { path: path.to_owned(), query, route }).await
    }

    /// Notes a fault, and the error that a run would end with if it is the first.
    fn refuse(&mut self, what: &str, fault: Fault, named: Option<Named>) {
        self.say(FindingKind::Fault, format!("{what}: {fault}"));
        let place = At::Start(named.as_ref());
        let error = ExtractError::of_run(self.client, &fault, place).unwrap_or_else(|| {
            let api = self.client.api().to_string();
            match fault {
                Fault::NeedsToken { .. } => ExtractError::InvalidCredentials { api, source: fault },
                Fault::Forbidden { .. } => ExtractError::InvalidPermissions { api, source: fault },
                fault => ExtractError::Unreachable { api, source: fault },
            }
        });
        self.fault.get_or_insert(error.into());
    }

    async fn look_at_token(&mut self, credentials: &Credentials, today: NaiveDate) {
        match credentials {
            Credentials::Anonymous => {
                return self.say(FindingKind::Fine, "no token: what everybody may see is read".into());
            }
            Credentials::Job(_) => {
                return self
                    .say(FindingKind::Warning, "job token: GitLab takes it in some places only".into());
            }
            Credentials::OAuth(_) => {
                self.say(FindingKind::Fine, "OAuth: a new access token is made when one expires".into());
            }
            Credentials::Private(_) | Credentials::Bearer(_) => {
                match self.get(OWN_TOKEN, OWN_TOKEN, &[]).await {
                    Ok(answer) => self.describe_token(&answer.body, today),
                    // Other kinds of tokens are not known there.
                    Err(Fault::NotFound { .. } | Fault::Refused { .. } | Fault::Forbidden { .. }) => {
                        self.say(
                            FindingKind::Fine,
                            "token: of a kind that does not tell when it expires".into(),
                        );
                    }
                    Err(fault) => return self.refuse("token", fault, None),
                }
            }
        }
        match self.get("/user", "/user", &[]).await {
            Ok(answer) => self.say(FindingKind::Fine, holder(&answer.body)),
            Err(fault @ Fault::Unauthorized { .. }) => self.refuse("user", fault, None),
            Err(_) => {}
        }
    }

    fn describe_token(&mut self, token: &Value, today: NaiveDate) {
        let name = text(token, "name").unwrap_or_default();
        let scopes: Vec<&str> = token
            .get("scopes")
            .and_then(Value::as_array)
            .map(|scopes| scopes.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let scopes_shown = Excerpt::new(&scopes.join(", "));
        let (kind, expiry) = expiry(text(token, "expires_at"), today);
        self.say(kind, format!("token `{}`: scopes {scopes_shown}; {expiry}", Excerpt::new(name)));
        let reads = scopes.iter().any(|scope| matches!(*scope, "api" | "read_api"));
        if !reads && !scopes.is_empty() {
            self.refuse("token", Fault::InsufficientScope { needed: Excerpt::new("read_api, api") }, None);
        }
    }

    async fn look_at_server(&mut self, credentials: &Credentials) {
        let mut asked = self.get("/metadata", "/metadata", &[]).await;
        if matches!(asked, Err(Fault::NotFound { .. })) {
            asked = self.get("/version", "/version", &[]).await;
        }
        let api = self.client.api().to_string();
        match asked {
            Ok(answer) => {
                let version = text(&answer.body, "version").unwrap_or("of unknown version");
                self.say(FindingKind::Fine, format!("{api}: GitLab {}", Excerpt::new(version)));
            }
            // The version is nobody's business who shows no token.
            Err(Fault::NeedsToken { .. } | Fault::Forbidden { .. })
                if matches!(credentials, Credentials::Anonymous | Credentials::Job(_)) =>
            {
                self.say(FindingKind::Fine, format!("{api}: it answers"));
            }
            Err(fault) => self.refuse(&api, fault, None),
        }
    }

    async fn look_at_scope(&mut self, scope: &Scope) {
        if scope.groups.is_empty() && scope.projects.is_empty() {
            return self.look_at_memberships().await;
        }
        for group in &scope.groups {
            let path = format!("/groups/{}", named_segment(group));
            let asked = self.get(&path, "/groups/{id}", &[("with_projects", "false")]).await;
            self.note_root(Named::Group(group.clone()), "full_path", asked);
        }
        for project in &scope.projects {
            let path = format!("/projects/{}", named_segment(project));
            let asked = self.get(&path, "/projects/{id}", &[]).await;
            self.note_root(Named::Project(project.clone()), "path_with_namespace", asked);
        }
    }

    fn note_root(&mut self, named: Named, field: &str, asked: Result<Answer, Fault>) {
        match asked {
            Ok(answer) => {
                let path = Excerpt::new(text(&answer.body, field).unwrap_or_default());
                let id = answer.body.get("id").and_then(Value::as_i64).unwrap_or_default();
                self.say(FindingKind::Fine, format!("{named}: `{path}`, id {id}"));
            }
            Err(fault) => self.refuse(&named.to_string(), fault, Some(named)),
        }
    }

    async fn look_at_memberships(&mut self) {
        let lists = [
            ("/groups", "groups", ("min_access_level", "10")),
            ("/projects", "projects", ("membership", "true")),
        ];
        let mut is_member = false;
        for (route, what, filter) in lists {
            match self.get(route, route, &[filter, ("per_page", "1")]).await {
                Ok(answer) => {
                    let has_some = answer.body.as_array().is_some_and(|records| !records.is_empty());
                    is_member |= has_some;
                    let total = answer
                        .total()
                        .map(|total| total.to_string())
                        .unwrap_or_else(|| if has_some { "some" } else { "no" }.into());
                    self.say(FindingKind::Fine, format!("empty scope: a member of {total} {what}"));
                }
                Err(fault) => self.refuse(what, fault, None),
            }
        }
        if !is_member {
            self.fault.get_or_insert(AccessFault::NoMembership);
        }
    }
}

/// When the token ends, where it says so and that is soon. Asked once more than a run needs, and with little patience.
pub(crate) async fn end_that_is_near(
    client: &Client,
    credentials: &Credentials,
    today: NaiveDate,
) -> Option<NaiveDate> {
    const PATIENCE: Duration = Duration::from_secs(10);
    if !matches!(credentials, Credentials::Private(_) | Credentials::Bearer(_)) {
        return None;
    }
    let request = Request { path: OWN_TOKEN.to_owned(), query: Vec::new(), route: OWN_TOKEN };
    let answer = tokio::time::timeout(PATIENCE, client.get(&request)).await.ok()?.ok()?;
    end_of(text(&answer.body, "expires_at")).filter(|end| (*end - today).num_days() < SOON_DAYS)
}

/// By day: GitLab ends a token at midnight UTC.
fn end_of(expires_at: Option<&str>) -> Option<NaiveDate> {
    expires_at?.get(..10)?.parse().ok()
}

fn holder(user: &Value) -> String {
    let username = text(user, "username").unwrap_or_default();
    let is_bot = user.get("bot").and_then(Value::as_bool).unwrap_or(false);
    let kind = match username.split('_').next() {
        Some("project") if is_bot => "a project access token's user",
        Some("group") if is_bot => "a group access token's user",
        _ => "user",
    };
    format!("{kind} `{}`", Excerpt::new(username))
}

fn expiry(expires_at: Option<&str>, today: NaiveDate) -> (FindingKind, String) {
    let Some(date) = end_of(expires_at) else {
        return (FindingKind::Fine, "does not expire".to_owned());
    };
    match (date - today).num_days() {
        left if left <= 0 => (FindingKind::Warning, format!("expired on {date}")),
        left if left < SOON_DAYS => {
            (FindingKind::Warning, format!("expires on {date}, in {left} days: renew it"))
        }
        left => (FindingKind::Fine, format!("expires on {date}, in {left} days")),
    }
}

fn text<'a>(record: &'a Value, field: &str) -> Option<&'a str> {
    record.get(field).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_told_in_days() {
        let today = "2026-01-10".parse().unwrap();
        let told = |text| expiry(text, today);
        assert_eq!(told(None), (FindingKind::Fine, "does not expire".to_owned()));
        assert_eq!(told(Some("2026-01-24")).0, FindingKind::Fine);
        assert_eq!(
            told(Some("2026-01-23")),
            (FindingKind::Warning, "expires on 2026-01-23, in 13 days: renew it".to_owned())
        );
        assert_eq!(
            told(Some("2026-01-10T00:00:00Z")),
            (FindingKind::Warning, "expired on 2026-01-10".to_owned())
        );
    }
}
