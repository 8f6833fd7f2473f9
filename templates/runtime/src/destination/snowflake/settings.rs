//! `[destination.snowflake]`: which account, and as whom. What it does not say, the variables say that Snowflake's own
//! programs read.

use std::path::PathBuf;

use serde::Deserialize;

use crate::client::Excerpt;
use crate::config::{self, ConfigError, Secret};
use crate::destination::warehouse::Place;

/// What the configuration says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// As `organization-account`, or the older form with region and cloud.
    account: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    /// The file of a private key, in PKCS#8.
    private_key_path: Option<PathBuf>,
    /// The text of such a file.
    private_key: Option<Secret>,
    private_key_passphrase: Option<Secret>,
    /// An OAuth token or a programmatic access token.
    token: Option<Secret>,
    authenticator: Option<String>,
    warehouse: Option<String>,
    role: Option<String>,
    database: Option<String>,
    /// The library of the driver, or a manifest of it.
    driver: Option<PathBuf>,
    host: Option<String>,
    port: Option<u16>,
    protocol: Option<String>,
}

pub(super) const SECRETS: &[&str] = &["password", "private_key", "private_key_passphrase", "token"];

/// What proves who one is.
#[derive(Debug)]
pub(super) enum Proof {
    Password(Secret),
    Key { text: Secret, passphrase: Option<Secret> },
    OAuth(Secret),
    AccessToken(Secret),
}

/// Where connections lead to.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) account: String,
    pub(super) user: Option<String>,
    pub(super) proof: Proof,
    pub(super) database: String,
    pub(super) schema: String,
    /// Options of the driver by their names.
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) driver: Option<PathBuf>,
    pub(super) place: Place,
}

impl Address {
    pub(super) fn read(config: &config::Destination) -> Result<Self, ConfigError> {
        let said: Settings = config.read(SECRETS)?;
        let text = |said: &Option<String>, variables: &[&str]| {
            let variable = || variables.iter().find_map(|name| config.variable(name)).map(str::to_owned);
            said.clone().filter(|text| !text.is_empty()).or_else(variable)
        };
        let needed = |key, text: Option<String>, variable: &str| {
            text.ok_or_else(|| {
                config.unusable(key, format!("it is needed, here or as the variable `{variable}`"))
            })
        };
        let account = needed("account", text(&said.account, &["SNOWFLAKE_ACCOUNT"]), "SNOWFLAKE_ACCOUNT")?;
        let database =
            needed("database", text(&said.database, &["SNOWFLAKE_DATABASE"]), "SNOWFLAKE_DATABASE")?;
        let user = text(&said.user, &["SNOWFLAKE_USER", "SNOWFLAKE_USERNAME"]);
        let schema = schema(config)?;
        let proof = Proof::read(&said, config)?;
        if user.is_none() && !matches!(proof, Proof::OAuth(_)) {
            needed("user", None, "SNOWFLAKE_USER")?;
        }
        let port = said.port.map(|port| port.to_string());
        let options = [
            ("adbc.snowflake.sql.warehouse", text(&said.warehouse, &["SNOWFLAKE_WAREHOUSE"])),
            ("adbc.snowflake.sql.role", text(&said.role, &["SNOWFLAKE_ROLE"])),
            ("adbc.snowflake.sql.uri.host", text(&said.host, &["SNOWFLAKE_HOST"])),
            ("adbc.snowflake.sql.uri.port", text(&port, &["SNOWFLAKE_PORT"])),
            ("adbc.snowflake.sql.uri.protocol", text(&said.protocol, &["SNOWFLAKE_PROTOCOL"])),
        ];
        let options = options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let name = format!(
            "Snowflake schema `{}` of database `{}` of account `{}`",
            schema,
            Excerpt::new(&database),
            Excerpt::new(&account)
        );
        let who = user.as_ref().map_or("this token".to_owned(), |user| format!("`{}`", Excerpt::new(user)));
        let driver = said.driver.map(|path| config.path(path));
        let place = Place::new(&name, &who);
        Ok(Self { account, user, proof, database, schema, options, driver, place })
    }

    /// Whatever must not be shown.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        match &self.proof {
            Proof::Password(secret) | Proof::OAuth(secret) | Proof::AccessToken(secret) => {
                vec![secret.clone()]
            }
            Proof::Key { text, passphrase } => {
                std::iter::once(text.clone()).chain(passphrase.clone()).collect()
            }
        }
    }
}

/// The dataset, as Snowflake calls it: a name that needs no quotes.
fn schema(config: &config::Destination) -> Result<String, ConfigError> {
    let name = config.dataset.to_ascii_uppercase();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let begins = name.starts_with(|first: char| !first.is_ascii_digit());
    if begins && name.len() <= super::NAMING.longest && name.chars().all(is_plain) {
        return Ok(name);
    }
    let message = "a schema that can be named without quotes has letters, digits and `_`, and no digit first";
    let key = "destination.dataset".to_owned();
    Err(ConfigError::Invalid { key, origin: None, message: message.to_owned() })
}

impl Proof {
    fn read(said: &Settings, config: &config::Destination) -> Result<Self, ConfigError> {
        let secret = |said: &Option<Secret>, variables: &[&str]| {
            let variable = || variables.iter().find_map(|name| config.variable(name)).map(Secret::new);
            said.clone().filter(|secret| !secret.is_empty()).or_else(variable)
        };
        let authenticator =
            said.authenticator.as_deref().or_else(|| config.variable("SNOWFLAKE_AUTHENTICATOR"));
        let key = secret(&said.private_key, &["SNOWFLAKE_PRIVATE_KEY"]);
        let key = match key {
            Some(key) => Some(key),
            None => key_of_file(said, config)?,
        };
        let passphrase = secret(
            &said.private_key_passphrase,
            &["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "PRIVATE_KEY_PASSPHRASE"],
        );
        let token = secret(&said.token, &["SNOWFLAKE_TOKEN"]);
        let password = secret(&said.password, &["SNOWFLAKE_PASSWORD"]);
        let proof = match authenticator.map(str::to_lowercase).as_deref() {
            Some("snowflake_jwt") => key.map(|text| Self::Key { text, passphrase }),
            Some("oauth") => token.map(Self::OAuth),
            Some("programmatic_access_token") => token.or(password).map(Self::AccessToken),
            Some("snowflake") => password.map(Self::Password),
            None => (key.map(|text| Self::Key { text, passphrase }))
                .or_else(|| token.map(Self::AccessToken))
                .or_else(|| password.map(Self::Password)),
            Some(_) => {
                let wanted = "expected `snowflake`, `snowflake_jwt`, `oauth` or `programmatic_access_token`";
                return Err(config.unusable("authenticator", wanted));
            }
        };
        proof.ok_or_else(|| {
            let wanted = "one of `password`, `private_key`, `private_key_path` and `token` is needed, as \
                          `authenticator` says, or as the variable `SNOWFLAKE_…` of its name";
            config.unusable("password", wanted)
        })
    }
}

fn key_of_file(said: &Settings, config: &config::Destination) -> Result<Option<Secret>, ConfigError> {
    let variables = ["SNOWFLAKE_PRIVATE_KEY_PATH", "SNOWFLAKE_PRIVATE_KEY_FILE"];
    let variable = || variables.iter().find_map(|name| config.variable(name)).map(PathBuf::from);
    let said = said.private_key_path.as_ref().map(|path| config.path(path));
    let Some(path) = said.or_else(variable) else { return Ok(None) };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let shown = path.display().to_string();
        config.unusable("private_key_path", format!("`{}` cannot be read: {error}", shown.escape_debug()))
    })?;
    Ok(Some(Secret::new(text)))
}
