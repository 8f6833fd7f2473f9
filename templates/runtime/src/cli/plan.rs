//! `plan`: what a run would request, and about how many requests that is. Nothing is loaded.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;

use super::CliError;
use super::destination::{objections, open};
use super::run::{check_hooks, client_options, load_options};
use super::share::{self, ShareArguments};
use super::sink::Planned;
use super::tell::LogFormat;
use crate::client::{Client, Rate};
use crate::config::{Config, Environment};
use crate::extract::{Basis, Budget, Estimate, ExtractOptions, Tree, estimate};
use crate::load::{LoadError, LoadOptions, Outset};
use crate::moment::Moment;
use crate::pipeline::Pipeline;
use crate::progress::{Display, Progress};
use crate::report::{aligned, counted, grouped, seconds};
use crate::telemetry::Telemetry;

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// Only these resources and their parents: names, or patterns with `*` and `?`; commas allowed
    #[arg(long, value_name = "PATTERN")]
    select: Vec<String>,
    #[command(flatten)]
    share: ShareArguments,
}

pub(super) fn plan(
    arguments: &PlanArguments,
    (config, environment): (&Config, &Environment),
    pipeline: Pipeline,
    display: Display,
) -> Result<(), CliError> {
    check_hooks(&pipeline.hooks, pipeline.resources)?;
    let selected = config.select(pipeline.resources, &arguments.select)?;
    let tree = Tree::resolve(&selected, pipeline.resources, config)?;
    let share = share::announced(&arguments.share, environment, LogFormat::of(display))?;
    let load = load_options(config, &tree, pipeline.name, pipeline.resources);
    let load = LoadOptions { share, ..load };
    if let Some(refusal) = objections(config, &load)?.into_iter().next() {
        return Err(LoadError::Refused(refusal).into());
    }
    let client = Client::new(client_options(config, load.share.as_ref())?)?;
    let outset = outset(config, &load).unwrap_or_else(|error| {
        let told =
            format!("the destination cannot be looked at, so this is the plan of a first run: {error}");
        LogFormat::of(display).warning(&told);
        Outset::of_a_first_load(&load)
    });
    let last = outset.last.clone();
    let options = ExtractOptions {
        concurrency: config.extract.concurrency,
        per_page: config.extract.per_page,
        limit: None,
        budget: Budget::default(),
        shard: load.share.as_ref().map(|share| share.shard),
        hooks: pipeline.hooks,
        telemetry: Telemetry::default(),
    };
    let sink = Planned { outset, started_at: Moment::from(load.started_at) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CliError::Runtime { source })?;
    let estimates = runtime.block_on(async {
        let _waits = Progress::of_waits(client.clone(), display);
        estimate(client.clone(), &tree, &config.scope, sink, options).await
    })?;
    let summary = summary(&estimates, &client, config, last.as_deref());
    let text = format!("{}\n{summary}", table(&estimates));
    io::stdout().lock().write_all(text.as_bytes()).map_err(|source| CliError::Output { source })
}

fn outset(config: &Config, load: &LoadOptions) -> Result<Outset, CliError> {
    let mut destination = open(&config.destination)?;
    Ok(Outset::read(destination.as_mut(), load)?)
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

fn summary(estimates: &[Estimate], client: &Client, config: &Config, last: Option<&str>) -> String {
    let requests = whole(estimates.iter().map(|estimate| estimate.requests).sum());
    let about = counted(requests, "request");
    let mut text = match last {
        Some(last) => format!("about {about} for the next run, which goes on from load {last}\n"),
        None => {
            format!("about {about} for a first run; a later one asks only for what changed where it can\n")
        }
    };
    text.push_str(&limits(estimates, requests, client));
    if let Some(cap) = config.extract.requests_per_minute {
        let minutes = Duration::from_secs(60)
            .saturating_mul(u32::try_from(requests.div_ceil(cap.into())).unwrap_or(u32::MAX));
        let _ = writeln!(text, "at `requests_per_minute` = {cap}: {} or more", seconds(minutes));
    }
    if let Some(most) = config.extract.max_requests {
        let _ =
            writeln!(text, "at `max_requests` = {most}: {} or more", counted(requests.div_ceil(most), "run"));
    }
    let _ = writeln!(text, "{} to find that out", counted(client.attempts(), "request"));
    text
}

/// How long the server's limits make a run take: that of all requests, and the slowest of a single route.
fn limits(estimates: &[Estimate], requests: u64, client: &Client) -> String {
    let told = |what: &str, rate: Rate, requests: u64| {
        let allowed = format!("{} {what} in {}", grouped(rate.requests.into()), seconds(rate.window));
        match rate.wait(requests) {
            Duration::ZERO => format!("GitLab allows {allowed}: no waiting\n"),
            wait => format!("GitLab allows {allowed}: {} or more\n", seconds(wait)),
        }
    };
    let all = client.rate(None);
    let mut text = match all {
        Some(rate) => told("requests", rate, requests),
        None => "GitLab announces no limit for all requests\n".to_owned(),
    };
    let of_route = estimates.iter().filter_map(|estimate| {
        let rate = client.rate(Some(estimate.resource.path))?;
        Some((rate.wait(whole(estimate.requests)), rate, estimate))
    });
    let slowest = of_route.max_by_key(|(wait, ..)| *wait);
    if let Some((wait, rate, estimate)) = slowest
        && wait > all.map_or(Duration::ZERO, |all| all.wait(requests))
    {
        text.push_str(&told(&format!("of `{}`", estimate.resource.name), rate, whole(estimate.requests)));
    }
    text
}

fn rounded(number: f64) -> String {
    grouped(whole(number))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and never negative"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}
