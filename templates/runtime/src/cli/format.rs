//! How a command prints data: a table for people, or JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;

use super::CliError;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

pub(super) fn print(text: &str) -> Result<(), CliError> {
    io::stdout().lock().write_all(text.as_bytes()).map_err(|source| CliError::Output { source })
}
