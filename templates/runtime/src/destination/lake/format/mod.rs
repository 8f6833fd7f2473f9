//! The formats of files: batches become bytes, and bytes batches again.

use ::parquet::basic::{Compression as Codec, ZstdLevel};
use ::parquet::errors::ParquetError;
use arrow_array::RecordBatch;
use serde::Deserialize;

use crate::destination::objects::Store;
use crate::destination::parquet::{self, Coded};
use crate::schema::table::{Column, Table};

mod cells;
mod csv;
mod jsonl;
mod text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    Zstd,
    Snappy,
    Gzip,
    None,
}

impl Compression {
    /// As Parquet knows it.
    pub(in super::super) fn codec(self) -> Codec {
        match self {
            Self::Snappy => Codec::SNAPPY,
            Self::None => Codec::UNCOMPRESSED,
            Self::Zstd | Self::Gzip => Codec::ZSTD(ZstdLevel::default()),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(not(feature = "filesystem"), expect(unreachable_pub, reason = "a setting of files alone"))]
pub enum FileFormat {
    #[default]
    Parquet,
    Jsonl,
    Csv,
}

/// What files are.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Style {
    pub(in super::super) format: FileFormat,
    pub(in super::super) compression: Compression,
}

/// A file that is being written.
pub(in super::super) enum Encoder {
    Parquet(parquet::Encoder),
    Text(text::Encoder),
}

impl FileFormat {
    pub(in super::super) fn takes(self, compression: Option<Compression>) -> bool {
        match self {
            Self::Parquet => compression != Some(Compression::Gzip),
            Self::Jsonl | Self::Csv => {
                matches!(compression, None | Some(Compression::Gzip | Compression::None))
            }
        }
    }
}

impl Style {
    /// Without a compression, that which is usual.
    pub(in super::super) fn new(format: FileFormat, compression: Option<Compression>) -> Self {
        let usual = match format {
            FileFormat::Parquet => Compression::Zstd,
            FileFormat::Jsonl | FileFormat::Csv => Compression::None,
        };
        Self { format, compression: compression.unwrap_or(usual) }
    }

    /// How names of files end.
    pub(in super::super) fn ending(self) -> &'static str {
        match (self.format, self.compression) {
            (FileFormat::Parquet, _) => "parquet",
            (FileFormat::Jsonl, Compression::Gzip) => "jsonl.gz",
            (FileFormat::Jsonl, _) => "jsonl",
            (FileFormat::Csv, Compression::Gzip) => "csv.gz",
            (FileFormat::Csv, _) => "csv",
        }
    }

    /// The ending of a file that is not of this style.
    #[cfg_attr(not(feature = "filesystem"), expect(dead_code, reason = "a Delta table is Parquet"))]
    pub(in super::super) fn other_than(self, path: &str) -> Option<&str> {
        let (_, ending) = path.rsplit('/').next()?.split_once('.')?;
        (ending != self.ending()).then_some(ending)
    }

    pub(in super::super) fn encoder(self, table: &Table) -> Coded<Encoder> {
        Ok(match self.format {
            FileFormat::Parquet => {
                Encoder::Parquet(parquet::encoder(&table.columns, self.compression.codec())?)
            }
            FileFormat::Jsonl | FileFormat::Csv => Encoder::Text(text::Encoder::new(self, &table.columns)),
        })
    }
}

impl Encoder {
    pub(in super::super) fn write(&mut self, batch: &RecordBatch) -> Coded<()> {
        match self {
            Self::Parquet(encoder) => encoder.write(batch),
            Self::Text(encoder) => encoder.write(batch),
        }
    }

    /// What is ready to be sent.
    pub(in super::super) fn ready(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Parquet(encoder) => encoder.inner_mut(),
            Self::Text(encoder) => encoder.ready(),
        }
    }

    /// What is not ready takes so many bytes of memory…
    pub(in super::super) fn memory(&self) -> usize {
        match self {
            Self::Parquet(encoder) => encoder.memory_size(),
            Self::Text(_) => 0,
        }
    }

    /// …until this.
    pub(in super::super) fn flush(&mut self) -> Coded<()> {
        match self {
            Self::Parquet(encoder) => encoder.flush(),
            Self::Text(_) => Ok(()),
        }
    }

    /// Whether a file of this size is large enough for another to begin. One of text is read as a whole when rows in it
    /// change.
    pub(in super::super) fn is_full(&self) -> bool {
        match self {
            Self::Parquet(encoder) => encoder.bytes_written() >= 128 << 20,
            Self::Text(encoder) => encoder.written() >= 16 << 20,
        }
    }

    /// The last bytes.
    pub(in super::super) fn finish(self) -> Coded<Vec<u8>> {
        match self {
            Self::Parquet(encoder) => encoder.into_inner(),
            Self::Text(encoder) => encoder.finish(),
        }
    }
}

/// Reads some columns of a file, batch by batch in the order of its rows. A column that it does not have is null.
pub(in super::super) fn each_batch<E: From<ParquetError>>(
    (store, path): (&Store, &str),
    style: Style,
    columns: &[Column],
    visit: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
) -> Result<(), E> {
    match style.format {
        FileFormat::Parquet => parquet::each_batch(store, path, columns, visit),
        FileFormat::Jsonl | FileFormat::Csv => text::each_batch((store, path), style, columns, visit),
    }
}
