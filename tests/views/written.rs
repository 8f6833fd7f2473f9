//! The SQL of views as the generator writes it for a destination.

use gitlab_init::document::{Document, Source};
use gitlab_init::gitlab::Preset;
use gitlab_init::graph::Selection;
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use gitlab_init::render::{Answers, Destination, Past, Runtime, render};

/// By name, in the order in which they can be made.
pub(crate) fn written(destination: &str) -> Vec<(String, String)> {
    let text = Source::Bundled.read().expect("the bundled document");
    let document = Document::parse(&text, &[]).expect("an OpenAPI document");
    let graph = read(&text, &[], &RecordedNames::new()).expect("an OpenAPI document").graph;
    let selection = Selection { preset: Some(Preset::Core), ..Selection::default() };
    let answers = Answers {
        name: "views".into(),
        spec: None,
        spec_title: document.info.title.clone(),
        spec_sha256: document.info.sha256.clone(),
        preset: Some(Preset::Core),
        select: vec![],
        exclude: vec![],
        destination: Destination::named(destination).expect("a destination"),
        deploy: Vec::new(),
        base_url: "https://gitlab.com".into(),
        groups: vec![],
        projects: vec![],
        runtime: Runtime::Shared("../runtime".into()),
        workspace_member: true,
    };
    let graph = graph.select(&selection).expect("the core preset");
    let files = render(&answers, &graph, &Past::default()).expect("a crate");
    let body = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.body.clone());
    let module = body("src/views/mod.rs").expect("a module");
    let names = module.lines().filter_map(|line| line.trim().strip_prefix('&')?.strip_suffix("::VIEW,"));
    let sql = |name: &str| (name.to_owned(), body(&format!("src/views/{name}.sql")).expect("a file"));
    names.map(sql).collect()
}
