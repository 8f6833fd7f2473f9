//! What `-v` shows: events of this crate alone, on stderr. Libraries below are left out, for they log headers.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub(super) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let own = module_path!().split("::").next().unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false).without_time();
    // Fails when a subscriber is there already, which then decides.
    let _ =
        tracing_subscriber::registry().with(lines).with(Targets::new().with_target(own, level)).try_init();
}
