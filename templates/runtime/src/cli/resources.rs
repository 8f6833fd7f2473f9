//! `resources`: what this crate can load, as a table for people or as JSON for programs.

use clap::Args;
use serde_json::{Value, json};

use super::CliError;
use super::format::{Format, print};
use crate::config::Config;
use crate::report::aligned;
use crate::resource::Resource;

#[derive(Debug, Args)]
pub(super) struct ResourcesArguments {
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn list(
    arguments: &ResourcesArguments,
    config: &Config,
    all: &[&'static Resource],
) -> Result<(), CliError> {
    let text = match arguments.format {
        Format::Table => table(config, all),
        Format::Json => {
            format!("{:#}\n", Value::Array(all.iter().map(|one| described(config, one)).collect()))
        }
    };
    print(&text)
}

fn described(config: &Config, resource: &Resource) -> Value {
    json!({
        "name": resource.name,
        "path": resource.path,
        "table": table_of(config, resource),
        "shape": resource.shape.name(),
        "record_key": resource.record_key,
        "primary_key": resource.primary_key(),
        "parent": resource.parent(),
        "enabled": config.is_enabled(resource),
    })
}

fn table_of<'a>(config: &'a Config, resource: &Resource) -> &'a str {
    config.resource(resource.name).table.as_deref().unwrap_or(resource.table)
}

fn table(config: &Config, all: &[&'static Resource]) -> String {
    let head = ["name", "path", "table", "primary key", "parent", "enabled"].map(str::to_owned).to_vec();
    let row = |resource: &&'static Resource| {
        vec![
            resource.name.to_owned(),
            resource.path.to_owned(),
            table_of(config, resource).to_owned(),
            resource.primary_key().join(", "),
            resource.parent().unwrap_or("-").to_owned(),
            if config.is_enabled(resource) { "yes" } else { "no" }.to_owned(),
        ]
    };
    aligned(&[&[head], all.iter().map(row).collect::<Vec<_>>().as_slice()].concat(), &[])
}
