//! What the user wants: `config.toml`, then `secrets.toml`, then the environment come in, a checked [`Config`] goes out.
//!
//! `settings` is what the layers say, `derive` makes of it what the other stages use. Nothing here talks to GitLab or
//! opens a destination.

mod api_root;
mod contract;
mod derive;
mod destination;
mod entries;
mod error;
mod exporter;
mod filters;
mod layers;
mod load;
mod notify;
mod oauth;
mod secret;
mod selection;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

pub use api_root::{AddressError, ApiRoot, GITLAB_API};
pub use contract::{Contract, ContractSettings, OnChange};
pub use destination::Destination;
pub use error::ConfigError;
pub(crate) use error::suggest;
pub use layers::{Environment, Origin};
pub use load::{Load, StartDate};
pub use notify::{Notify, Occasion, Service, Webhook};
pub use oauth::{Application, OAuth, OAuthTokens, SaveError, SecretsFile};
pub use secret::Secret;

use crate::normalize::NestedLists;
use crate::resource::{ParamSource, Resource, WriteDisposition};
use derive::{Place, derive};
use filters::Fault;
use layers::Layers;
use settings::Settings;

const CONFIG: &str = "config.toml";

/// Everything that the other stages are told.
#[derive(Debug)]
pub struct Config {
    pub gitlab: Gitlab,
    pub scope: Scope,
    pub extract: Extract,
    pub load: Load,
    pub schema: Contract,
    pub destination: Destination,
    pub notify: Notify,
    /// By the name of the resource; those that no layer mentions are absent.
    pub resources: BTreeMap<String, ResourceConfig>,
}

#[derive(Debug)]
pub struct Gitlab {
    pub url: ApiRoot,
    /// `None` when no layer has a token and anonymous reading was not chosen.
    pub credentials: Option<Credentials>,
    /// The one that people sign in to, where a layer names it.
    pub application: Option<Application>,
    pub secrets: SecretsFile,
    pub connection: Connection,
}

/// What lies between this machine and the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Certificates to trust besides those of the system, in PEM.
    pub ca_file: Option<PathBuf>,
    /// A certificate and its key, in PEM.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Besides those that the environment names. It may hold a password.
    pub proxy: Option<Secret>,
    /// Whether any certificate will do.
    pub insecure: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    Anonymous,
    /// Sent as `PRIVATE-TOKEN`: personal, project and group access tokens.
    Private(Secret),
    /// Sent as `Authorization: Bearer`.
    Bearer(Secret),
    /// Sent as `JOB-TOKEN`.
    Job(Secret),
    /// Sent as `Authorization: Bearer`, and made anew when it has expired.
    OAuth(OAuth),
}

/// Where a run starts. Empty lists: what the token is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Full paths or numeric ids.
    pub groups: Vec<String>,
    pub projects: Vec<String>,
    pub subgroups: bool,
    pub archived: bool,
    /// Full paths to keep; all when empty.
    pub include: Vec<String>,
    /// Full paths to leave out.
    pub exclude: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Requests at a time, at least 1.
    pub concurrency: usize,
    /// Records per page, 1 to 100.
    pub per_page: u32,
    /// For one request.
    pub timeout: Duration,
    /// Of one request, after faults that may pass.
    pub retries: usize,
    /// Before the first retry; it doubles.
    pub retry_delay: Duration,
    /// After "too many requests" that does not say how long.
    pub rate_limit_wait: Duration,
    /// How long a server that has answered before is waited for.
    pub outage_wait: Duration,
    /// An even pace beside GitLab's own limits.
    pub requests_per_minute: Option<u32>,
    /// Requests after which a run leaves the rest to the next one.
    pub max_requests: Option<u64>,
    /// The same, of time.
    pub max_duration: Option<Duration>,
    /// Whether one list of a group is read in place of one of each of its projects.
    pub wide_lists: bool,
    /// How long after its end what hangs on a pipeline or a job is not read again. `None`: it always is.
    pub settled_after: Option<Duration>,
    /// Whether lists are asked for that cannot have anything by what their parent says of itself.
    pub ask_for_everything: bool,
}

/// What the configuration says of one resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceConfig {
    pub enabled: Option<bool>,
    pub table: Option<String>,
    pub write_disposition: Option<WriteDisposition>,
    /// Whether a run asks for changes only; `None`: as the definition says.
    pub incremental: Option<bool>,
    /// Whether its records may be read in one list for many parents.
    pub wide_lists: Option<bool>,
    pub lookback: Option<Duration>,
    /// How long its lists are left alone once they are read; `None`: as the definition says.
    pub refresh_every: Option<Duration>,
    pub nested_lists: Option<NestedLists>,
    pub max_depth: Option<usize>,
    pub schema: ContractSettings,
    /// Whether fields that hold secrets are loaded.
    pub secrets: bool,
    /// Query parameters as they are sent: an array has become several `name[]`.
    pub query: Vec<(String, String)>,
    /// Values for path parameters that no list provides.
    pub params: BTreeMap<String, Vec<Value>>,
}

impl Config {
    /// Reads `path`, or `config.toml` in the current folder, and `secrets.toml` beside it. `api` is where the API lies below
    /// its instance.
    pub fn load(
        path: Option<&Path>,
        environment: &Environment,
        resources: &[&Resource],
        api: &'static str,
    ) -> Result<Self, ConfigError> {
        let path = path.unwrap_or(Path::new(CONFIG));
        let folder = folder_of(path);
        let layers = read_layers(path, environment)?;
        let settings: Settings = layers.read(&[])?;
        check_resources(&settings, &layers, resources)?;
        derive(settings, &layers, environment, Place { folder, api })
    }

    /// Who is told of a run, also where the rest of the configuration cannot be used; `None` where that is not known either.
    pub fn notify(path: Option<&Path>, environment: &Environment) -> Option<Notify> {
        let path = path.unwrap_or(Path::new(CONFIG));
        Notify::of(&read_layers(path, environment).ok()?, folder_of(path)).ok()
    }

    /// The credentials, or the error that says where to put them.
    pub fn credentials(&self) -> Result<&Credentials, ConfigError> {
        let missing = || ConfigError::MissingToken { url: self.gitlab.url.to_string() };
        self.gitlab.credentials.as_ref().ok_or_else(missing)
    }

    /// What the configuration says of the resource, or the defaults.
    pub fn resource(&self, name: &str) -> &ResourceConfig {
        static DEFAULT: LazyLock<ResourceConfig> = LazyLock::new(ResourceConfig::default);
        self.resources.get(name).unwrap_or(&DEFAULT)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn read_layers(path: &Path, environment: &Environment) -> Result<Layers, ConfigError> {
    let mut layers = Layers::default();
    if !layers.add_file(path)? {
        return Err(ConfigError::Missing { path: path.to_owned() });
    }
    refuse_secrets(&layers)?;
    let secrets = folder_of(path).join("secrets.toml");
    refuse_exposed(&secrets)?;
    layers.add_file(&secrets)?;
    layers.add_environment(environment)?;
    Ok(layers)
}

/// `config.toml` is shared.
fn refuse_secrets(layers: &Layers) -> Result<(), ConfigError> {
    const SECRETS: [&[&str]; 4] = [
        &["gitlab", "token"],
        &["gitlab", "oauth", "client_secret"],
        &["gitlab", "oauth", "access_token"],
        &["gitlab", "oauth", "refresh_token"],
    ];
    for keys in SECRETS {
        let mut steps = keys.iter();
        let first = steps.next().and_then(|step| layers.table.get(*step));
        if steps.fold(first, |value, step| value.and_then(|value| value.get(*step))).is_some() {
            let path: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            let origin = layers.origin(&path).cloned();
            return Err(ConfigError::TokenInConfig { key: path.join("."), origin });
        }
    }
    let address = Notify::SECRET.map(str::to_owned);
    match layers.origins(&address).first().cloned() {
        Some(origin) => Err(ConfigError::SecretInConfig { key: address.join("."), origin }),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = path.metadata() else { return Ok(()) };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(ConfigError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), ConfigError> {
    Ok(())
}

fn check_resources(settings: &Settings, layers: &Layers, resources: &[&Resource]) -> Result<(), ConfigError> {
    for (name, said) in &settings.resources {
        let origin = |keys: &[&str]| {
            let keys: Vec<String> =
                ["resources", name].iter().chain(keys).map(|key| (*key).to_owned()).collect();
            layers.origin(&keys).cloned()
        };
        let Some(resource) = resources.iter().find(|resource| resource.name == name) else {
            let suggestion = suggest(name, resources.iter().map(|resource| resource.name));
            return Err(ConfigError::UnknownResource { name: name.clone(), origin: origin(&[]), suggestion });
        };
        let inputs = resource.params.iter().filter(|param| param.source == ParamSource::Config);
        let expected: Vec<String> = inputs.map(|param| param.name.to_owned()).collect();
        if let Some(param) = said.params.keys().find(|param| !expected.contains(param)) {
            let suggestion = suggest(param, expected.iter().map(String::as_str));
            let key = format!("resources.{name}.params.{param}");
            return Err(ConfigError::UnknownKey {
                key,
                origin: origin(&["params", param]),
                suggestion,
                expected,
            });
        }
        if let Some((section, param, fault)) = filters::fault(resource, said) {
            let key = format!("resources.{name}.{section}.{param}");
            let origin = origin(&[section, &param]);
            return Err(match fault {
                Fault::Unknown { suggestion, expected } => {
                    ConfigError::UnknownFilter { key, origin, suggestion, expected }
                }
                Fault::Unusable(message) => ConfigError::Invalid { key, origin, message },
            });
        }
    }
    Ok(())
}
