//! Waits for its turn, where another run loads into the same place.

use std::time::{Duration, Instant};

use super::interrupt::Signals;
use super::tell::LogFormat;
use super::{CliError, destination};
use crate::config::Config;
use crate::destination::{Destination, DestinationError};
use crate::load::{LoadError, LoadOptions, Loader};

/// How often it is asked for.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens the load, at once or when whoever holds the place is done, as long as the configuration waits.
pub(super) async fn begin(
    mut place: Box<dyn Destination>,
    load: LoadOptions,
    config: &Config,
    signals: &mut Signals,
    log: LogFormat,
) -> Result<Loader, CliError> {
    let start = Instant::now();
    let mut is_told = false;
    loop {
        let held = match Loader::begin(place, load.clone()) {
            Err(LoadError::Destination(error)) if matches!(*error, DestinationError::Held { .. }) => error,
            begun => return Ok(begun?),
        };
        if config.load.lock_timeout.is_some_and(|most| start.elapsed() >= most) {
            return Err(LoadError::Destination(held).into());
        }
        if !is_told {
            log.note(&format!("waiting: {held}"));
        }
        is_told = true;
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            signal = signals.next() => return Err(CliError::Interrupted { signal }),
        }
        place = destination::open(&config.destination)?;
    }
}
