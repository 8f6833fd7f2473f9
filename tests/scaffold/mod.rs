//! A pipeline made, built and run as a user does it: by the command line, in a folder of its own.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

use sample_gitlab::SampleServer;
use serde::Deserialize;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The crate that `gitlab-init new` made.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
}

/// What a pipeline says of one of its resources.
#[derive(Debug, Deserialize)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) table: String,
    pub(crate) shape: String,
    pub(crate) record_key: Vec<String>,
    pub(crate) primary_key: Vec<String>,
    pub(crate) enabled: bool,
}

/// Two builds at a time would only wait for each other's lock.
static BUILD: Mutex<()> = Mutex::new(());

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where cargo puts what it builds. It takes a relative path as one from where it is started, which is the root.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Where one of GitLab's own documents is, if it is at hand. In CI it has to be.
pub(crate) fn official(name: &str) -> Option<String> {
    let path = root().join("../shared/specs").join(name);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not at hand");
        eprintln!("skipped: {name} is not at hand");
    }
    path.exists().then(|| path.display().to_string())
}

/// Relative paths of all files below a folder, with `/` between their parts.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(current).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => files.extend(path.strip_prefix(folder).ok().map(|path| path.display().to_string())),
            }
        }
    }
    files.sort();
    files.into_iter().map(|path| path.replace('\\', "/")).collect()
}

/// The program of a package of the workspace that has one of the same name, built with all its destinations.
///
/// # Errors
/// When it does not compile.
pub(crate) fn built(package: &str) -> Result<PathBuf> {
    let _lock = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    succeed(cargo().args(["build", "--quiet", "--all-features", "--package", package]).current_dir(root()))?;
    Ok(target().join("debug").join(package))
}

/// The generator, built once.
///
/// # Errors
/// When it does not compile.
pub(crate) fn gitlab_init() -> Result<Command> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    if let Some(program) = PROGRAM.get() {
        return Ok(Command::new(program));
    }
    let program = built("gitlab-init")?;
    Ok(Command::new(PROGRAM.get_or_init(|| program)))
}

impl Pipeline {
    /// Runs `gitlab-init new` for a folder below `parent`; its last part names the crate.
    ///
    /// # Errors
    /// When the generator fails.
    pub(crate) fn scaffold(parent: &Path, name: &str, args: &[&str]) -> Result<Self> {
        let folder = parent.join(name);
        succeed(gitlab_init()?.arg("new").arg(&folder).args(args).arg("--yes").current_dir(root()))?;
        Ok(Self { folder, name: name.to_owned() })
    }

    /// Builds the crate with warnings as errors. All pipelines share what their dependencies compile to.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn build(&self) -> Result<()> {
        let _lock = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
        succeed(self.build_command().arg("--quiet"))?;
        Ok(())
    }

    /// What builds it, and says how far it is.
    pub(crate) fn build_command(&self) -> Command {
        let mut build = cargo();
        build.arg("build").current_dir(&self.folder);
        build.env("CARGO_TARGET_DIR", target().join("pipelines")).env("RUSTFLAGS", "--deny warnings");
        build
    }

    /// The command of the pipeline, with the sample server's address and token in its environment.
    pub(crate) fn command(&self, server: &SampleServer) -> Command {
        self.command_at(&server.url(), server.token())
    }

    /// The same with any address and token.
    pub(crate) fn command_at(&self, url: &str, token: &str) -> Command {
        let mut command = Command::new(target().join("pipelines/debug").join(&self.name));
        command
            .current_dir(&self.folder)
            .env("GITLAB_URL", url)
            .env("GITLAB_TOKEN", token)
            .env_remove("CI_JOB_TOKEN")
            .env_remove("CI_SERVER_URL");
        command
    }

    /// All of its resources.
    ///
    /// # Errors
    /// When it does not list them.
    pub(crate) fn resources(&self, server: &SampleServer) -> Result<Vec<Resource>> {
        let listing = succeed(self.command(server).args(["resources", "--format", "json"]))?;
        Ok(serde_json::from_slice(&listing.stdout)?)
    }

    /// Where the default destination keeps the tables.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("gitlab.sqlite")
    }
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells a test of its package, build scripts would take for a change, and half of the crates would be
    // compiled again.
    for (name, _) in std::env::vars_os() {
        let is_of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
        if is_of_package.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// What the command printed, if it succeeded.
///
/// # Errors
/// With its output, if it did not.
pub(crate) fn succeed(command: &mut Command) -> Result<Output> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} failed with {}:\n{stderr}", output.status).into())
}
