//! `generated-example`: what the generator makes of the bundled document, and what of it stands in the repository.

use std::fs;
use std::path::{Path, PathBuf};

use gitlab_init::document::{Document, Source};
use gitlab_init::gitlab::Preset;
use gitlab_init::graph::{ResourceGraph, Selection};
use gitlab_init::infer::RecordedNames;
use gitlab_init::memory::Memory;
use gitlab_init::read;
use gitlab_init::render::{Answers, Destination, File, FileKind, Names, Past, Runtime, render};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated-example")
}

pub(crate) fn core() -> ResourceGraph {
    let text = Source::Bundled.read().expect("the bundled document");
    let graph = read(&text, &[], &RecordedNames::new()).expect("an OpenAPI document").graph;
    graph.select(&Selection { preset: Some(Preset::Core), ..Selection::default() }).expect("the core preset")
}

/// The files of the crate, but for what would stand there twice: the copies that an update compares with.
pub(crate) fn rendered() -> Vec<File> {
    let text = Source::Bundled.read().expect("the bundled document");
    let document = Document::parse(&text, &[]).expect("an OpenAPI document");
    let answers = Answers {
        name: "generated-example".into(),
        spec: None,
        spec_title: document.info.title.clone(),
        spec_sha256: document.info.sha256.clone(),
        preset: Some(Preset::Core),
        select: vec![],
        exclude: vec![],
        destination: Destination::default(),
        deploy: Vec::new(),
        base_url: "https://gitlab.com".into(),
        groups: vec![],
        projects: vec![],
        runtime: Runtime::Shared("../templates/runtime".into()),
        workspace_member: true,
    };
    let graph = core();
    let files = render(&answers, &graph, &Past::default()).expect("a crate");
    let memory = Memory::new(answers, vec![], Names::of(&graph, &Past::default()), &[]);
    let shown = files.into_iter().filter(|file| file.kind != FileKind::Secret);
    shown.chain(memory.files()).collect()
}

/// Relative paths of all files, but for what a run or an editor leaves behind.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name =
                path.strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
            let left_behind = name == "secrets.toml" || name == "target" || name.contains(".sqlite");
            match (left_behind, path.is_dir()) {
                (true, _) => {}
                (false, true) => folders.push(path),
                (false, false) => files.push(name),
            }
        }
    }
    files
}
