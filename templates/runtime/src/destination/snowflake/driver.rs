//! The driver: a library that somebody has installed, found by its path or by name as all programs of ADBC find drivers.

use adbc_core::LOAD_FLAG_DEFAULT;
use adbc_core::error::Error;
use adbc_core::options::AdbcVersion;
use adbc_driver_manager::ManagedDriver;

use super::settings::Address;
use crate::client::Excerpt;
use crate::destination::{DestinationError, Result};

/// How manifests name it: `dbc` installs the first, others have the second.
const NAMES: [&str; 2] = ["snowflake", "adbc_driver_snowflake"];

/// There is none, and where one is to be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "{why}; install it with `dbc install snowflake`, or with `pip install adbc-driver-snowflake` and then \
         set `driver` in config.toml to the file `adbc_driver_snowflake/libadbc_driver_snowflake.so` of that package"
)]
struct NoDriver {
    why: String,
}

pub(super) fn load(address: &Address) -> Result<ManagedDriver> {
    let (loaded, why) = match &address.driver {
        Some(path) => {
            let loaded =
                ManagedDriver::load_from_name(path, None, AdbcVersion::V110, LOAD_FLAG_DEFAULT, None);
            (loaded, format!("`{}` is no driver of ADBC", path.display().to_string().escape_debug()))
        }
        None => (by_name(), "no ADBC driver for Snowflake is installed".to_owned()),
    };
    loaded.map_err(|error| {
        let why = match &address.driver {
            Some(_) => format!("{why}: {}", Excerpt::new(&error.message)),
            None => why,
        };
        DestinationError::Open { place: address.place.name(), source: Box::new(NoDriver { why }) }
    })
}

fn by_name() -> std::result::Result<ManagedDriver, Error> {
    let by =
        |name: &str| ManagedDriver::load_from_name(name, None, AdbcVersion::V110, LOAD_FLAG_DEFAULT, None);
    let [first, second] = NAMES;
    by(first).or_else(|_| by(second))
}
