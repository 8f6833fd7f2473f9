//! `[destination.bigquery]`: which dataset, where, and as whom. What it does not say, the variables say that Google's own
//! programs read.

use std::path::PathBuf;

use serde::Deserialize;

use super::credentials::Credentials;
use super::fault::Place;
use crate::config::{self, ConfigError, Secret};

const SECRETS: &[&str] = &["google_service_account_key", "google_bearer_token"];
const GOOGLE: &str = "https://bigquery.googleapis.com";

/// How many letters the name of a dataset may have.
const LONGEST: usize = 1024;

/// What the configuration says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    project: Option<String>,
    location: Option<String>,
    endpoint: Option<String>,
    google_application_credentials: Option<String>,
    google_service_account_key: Option<Secret>,
    google_bearer_token: Option<Secret>,
    uploads: Option<usize>,
}

/// Where the tables lie, and who asks for them.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) project: String,
    pub(super) dataset: String,
    /// Where the dataset is made.
    pub(super) location: Option<String>,
    /// Without a slash at its end.
    pub(super) endpoint: String,
    pub(super) credentials: Credentials,
    pub(super) place: Place,
}

const UPLOADS: usize = 4;

/// How many threads the configuration wants.
pub(super) fn uploads(config: &config::Destination) -> Result<usize, ConfigError> {
    let wanted = config.read::<Said>(SECRETS)?.uploads.unwrap_or(UPLOADS);
    if wanted == 0 {
        return Err(config.unusable("uploads", "at least 1"));
    }
    Ok(wanted)
}

impl Settings {
    pub(super) fn read(config: &config::Destination) -> Result<Self, ConfigError> {
        let said: Said = config.read(SECRETS)?;
        let dataset = config.dataset.clone();
        let is_name = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if dataset.is_empty() || dataset.len() > LONGEST || !is_name(&dataset) {
            let message = format!("a dataset's name has letters, digits and `_`, at most {LONGEST}");
            let key = "destination.dataset".to_owned();
            return Err(ConfigError::Invalid { key, origin: None, message });
        }
        let variable =
            |names: &[&str]| names.iter().find_map(|name| config.variable(name)).map(str::to_owned);
        let endpoint = said.endpoint.clone().or_else(|| variable(&["BIGQUERY_EMULATOR_HOST"]));
        let endpoint = endpoint.map_or_else(|| Ok(GOOGLE.to_owned()), |said| address(&said, config))?;
        let credentials = credentials(&said, &endpoint, config)?;
        let project = said.project.or_else(|| variable(&["BIGQUERY_PROJECT", "GOOGLE_CLOUD_PROJECT"]));
        let project = project.or_else(|| credentials.project().map(str::to_owned));
        let project =
            project.ok_or_else(|| config.unusable("project", "name the project that has the dataset"))?;
        // Those of an organisation of old have a domain before a colon.
        let is_odd = |letter: char| !(letter.is_ascii_alphanumeric() || "-_:.".contains(letter));
        if project.is_empty() || project.contains(is_odd) {
            return Err(config.unusable("project", "expected the id of a project, such as `my-project-1`"));
        }
        let place = Place::new(&project, &dataset, credentials.who());
        Ok(Self { project, dataset, location: said.location, endpoint, credentials, place })
    }
}

/// An address; without a scheme it is a host that is spoken to without encryption, as emulators are.
fn address(said: &str, config: &config::Destination) -> Result<String, ConfigError> {
    let whole = if said.contains("://") { said.to_owned() } else { format!("http://{said}") };
    let is_whole = reqwest::Url::parse(&whole).is_ok_and(|url| {
        ["http", "https"].contains(&url.scheme()) && url.username().is_empty() && url.password().is_none()
    });
    if !is_whole {
        return Err(config.unusable("endpoint", "expected `http://host:port` or `https://host`"));
    }
    Ok(whole.trim_end_matches('/').to_owned())
}

/// The first that is there. Who speaks without encryption gets none but a token that is meant for tests.
fn credentials(
    said: &Said,
    endpoint: &str,
    config: &config::Destination,
) -> Result<Credentials, ConfigError> {
    let secret = |secret: &Option<Secret>, names: &[&str]| {
        let stated = secret.clone().filter(|secret| !secret.is_empty());
        stated.or_else(|| names.iter().find_map(|name| config.variable(name)).map(Secret::new))
    };
    if let Some(token) = secret(&said.google_bearer_token, &["GOOGLE_BEARER_TOKEN"]) {
        return Ok(Credentials::Bearer(token));
    }
    if endpoint.starts_with("http://") {
        return Ok(Credentials::None);
    }
    let of_key = ["GOOGLE_SERVICE_ACCOUNT_KEY", "BIGQUERY_SERVICE_ACCOUNT_JSON"];
    if let Some(key) = secret(&said.google_service_account_key, &of_key) {
        return Credentials::parse(key.expose())
            .map_err(|message| config.unusable("google_service_account_key", message));
    }
    let stated = said.google_application_credentials.as_deref();
    let file =
        stated.or_else(|| config.variable("GOOGLE_APPLICATION_CREDENTIALS")).map(|path| config.path(path));
    if let Some(file) = file.or_else(|| well_known(config)) {
        let unusable = |message: String| {
            config.unusable("google_application_credentials", format!("{}: {message}", file.display()))
        };
        let text = std::fs::read_to_string(&file).map_err(|error| unusable(error.to_string()))?;
        return Credentials::parse(&text).map_err(|message| unusable(message.to_owned()));
    }
    Ok(Credentials::Metadata { host: config.variable("GCE_METADATA_HOST").map(str::to_owned) })
}

/// Where `gcloud auth application-default login` leaves a file.
fn well_known(config: &config::Destination) -> Option<PathBuf> {
    const NAME: &str = "application_default_credentials.json";
    let folder = config.variable("CLOUDSDK_CONFIG").map(PathBuf::from);
    let home = || config.variable("HOME").map(|home| PathBuf::from(home).join(".config/gcloud"));
    folder.or_else(home).map(|folder| folder.join(NAME)).filter(|file| file.is_file())
}
