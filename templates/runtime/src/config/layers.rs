//! Reads the layers and lays them over each other: files and environment come in, one table and where each of its
//! keys was set go out. Does not know which keys there are.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::exporter::{self, Said};
use super::{ConfigError, suggest};

/// The environment variables of the process, or those of a test.
pub type Environment = BTreeMap<String, String>;

/// The keys from the root to a value.
pub(super) type KeyPath = Vec<String>;

const PREFIX: &str = "PIPELINE__";

/// The last words of keys whose values are texts even if they look like numbers.
const TEXTS: [&str; 8] = ["token", "id", "secret", "key", "password", "user", "account", "name"];

/// Where a key was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    File { path: PathBuf, line: usize },
    Environment { variable: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Environment { variable } => write!(formatter, "the environment variable `{variable}`"),
        }
    }
}

/// The layers so far. A later one wins, key by key.
#[derive(Clone, Default)]
pub(super) struct Layers {
    pub(super) table: Table,
    /// The last one wins.
    origins: BTreeMap<KeyPath, Vec<Origin>>,
}

impl Layers {
    /// Adds a file; `Ok(false)` when there is none.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<bool, ConfigError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(ConfigError::Read { path: path.to_owned(), source }),
        };
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            line: line_of(&text, error.span().map_or(0, |span| span.start)),
            // The message alone: the whole error quotes the line, and the line may hold a token.
            message: error.message().to_owned(),
        };
        let spanned = DeTable::parse(&text).map_err(syntax)?;
        let table = text.parse::<Table>().map_err(syntax)?;
        merge(&mut self.table, table);
        self.note_lines(path, &text, spanned.get_ref(), &mut Vec::new());
        Ok(true)
    }

    fn note_lines(&mut self, path: &Path, text: &str, table: &DeTable<'_>, parents: &mut KeyPath) {
        for (key, value) in table {
            parents.push(key.get_ref().to_string());
            let line = line_of(text, key.span().start);
            let origin = Origin::File { path: path.to_owned(), line };
            self.origins.entry(parents.clone()).or_default().push(origin);
            if let DeValue::Table(inner) = value.get_ref() {
                self.note_lines(path, text, inner, parents);
            }
            parents.pop();
        }
    }

    /// Adds what a job of gitlab-data-export has, then `GITLAB_TOKEN` and `GITLAB_URL`, then `PIPELINE__SECTION__KEY`. An
    /// empty variable counts as unset.
    pub(super) fn add_environment(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        for Said { variable, keys, value } in exporter::said(environment) {
            self.set(keys, value, variable)?;
        }
        for (variable, key) in [("GITLAB_URL", "url"), ("GITLAB_TOKEN", "token")] {
            if let Some(text) = environment.get(variable).filter(|text| !text.trim().is_empty()) {
                let keys = vec!["gitlab".to_owned(), key.to_owned()];
                self.set(keys, Value::String(text.trim().to_owned()), variable)?;
            }
        }
        for (variable, text) in environment.iter().filter(|(_, text)| !text.is_empty()) {
            let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
            let keys: KeyPath = rest.split("__").map(str::to_lowercase).collect();
            let last_word = keys.last().and_then(|key| key.rsplit('_').next());
            let is_text = last_word.is_some_and(|word| TEXTS.contains(&word));
            let value = if is_text { Value::String(text.clone()) } else { value_of(text) };
            self.set(keys, value, variable)?;
        }
        Ok(())
    }

    fn set(&mut self, keys: KeyPath, value: Value, variable: &str) -> Result<(), ConfigError> {
        let origin = Origin::Environment { variable: variable.to_owned() };
        let mut table = Table::new();
        let mut rest = keys.iter().rev();
        if let Some(last) = rest.next() {
            table.insert(last.clone(), value);
        }
        for key in rest {
            table = Table::from_iter([(key.clone(), Value::Table(table))]);
        }
        merge(&mut self.table, table);
        self.origins.entry(keys).or_default().push(origin);
        Ok(())
    }

    /// What they say of one section, and nothing else: secrets of others do not travel along.
    pub(super) fn only(&self, section: &str) -> Self {
        let is_own = |keys: &KeyPath| keys.first().is_some_and(|first| first == section);
        let said = self.table.get(section).cloned();
        Self {
            table: said.into_iter().map(|value| (section.to_owned(), value)).collect(),
            origins: self
                .origins
                .iter()
                .filter(|(keys, _)| is_own(keys))
                .map(|(keys, all)| (keys.clone(), all.clone()))
                .collect(),
        }
    }

    /// The same twice: of the table at `keys` once only what `names` name, and once all else.
    pub(super) fn parted(&self, keys: &[&str], names: &[&str]) -> (Self, Self) {
        let (mut named, mut others) = (self.clone(), self.clone());
        let at = |layers: &mut Self, keep: &dyn Fn(&str) -> bool| {
            let table =
                keys.iter().try_fold(&mut layers.table, |table, key| table.get_mut(*key)?.as_table_mut());
            if let Some(table) = table {
                table.retain(|key, _| keep(key));
            }
        };
        at(&mut named, &|key| names.contains(&key));
        at(&mut others, &|key| !names.contains(&key));
        (named, others)
    }

    /// The value at `keys`, as `T` has it; an empty table where there is none. Keys that `T` does not know are errors.
    pub(super) fn read<T: DeserializeOwned>(&self, keys: &[&str]) -> Result<T, ConfigError> {
        let value = match keys {
            [] => Some(Value::Table(self.table.clone())),
            [first, rest @ ..] => {
                let found = rest.iter().fold(self.table.get(*first), |value, key| value?.get(*key));
                found.cloned()
            }
        };
        let value = value.unwrap_or_else(|| Value::Table(Table::new()));
        serde_path_to_error::deserialize(value).map_err(|error| {
            let above = keys.iter().map(|key| (*key).to_owned());
            let path: KeyPath = above.chain(error.path().iter().map_while(key_of)).collect();
            let (key, origin) = (path.join("."), self.origin(&path).cloned());
            match unknown_field(error.inner().message()) {
                Some((name, expected)) => {
                    let suggestion = suggest(&name, expected.iter().map(String::as_str));
                    ConfigError::UnknownKey { key, origin, suggestion, expected }
                }
                None => ConfigError::Invalid { key, origin, message: error.inner().message().to_owned() },
            }
        })
    }

    /// Every place where this very key was set.
    pub(super) fn origins(&self, keys: &[String]) -> &[Origin] {
        self.origins.get(keys).map_or(&[], Vec::as_slice)
    }

    /// Where the key was set, or the nearest key above it.
    pub(super) fn origin(&self, keys: &[String]) -> Option<&Origin> {
        (1..=keys.len()).rev().find_map(|length| self.origins.get(keys.get(..length)?)?.last())
    }
}

fn key_of(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        _ => None,
    }
}

/// Serde says it in words alone: the unknown name first, then the known ones, each in back-ticks.
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((quoted.next()?, quoted.collect()))
}

fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// What a variable says: a TOML array, string, boolean or whole number where it looks like one, else the text.
fn value_of(text: &str) -> Value {
    let looks_typed =
        text.starts_with(['[', '"']) || matches!(text, "true" | "false") || text.parse::<i64>().is_ok();
    let parsed = looks_typed.then(|| format!("value = {text}").parse::<Table>().ok()).flatten();
    let value = parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
