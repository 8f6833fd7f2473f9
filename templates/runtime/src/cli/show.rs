//! `show`: pages of what is loaded, for a browser on this machine; or the overview as one file.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::format::print;
use super::interrupt::Signals;
use super::schema::sources;
use super::{CliError, destination};
use crate::config::Config;
use crate::pipeline::Pipeline;
use crate::show::{Shown, Site, export, serve};

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The port of this machine that the pages are at, in place of a free one
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Write the overview to a file that needs nothing else, to mail or to publish, and end
    #[arg(long, value_name = "FILE", conflicts_with = "port")]
    export: Option<PathBuf>,
}

pub(super) fn show(arguments: &ShowArguments, config: &Config, pipeline: &Pipeline) -> Result<(), CliError> {
    let site = site(config, pipeline)?;
    match &arguments.export {
        Some(path) => write(path, &export(&site)?),
        None => open(Shown::new(site, arguments.port)?),
    }
}

fn site(config: &Config, pipeline: &Pipeline) -> Result<Site, CliError> {
    Ok(Site {
        pipeline: pipeline.name,
        destination: config.destination.clone(),
        sources: sources(config, pipeline),
        open: destination::reading(&config.destination)?,
        views: pipeline.views.map(|views| views.all).unwrap_or_default(),
    })
}

/// Goes on until somebody ends it.
fn open(shown: Shown) -> Result<(), CliError> {
    let failed = |source| CliError::Runtime { source };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(4)
        .enable_all()
        .build();
    let runtime = runtime.map_err(failed)?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(failed)?;
        print(&format!("{}\n", shown.link()))?;
        super::tell::write("open it in a browser of this machine, once; Ctrl-C ends it\n");
        tokio::select! {
            served = serve(shown) => served.map(|_| ()).map_err(failed),
            _ = signals.next() => Ok(()),
        }
    });
    // A statement that still runs is nobody's any more.
    runtime.shutdown_background();
    ended
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |source| CliError::Export { path: path.display().to_string(), source };
    fs::write(path, text).map_err(failed)
}
