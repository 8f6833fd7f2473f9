//! A pipeline whose runs have a clock of their own, and what is in its tables.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gitlab_pipeline::Hooks;
use gitlab_pipeline::client::{Client, ClientOptions};
use gitlab_pipeline::config::{Config, Environment, GITLAB_API};
use gitlab_pipeline::destination::LoadStatus;
use gitlab_pipeline::destination::sqlite::{Settings, Sqlite};
use gitlab_pipeline::extract::{Budget, ExtractOptions, LossKind, Tally, Tree, extract};
use gitlab_pipeline::load::{LoadOptions, LoadOutcome, Loader, Reads};
use gitlab_pipeline::moment::{Clock, Moment};
use gitlab_pipeline::normalize::NestedLists;
use gitlab_pipeline::resource::Resource;
use gitlab_pipeline::telemetry::Telemetry;
use rusqlite::Connection;
use sample_gitlab::SampleServer;
use serde_json::Map;
use tempfile::TempDir;

use crate::changes::{Active, Changes};
use crate::resources;
use crate::tables::{Tables, read};

/// Others are read as one of those that are left.
const ALIKE: [&str; 16] = [
    "group",
    "issue_resource_",
    "merge_request_commits",
    "merge_request_resource_",
    "metadata",
    "pipeline_bridges",
    "project_contributors",
    "project_environments",
    "project_milestones",
    "project_packages",
    "project_protected_tags",
    "project_registry",
    "project_releases",
    "project_snippets",
    "project_tags",
    "project_users",
];

fn taken() -> &'static [&'static Resource] {
    let all = resources::ALL.all().iter().copied();
    let taken: Vec<_> =
        all.filter(|resource| !ALIKE.iter().any(|start| resource.name.starts_with(start))).collect();
    taken.leak()
}

pub(crate) struct Pipeline {
    folder: TempDir,
    config: Config,
    client: Client,
    all: &'static [&'static Resource],
}

impl Pipeline {
    pub(crate) fn new(server: &SampleServer, config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config).unwrap();
        let environment: Environment =
            [("GITLAB_URL", server.url()), ("GITLAB_TOKEN", server.token().to_owned())]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
        let all = taken();
        let config = Config::load(Some(&path), &environment, all, GITLAB_API).unwrap();
        let client = Client::new(ClientOptions::of(&config).unwrap()).unwrap();
        Self { folder, config, client, all }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("gitlab.sqlite")
    }

    /// One run that begins and ends at this time.
    pub(crate) async fn run(&self, now: sample_gitlab::Moment) {
        let (config, all) = (&self.config, self.all);
        let tree = Tree::resolve(all, all, config).unwrap();
        let started_at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.millis()).unwrap());
        let load = LoadOptions {
            started_at,
            clock: Clock::stopped(Moment::from(started_at)),
            reads: tree.reads().map(|(resource, is_loaded)| Reads { resource, is_loaded }).collect(),
            all,
            nested_lists: NestedLists::Json,
            mark_deleted: config.load.mark_deleted,
            ..LoadOptions::default()
        };
        let loader =
            Loader::begin(Box::new(Sqlite::open(&Settings { path: self.database() }).unwrap()), load)
                .unwrap();
        let tally = Arc::new(Tally::new(&tree));
        let resources: Vec<_> = tree.resources().collect();
        let options = ExtractOptions {
            concurrency: 4,
            per_page: 100,
            limit: None,
            shard: None,
            budget: Budget::default(),
            hooks: Hooks::new(),
            telemetry: Telemetry::default(),
        };
        extract(self.client.clone(), &tree, &config.scope, loader.clone(), options).await.unwrap();
        assert_eq!(tally.lost(LossKind::Failed), 0);
        let (complete, unseen) = (tally.complete(&resources), tally.unseen(&resources));
        let outcome = LoadOutcome { status: LoadStatus::Complete, complete, unseen, report: Map::new() };
        loader.finish(outcome).await.unwrap();
    }

    /// What GitLab has told of at once is there at once.
    pub(crate) fn has(&self, active: &[Active], now: sample_gitlab::Moment) {
        let database = Connection::open(self.database()).unwrap();
        for Active { table, project, iid, at } in active {
            let sql = format!("SELECT updated_at FROM {table} WHERE project_id = {project} AND iid = {iid}");
            let found: Option<String> = database.query_row(&sql, [], |row| row.get(0)).ok();
            let found = found.as_deref().and_then(sample_gitlab::Moment::parse);
            assert!(found >= Some(*at), "{table} {project} {iid} changed at {at}, and is {found:?} at {now}");
        }
    }

    pub(crate) fn tables(&self, changes: &Changes, now: sample_gitlab::Moment) -> Tables {
        read(&Connection::open(self.database()).unwrap(), changes, now)
    }
}
