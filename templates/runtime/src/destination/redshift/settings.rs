//! `[destination.redshift]`: where the server is, and where in S3 files lie on their way to it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::config::{self, ConfigError, Secret};
use crate::destination::warehouse::Place;
use crate::destination::{objects, postgres};

/// What the configuration says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    sslmode: Option<postgres::SslMode>,
    sslrootcert: Option<PathBuf>,
    /// `s3://bucket/prefix`.
    staging: Option<String>,
    /// The role that reads it, as the cluster has it; `default` is that of the cluster.
    iam_role: Option<String>,
    /// A server that is not Amazon's own.
    endpoint: Option<String>,
    aws_region: Option<String>,
    aws_access_key_id: Option<Secret>,
    aws_secret_access_key: Option<Secret>,
    aws_session_token: Option<Secret>,
}

const SECRETS: &[&str] = &["password", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

const PORT: u16 = 5439;

/// What lets the cluster read files.
#[derive(Debug)]
pub(super) enum Grant {
    DefaultRole,
    Role(String),
    Keys { id: Secret, key: Secret, token: Option<Secret> },
}

/// Where connections and files lead to.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) server: postgres::Address,
    pub(super) schema: String,
    pub(super) objects: objects::Settings,
    pub(super) staging: String,
    pub(super) folder: String,
    pub(super) grant: Grant,
    pub(super) place: Place,
    /// What the environment says of where credentials are to be had.
    pub(super) variables: BTreeMap<String, String>,
}

/// Variables that only say where credentials are to be had.
const OF_AWS: &[&str] = &[
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

impl Address {
    pub(super) fn read(config: &config::Destination) -> Result<Self, ConfigError> {
        let said: Settings = config.read(SECRETS)?;
        let schema = schema(config)?;
        let mut server = server(&said, config)?;
        server.sslrootcert = said.sslrootcert.as_ref().map(|path| match path.to_str() {
            Some("system") => path.clone(),
            _ => config.path(path),
        });
        let server = postgres::Address::of(&server, config, "Redshift")?;
        let staging = said.staging.clone().filter(|staging| staging.starts_with("s3://"));
        let staging = staging.ok_or_else(|| config.unusable("staging", "expected `s3://bucket/prefix`"))?;
        let staging = staging.trim_end_matches('/').to_owned();
        let objects = objects::Settings {
            path: Some(staging.clone()),
            endpoint: said.endpoint.clone(),
            aws_region: said.aws_region.clone(),
            aws_access_key_id: said.aws_access_key_id.clone(),
            aws_secret_access_key: said.aws_secret_access_key.clone(),
            aws_session_token: said.aws_session_token.clone(),
            ..objects::Settings::default()
        };
        let objects = objects.settle(config)?;
        let grant = Grant::read(&said, &objects, config)?;
        let place = Place::new(&server.place.name(), server.place.user());
        let variable = |name: &&str| Some(((*name).to_owned(), config.variable(name)?.to_owned()));
        let variables = OF_AWS.iter().filter_map(variable).collect();
        let folder = folder(&server, &schema);
        Ok(Self { server, schema, objects, staging, folder, grant, place, variables })
    }
}

/// The dataset, as Redshift calls it: a name that needs no quotes.
fn schema(config: &config::Destination) -> Result<String, ConfigError> {
    let name = config.dataset.to_ascii_lowercase();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !name.is_empty() && name.len() <= super::NAMING.longest && name.chars().all(is_plain) {
        return Ok(name);
    }
    let message = "a schema of Redshift has letters, digits and `_`, and at most 127 of them".to_owned();
    Err(ConfigError::Invalid { key: "destination.dataset".to_owned(), origin: None, message })
}

/// What is said of the server, by the configuration, then by variables for Redshift, then by those of `psql`. Without a
/// word about it, certificates are looked at: Redshift's are signed by an authority that systems know.
fn server(said: &Settings, config: &config::Destination) -> Result<postgres::Settings, ConfigError> {
    let variable = |name: &str| {
        let variable = config.variable(&format!("REDSHIFT_{name}"));
        variable.or_else(|| config.variable(&format!("PG{name}"))).map(str::to_owned)
    };
    let text = |said: &Option<String>, name: &str| said.clone().or_else(|| variable(name));
    let host = text(&said.host, "HOST").ok_or_else(|| {
        config.unusable("host", "it is needed, here or as the variable `REDSHIFT_HOST` or `PGHOST`")
    })?;
    let port = match (said.port, variable("PORT")) {
        (Some(port), _) => port,
        (None, None) => PORT,
        (None, Some(text)) => {
            text.parse().map_err(|_| config.unusable("port", "the environment variable is no port"))?
        }
    };
    let database = text(&said.database, "DATABASE").or_else(|| variable("DBNAME"));
    let is_said = said.sslmode.is_some() || config.variable("PGSSLMODE").is_some();
    Ok(postgres::Settings {
        host: Some(host),
        port: Some(port),
        user: text(&said.user, "USER"),
        password: said.password.clone().or_else(|| variable("PASSWORD").map(Secret::new)),
        database,
        sslmode: if is_said { said.sslmode } else { Some(postgres::SslMode::VerifyFull) },
        ..postgres::Settings::default()
    })
}

/// Below `staging`, the folder of one schema: what is found there when a load begins is left over.
fn folder(server: &postgres::Address, schema: &str) -> String {
    let name = format!("{}-{schema}", server.config.get_dbname().unwrap_or_default());
    let host = server.config.get_hosts().first().map(|host| format!("{host:?}")).unwrap_or_default();
    let port = server.config.get_ports().first().copied().unwrap_or_default();
    let name: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    super::NAMING.with_hash(&format!("gitlab-pipeline-{name}"), &format!("{host}:{port}"))
}

impl Grant {
    fn read(
        said: &Settings,
        objects: &objects::Settings,
        config: &config::Destination,
    ) -> Result<Self, ConfigError> {
        match said.iam_role.as_deref().or_else(|| config.variable("REDSHIFT_IAM_ROLE")) {
            Some("default") => return Ok(Self::DefaultRole),
            Some(role) => return Ok(Self::Role(role.to_owned())),
            None => {}
        }
        match (&objects.aws_access_key_id, &objects.aws_secret_access_key) {
            (Some(id), Some(key)) => {
                Ok(Self::Keys { id: id.clone(), key: key.clone(), token: objects.aws_session_token.clone() })
            }
            _ => {
                let wanted = "Redshift reads the files by a role of its own, `default` or its ARN; or with \
                              `aws_access_key_id` and `aws_secret_access_key`";
                Err(config.unusable("iam_role", wanted))
            }
        }
    }
}
