//! What stands for GitLab: a bare repository to push to, and an API that takes merge requests.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use super::{jobs, script};

/// What a request for a merge request brought: its headers, and its body as it was encoded.
pub(crate) type Requests = Arc<Mutex<Vec<(String, String)>>>;

pub(crate) struct GitLab {
    folder: PathBuf,
    port: u16,
    pub(crate) requests: Requests,
}

impl GitLab {
    /// With a crate as the default branch. `status` is what the API answers.
    pub(crate) fn start(folder: &Path, pipeline: &Path, status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Requests::default();
        let heard = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                heard.lock().expect("a list").push(hear(&stream, status));
            }
        });
        let gitlab = Self { folder: folder.to_owned(), port, requests };
        git(folder, &["init", "--quiet", "--bare", "--initial-branch", "main", "remote.git"]);
        git(pipeline, &["init", "--quiet", "--initial-branch", "main"]);
        gitlab.commit(pipeline, "Made");
        gitlab
    }

    /// Everything in a folder, as the newest state of the default branch.
    pub(crate) fn commit(&self, pipeline: &Path, message: &str) {
        git(pipeline, &["add", "--all"]);
        git(pipeline, &["commit", "--quiet", "--message", message]);
        git(pipeline, &["push", "--quiet", &self.remote(), "HEAD:main"]);
    }

    fn remote(&self) -> String {
        self.folder.join("remote.git").display().to_string()
    }

    /// Branches of the remote besides the default one.
    pub(crate) fn branches(&self) -> Vec<String> {
        let listed =
            git(&self.folder, &["--git-dir", "remote.git", "branch", "--format", "%(refname:short)"]);
        let names = String::from_utf8_lossy(&listed.stdout).into_owned();
        names.lines().filter(|name| *name != "main").map(str::to_owned).collect()
    }

    /// A file as it is on a branch of the remote.
    pub(crate) fn file(&self, branch: &str, path: &str) -> String {
        let object = format!("{branch}:{path}");
        let shown = git(&self.folder, &["--git-dir", "remote.git", "show", &object]);
        String::from_utf8_lossy(&shown.stdout).into_owned()
    }

    /// The job that looks for updates, in a clone of its own, as a runner does it.
    pub(crate) fn update(&self) -> Output {
        let clone = self.folder.join("clone");
        let _ = fs::remove_dir_all(&clone);
        git(&self.folder, &["clone", "--quiet", "remote.git", "clone"]);
        git(&clone, &["checkout", "--quiet", "--detach"]);
        let program = super::scaffold::gitlab_init().expect("the generator");
        let programs = Path::new(program.get_program()).parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.args(["-e", "-o", "pipefail", "-c", &script(&jobs(&clone), "update")]).current_dir(&clone);
        bash.env("PATH", format!("{programs}:{path}"))
            .env("CI_PROJECT_URL", self.folder.join("remote"))
            .env("CI_SERVER_HOST", "gitlab.example")
            .env("CI_DEFAULT_BRANCH", "main")
            .env("CI_API_V4_URL", format!("http://127.0.0.1:{}/api/v4", self.port))
            .env("CI_PROJECT_ID", "7")
            .env("UPDATE_TOKEN", super::proposals::TOKEN)
            .env("DOCUMENT", "");
        bash.output().expect("an exit")
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=n", "-c", "user.email=e@example.com"]).args(arguments).current_dir(folder);
    let output = command.output().expect("git");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn hear(stream: &TcpStream, status: &str) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).expect("a line") > 2 {}
    let length = |line: &str| {
        line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|text| text.trim().parse().ok())
    };
    if head.to_ascii_lowercase().contains("expect: 100-continue") {
        (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n").expect("a write");
    }
    let mut body = vec![0; head.lines().find_map(length).unwrap_or_default()];
    reader.read_exact(&mut body).expect("a body");
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
    (&*stream).write_all(answer.as_bytes()).expect("a write");
    (head, String::from_utf8(body).expect("a text"))
}
