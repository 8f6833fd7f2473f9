//! Who is told how runs went, and of what: `[notify]`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::ConfigError;
use super::layers::Layers;
use super::secret::Secret;
use super::settings::{Scalars, text_of};

const SECTION: &str = "notify";

/// Who is told how runs went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    /// Where messages go.
    pub webhook: Option<Webhook>,
    pub on: BTreeSet<Occasion>,
    /// Where a reader of a message finds more.
    pub link: Option<String>,
    /// The file that each run leaves its figures in, for Prometheus.
    pub prometheus: Option<PathBuf>,
    /// Whether the settings speak of messages, and no layer says where they go.
    pub has_no_address: bool,
}

/// Where messages go, and the form that they have there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub service: Service,
    /// Whoever knows it may write there.
    pub url: Secret,
    /// Whether it goes over plain HTTP to another machine.
    pub is_readable_on_the_way: bool,
}

/// Who takes messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// A program: one object with everything by name.
    #[default]
    Json,
    Slack,
    Mattermost,
    /// A workflow of Teams.
    Teams,
}

/// What is worth a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A run did not end well.
    Failure,
    /// A table of earlier loads is another now, or there is a new one beside them.
    SchemaChange,
    /// GitLab refuses what none of the last loads was refused.
    Skipped,
    /// The token has few days left: told once a day.
    TokenEnds,
}

/// The keys of `[notify]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NotifySettings {
    kind: Option<Service>,
    url: Option<Secret>,
    on: Option<Occasions>,
    link: Option<String>,
    prometheus: Option<String>,
}

#[derive(Debug)]
struct Occasions(BTreeSet<Occasion>);

impl Notify {
    pub(super) const SECRET: [&'static str; 2] = [SECTION, "url"];

    /// What the layers say, whatever else they say.
    pub(super) fn of(layers: &Layers, folder: &Path) -> Result<Self, ConfigError> {
        derive_notify(layers.read(&[SECTION])?, layers, folder)
    }
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Teams => "teams",
        }
    }
}

impl Occasion {
    const ALL: [Self; 4] = [Self::Failure, Self::SchemaChange, Self::Skipped, Self::TokenEnds];

    pub fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::SchemaChange => "schema_change",
            Self::Skipped => "skipped",
            Self::TokenEnds => "token_ends",
        }
    }
}

impl<'de> Deserialize<'de> for Occasions {
    /// An array, or text with commas as the environment has it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts: Vec<String> = Scalars::deserialize(deserializer)?.values.iter().map(text_of).collect();
        let names = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        let occasion = |name: &str| {
            let found = Occasion::ALL.into_iter().find(|occasion| occasion.name() == name);
            let known = Occasion::ALL.map(Occasion::name).join("`, `");
            found.ok_or_else(|| D::Error::custom(format!("expected some of `{known}`")))
        };
        names.filter(|name| !name.is_empty()).map(occasion).collect::<Result<_, _>>().map(Self)
    }
}

pub(super) fn derive_notify(
    said: NotifySettings,
    layers: &Layers,
    folder: &Path,
) -> Result<Notify, ConfigError> {
    let address = |key: &str, text: &str| {
        // The text may be a secret, and so may be what a parser says of it.
        let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| {
            let path = [SECTION, key].map(str::to_owned);
            let (key, origin) = (path.join("."), layers.origin(&path).cloned());
            ConfigError::Invalid { key, origin, message: "expected an address, `https://…`".to_owned() }
        })
    };
    let is_given = said.kind.is_some() || said.on.as_ref().is_some_and(|on| !on.0.is_empty());
    let webhook = match said.url.filter(|url| !url.is_empty()) {
        Some(url) => {
            let url = address("url", url.expose())?;
            let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            Some(Webhook {
                service: said.kind.unwrap_or_default(),
                is_readable_on_the_way: url.scheme() == "http" && !is_here,
                url: Secret::new(url),
            })
        }
        None => None,
    };
    let link = said.link.filter(|link| !link.trim().is_empty());
    Ok(Notify {
        has_no_address: is_given && webhook.is_none(),
        webhook,
        on: said.on.map_or_else(|| BTreeSet::from(Occasion::ALL), |on| on.0),
        link: link.map(|link| address("link", &link).map(String::from)).transpose()?,
        prometheus: said.prometheus.filter(|path| !path.is_empty()).map(|path| folder.join(path)),
    })
}
