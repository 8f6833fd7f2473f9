//! `run`: joins the stages. Configuration, resources and scope go in; records go from GitLab to the destination.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::fault::PARTIAL;
use super::interrupt::Signals;
use super::share::{self, ShareArguments};
use super::tell::{self, LogFormat};
use super::{CliError, destination, info, state};
use crate::access::AccessFault;
use crate::client::{Client, ClientOptions};
use crate::config::{Config, Credentials, Environment, ResourceConfig, Scope, suggest};
use crate::destination::{Destination, LoadStatus};
use crate::extract::{Budget, End, ExtractOptions, LossKind, Spent, Tally, Tree, extract};
use crate::hooks::Hooks;
use crate::load::{LoadOptions, LoadOutcome, LoadSummary, Loader, Reads, ResourceOptions};
use crate::pipeline::Pipeline;
use crate::progress::{Display, Progress};
use crate::report::{render_load, render_repaired, render_report, render_stopped, render_truncated};
use crate::resource::Resource;
use crate::scope::plan_roots;
use crate::shard::{Shard, Share};

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Only these resources and their parents: names, or patterns with `*` and `?`; commas allowed
    #[arg(long, value_name = "PATTERN")]
    select: Vec<String>,
    /// At most N records of each list that is read, for a first look
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// End after so many requests, and leave the rest to the next run [default: `extract.max_requests`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_requests: Option<u64>,
    /// The same after so long, as `30m` [default: `extract.max_duration`]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_duration: Option<Duration>,
    /// Forget what earlier runs have loaded, and load everything from the start date on
    #[arg(long)]
    full_refresh: bool,
    /// Exit with 6 as well when something was left out because GitLab refused it
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    share: ShareArguments,
}

/// Everything is checked before the first request: resources, credentials, destination.
pub(super) fn run(
    arguments: &RunArguments,
    (config, environment): (&Config, &Environment),
    pipeline: Pipeline,
    display: Display,
) -> Result<ExitCode, CliError> {
    let all = pipeline.resources;
    check_hooks(&pipeline.hooks, all)?;
    let selected = config.select(all, &arguments.select)?;
    let tree = Tree::resolve(&selected, all, config)?;
    say_what_the_scope_leaves_out(&tree, config, LogFormat::of(display))?;
    let share = share::told(&arguments.share, environment)?;
    if let Some(told) = &share {
        LogFormat::of(display).note(&told.note());
    }
    let share = share.map(|told| told.share);
    let client = Client::new(client_options(config, share.as_ref())?)?;
    for warning in warnings(config) {
        LogFormat::of(display).warning(&warning);
    }
    let destination = destination::open(&config.destination)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CliError::Runtime { source })?;
    let load = load_options(config, &tree, pipeline.name, all);
    let forget = tree.resources().map(|resource| resource.name).filter(|_| arguments.full_refresh).collect();
    let views = pipeline.views.filter(|_| config.load.views);
    let load = LoadOptions { forget, share, views, ..load };
    let run = Run { arguments, config, client, tree, display, load, hooks: pipeline.hooks };
    runtime.block_on(run.load(destination))
}

/// Everything that a run needs, checked.
struct Run<'r> {
    arguments: &'r RunArguments,
    config: &'r Config,
    client: Client,
    tree: Tree,
    display: Display,
    load: LoadOptions,
    hooks: Hooks,
}

impl Run<'_> {
    async fn load(self, destination: Box<dyn Destination>) -> Result<ExitCode, CliError> {
        let Self { arguments, config, client, tree, display, load, hooks } = self;
        let place = destination.place();
        let mut signals = Signals::listen().map_err(|source| CliError::Runtime { source })?;
        let shard = load.share.as_ref().map(|share| share.shard);
        let loader = Loader::begin(destination, load)?;
        let tally = Arc::new(Tally::new(&tree));
        let options = ExtractOptions {
            concurrency: config.extract.concurrency,
            per_page: config.extract.per_page,
            limit: arguments.limit,
            budget: budget(arguments, config),
            shard,
            hooks,
        };
        let resources: Vec<_> = tree.resources().collect();
        let progress = Progress::start(Arc::clone(&tally), client.clone(), display);
        let extraction = extract(client.clone(), &tree, &config.scope, loader.clone(), options);
        let result = tokio::select! {
            result = extraction => result.map_err(CliError::from),
            signal = signals.next() => Err(CliError::Interrupted { signal }),
        };
        signals.end_at_the_next();
        let mut outcome = outcome(&result, &tally, &resources);
        let mut record = info::record_of(&tally, client.attempts());
        record.insert("repaired".to_owned(), client.repaired().into());
        let stopped = result.as_ref().ok().and_then(|end| end.spent());
        record.insert("stopped".to_owned(), stopped.map(Spent::key).into());
        record.insert("waited".to_owned(), info::waited(&client));
        outcome.report = record.clone();
        let summary = loader.finish(outcome).await;
        drop(progress);
        // The first error is the cause; a load that then cannot be closed is its consequence.
        if result.is_ok() || tally.records() > 0 {
            match display {
                Display::Json => {
                    record.insert("truncated".to_owned(), tally.truncated().into());
                    report_to_programs(record, summary.as_ref().ok());
                }
                Display::Auto | Display::Lines => {
                    report(&tally, &client, (&place, shard), summary.as_ref().ok());
                    tell::write(
                        &arguments
                            .limit
                            .and_then(|limit| render_truncated(&tally, limit))
                            .unwrap_or_default(),
                    );
                    tell::write(&stopped.map(render_stopped).unwrap_or_default());
                }
            }
        }
        result?;
        let summary = summary?;
        // A shard may well have no project.
        let may_be_empty = stopped.is_some() || shard.is_some();
        if !may_be_empty && is_member_of_nothing(&tally, &resources, &config.scope) {
            return Err(AccessFault::NoMembership.into());
        }
        let is_refused = arguments.strict && tally.lost(LossKind::Skipped) > 0;
        let is_whole = tally.lost(LossKind::Failed) == 0 && summary.breaches.is_empty() && !is_refused;
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(PARTIAL) })
    }
}

/// Shards share what the configuration allows all of them together.
fn client_options(config: &Config, share: Option<&Share>) -> Result<ClientOptions, CliError> {
    let options = ClientOptions::of(config)?;
    let shards = share.map_or(1, |share| share.shard.of());
    let requests_per_minute = options.requests_per_minute.map(|all| (all / shards).max(1));
    Ok(ClientOptions { requests_per_minute, ..options })
}

/// A hook for a resource that is not there would never be called.
pub(super) fn check_hooks(hooks: &Hooks, all: &[&'static Resource]) -> Result<(), CliError> {
    let unknown = hooks.resources().find(|hook| all.iter().all(|resource| resource.name != *hook));
    unknown.map_or(Ok(()), |resource| {
        let suggestion = suggest(resource, all.iter().map(|resource| resource.name));
        Err(CliError::UnknownHook { resource, suggestion })
    })
}

/// Flags before the configuration.
fn budget(arguments: &RunArguments, config: &Config) -> Budget {
    Budget {
        max_requests: arguments.max_requests.or(config.extract.max_requests),
        max_duration: arguments.max_duration.or(config.extract.max_duration),
    }
}

/// Whether an empty scope found neither groups nor projects where it asked for them, and no load that was cut off has
/// read them before.
fn is_member_of_nothing(tally: &Tally, resources: &[&'static Resource], scope: &Scope) -> bool {
    let is_empty_scope = scope.groups.is_empty() && scope.projects.is_empty() && scope.include.is_empty();
    let read = tally.resources().zip(resources).filter(|(_, resource)| resource.start.is_some());
    let mut found = read.map(|((_, counts), _)| counts.records() + counts.resumed()).peekable();
    is_empty_scope && found.peek().is_some() && found.sum::<u64>() == 0
}

/// How everything that is read is loaded.
pub(super) fn load_options(
    config: &Config,
    tree: &Tree,
    pipeline: &str,
    all: &'static [&'static Resource],
) -> LoadOptions {
    let said = |(name, said): (&String, &ResourceConfig)| {
        let options = ResourceOptions {
            table: said.table.clone(),
            write_disposition: said.write_disposition,
            nested_lists: said.nested_lists,
            max_depth: said.max_depth,
            contract: Some(config.schema.with(said.schema)),
        };
        (name.clone(), options)
    };
    let usual = LoadOptions::default();
    LoadOptions {
        pipeline: pipeline.to_owned(),
        reads: tree.reads().map(|(resource, is_loaded)| Reads { resource, is_loaded }).collect(),
        all,
        start: config.load.start,
        without: state::without,
        package_rows: config.load.package_rows,
        package_time: config.load.package_time.unwrap_or(usual.package_time),
        nested_lists: config.load.nested_lists,
        max_depth: config.load.max_depth.unwrap_or(usual.max_depth),
        contract: config.schema,
        resources: config.resources.iter().map(said).collect(),
        resume_within: config.load.resume_within,
        mark_deleted: config.load.mark_deleted,
        ..usual
    }
}

/// How the reading went, for the load.
fn outcome(result: &Result<End, CliError>, tally: &Tally, resources: &[&'static Resource]) -> LoadOutcome {
    let complete = if matches!(result, Ok(End::Whole)) { tally.complete(resources) } else { Vec::new() };
    let status = match result {
        Ok(End::Whole) if complete.len() == resources.len() => LoadStatus::Complete,
        Ok(End::Whole) => LoadStatus::Partial,
        Ok(End::Stopped(_)) => LoadStatus::Stopped,
        Err(CliError::Interrupted { .. }) => LoadStatus::Interrupted,
        Err(_) => LoadStatus::Failed,
    };
    LoadOutcome { status, complete, unseen: tally.unseen(resources), report: Map::new() }
}

/// A scope of projects alone has no groups: said once, and an error when nothing else is asked for.
fn say_what_the_scope_leaves_out(tree: &Tree, config: &Config, format: LogFormat) -> Result<(), CliError> {
    let is_empty =
        |resource: &&Resource| resource.params.is_empty() && plan_roots(resource, &config.scope).is_empty();
    let tops = tree.resources().filter(|resource| resource.parent().is_none());
    let (empty, read): (Vec<&Resource>, Vec<&Resource>) = tops.partition(is_empty);
    for resource in &empty {
        if read.is_empty() {
            return Err(CliError::NothingToRead { resource: resource.name });
        }
        format.note(&format!("`{}` has nothing to read: `[scope]` names projects only", resource.name));
    }
    Ok(())
}

/// What works and should not be so.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let gitlab = &config.gitlab;
    let mut warnings = Vec::new();
    if gitlab.url.is_readable_on_the_way() && gitlab.credentials != Some(Credentials::Anonymous) {
        warnings.push(format!("the token goes to {} unencrypted", gitlab.url));
    }
    if gitlab.connection.insecure {
        warnings.push(format!("any certificate is taken for that of {}: see `gitlab.insecure`", gitlab.url));
    }
    warnings
}

fn report(
    tally: &Tally,
    client: &Client,
    (place, shard): (&str, Option<Shard>),
    summary: Option<&LoadSummary>,
) {
    let mut text = render_report(tally, client.attempts(), shard);
    text.push_str(&render_repaired(client.repaired()).unwrap_or_default());
    if let Some(summary) = summary {
        text.push_str(&render_load(summary, place));
    }
    tell::write(&text);
}

/// The same as one line of JSON.
fn report_to_programs(mut record: Map<String, Value>, summary: Option<&LoadSummary>) {
    if let Some(summary) = summary {
        let rows =
            summary.tables.iter().map(|(table, written)| (table.clone(), written.inserted + written.updated));
        record.insert("load_id".to_owned(), summary.load_id.clone().into());
        record.insert("rows".to_owned(), rows.map(|(table, rows)| (table, Value::from(rows))).collect());
        record.extend(summary.record());
        record.insert("seconds".to_owned(), summary.duration.as_secs_f64().into());
    }
    tell::event("report", record);
}
