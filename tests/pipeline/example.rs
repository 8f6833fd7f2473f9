//! The crate `generated-example`, run as a user runs it: with a configuration of its own, in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use rusqlite::Connection;
use rusqlite::types::Value;
use sample_gitlab::SampleServer;
use tempfile::TempDir;

/// Short waits: what is tested is what happens, not how long it takes.
const QUICK: &str = "retry_delay = '5ms'\nretries = 12\ntimeout = '2s'\nrate_limit_wait = '1s'\n";

/// A folder with a `config.toml`.
#[derive(Debug)]
pub(crate) struct Example {
    folder: TempDir,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Example {
    /// `extract` are more lines of `[extract]`, `more` is anything else.
    pub(crate) fn new(extract: &str, more: &str) -> Self {
        binary();
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!("[extract]\n{}{extract}\n{more}\n", quick_but(extract));
        std::fs::write(folder.path().join("config.toml"), config).expect("a file");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program with nothing of this process's environment but the address and the token of the server.
    pub(crate) fn run(&self, server: &SampleServer, arguments: &[&str]) -> Ended {
        let url = server.url();
        self.run_with(&[("GITLAB_URL", &url), ("GITLAB_TOKEN", server.token())], arguments)
    }

    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        let output: Output = command.envs(environment.iter().copied()).output().expect("an exit");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Every row of every table, as `column=value` in the order of the names; without what differs from load to load.
    pub(crate) fn tables(&self) -> BTreeMap<String, Vec<String>> {
        let database = Connection::open(self.path("gitlab.sqlite")).expect("a database");
        let mut query = database
            .prepare(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
            )
            .expect("a schema");
        let names = query.query_map([], |row| row.get::<_, String>(0)).expect("names");
        names.map(|name| name.expect("a name")).map(|name| (name.clone(), rows(&database, &name))).collect()
    }

    pub(crate) fn count(&self, table: &str) -> usize {
        self.tables().get(table).map_or(0, Vec::len)
    }
}

/// A key stands once in a table.
fn quick_but(extract: &str) -> String {
    let set = |line: &&str| {
        let key = line.split(' ').next().unwrap_or_default();
        !extract.lines().any(|own| own.split(' ').next() == Some(key))
    };
    QUICK.lines().filter(set).map(|line| format!("{line}\n")).collect()
}

fn rows(database: &Connection, table: &str) -> Vec<String> {
    let mut query = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let mut found = query.query([]).expect("rows");
    let mut rows = Vec::new();
    while let Some(row) = found.next().expect("a row") {
        let mut cells: Vec<String> = names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.starts_with("_load"))
            .filter_map(|(index, name)| match row.get::<_, Value>(index).expect("a value") {
                Value::Null => None,
                value => Some(format!("{name}={value:?}")),
            })
            .collect();
        cells.sort();
        rows.push(cells.join(" "));
    }
    rows.sort();
    rows
}

/// Built once per test binary.
fn binary() -> PathBuf {
    static BUILT: Once = Once::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    BUILT.call_once(|| {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "generated-example"]).current_dir(root);
        // What cargo tells a test of its package, build scripts would take for a change and run again.
        for (name, _) in std::env::vars_os() {
            let is_of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
            if is_of_package.iter().any(|start| name.to_string_lossy().starts_with(start)) {
                build.env_remove(&name);
            }
        }
        assert!(build.status().expect("cargo").success(), "generated-example does not build");
    });
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("debug/generated-example")
}
