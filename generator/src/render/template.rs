//! The files that are templates. They hold no rule about the API: what they need is worked out before.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use toml_edit::Key;

use crate::graph::ResourceGraph;
use crate::text::one_line;

use super::{
    Answers, Departed, Deploy, Destination, File, FileKind, RenderError, config, overview, skeleton,
};

/// How many machines do a run together, where the destination takes that; a number to begin with.
const SHARDS: u32 = 4;

/// Renders every `x.j2` of the skeleton.
pub(super) fn rendered_files(
    answers: &Answers,
    graph: &ResourceGraph,
    departed: &[Departed],
) -> Result<Vec<File>, RenderError> {
    let environment = environment(&answers.deploy)?;
    let context = context! {
        answers => Value::from(Serde(answers)),
        runtime => answers.runtime.path(),
        workspace_member => answers.workspace_member,
        destination => context! {
            name => answers.destination.name(),
            config => answers.destination.config(),
            secrets => answers.destination.secrets(),
            guide => answers.destination.guide(),
            file => answers.destination.tables_file(),
            secret_variables => answers.destination.secret_variables(),
            takes_shards => answers.destination.takes_shards(),
        },
        takes_shards => Destination::all().filter(|kind| kind.takes_shards()).map(Destination::name).collect::<Vec<_>>(),
        shards => if answers.destination.takes_shards() { SHARDS } else { 1 },
        deploy => answers.deploy.iter().map(|deploy| deploy.name()).collect::<Vec<_>>(),
        destinations => Destination::all().map(Destination::name).collect::<Vec<_>>(),
        parts => Value::from(Serde(config::parts(graph))),
        overview => Value::from(Serde(overview::overview(graph))),
        departed => Value::from(Serde(config::departed(departed))),
        views => Value::from(Serde(overview::views(answers.destination, graph))),
    };
    let render = |(path, _): (&str, &str)| {
        let rendered = environment.get_template(path).and_then(|template| template.render(&context));
        let body = rendered.map_err(|source| RenderError::Template { template: path.into(), source })?;
        check_rust(path, &body)?;
        Ok(File { path: path.to_owned(), body, kind: kind(path) })
    };
    skeleton::templates(&answers.deploy).map(render).collect()
}

/// A template can come out as anything; a Rust file that does not parse is never written.
fn check_rust(path: &str, body: &str) -> Result<(), RenderError> {
    if !path.ends_with(".rs") {
        return Ok(());
    }
    let parsed = syn::parse_file(body).map(drop);
    parsed.map_err(|source| RenderError::Rust { path: path.to_owned(), source })
}

/// Undefined variables are errors; nothing is escaped but by a filter that says how.
fn environment(deploy: &[Deploy]) -> Result<Environment<'static>, RenderError> {
    let fault = |template: &str, source| RenderError::Template { template: template.into(), source };
    let mut environment = bare_environment()?;
    environment.add_filter("toml", toml);
    environment.add_filter("key", key);
    environment.add_filter("cell", cell);
    for (name, text) in skeleton::templates(deploy) {
        environment.add_template(name, text).map_err(|source| fault(name, source))?;
    }
    Ok(environment)
}

/// One without templates.
pub(super) fn bare_environment() -> Result<Environment<'static>, RenderError> {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    let syntax = syntax.build();
    let mut environment = Environment::new();
    environment
        .set_syntax(syntax.map_err(|source| RenderError::Template { template: "syntax".into(), source })?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    Ok(environment)
}

fn kind(path: &str) -> FileKind {
    match path {
        "secrets.toml" => FileKind::Secret,
        _ => FileKind::Generated,
    }
}

/// A value as TOML writes it.
fn toml(value: &Value) -> String {
    if value.kind() == minijinja::value::ValueKind::Seq {
        let items = value.try_iter().into_iter().flatten();
        return format!("[{}]", items.map(|item| toml(&item)).collect::<Vec<_>>().join(", "));
    }
    match value.as_str() {
        Some(text) => quoted(text),
        None => value.to_string(),
    }
}

/// A string as TOML writes it on one line, in which it may stand in a comment: what JSON writes is TOML as well.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A key as TOML writes it.
fn key(text: &str) -> String {
    Key::new(text).to_string()
}

/// Text in a cell of a Markdown table.
fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}
