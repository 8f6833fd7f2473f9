//! From what the layers say to what the other stages use: defaults, limits, and how the token is sent.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::entries::{Kind, entry};
use super::layers::{Environment, Layers, Origin};
use super::load::{DAY, Period, derive_load};
use super::notify::derive_notify;
use super::settings::{
    ExtractSettings, GitlabSettings, OAuthSettings, ResourceSettings, Scalars, ScopeSettings, Settings,
    TokenType, text_of,
};
use super::{
    ApiRoot, Application, Config, ConfigError, Connection, Contract, Credentials, Destination, Extract,
    Gitlab, OAuth, OAuthTokens, ResourceConfig, Scope, Secret, SecretsFile,
};
use crate::resource::WriteDisposition;

/// Where things start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Where `config.toml` lies: relative paths in it start there.
    pub(super) folder: &'a Path,
    /// Where the API lies below its instance.
    pub(super) api: &'static str,
}

pub(super) fn derive(
    settings: Settings,
    layers: &Layers,
    environment: &Environment,
    place: Place<'_>,
) -> Result<Config, ConfigError> {
    let url_origin = layers.origin(&["gitlab".to_owned(), "url".to_owned()]).cloned();
    let gitlab = derive_gitlab(&settings, layers, environment, place, url_origin)?;
    let resource = |(name, said): (String, ResourceSettings)| {
        let derived = derive_resource(&name, said, layers)?;
        Ok((name, derived))
    };
    Ok(Config {
        scope: derive_scope(settings.scope, &gitlab.url, layers)?,
        gitlab,
        extract: derive_extract(&settings.extract, layers)?,
        load: derive_load(settings.load),
        schema: Contract::default().with(settings.schema),
        destination: Destination::new(settings.destination, layers, environment, place.folder),
        notify: derive_notify(settings.notify, layers, place.folder)?,
        resources: settings.resources.into_iter().map(resource).collect::<Result<_, ConfigError>>()?,
    })
}

fn derive_scope(said: ScopeSettings, api: &ApiRoot, layers: &Layers) -> Result<Scope, ConfigError> {
    let entries = |key: &str, texts: Vec<String>, kind: Kind| {
        let taken: Result<Vec<_>, _> = texts.iter().map(|text| entry(text, kind, api)).collect();
        taken.map_err(|message| {
            let origin = layers.origin(&["scope".to_owned(), key.to_owned()]).cloned();
            ConfigError::Invalid { key: format!("scope.{key}"), origin, message }
        })
    };
    Ok(Scope {
        groups: entries("groups", said.groups, Kind::Group)?,
        projects: entries("projects", said.projects, Kind::Project)?,
        subgroups: said.subgroups.unwrap_or(true),
        archived: said.archived.unwrap_or(true),
        include: said.include,
        exclude: said.exclude,
    })
}

fn derive_extract(said: &ExtractSettings, layers: &Layers) -> Result<Extract, ConfigError> {
    let extract = Extract {
        concurrency: usize::from(said.concurrency.unwrap_or(6)),
        per_page: said.per_page.unwrap_or(100),
        timeout: said.timeout.unwrap_or(Duration::from_secs(90)),
        settled_after: said.settled_after.map_or(Some(7 * DAY), |period| period.0),
        ask_for_everything: said.ask_for_everything,
        retries: usize::from(said.retries.unwrap_or(5)),
        retry_delay: said.retry_delay.unwrap_or(Duration::from_millis(500)),
        rate_limit_wait: said.rate_limit_wait.unwrap_or(Duration::from_secs(60)),
        outage_wait: said.outage_wait.unwrap_or(Duration::from_secs(180)),
        requests_per_minute: said.requests_per_minute,
        max_requests: said.max_requests,
        max_duration: said.max_duration,
        wide_lists: said.wide_lists.unwrap_or(true),
    };
    let out_of_range = |key: &str, message: &str| {
        let origin = layers.origin(&["extract".to_owned(), key.to_owned()]).cloned();
        Err(ConfigError::Invalid { key: format!("extract.{key}"), origin, message: message.to_owned() })
    };
    if !(1..=64).contains(&extract.concurrency) {
        return out_of_range("concurrency", "expected 1 to 64");
    }
    if !(1..=100).contains(&extract.per_page) {
        return out_of_range("per_page", "expected 1 to 100, the most that GitLab gives");
    }
    if extract.requests_per_minute == Some(0) {
        return out_of_range("requests_per_minute", "expected 1 or more");
    }
    if extract.max_requests == Some(0) {
        return out_of_range("max_requests", "expected 1 or more");
    }
    if extract.max_duration.is_some_and(|most| most.is_zero()) {
        return out_of_range("max_duration", "expected more than zero");
    }
    if extract.timeout.is_zero() {
        return out_of_range("timeout", "expected more than zero");
    }
    Ok(extract)
}

/// The address and the token belong together: a job token is sent only to the server that runs the job.
fn derive_gitlab(
    settings: &Settings,
    layers: &Layers,
    environment: &Environment,
    Place { folder, api }: Place<'_>,
    origin: Option<Origin>,
) -> Result<Gitlab, ConfigError> {
    let parse = |text: &str| {
        ApiRoot::parse(text, api).map_err(|source| ConfigError::Address { origin: origin.clone(), source })
    };
    let set = |name: &str| environment.get(name).filter(|text| !text.trim().is_empty());
    let server = set("CI_SERVER_URL").and_then(|text| ApiRoot::parse(text, api).ok());
    let url = match (&settings.gitlab.url, &server) {
        (Some(text), _) => parse(text)?,
        (None, Some(server)) => server.clone(),
        (None, None) => parse("https://gitlab.com")?,
    };
    let is_job_server = server.as_ref().is_some_and(|server| server.same_origin(&url));
    let job = set("CI_JOB_TOKEN").filter(|_| is_job_server).map(Secret::new);
    let token = settings.gitlab.token.clone().filter(|token| !token.is_empty());
    let credentials = match (settings.gitlab.token_type, token) {
        (TokenType::None, _) => Some(Credentials::Anonymous),
        (_, Some(token)) if token.expose().starts_with("gldt-") => return Err(ConfigError::DeployToken),
        (TokenType::Auto, Some(token)) if token.expose().starts_with("glcbt-") => {
            Some(Credentials::Job(token))
        }
        (TokenType::Auto | TokenType::Private, Some(token)) => Some(Credentials::Private(token)),
        (TokenType::Bearer, Some(token)) => Some(Credentials::Bearer(token)),
        (TokenType::Job, Some(token)) => Some(Credentials::Job(token)),
        (TokenType::Auto, None) if is_set(&settings.gitlab.oauth) => {
            Some(derive_oauth(&settings.gitlab.oauth, layers, folder)?)
        }
        (TokenType::Auto | TokenType::Job, None) => job.map(Credentials::Job),
        (TokenType::Private | TokenType::Bearer, None) => None,
    };
    Ok(Gitlab {
        url,
        credentials,
        application: application(&settings.gitlab.oauth),
        secrets: secrets_file(folder),
        connection: derive_connection(&settings.gitlab, layers, folder)?,
    })
}

fn application(said: &OAuthSettings) -> Option<Application> {
    let client_id = said.client_id.clone().filter(|id| !id.trim().is_empty())?;
    let client_secret = said.client_secret.clone().unwrap_or_else(|| Secret::new(""));
    Some(Application { client_id, client_secret })
}

fn secrets_file(folder: &Path) -> SecretsFile {
    SecretsFile::new(folder.join("secrets.toml"))
}

fn is_set(said: &OAuthSettings) -> bool {
    [&said.access_token, &said.refresh_token].into_iter().flatten().any(|token| !token.is_empty())
}

/// A refresh token is good for one exchange, so it has to stand where the next one can be written.
fn derive_oauth(said: &OAuthSettings, layers: &Layers, folder: &Path) -> Result<Credentials, ConfigError> {
    let access = said.access_token.clone().unwrap_or_else(|| Secret::new(""));
    let Some(refresh) = said.refresh_token.clone().filter(|token| !token.is_empty()) else {
        return Ok(Credentials::Bearer(access));
    };
    let invalid = |key: &str, message: &str| {
        let origin = layers.origin(&["gitlab", "oauth", key].map(str::to_owned)).cloned();
        ConfigError::Invalid { key: format!("gitlab.oauth.{key}"), origin, message: message.to_owned() }
    };
    let refresh_origin = layers.origin(&["gitlab", "oauth", "refresh_token"].map(str::to_owned));
    if matches!(refresh_origin, Some(Origin::Environment { .. })) {
        let message =
            "it changes with every use, so it has to stand in secrets.toml, which is then rewritten";
        return Err(invalid("refresh_token", message));
    }
    let Some(application) = application(said) else {
        return Err(invalid(
            "client_id",
            "expected the application's id, which belongs to the refresh token",
        ));
    };
    Ok(Credentials::OAuth(OAuth {
        application,
        tokens: OAuthTokens { access, refresh },
        file: secrets_file(folder),
    }))
}

fn derive_connection(
    said: &GitlabSettings,
    layers: &Layers,
    folder: &Path,
) -> Result<Connection, ConfigError> {
    let path =
        |text: &Option<String>| text.as_ref().filter(|text| !text.is_empty()).map(|text| folder.join(text));
    let client_certificate = match (path(&said.client_cert), path(&said.client_key)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (certificate, _) => {
            let (given, missing) = if certificate.is_some() {
                ("client_cert", "`client_key` belongs to it")
            } else {
                ("client_key", "`client_cert` belongs to it")
            };
            let origin = layers.origin(&["gitlab".to_owned(), given.to_owned()]).cloned();
            let key = format!("gitlab.{given}");
            return Err(ConfigError::Invalid { key, origin, message: missing.to_owned() });
        }
    };
    Ok(Connection {
        ca_file: path(&said.ca_file),
        client_certificate,
        proxy: said.proxy.clone().filter(|proxy| !proxy.is_empty()),
        insecure: said.insecure,
    })
}

fn derive_resource(
    name: &str,
    said: ResourceSettings,
    layers: &Layers,
) -> Result<ResourceConfig, ConfigError> {
    let is_other = said.write_disposition.is_some_and(|said| said != WriteDisposition::History);
    if said.history && is_other {
        let key = ["resources", name, "history"].map(str::to_owned);
        let (origin, message) = (layers.origin(&key).cloned(), "`write_disposition` says something else");
        return Err(ConfigError::Invalid { key: key.join("."), origin, message: message.to_owned() });
    }
    let query = said.query.into_iter().chain(said.extra_query);
    Ok(ResourceConfig {
        enabled: said.enabled,
        table: said.table,
        write_disposition: said.history.then_some(WriteDisposition::History).or(said.write_disposition),
        nested_lists: said.nested_lists,
        max_depth: said.max_depth.map(usize::from),
        schema: said.schema,
        incremental: said.incremental,
        wide_lists: said.wide_lists,
        lookback: said.lookback.map(|period| period.0.unwrap_or_default()),
        refresh_every: said.refresh_every.map(Period::or_for_ever),
        secrets: said.secrets,
        query: query.flat_map(|(name, value)| query_pairs(&name, value)).collect(),
        params: said
            .params
            .into_iter()
            .map(|(name, value)| (name, value.values.iter().map(json_of).collect()))
            .collect(),
    })
}

/// GitLab takes arrays as `name[]=a&name[]=b`.
fn query_pairs(name: &str, value: Scalars) -> Vec<(String, String)> {
    let name = if value.is_array && !name.ends_with("[]") { format!("{name}[]") } else { name.to_owned() };
    value.values.iter().map(|value| (name.clone(), text_of(value))).collect()
}

/// A number stays one, so that its column is one.
fn json_of(value: &toml::Value) -> Value {
    value.as_integer().map_or_else(|| Value::String(text_of(value)), Value::from)
}
