//! What shells and `man` are told of the command line, made from the command line itself.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Failure};

/// Print what completes commands and options in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gitlab-init completions bash > ~/.local/share/bash-completion/completions/gitlab-init
  gitlab-init completions zsh > ~/.zfunc/_gitlab-init")]
pub(super) struct CompletionsArgs {
    shell: Shell,
}

/// Print the page for `man`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gitlab-init man | man -l -
  gitlab-init man new > gitlab-init-new.1")]
pub(super) struct ManArgs {
    /// That of one command
    command: Option<String>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    Ok(std::io::stdout().lock().write_all(&script)?)
}

pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    let mut root = Cli::command();
    root.build();
    let page = match &args.command {
        None => Man::new(root),
        Some(name) => {
            let found = root.get_subcommands().find(|command| command.get_name() == name).cloned();
            let found = found.ok_or_else(|| Failure::NoSuchCommand { name: name.clone() })?;
            Man::new(found).title(format!("{}-{name}", root.get_name()))
        }
    };
    Ok(page.render(&mut std::io::stdout().lock())?)
}
