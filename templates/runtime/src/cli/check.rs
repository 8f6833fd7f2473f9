//! `check`: credentials, their scopes and end, access to each entry of the scope, and whether messages arrive. Nothing is
//! loaded.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::Args;

use super::CliError;
use super::destination::{objections, probe};
use super::notice::try_out;
use super::run::{check_hooks, load_options, warnings};
use crate::access::{FindingKind, examine};
use crate::client::{Client, ClientOptions};
use crate::config::Config;
use crate::extract::Tree;
use crate::load::{LoadError, Refusal};
use crate::pipeline::Pipeline;
use crate::progress::{Display, Progress};

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Send a message to the webhook of `[notify]` as well, to see whether it arrives
    #[arg(long)]
    notify: bool,
}

pub(super) fn check(
    arguments: &CheckArguments,
    config: &Config,
    pipeline: &Pipeline,
    display: Display,
) -> Result<ExitCode, CliError> {
    check_hooks(&pipeline.hooks, pipeline.resources)?;
    let client = Client::new(ClientOptions::of(config)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CliError::Runtime { source })?;
    let today = DateTime::<Utc>::from(SystemTime::now()).date_naive();
    let credentials = config.credentials()?;
    let (findings, fault) = runtime.block_on(async {
        let _waits = Progress::of_waits(client.clone(), display);
        examine(&client, credentials, &config.scope, today).await
    });
    let mut text: String =
        warnings(config).into_iter().map(|warning| format!("warning  {warning}\n")).collect();
    for finding in findings {
        let word = match finding.kind {
            FindingKind::Fine => "ok",
            FindingKind::Warning => "warning",
            FindingKind::Fault => "fault",
        };
        text.push_str(&format!("{word:<8} {}\n", finding.text));
    }
    let refusals = refusals(config, pipeline)?;
    text.extend(refusals.iter().map(|refusal| format!("fault    {refusal}\n")));
    let probed = probe(&config.destination);
    text.push_str(&match &probed {
        Ok(place) => format!("ok       {place} can be written to\n"),
        Err(error) => format!("fault    {error}\n"),
    });
    let noticed = arguments.notify.then(|| runtime.block_on(try_out(&config.notify, pipeline.name)));
    text.push_str(&match &noticed {
        Some(Ok(service)) => format!("ok       the webhook has taken a message (`kind` = {service})\n"),
        Some(Err(error)) => format!("fault    {error}\n"),
        None => String::new(),
    });
    io::stdout().lock().write_all(text.as_bytes()).map_err(|source| CliError::Output { source })?;
    let refusal = refusals.into_iter().next().map(|refusal| LoadError::Refused(refusal).into());
    let unnoticed = noticed.and_then(Result::err).map(CliError::from);
    fault.map(CliError::from).or(refusal).or(probed.err()).or(unnoticed).map_or(Ok(ExitCode::SUCCESS), Err)
}

/// What stands against loading what a run would read. Whether that can be read at all, the run tells.
fn refusals(config: &Config, pipeline: &Pipeline) -> Result<Vec<Refusal>, CliError> {
    let all = pipeline.resources;
    let tree = config.select(all, &[]).ok().and_then(|selected| Tree::resolve(&selected, all, config).ok());
    tree.map_or(Ok(Vec::new()), |tree| objections(config, &load_options(config, &tree, pipeline.name, all)))
}
