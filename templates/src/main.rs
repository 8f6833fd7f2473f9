//! See the README, and [`gitlab_pipeline`] for how a run goes.

fn main() -> std::process::ExitCode {
    gitlab_pipeline::cli::main()
}
