//! PostgreSQL, as Debian has it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Process, free_port, program};

/// A cluster of its own, with one user and one database, on a loopback port and on a socket.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    folder: TempDir,
}

/// Nothing is worth keeping.
const FAST: [&str; 5] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=64MB",
];

impl Postgres {
    pub const USER: &'static str = "tester";
    pub const PASSWORD: &'static str = "it's a secret: 100%";
    pub const DATABASE: &'static str = "warehouse";

    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// One that takes TLS as well, with a certificate and its key, both in PEM.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub fn start_with_tls(identity: (&str, &str)) -> Self {
        Self::launch(Some(identity))
    }

    fn launch(identity: Option<(&str, &str)>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a write");
            path
        };
        let password = write("password", Self::PASSWORD);
        let mut options: Vec<String> = FAST.map(str::to_owned).to_vec();
        if let Some((certificate, key)) = identity {
            let (certificate, key) = (write("server.pem", certificate), write("server.key", key));
            restrict(&key);
            options.push("ssl=on".to_owned());
            options.push(format!("ssl_cert_file={}", certificate.display()));
            options.push(format!("ssl_key_file={}", key.display()));
        }
        give_away(folder.path());
        let data = folder.path().join("data");
        let mut init = command("initdb");
        init.args(["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        init.arg(format!("--username={}", Self::USER)).arg("--pwfile").arg(&password).arg(&data);
        let output = init.current_dir(folder.path()).output().expect("initdb");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

        let port = free_port();
        let mut server = command("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-h", "127.0.0.1"]);
        server.arg("-p").arg(port.to_string()).current_dir(folder.path());
        server.args(options.iter().flat_map(|option| ["-c", option]));
        let process = Process::start(&mut server, port, &folder.path().join("log"));
        let server = Self { process, port, folder };
        server.wait();
        server.psql_of("postgres", &format!("CREATE DATABASE {}", Self::DATABASE));
        server
    }

    /// It takes connections before it takes commands.
    fn wait(&self) {
        for _ in 0..600 {
            let mut ready = Command::new(program("pg_isready", &folders()));
            ready.args(["--quiet", "--host=127.0.0.1"]).arg(format!("--port={}", self.port));
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("PostgreSQL is not ready:\n{}", self.log());
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The variables that let a program in which reads those of libpq.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("PGHOST", "127.0.0.1".to_owned()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", Self::USER.to_owned()),
            ("PGPASSWORD", Self::PASSWORD.to_owned()),
            ("PGDATABASE", Self::DATABASE.to_owned()),
        ]
    }

    /// The process that has started all others.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What `psql` prints, a row a line, values with a tab between.
    ///
    /// # Panics
    /// When it fails.
    pub fn psql(&self, sql: &str) -> String {
        self.psql_of(Self::DATABASE, sql)
    }

    /// Runs statements, however long they are, all or none.
    ///
    /// # Panics
    /// When one fails.
    pub fn load(&self, sql: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), sql).expect("a write");
        let mut psql = self.client(Self::DATABASE);
        psql.arg("--single-transaction").arg("--file").arg(file.path()).stdin(Stdio::null());
        let output = psql.output().expect("psql");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn client(&self, database: &str) -> Command {
        let mut psql = Command::new(program("psql", &folders()));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t"]);
        psql.args(["--set=ON_ERROR_STOP=1", "--host=127.0.0.1"]).arg(format!("--port={}", self.port));
        psql.arg(format!("--username={}", Self::USER)).arg(format!("--dbname={database}"));
        psql.env("PGPASSWORD", Self::PASSWORD).env("PGCLIENTENCODING", "UTF8");
        psql
    }

    fn psql_of(&self, database: &str, sql: &str) -> String {
        let mut psql = self.client(database);
        psql.arg("--command").arg(sql);
        let output = psql.stdin(Stdio::null()).output().expect("psql");
        assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end_matches('\n').to_owned()
    }
}

/// At once, and without leaving memory that is shared.
impl Drop for Postgres {
    fn drop(&mut self) {
        self.process.end("QUIT");
    }
}

/// One of its programs, as another user where this one may do everything: it refuses to run so.
fn command(name: &str) -> Command {
    let program = program(name, &folders());
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout.trim_ascii() == b"0"
}

/// The folder and what is in it.
fn give_away(folder: &Path) {
    if is_root() {
        let status = Command::new("chown").args(["-R", "postgres:postgres"]).arg(folder).status();
        assert!(status.expect("chown").success(), "{} cannot be given away", folder.display());
    }
}

fn restrict(file: &Path) {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(file, mode).expect("permissions");
    }
}

/// Debian keeps the programs of each version apart.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}
