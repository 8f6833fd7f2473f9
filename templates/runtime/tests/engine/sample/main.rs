//! A pipeline of three resources: the program that the tests of the command line run.

mod resources;

use gitlab_pipeline::Pipeline;

fn main() -> std::process::ExitCode {
    Pipeline::new("sample-pipeline", "1.2.3", resources::ALL).main()
}
