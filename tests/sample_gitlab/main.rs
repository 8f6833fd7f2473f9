//! Serves a sample GitLab until Ctrl-C.

use std::error::Error;

use clap::{Parser, ValueEnum};
use sample_gitlab::{SampleServer, Settings, Size, World};

#[derive(Debug, Parser)]
#[command(version, about = "A stand-in for GitLab on a port of this machine")]
struct Options {
    /// A free port when 0
    #[arg(long, default_value_t = 0)]
    port: u16,
    #[arg(long, value_enum, default_value_t = Preset::Small)]
    size: Preset,
    /// One ordinary project with this many issues, instead of a size
    #[arg(long, conflicts_with = "size")]
    issues: Option<i64>,
    /// The same seed gives the same records
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    Small,
    Medium,
    /// 1,000 projects in 50 groups with a few records each
    ManyProjects,
    /// 50 projects with many records each
    BusyProjects,
}

impl Options {
    fn size(&self) -> Size {
        match (self.issues, self.size) {
            (Some(issues), _) => Size::one_project(issues),
            (None, Preset::Small) => Size::small(),
            (None, Preset::Medium) => Size::medium(),
            (None, Preset::ManyProjects) => Size::many_projects(),
            (None, Preset::BusyProjects) => Size::busy_projects(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let world = World::seeded(options.size(), options.seed);
    let server = SampleServer::start_on(options.port, world, Settings::default())?;
    println!("GITLAB_URL={}", server.url());
    println!("GITLAB_TOKEN={}", server.token());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
