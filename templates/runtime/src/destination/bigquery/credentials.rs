//! Who asks: a key of a service account, a person who has logged in, the machine itself, or a token as it stands.
//! Each of them is exchanged for a token that lives for an hour. <https://google.aip.dev/auth/4110>

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Fault;
use crate::client::Excerpt;
use crate::config::Secret;

const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const METADATA: &str = "metadata.google.internal";

/// A token is taken for old so long before it is.
const EARLY: Duration = Duration::from_secs(120);

/// Who asks.
pub(super) enum Credentials {
    /// Nobody: an emulator.
    None,
    Bearer(Secret),
    ServiceAccount(Box<ServiceAccount>),
    /// Somebody who has logged in by `gcloud auth application-default login`.
    User(User),
    /// The account of the machine, as the server of its metadata knows it.
    Metadata {
        host: Option<String>,
    },
}

pub(super) struct ServiceAccount {
    email: String,
    key_id: String,
    key: RsaKeyPair,
    token_uri: String,
    project: Option<String>,
}

/// A file as `gcloud` writes it.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    client_id: String,
    client_secret: Secret,
    refresh_token: Secret,
    #[serde(alias = "quota_project_id")]
    project: Option<String>,
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: Secret,
    #[serde(default)]
    private_key_id: String,
    token_uri: Option<String>,
    project_id: Option<String>,
}

/// A token, and until when it serves.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: Secret,
    pub(super) until: Instant,
}

impl Credentials {
    /// What a file of credentials says, or what is wrong with it; that repeats nothing of it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let file: Value =
            serde_json::from_str(text).map_err(|_| "expected the JSON of a key, as Google gives it")?;
        match file.get("type").and_then(Value::as_str) {
            Some("service_account") => {
                let file: KeyFile = serde_json::from_value(file).map_err(
                    |_| "expected `client_email` and `private_key` in the key of a service account",
                )?;
                ServiceAccount::new(file).map(|account| Self::ServiceAccount(Box::new(account)))
            }
            Some("authorized_user") => serde_json::from_value(file)
                .map(Self::User)
                .map_err(|_| "expected `client_id`, `client_secret` and `refresh_token`"),
            _ => Err("expected credentials of the type `service_account` or `authorized_user`"),
        }
    }

    /// The project that they belong to.
    pub(super) fn project(&self) -> Option<&str> {
        match self {
            Self::ServiceAccount(account) => account.project.as_deref(),
            Self::User(user) => user.project.as_deref(),
            Self::None | Self::Bearer(_) | Self::Metadata { .. } => None,
        }
    }

    /// For messages.
    pub(super) fn who(&self) -> String {
        match self {
            Self::None => "nobody".to_owned(),
            Self::Bearer(_) => "the owner of the token".to_owned(),
            Self::ServiceAccount(account) => format!("`{}`", Excerpt::new(&account.email)),
            Self::User(_) => "whoever has logged in with gcloud".to_owned(),
            Self::Metadata { .. } => "the service account of this machine".to_owned(),
        }
    }

    /// A token; `None` where nobody asks.
    pub(super) async fn token(&self, http: &reqwest::Client) -> Result<Option<Token>, Fault> {
        let request = match self {
            Self::None => return Ok(None),
            Self::Bearer(text) => {
                let until = Instant::now() + Duration::from_secs(86_400);
                return Ok(Some(Token { text: text.clone(), until }));
            }
            Self::ServiceAccount(account) => {
                let assertion = account.assertion(SystemTime::now())?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                form(http, &account.token_uri, &[("grant_type", grant), ("assertion", &assertion)])
            }
            Self::User(user) => form(
                http,
                TOKEN_URI,
                &[
                    ("grant_type", "refresh_token"),
                    ("client_id", &user.client_id),
                    ("client_secret", user.client_secret.expose()),
                    ("refresh_token", user.refresh_token.expose()),
                ],
            ),
            Self::Metadata { host } => {
                let host = host.as_deref().unwrap_or(METADATA);
                let path = "computeMetadata/v1/instance/service-accounts/default/token";
                http.get(format!("http://{host}/{path}")).header("Metadata-Flavor", "Google")
            }
        };
        let answer = request.timeout(Duration::from_secs(30)).send().await;
        let answer = answer.map_err(|error| self.unreachable(error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(Fault::transport)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            let said = ["error_description", "error"].iter().find_map(|key| body.get(key)?.as_str());
            return Err(Fault::token(status.as_u16(), said.unwrap_or_default()));
        }
        let text = body.get("access_token").and_then(Value::as_str);
        let text = text.ok_or_else(|| Fault::token(status.as_u16(), "the answer holds no token"))?;
        let seconds = body.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(seconds).saturating_sub(EARLY);
        Ok(Some(Token { text: Secret::new(text), until }))
    }

    /// A machine that is none of Google's has no such server: then there are no credentials at all.
    fn unreachable(&self, error: reqwest::Error) -> Fault {
        match self {
            Self::Metadata { .. } => {
                Fault::token(0, "there are no credentials, and this machine has none of its own")
            }
            _ => Fault::transport(error),
        }
    }
}

impl ServiceAccount {
    fn new(file: KeyFile) -> Result<Self, &'static str> {
        const WANTED: &str = "expected `private_key` to be an RSA key in PEM";
        let key = PrivateKeyDer::from_pem_slice(file.private_key.expose().as_bytes()).map_err(|_| WANTED)?;
        let key = match key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(WANTED),
        };
        let token_uri = file.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned());
        let url = reqwest::Url::parse(&token_uri).map_err(|_| "expected `token_uri` to be an address")?;
        let is_here = url.host_str().is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host));
        if url.scheme() != "https" && !is_here {
            return Err("expected `token_uri` to begin with `https://`");
        }
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            key: key.map_err(|_| WANTED)?,
            token_uri,
            project: file.project_id,
        })
    }

    /// A signed statement of who it is, which is good for an hour (RFC 7523).
    fn assertion(&self, now: SystemTime) -> Result<String, Fault> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": now, "exp": now + 3600,
        });
        let encoded = |value: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(value);
        let signed =
            format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let made = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        made.map_err(|_| Fault::token(0, "the key of the service account does not sign"))?;
        Ok(format!("{signed}.{}", encoded(&signature)))
    }
}

/// In the body alone: nothing secret goes into an address.
fn form(http: &reqwest::Client, url: &str, pairs: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let mut address = reqwest::Url::parse("http://form/").ok();
    if let Some(address) = &mut address {
        address.query_pairs_mut().extend_pairs(pairs);
    }
    let body = address.as_ref().and_then(reqwest::Url::query).unwrap_or_default().to_owned();
    http.post(url).header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.who())
    }
}
