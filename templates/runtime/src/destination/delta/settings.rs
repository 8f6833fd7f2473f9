//! `[destination.delta]`: where the tables lie.

use serde::Deserialize;

use crate::config::{self, ConfigError};
use crate::destination::lake::format::{Compression, FileFormat};
use crate::destination::objects;

/// Where the tables lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub objects: objects::Settings,
    pub files: Files,
}

/// What the files are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// By default `zstd`.
    pub compression: Option<Compression>,
}

impl Settings {
    pub(super) fn read(config: &config::Destination) -> Result<Self, ConfigError> {
        let (objects, files) =
            config.read_parts::<objects::Settings, Files>(objects::KEYS, objects::SECRETS)?;
        if !FileFormat::Parquet.takes(files.compression) {
            return Err(config.unusable("compression", "Parquet takes `zstd`, `snappy` and `none`"));
        }
        Ok(Self { objects: objects.settle(config)?, files })
    }
}
