//! See [`gitlab_init`].

fn main() -> std::process::ExitCode {
    gitlab_init::cli::main()
}
