//! What the layers say, key by key: nothing is checked against anything else and nothing is derived here.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

use super::contract::ContractSettings;
use super::load::{LoadSettings, Period};
use super::notify::NotifySettings;
use super::secret::Secret;
use crate::normalize::NestedLists;
use crate::resource::WriteDisposition;

/// All keys that a configuration may have.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    pub(super) gitlab: GitlabSettings,
    pub(super) scope: ScopeSettings,
    pub(super) extract: ExtractSettings,
    pub(super) load: LoadSettings,
    pub(super) schema: ContractSettings,
    pub(super) destination: DestinationSettings,
    pub(super) notify: NotifySettings,
    pub(super) resources: BTreeMap<String, ResourceSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GitlabSettings {
    pub(super) url: Option<String>,
    pub(super) token: Option<Secret>,
    pub(super) token_type: TokenType,
    pub(super) oauth: OAuthSettings,
    pub(super) ca_file: Option<String>,
    pub(super) client_cert: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) proxy: Option<Secret>,
    pub(super) insecure: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OAuthSettings {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) access_token: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
}

/// How the token is sent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TokenType {
    #[default]
    Auto,
    Private,
    Bearer,
    Job,
    /// Not at all: what everybody may see is read.
    None,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScopeSettings {
    #[serde(deserialize_with = "names")]
    pub(super) groups: Vec<String>,
    #[serde(deserialize_with = "names")]
    pub(super) projects: Vec<String>,
    pub(super) subgroups: Option<bool>,
    pub(super) archived: Option<bool>,
    #[serde(deserialize_with = "names")]
    pub(super) include: Vec<String>,
    #[serde(deserialize_with = "names")]
    pub(super) exclude: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExtractSettings {
    pub(super) settled_after: Option<Period>,
    pub(super) ask_for_everything: bool,
    pub(super) concurrency: Option<u16>,
    pub(super) per_page: Option<u32>,
    #[serde(deserialize_with = "duration")]
    pub(super) timeout: Option<Duration>,
    pub(super) retries: Option<u8>,
    #[serde(deserialize_with = "duration")]
    pub(super) retry_delay: Option<Duration>,
    #[serde(deserialize_with = "duration")]
    pub(super) rate_limit_wait: Option<Duration>,
    #[serde(deserialize_with = "duration")]
    pub(super) outage_wait: Option<Duration>,
    pub(super) requests_per_minute: Option<u32>,
    pub(super) max_requests: Option<u64>,
    #[serde(deserialize_with = "duration")]
    pub(super) max_duration: Option<Duration>,
    pub(super) wide_lists: Option<bool>,
}

/// What else stands there is for the kinds themselves to read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DestinationSettings {
    pub(super) kind: Option<String>,
    pub(super) dataset: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ResourceSettings {
    pub(super) enabled: Option<bool>,
    pub(super) table: Option<String>,
    #[serde(deserialize_with = "write_disposition")]
    pub(super) write_disposition: Option<WriteDisposition>,
    pub(super) history: bool,
    pub(super) incremental: Option<bool>,
    pub(super) wide_lists: Option<bool>,
    pub(super) lookback: Option<Period>,
    pub(super) refresh_every: Option<Period>,
    pub(super) nested_lists: Option<NestedLists>,
    pub(super) max_depth: Option<u8>,
    pub(super) schema: ContractSettings,
    pub(super) secrets: bool,
    pub(super) query: BTreeMap<String, Scalars>,
    pub(super) extra_query: BTreeMap<String, Scalars>,
    pub(super) params: BTreeMap<String, Scalars>,
}

/// One value or several, and whether they stand in an array. No value is an array or a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalars {
    pub(super) is_array: bool,
    pub(super) values: Vec<Value>,
}

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (is_array, values) = match Value::deserialize(deserializer)? {
            Value::Array(items) => (true, items),
            value => (false, vec![value]),
        };
        if values.iter().any(|value| value.is_array() || value.is_table()) {
            return Err(D::Error::custom(
                "expected a string, a number, a boolean or a time, or an array of them",
            ));
        }
        Ok(Self { is_array, values })
    }
}

/// The value as it is sent: a string without its quotes.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(_) | Value::Table(_) => String::new(),
    }
}

/// Group and project names or ids: an array, or text with commas as the environment has it.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let scalars = Scalars::deserialize(deserializer)?;
    let texts: Vec<String> = scalars.values.iter().map(text_of).collect();
    let parts = texts.iter().flat_map(|text| text.split(',')).map(|name| name.trim().trim_matches('/'));
    Ok(parts.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// `90s`, `2m`, `1h 30m`; of numbers, `0` needs no unit.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = text_of(&Value::deserialize(deserializer)?);
    humantime::parse_duration(&text)
        .map(Some)
        .map_err(|_| D::Error::custom("expected a duration such as `90s`"))
}

fn write_disposition<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<WriteDisposition>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "append" => Ok(Some(WriteDisposition::Append)),
        "replace" => Ok(Some(WriteDisposition::Replace)),
        "merge" => Ok(Some(WriteDisposition::Merge)),
        "history" => Ok(Some(WriteDisposition::History)),
        _ => Err(D::Error::custom("expected `append`, `replace`, `merge` or `history`")),
    }
}
