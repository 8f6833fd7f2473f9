//! See the README, and [`generated_example`] for how a run goes.

fn main() -> std::process::ExitCode {
    generated_example::cli::main()
}
