//! Hands this pipeline's resources, views and hooks to the engine in `runtime/`. See the README.

mod hooks;
// Left as `gitlab-init` writes it.
#[rustfmt::skip]
#[allow(clippy::needless_update, reason = "definitions end so, that a new field breaks none")]
mod resources;
// The same.
#[rustfmt::skip]
mod views;

use gitlab_pipeline::Pipeline;

fn main() -> std::process::ExitCode {
    Pipeline::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), resources::ALL.all())
        .api_root(resources::API_ROOT)
        .views(views::ALL)
        .hooks(hooks::hooks())
        .main()
}
