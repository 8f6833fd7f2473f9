//! A server as a child process.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// A child that ends with this value.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `command`, whose output goes to `log`, and waits until `port` takes connections.
    ///
    /// # Panics
    /// When it cannot be started, ends, or does not answer within a minute; what it said last comes along.
    pub fn start(command: &mut Command, port: u16, log: &Path) -> Self {
        let out = std::fs::File::create(log).expect("a log file");
        let err = out.try_clone().expect("a log file");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let child =
            child.unwrap_or_else(|error| panic!("{:?} cannot be started: {error}", command.get_program()));
        let mut process = Self(child);
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Ok(Some(status)) = process.0.try_wait() {
                panic!("{:?} ended with {status}:\n{}", command.get_program(), said());
            }
            assert!(start.elapsed() < PATIENCE, "{:?} does not answer:\n{}", command.get_program(), said());
            std::thread::sleep(PAUSE);
        }
        process
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, by the name of a signal, and waits until it has.
    pub fn end(&mut self, signal: &str) {
        let mut kill = Command::new("kill");
        let asked = kill.arg(format!("-{signal}")).arg(self.id().to_string()).status();
        let start = Instant::now();
        while asked.as_ref().is_ok_and(|status| status.success()) && start.elapsed() < PATIENCE {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
    listener.local_addr().expect("an address").port()
}

/// The folder in which `.ci/servers` has put what belongs to this name.
pub fn installed(name: &str) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    let folder =
        variable("TEST_SERVERS").unwrap_or_else(|| cache().unwrap_or_default().join("gitlab-init-servers"));
    folder.join(name)
}

/// Where a program is that `.ci/servers` installs: in one of the folders, or else on the PATH.
///
/// # Panics
/// When it is in none of them.
pub fn program(name: &str, folders: &[impl AsRef<Path>]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        folders.iter().map(|folder| folder.as_ref().to_path_buf()).chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is not installed: run `.ci/servers`"))
}
