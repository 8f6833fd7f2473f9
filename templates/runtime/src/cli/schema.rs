//! `schema`: the tables as others write them down. Nothing is changed.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::destination::{self, kind};
use super::format::print;
use super::run::load_options;
use super::{CliError, tell};
use crate::config::{Config, Contract};
use crate::destination::Definitions;
use crate::extract::Tree;
use crate::load::{LoadOptions, defined_tables};
use crate::model::dbt::Project;
use crate::model::{Model, Source, Tie, json, mermaid};
use crate::pipeline::Pipeline;
use crate::report::counted;
use crate::resource::Resource;
use crate::schema::table::Table;

/// The tables come from what is loaded, with all columns that there are by now. Before the first load, with `--defined`, and
/// where nothing can be read back, they are those that a first load would make as far as the resources tell: more columns,
/// and the tables of lists, come with the records. The first line says which.
#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// `sql` is what a load says to make the tables, `json` is JSON Schema, `mermaid` a diagram, `dbt` a source with models
    /// and tests
    #[arg(long, value_enum, default_value_t = Format::Sql)]
    format: Format,
    /// Write files to this folder, in place of printing: those of dbt with a model for each table
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// As the resources define it, though tables are loaded
    #[arg(long)]
    defined: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Sql,
    Json,
    Mermaid,
    Dbt,
}

pub(super) fn schema(
    arguments: &SchemaArguments,
    config: &Config,
    pipeline: &Pipeline,
) -> Result<(), CliError> {
    let files = files(arguments, config, pipeline)?;
    if let Some(folder) = &arguments.output {
        return write(folder, &files);
    }
    // The models of dbt are a line each, which the names tell.
    let parts: Vec<&str> = files
        .iter()
        .filter(|(name, _)| arguments.format != Format::Dbt || name.ends_with(".yml"))
        .map(|(_, text)| text.as_str())
        .collect();
    print(&parts.join("---\n"))
}

/// Names of files, and what stands in them.
fn files(
    arguments: &SchemaArguments,
    config: &Config,
    pipeline: &Pipeline,
) -> Result<Vec<(String, String)>, CliError> {
    let all = pipeline.resources;
    let tree = Tree::resolve(&config.select(all, &[])?, all, config)?;
    let options = load_options(config, &tree, pipeline.name, all);
    let needs_sql = matches!(arguments.format, Format::Sql | Format::Dbt);
    let sql = needs_sql.then(|| destination::definitions(&config.destination)).transpose()?;
    let (origin, tables) = tables(arguments, config, &options)?;
    let model = Model::new(origin, &sources(config, pipeline), tables);
    let one = |name: &str, text: String| vec![(name.to_owned(), text)];
    Ok(match (arguments.format, sql) {
        (Format::Json, _) => one("schema.json", json::render(&model)),
        (Format::Mermaid, _) => one("schema.mmd", mermaid::render(&model)),
        (Format::Dbt, Some(sql)) => {
            let may_lack = |tie: &Tie| may_lack(tie, &model, &options, pipeline);
            Project::new(&model, sql.as_ref(), pipeline.name, &may_lack).files()
        }
        (_, Some(sql)) => one("schema.sql", statements(&model, sql.as_ref())),
        (_, None) => Vec::new(),
    })
}

fn statements(model: &Model, sql: &dyn Definitions) -> String {
    let mut text = format!("-- {}\n", model.origin);
    for table in &model.tables {
        let statements = sql.statements(table, model.aid(table));
        text.push_str(&format!("\n{};\n", statements.join(";\n")));
    }
    text
}

/// Where the tables are from, in words, and the tables.
fn tables(
    arguments: &SchemaArguments,
    config: &Config,
    options: &LoadOptions,
) -> Result<(String, Vec<Table>), CliError> {
    let kind = kind(&config.destination)?;
    let count = |tables: &Vec<Table>| counted(u64::try_from(tables.len()).unwrap_or_default(), "table");
    let why = match kind.read {
        _ if arguments.defined => "",
        None => " What is loaded cannot be read back.",
        Some(read) => match read(&config.destination).and_then(|mut reader| reader.tables()) {
            Ok(tables) if !tables.is_empty() => {
                let origin = format!("As it is loaded into {}: {}.", kind.name, count(&tables));
                return Ok((origin, tables));
            }
            Ok(_) => " Nothing is loaded yet.",
            Err(error) => {
                let told = format!(
                    "the destination cannot be looked at, so this is what a first load would make: {error}"
                );
                tell::LogFormat::Plain.warning(&told);
                ""
            }
        },
    };
    let tables = defined_tables(options, &(kind.abilities)(&config.destination)?)?;
    let origin = format!(
        "As the resources define it for {}: {}. More columns and the tables of lists come with records.{why}",
        kind.name,
        count(&tables)
    );
    Ok((origin, tables))
}

pub(super) fn sources(config: &Config, pipeline: &Pipeline) -> Vec<Source> {
    let table_of = |resource: &Resource| {
        config.resource(resource.name).table.as_deref().unwrap_or(resource.table).to_owned()
    };
    pipeline.resources.iter().map(|resource| Source { resource, table: table_of(resource) }).collect()
}

/// Whether rows may be there whose parent is not. The rows of a list go with their record.
fn may_lack(tie: &Tie, model: &Model, options: &LoadOptions, pipeline: &Pipeline) -> Option<String> {
    let from = model.tables.iter().find(|table| table.name == tie.from)?;
    if from.parent.is_some() {
        return None;
    }
    let own = |resource: &&&'static Resource| {
        let said = options.resources.get(resource.name);
        said.and_then(|said| said.table.as_deref()).unwrap_or(resource.table) == tie.to
    };
    let is_loaded = |resource: &Resource| {
        options.reads.iter().any(|reads| reads.is_loaded && reads.resource.name == resource.name)
    };
    let said = |resource: &Resource| options.resources.get(resource.name);
    let fills: Vec<&&Resource> = pipeline.resources.iter().filter(own).collect();
    let why = |resource: &&&Resource| {
        let disposition = said(resource).and_then(|said| said.write_disposition);
        let contract = said(resource).and_then(|said| said.contract).unwrap_or(options.contract);
        let name = resource.name;
        if !is_loaded(resource) {
            Some(format!("{name} is not loaded any more"))
        } else if resource.is_replaced(disposition) {
            Some(format!("{name} is replaced by each read, and what hangs on it is not"))
        } else if pipeline.hooks.concern(name) {
            Some(format!("a hook may leave records of {name} out"))
        } else if contract != Contract::default() {
            Some(format!("the contract of {name} may leave records out"))
        } else {
            None
        }
    };
    fills.iter().map(|resource| &**resource).find_map(|resource| why(&resource))
}

fn write(folder: &Path, files: &[(String, String)]) -> Result<(), CliError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| CliError::Export { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    let written = counted(u64::try_from(files.len()).unwrap_or_default(), "file");
    tell::write(&format!("{written} written to {}\n", folder.display()));
    Ok(())
}
