//! A crate that is made and updated in this process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gitlab_init::graph::Selection;
use gitlab_init::infer::RecordedNames;
use gitlab_init::memory::Memory;
use gitlab_init::read;
use gitlab_init::render::{Answers, Destination, Names, Past, Runtime, render};
use gitlab_init::update::{Update, Wishes, plan_update};
use gitlab_init::write::{Snapshot, WritePlan};
use tempfile::TempDir;

use super::document::Document;

pub(crate) struct Crate {
    folder: TempDir,
}

impl Crate {
    pub(crate) fn make(document: &Document, vendored: bool) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        let graph = read(&document.text(), &[], &RecordedNames::new()).expect("a document").graph;
        let graph = graph.select(&Selection::default()).expect("resources");
        let answers = answers(vendored);
        let files = render(&answers, &graph, &Past::default()).expect("files");
        let names = Names::of(&graph, &Past::default());
        let memory = Memory::new(answers, vec![], names, &files);
        WritePlan::fresh(&files, &memory).apply(&folder.path().join("pipeline")).expect("a crate");
        Self { folder }
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("pipeline")
    }

    pub(crate) fn plan(&self, document: &Document) -> Update {
        let snapshot = Snapshot::new(&self.root());
        let memory = Memory::parse(&snapshot.memory()).expect("a memory");
        let (answers, overlays) = (memory.answers.clone(), memory.overlays.clone());
        let (add, remove, take) = Default::default();
        let wishes = Wishes { answers, overlays, add, remove, take, anew: false };
        plan_update(&snapshot, &memory, wishes, &document.text()).expect("a plan")
    }

    pub(crate) fn apply(&self, plan: &WritePlan) {
        plan.apply(&self.root()).expect("an update");
    }

    /// All files, but for what the crate remembers.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let root = self.root();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(&root).expect("a path").to_string_lossy().into_owned();
                if name == ".gitlab-init" {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(name, fs::read_to_string(&path).expect("a text"));
                }
            }
        }
        files
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        fs::write(path, text).expect("a write");
    }

    pub(crate) fn delete(&self, path: &str) {
        fs::remove_file(self.root().join(path)).expect("a file");
    }
}

pub(crate) fn diffs(plan: &WritePlan) -> String {
    plan.changes.iter().map(gitlab_init::write::Change::diff).collect()
}

fn answers(vendored: bool) -> Answers {
    Answers {
        name: "pipeline".into(),
        spec: Some("../random.json".into()),
        spec_title: "GitLab API".into(),
        spec_sha256: String::new(),
        preset: None,
        select: vec![],
        exclude: vec![],
        destination: Destination::default(),
        deploy: Vec::new(),
        base_url: "https://gitlab.com".into(),
        groups: vec!["my-group".into()],
        projects: vec![],
        runtime: if vendored { Runtime::Vendored } else { Runtime::Shared("../runtime".into()) },
        workspace_member: false,
    }
}
