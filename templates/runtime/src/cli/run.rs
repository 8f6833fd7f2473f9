//! `run`: joins the stages. Configuration, resources and scope go in; records go from GitLab to the destination.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use super::interrupt::Signals;
use super::share::{self, ShareArguments};
use super::tell::{self, LogFormat};
use super::{CliError, destination, info, notice, state, turn};
use crate::access::{AccessFault, end_that_is_near};
use crate::client::{Client, ClientOptions};
use crate::config::{Config, Credentials, Environment, Notify, Occasion, ResourceConfig, Scope, suggest};
use crate::destination::{Destination, LoadStatus};
use crate::extract::{Budget, End, ExtractOptions, LossKind, Spent, Tally, Tree, extract};
use crate::hooks::Hooks;
use crate::load::{LoadOptions, LoadOutcome, LoadSummary, Reads, ResourceOptions};
use crate::notify::{Account, Read};
use crate::pipeline::Pipeline;
use crate::progress::{Display, Progress};
use crate::report::{render_load, render_repaired, render_report, render_stopped, render_truncated};
use crate::resource::Resource;
use crate::scope::plan_roots;
use crate::shard::{Shard, Share};
use crate::telemetry::{Recording, Telemetry};
use crate::told::PARTIAL;

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

/// Everything is checked before the first request: resources, credentials, destination. However it ends, whoever is to be
/// told is told.
pub(super) fn run(
    arguments: &RunArguments,
    (config, environment): (&Config, &Environment),
    pipeline: Pipeline,
    display: Display,
) -> Result<ExitCode, CliError> {
    let format = LogFormat::of(display);
    let mut account = Account::new(pipeline.name);
    account.source = Some(config.gitlab.url.to_string());
    account.is_strict = arguments.strict;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CliError::Runtime { source })?;
    let recording = record(&runtime, environment, &pipeline, config, format);
    let telemetry = recording.telemetry();
    let prepared = prepare(arguments, (config, environment), pipeline, display);
    let ended = prepared.and_then(|run| runtime.block_on(run.load(telemetry, &mut account)));
    conclude(&ended, &mut account);
    let (lost, ()) = runtime.block_on(async {
        tokio::join!(recording.end(&account), notice::tell(&config.notify, &account, format))
    });
    lost.iter().for_each(|lost| format.warning(lost));
    ended.map(ExitCode::from)
}

/// Telemetry that cannot go where it should is no reason to load nothing.
fn record(
    runtime: &Runtime,
    environment: &Environment,
    pipeline: &Pipeline,
    config: &Config,
    format: LogFormat,
) -> Recording {
    let _within = runtime.enter();
    let names = (pipeline.name, pipeline.version);
    Recording::start(environment, names, config.gitlab.url.host()).unwrap_or_else(|error| {
        format.warning(&format!("there is no telemetry of this run: {error}"));
        Recording::off()
    })
}

/// Tells of a run that has no usable configuration, as far as that says whom.
pub(super) fn not_begun(error: &CliError, notify: &Notify, pipeline: &Pipeline, display: Display) {
    let mut account = Account::new(pipeline.name);
    account.end(error.exit_code(), Some(error.told()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = runtime {
        runtime.block_on(notice::tell(notify, &account, LogFormat::of(display)));
    }
}

fn conclude(ended: &Result<u8, CliError>, account: &mut Account) {
    match ended {
        Ok(exit_code) => account.end(*exit_code, None),
        Err(error) => account.end(error.exit_code(), Some(error.told())),
    }
}

fn prepare<'r>(
    arguments: &'r RunArguments,
    (config, environment): (&'r Config, &Environment),
    pipeline: Pipeline,
    display: Display,
) -> Result<Run<'r>, CliError> {
    let all = pipeline.resources;
    check_hooks(&pipeline.hooks, all)?;
    let selected = config.select(all, &arguments.select)?;
    let tree = Tree::resolve(&selected, all, config)?;
    say_what_the_scope_leaves_out(&tree, config, LogFormat::of(display))?;
    let share = share::announced(&arguments.share, environment, LogFormat::of(display))?;
    let client = Client::new(client_options(config, share.as_ref())?)?;
    for warning in warnings(config) {
        LogFormat::of(display).warning(&warning);
    }
    let destination = destination::open(&config.destination)?;
    let load = load_options(config, &tree, pipeline.name, all);
    let forget = tree.resources().map(|resource| resource.name).filter(|_| arguments.full_refresh).collect();
    let views = pipeline.views.filter(|_| config.load.views);
    let load = LoadOptions { forget, share, views, ..load };
    Ok(Run { arguments, config, client, tree, display, load, hooks: pipeline.hooks, destination })
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
    destination: Box<dyn Destination>,
}

impl Run<'_> {
    /// The exit code of a run that came to its end.
    async fn load(self, telemetry: Telemetry, account: &mut Account) -> Result<u8, CliError> {
        let Self { arguments, config, client, tree, display, load, hooks, destination } = self;
        account.place = Some(destination.place());
        account.shard = load.share.as_ref().map(|share| share.shard);
        let mut signals = Signals::listen().map_err(|source| CliError::Runtime { source })?;
        let log = LogFormat::of(display);
        let loader = turn::begin(destination, load, config, &mut signals, log).await?;
        account.earlier = loader.earlier();
        let tally = Arc::new(Tally::new(&tree));
        account.read = Some(Read { tally: Arc::clone(&tally), client: client.clone() });
        let options = ExtractOptions {
            concurrency: config.extract.concurrency,
            per_page: config.extract.per_page,
            limit: arguments.limit,
            budget: budget(arguments, config),
            shard: account.shard,
            hooks,
            telemetry,
        };
        let resources: Vec<_> = tree.resources().collect();
        let progress = Progress::start(Arc::clone(&tally), client.clone(), options.budget, display);
        let extraction = extract(client.clone(), &tree, &config.scope, loader.clone(), options);
        let result = tokio::select! {
            result = extraction => result.map_err(CliError::from),
            signal = signals.next() => Err(CliError::Interrupted { signal }),
        };
        signals.end_at_the_next();
        let mut outcome = outcome(&result, &tally, &resources);
        let stopped = result.as_ref().ok().and_then(|end| end.spent());
        outcome.report = record_of(&tally, &client, stopped);
        let record = outcome.report.clone();
        let loaded = loader.finish(outcome).await;
        drop(progress);
        let unclosed = loaded.map(|summary| account.loaded = Some(summary)).err();
        // The first error is the cause; a load that then cannot be closed is its consequence.
        if result.is_ok() || tally.records() > 0 {
            match display {
                Display::Json => report_to_programs(record, account.loaded.as_ref()),
                Display::Auto | Display::Lines => report(account, arguments.limit, stopped),
            }
        }
        result?;
        unclosed.map_or(Ok(()), Err)?;
        // A shard may well have no project.
        let may_be_empty = stopped.is_some() || account.shard.is_some();
        if !may_be_empty && is_member_of_nothing(&tally, &resources, &config.scope) {
            return Err(AccessFault::NoMembership.into());
        }
        account.token_ends = end_of_token(account, config, &client).await;
        Ok(if is_whole(account, &tally) { 0 } else { PARTIAL })
    }
}

fn is_whole(account: &Account, tally: &Tally) -> bool {
    let is_refused = account.is_strict && tally.lost(LossKind::Skipped) > 0;
    let breaches = account.loaded.as_ref().map_or(0, |loaded| loaded.breaches.len());
    tally.lost(LossKind::Failed) == 0 && breaches == 0 && !is_refused
}

/// Of one run a day, and of one of its shards, where somebody wants to be told.
async fn end_of_token(account: &Account, config: &Config, client: &Client) -> Option<NaiveDate> {
    let notify = &config.notify;
    let is_wanted = notify.webhook.is_some() && notify.on.contains(&Occasion::TokenEnds);
    let is_first = account.is_first_of_the_day() && account.shard.is_none_or(Shard::is_first);
    if !is_wanted || !is_first {
        return None;
    }
    end_that_is_near(client, config.credentials().ok()?, account.today()).await
}

/// What is kept of a run with its load.
fn record_of(tally: &Tally, client: &Client, stopped: Option<Spent>) -> Map<String, Value> {
    let mut record = info::record_of(tally, client.attempts());
    record.insert("repaired".to_owned(), client.repaired().into());
    record.insert("stopped".to_owned(), stopped.map(Spent::key).into());
    record.insert("waited_ms".to_owned(), info::waited(client));
    record
}

/// Shards share what the configuration allows all of them together.
pub(super) fn client_options(config: &Config, share: Option<&Share>) -> Result<ClientOptions, CliError> {
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
    warnings.extend(notice::warnings(&config.notify));
    warnings
}

fn report(account: &Account, limit: Option<u64>, stopped: Option<Spent>) {
    let Some(Read { tally, client }) = &account.read else { return };
    let mut text = render_report(tally, client.attempts(), account.shard);
    text.push_str(&render_repaired(client.repaired()).unwrap_or_default());
    if let Some((summary, place)) = account.loaded.as_ref().zip(account.place.as_ref()) {
        text.push_str(&render_load(summary, place));
    }
    text.push_str(&limit.and_then(|limit| render_truncated(tally, limit)).unwrap_or_default());
    text.push_str(&stopped.map(render_stopped).unwrap_or_default());
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
