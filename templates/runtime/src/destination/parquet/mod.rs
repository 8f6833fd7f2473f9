//! Parquet: batches become files, and files batches again.

use parquet::errors::ParquetError;

mod encode;
#[cfg(feature = "objects")]
mod read;

#[cfg(any(feature = "lake", feature = "warehouse"))]
pub(super) use self::encode::Encoder;
pub(super) use self::encode::encoder;
#[cfg(feature = "lake")]
pub(super) use self::encode::properties;
#[cfg(feature = "delta")]
pub(super) use self::read::batches;
#[cfg(feature = "objects")]
pub(super) use self::read::{Footer, each_batch, each_in_group, external, footer};

pub(super) type Coded<T> = std::result::Result<T, ParquetError>;
