//! Says what the demo does and how long that takes, then builds what it takes and goes the whole way.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    eprintln!(
        "The demo makes a pipeline from the bundled document, builds it, and loads a sample GitLab server into SQLite.\n\
         It takes about two minutes the first time on two cores, most of it for compiling, and seconds after that.\n\
         What it needs comes from crates.io; it talks to no GitLab but the sample.\n\n\
         1 of 4  building the generator and the sample server"
    );
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ended =
        Command::new(cargo).args(["run", "--package", "gitlab-init-tests", "--bin", "whole-way"]).status();
    match ended {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: cargo cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
