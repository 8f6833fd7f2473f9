//! What `-v` shows: events of this crate alone, on stderr. Libraries below are left out, for they log headers.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::tell::LogFormat;

pub(super) fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let own = module_path!().split("::").next().unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let filter = Targets::new().with_target(own, level);
    // Fails when a subscriber is there already, which then decides.
    let _ = match format {
        LogFormat::Plain => tracing_subscriber::registry().with(lines.without_time()).with(filter).try_init(),
        LogFormat::Json => tracing_subscriber::registry().with(lines.json()).with(filter).try_init(),
    };
}
