//! Objects: a folder on this machine, or a bucket or container of S3, Azure or Google.

mod address;
mod place;
mod settings;
mod store;

pub(super) use self::address::open;
pub(super) use self::place::Place;
pub use self::settings::Settings;
pub(super) use self::settings::{KEYS, SECRETS};
pub(super) use self::store::{Store, Upload, Waiting};
