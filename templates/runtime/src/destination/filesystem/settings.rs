//! `[destination.filesystem]`: where the files lie and what they are.

use serde::Deserialize;

use crate::config::{self, ConfigError};
use crate::destination::lake::format::{Compression, FileFormat, Style};
use crate::destination::lake::site::FileLayout;
use crate::destination::objects;

/// Where the files lie and what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub objects: objects::Settings,
    pub files: Files,
}

/// What the files are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    pub format: FileFormat,
    /// By default that of the format.
    pub compression: Option<Compression>,
    pub layout: FileLayout,
}

impl Files {
    pub(super) fn style(self) -> Style {
        Style::new(self.format, self.compression)
    }
}

impl Settings {
    pub(super) fn read(config: &config::Destination) -> Result<Self, ConfigError> {
        let (objects, files) =
            config.read_parts::<objects::Settings, Files>(objects::KEYS, objects::SECRETS)?;
        if !files.format.takes(files.compression) {
            let takes = match files.format {
                FileFormat::Parquet => "Parquet takes `zstd`, `snappy` and `none`",
                FileFormat::Jsonl | FileFormat::Csv => "text takes `gzip` and `none`",
            };
            return Err(config.unusable("compression", takes));
        }
        Ok(Self { objects: objects.settle(config)?, files })
    }
}
