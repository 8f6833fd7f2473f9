//! A cluster of one machine, as Debian's package has it: one program that keeps keys, one that plans, one that runs jobs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs as long as it lives.
pub(crate) struct Slurm {
    folder: tempfile::TempDir,
    programs: Vec<Child>,
}

impl Slurm {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Whoever keeps keys wants nobody else to write where they are.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("rights");
        let mut slurm = Self { folder, programs: Vec::new() };
        slurm.configure();
        let path = |name: &str| slurm.path(name);
        let keys = ["--foreground", "--force"].map(str::to_owned).into_iter().chain(
            [
                ("key-file", "key"),
                ("socket", "keys"),
                ("pid-file", "pid"),
                ("log-file", "log"),
                ("seed-file", "seed"),
            ]
            .map(|(name, file)| format!("--{name}={}", path(file))),
        );
        let keys: Vec<String> = keys.collect();
        slurm.spawn("munged", &keys);
        slurm.await_success(Command::new("munge").args(["--no-input", "--socket", &slurm.path("keys")]));
        slurm.spawn("slurmctld", &["-D".to_owned()]);
        slurm.spawn("slurmd", &["-D".to_owned(), "-N".to_owned(), "here".to_owned()]);
        slurm.await_idle();
        slurm
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn configure(&self) {
        let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(1024).collect();
        fs::write(self.path("key"), random).expect("a key");
        fs::set_permissions(self.path("key"), fs::Permissions::from_mode(0o600)).expect("rights");
        for name in ["state", "spool"] {
            fs::create_dir(self.path(name)).expect("a folder");
        }
        let port = |listener: std::net::TcpListener| listener.local_addr().expect("an address").port();
        let ports = [(), ()].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port")).map(port);
        let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        let config = format!(
            "ClusterName=test\nSlurmctldHost={}(127.0.0.1)\nSlurmUser=root\nSlurmctldPort={}\nSlurmdPort={}\n\
             AuthType=auth/munge\nAuthInfo=socket={}\nStateSaveLocation={}\nSlurmdSpoolDir={}\n\
             SlurmctldPidFile={}\nSlurmdPidFile={}\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nSlurmdParameters=config_overrides\n\
             NodeName=here NodeHostname={} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN\n\
             PartitionName=all Nodes=here Default=YES State=UP\n",
            host.trim(),
            ports[0],
            ports[1],
            self.path("keys"),
            self.path("state"),
            self.path("spool"),
            self.path("slurmctld.pid"),
            self.path("slurmd.pid"),
            host.trim(),
        );
        fs::write(self.path("slurm.conf"), config).expect("a write");
    }

    /// A program of Slurm's, which finds this cluster.
    pub(crate) fn command(&self, program: &str) -> Command {
        let paths = ["/usr/sbin", "/usr/bin"].map(|folder| Path::new(folder).join(program));
        let program = paths.into_iter().find(|path| path.exists());
        let mut command = Command::new(program.expect("Slurm: .ci/schedulers installs it"));
        command.env("SLURM_CONF", self.path("slurm.conf"));
        command
    }

    fn spawn(&mut self, program: &str, arguments: &[String]) {
        let log = fs::File::create(self.path(&format!("{program}.said"))).expect("a file");
        let mut command = self.command(program);
        command.args(arguments).stdout(Stdio::null()).stderr(log);
        self.programs.push(command.spawn().expect("a child"));
    }

    fn await_success(&self, command: &mut Command) {
        let begun = Instant::now();
        while !command.output().is_ok_and(|output| output.status.success()) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{command:?}: {}", self.said());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn await_idle(&self) {
        let begun = Instant::now();
        loop {
            let output = self.command("sinfo").args(["--noheader", "--format=%t"]).output().expect("an exit");
            if String::from_utf8_lossy(&output.stdout).trim() == "idle" {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{output:?}: {}", self.said());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What the programs have said, for whoever has to find out why.
    fn said(&self) -> String {
        let said = ["munged", "slurmctld", "slurmd"].map(|program| self.path(&format!("{program}.said")));
        said.map(|path| fs::read_to_string(path).unwrap_or_default()).concat()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            // It has ended already, or it ends now.
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}
