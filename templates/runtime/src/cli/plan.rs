//! `plan`: what a run would request, and about how many requests that is. Nothing is loaded.

use std::io::{self, Write};

use clap::Args;

use super::CliError;
use super::destination::objections;
use crate::client::{Client, ClientOptions};
use crate::config::Config;
use crate::extract::{Basis, Estimate, Tree, estimate};
use crate::load::LoadError;
use crate::pipeline::Pipeline;
use crate::progress::{Display, Progress};
use crate::report::{aligned, counted, grouped};

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// Only these resources and their parents: names, or patterns with `*` and `?`; commas allowed
    #[arg(long, value_name = "PATTERN")]
    select: Vec<String>,
}

pub(super) fn plan(
    arguments: &PlanArguments,
    config: &Config,
    pipeline: &Pipeline,
    display: Display,
) -> Result<(), CliError> {
    let selected = config.select(pipeline.resources, &arguments.select)?;
    let tree = Tree::resolve(&selected, pipeline.resources, config)?;
    if let Some(refusal) = objections(config, &tree, pipeline)?.into_iter().next() {
        return Err(LoadError::Refused(refusal).into());
    }
    let client = Client::new(ClientOptions::of(config)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CliError::Runtime { source })?;
    let estimates = runtime.block_on(async {
        let _waits = Progress::of_waits(client.clone(), display);
        estimate(&client, &tree, &config.scope, config.extract.per_page).await
    })?;
    let text = format!("{}\n{}", table(&estimates), summary(&estimates, &client, config));
    io::stdout().lock().write_all(text.as_bytes()).map_err(|source| CliError::Output { source })
}

fn table(estimates: &[Estimate]) -> String {
    let head = ["resource", "requests", "records", "how it is known", "request"].map(str::to_owned).to_vec();
    let row = |estimate: &Estimate| {
        let (about, how) = match estimate.basis {
            Basis::Known => ("", "known".to_owned()),
            Basis::Sampled { looked_at, of } => {
                ("~", format!("estimated from {looked_at} of {}", rounded(of)))
            }
            Basis::AtLeast => (">", "at least: the list does not say".to_owned()),
        };
        vec![
            estimate.resource.name.to_owned(),
            format!("{about}{}", rounded(estimate.requests)),
            format!("{about}{}", rounded(estimate.records)),
            how,
            format!("GET {}", estimate.resource.path),
        ]
    };
    aligned(&[&[head], estimates.iter().map(row).collect::<Vec<_>>().as_slice()].concat(), &[1, 2])
}

fn summary(estimates: &[Estimate], client: &Client, config: &Config) -> String {
    let requests: f64 = estimates.iter().map(|estimate| estimate.requests).sum();
    let mut text = format!(
        "about {} requests for everything; a later run asks only for what changed where it can\n",
        rounded(requests)
    );
    if let Some(cap) = config.extract.requests_per_minute {
        let minutes = (requests / f64::from(cap)).ceil();
        text.push_str(&format!(
            "at {} a minute: {} minutes or more\n",
            grouped(cap.into()),
            rounded(minutes)
        ));
    }
    text.push_str(&format!("{} to find that out\n", counted(client.attempts(), "request")));
    text
}

/// Whole, with its thousands apart.
fn rounded(number: f64) -> String {
    let text = format!("{:.0}", number.max(0.0));
    text.parse().map_or(text, grouped)
}
