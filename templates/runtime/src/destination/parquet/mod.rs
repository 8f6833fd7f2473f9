//! Parquet: batches become files, and files batches again.

use parquet::errors::ParquetError;

mod encode;
#[cfg(feature = "objects")]
mod read;

pub(super) use self::encode::{Encoder, encoder, properties};
#[cfg(feature = "objects")]
pub(super) use self::read::{Footer, batches, each_batch, each_in_group, external, footer};

pub(super) type Coded<T> = std::result::Result<T, ParquetError>;
