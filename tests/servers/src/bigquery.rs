//! BigQuery, by an emulator that serves its REST API, and Google's own client to read it with.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::process::{Process, free_port, installed, program};

/// A server with any project, and a process beside it in which Google's client runs.
#[derive(Debug)]
pub struct BigQuery {
    _process: Process,
    _folder: TempDir,
    port: u16,
    reader: Mutex<Option<Reader>>,
}

#[derive(Debug)]
struct Reader {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Takes SQL, a line of JSON each, and prints the rows that came of it, or the reason why none did.
const READER: &str = r#"
import datetime, json, sys
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

client = bigquery.Client(
    project=sys.argv[1], credentials=AnonymousCredentials(), client_options={"api_endpoint": sys.argv[2]}
)

def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, datetime.date) else value

for line in sys.stdin:
    try:
        rows = client.query_and_wait(json.loads(line))
        columns = [column.name for column in rows.schema]
        answer = {"columns": columns, "rows": [[plain(value) for value in row.values()] for row in rows]}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"#;

const KEY: &str = r#"
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(65537, 2048)
print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())
print(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.PKCS1).decode())
"#;

impl BigQuery {
    pub const PROJECT: &str = "test-project";

    /// # Panics
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let (folder, port) = (TempDir::new().expect("a folder"), free_port());
        let own = installed("bigquery");
        let mut command = Command::new(program("python", &[own.join("bin")]));
        command.args(["-c", include_str!("bigquery.py"), &port.to_string(), Self::PROJECT]);
        command.arg(folder.path().join("data"));
        command.env("HOME", own.join("home"));
        let process = Process::start(&mut command, port, &folder.path().join("log"));
        Self { _process: process, _folder: folder, port, reader: Mutex::new(None) }
    }

    /// The variables that let a program in.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [("BIGQUERY_EMULATOR_HOST", self.endpoint()), ("BIGQUERY_PROJECT", Self::PROJECT.to_owned())]
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The description that Google publishes of its API, which the emulator brings along.
    ///
    /// # Panics
    /// When it is not there.
    pub fn discovery() -> String {
        let path = installed("bigquery").join("lib/python3.13/site-packages/local_bigquery/discovery.json");
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run `.ci/servers`", path.display()))
    }

    /// A fresh key as Google gives it to a service account, and its public half: PKCS #8 and PKCS #1, in PEM.
    ///
    /// # Panics
    /// When Python does not run.
    pub fn service_account_key() -> (String, String) {
        let mut python = Command::new(program("python", &[installed("bigquery").join("bin")]));
        let output = python.args(["-c", KEY]).output().expect("Python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let keys = String::from_utf8(output.stdout).expect("UTF-8");
        let (private, public) = keys.split_once("\n\n").expect("two keys");
        (private.to_owned(), public.to_owned())
    }

    /// What Google's client answers: `{"columns": […], "rows": [[…]]}` or `{"error": "…"}`, as JSON. Times are text.
    ///
    /// # Panics
    /// When it does not run.
    pub fn ask(&self, sql: &str) -> String {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = reader.get_or_insert_with(|| Reader::start(&self.endpoint()));
        let question = format!("{}\n", quoted(sql));
        reader.questions.write_all(question.as_bytes()).expect("a question");
        let mut answer = String::new();
        reader.answers.read_line(&mut answer).expect("an answer");
        assert!(!answer.is_empty(), "Google's client has ended");
        answer
    }
}

impl Reader {
    fn start(endpoint: &str) -> Self {
        let python: PathBuf = program("python", &[installed("bigquery").join("bin")]);
        let mut command = Command::new(python);
        command.args(["-c", READER, BigQuery::PROJECT, endpoint]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("Google's client");
        let questions = child.stdin.take().expect("its input");
        let answers = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, questions, answers }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
