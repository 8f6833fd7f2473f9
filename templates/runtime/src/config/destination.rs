//! `[destination]`: the kind, and what the layers say to each kind in the table of its name. A kind reads its own table,
//! so nothing here knows which keys there are.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Value;

use super::ConfigError;
use super::layers::{Environment, Layers, Origin};
use super::settings::DestinationSettings;

const SECTION: &str = "destination";

/// Where rows go.
#[derive(Clone)]
pub struct Destination {
    pub kind: String,
    /// The schema, dataset or folder that the tables lie in, where a kind has such.
    pub dataset: String,
    folder: PathBuf,
    environment: Environment,
    layers: Layers,
}

impl Destination {
    pub(super) fn new(
        said: DestinationSettings,
        layers: &Layers,
        environment: &Environment,
        folder: &Path,
    ) -> Self {
        Self {
            kind: said.kind.unwrap_or_else(|| "sqlite".to_owned()),
            dataset: said.dataset.unwrap_or_else(|| "gitlab".to_owned()),
            folder: folder.to_owned(),
            environment: environment.clone(),
            layers: layers.only(SECTION),
        }
    }

    /// The table of the kind, as `T` has it. The keys in `secrets` may not stand in a file that is shared.
    ///
    /// # Errors
    /// A key that `T` does not know, a value that it does not take, or a secret in `config.toml`.
    pub fn read<T: DeserializeOwned>(&self, secrets: &[&str]) -> Result<T, ConfigError> {
        self.refuse_shared(secrets)?;
        self.layers.read(&[SECTION, &self.kind])
    }

    /// As [`read`](Self::read), of a kind that shares some of its keys with others: those of `shared` as `S` has them, and
    /// the rest as `T` has it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_parts<S, T>(&self, shared: &[&str], secrets: &[&str]) -> Result<(S, T), ConfigError>
    where
        S: DeserializeOwned,
        T: DeserializeOwned,
    {
        self.refuse_shared(secrets)?;
        let keys = [SECTION, &self.kind];
        let (of_shared, own) = self.layers.parted(&keys, shared);
        Ok((of_shared.read(&keys)?, own.read(&keys).map_err(|error| error.knowing(shared))?))
    }

    fn refuse_shared(&self, secrets: &[&str]) -> Result<(), ConfigError> {
        for secret in secrets {
            let path = self.key_path(secret);
            let is_shared = |origin: &&Origin| matches!(origin, Origin::File { path, .. } if !path.ends_with("secrets.toml"));
            if let Some(origin) = self.layers.origins(&path).iter().find(is_shared) {
                return Err(ConfigError::SecretInConfig { key: path.join("."), origin: origin.clone() });
            }
        }
        Ok(())
    }

    /// The error that says why a key of the kind's table cannot be used.
    pub fn unusable(&self, key: &str, message: impl Into<String>) -> ConfigError {
        let path = self.key_path(key);
        let origin = self.layers.origin(&path).cloned();
        ConfigError::Invalid { key: path.join("."), origin, message: message.into() }
    }

    /// A key of `[destination]` that is neither one of its own nor one of `kinds`, as the error that it is.
    pub fn stranger(&self, kinds: &[&str]) -> Option<ConfigError> {
        let known = || ["kind", "dataset"].into_iter().chain(kinds.iter().copied());
        let said = self.layers.table.get(SECTION).and_then(Value::as_table)?;
        let name = said.keys().find(|name| !known().any(|known| known == name.as_str()))?;
        let path = [SECTION.to_owned(), name.clone()];
        Some(ConfigError::UnknownKey {
            key: path.join("."),
            origin: self.layers.origin(&path).cloned(),
            suggestion: super::suggest(name, known()),
            expected: known().map(str::to_owned).collect(),
        })
    }

    /// What an environment variable says that programs of this kind read; an empty one counts as unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A path that starts at the folder of `config.toml`.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.folder.join(relative)
    }

    fn key_path(&self, key: &str) -> Vec<String> {
        vec![SECTION.to_owned(), self.kind.clone(), key.to_owned()]
    }
}

/// Layers and environment hold secrets.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, dataset, folder, .. } = self;
        let mut shown = f.debug_struct("Destination");
        shown.field("kind", kind).field("dataset", dataset).field("folder", folder).finish_non_exhaustive()
    }
}
