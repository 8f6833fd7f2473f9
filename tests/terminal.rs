//! What `new` asks on a terminal, and how far a run says that it is, on a real one: `command_line/NAME.screen` holds what is
//! seen there.
//! `UPDATE=1 cargo test -p gitlab-init-tests --test terminal` writes it anew, for review as a diff.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "the example is made already, and only built here")]
mod scaffold;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use sample_gitlab::{Faults, SampleServer, Settings, Size, World, cast};
use scaffold::gitlab_init;

const DOWN: &str = "\u{1b}[B";
const ESCAPE: &str = "\u{1b}";
const ENTER: &str = "\r";

const LINES: NonZero<u16> = NonZero::new(24).expect("a number above zero");

/// A program on a terminal.
struct Session {
    program: Child,
    keyboard: File,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Session {
    /// The generator, on 80 columns.
    fn start(arguments: &[&str]) -> Self {
        let mut command = gitlab_init().expect("the generator");
        command.args(arguments);
        Self::of(command, 80)
    }

    fn of(mut command: Command, columns: u16) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal for this program");
        let size = Winsize { ws_row: LINES.get(), ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).expect("a size");
        let path = ptsname(&terminal, Vec::new()).expect("a name").into_string().expect("a path");
        let side = File::options().read(true).write(true).open(path).expect("the other side");
        let share = || side.try_clone().expect("a handle");
        command.env("NO_COLOR", "1").env("TERM", "xterm");
        let program = command.stdin(share()).stdout(share()).stderr(share()).spawn().expect("a process");
        drop((command, side));
        let keyboard = File::from(terminal);
        let width = NonZero::new(columns).expect("some columns");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(LINES, width, 0)));
        let (mut output, shown) = (keyboard.try_clone().expect("a handle"), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("a screen").process(&bytes[..length]);
            }
        });
        Self { program, keyboard, screen }
    }

    fn seen(&self) -> String {
        self.screen.lock().expect("a screen").screen().contents()
    }

    fn wait_for(&self, text: &str) {
        let started = Instant::now();
        while !self.seen().contains(text) {
            assert!(started.elapsed() < Duration::from_secs(60), "no `{text}` in\n{}", self.seen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a key");
    }

    fn end(mut self) -> ExitStatus {
        let status = self.program.wait().expect("an exit");
        let is_shown = !self.screen.lock().expect("a screen").screen().hide_cursor();
        assert!(is_shown, "the cursor is gone");
        status
    }
}

#[test]
fn a_preset_and_then_each_resource_are_picked() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("pipeline");
    let mut session = Session::start(&["new", dir.to_str().expect("a path")]);
    session.wait_for("enter to go on");
    reviewed("presets", &session);
    session.press(DOWN);
    session.wait_for("> ci");
    session.press(ENTER);
    session.wait_for("type to search");
    reviewed("resources", &session);
    session.press("isnote");
    session.wait_for("> [ ] issue_notes");
    session.press(" ");
    session.wait_for("> [x] issue_notes");
    reviewed("search", &session);
    session.press(ENTER);
    // A key that comes before the question would be echoed.
    session.wait_for("? GitLab");
    session.press(ENTER);
    session.wait_for("? Groups:");
    session.press("../x\r");
    session.wait_for("cannot be part of a path");
    reviewed("odd_answer", &session);
    session.press("\u{7f}\u{7f}\u{7f}\u{7f}https://gitlab.com/groups/my-group, other\r");
    session.wait_for("? Projects:");
    session.press(ENTER);
    session.wait_for("cargo run --release -- run");
    assert!(session.end().success());
    let answers = fs::read_to_string(dir.join(".gitlab-init/answers.toml")).expect("a file");
    for line in ["preset = \"ci\"", "select = [\"issue_notes\"]", "exclude = []"] {
        assert!(answers.contains(line), "no {line} in\n{answers}");
    }
    let config = fs::read_to_string(dir.join("config.toml")).expect("a file");
    assert!(config.contains("groups = [\"my-group\", \"other\"]"), "{config}");
    // The parent comes along.
    for resource in ["issue_notes", "project_issues", "pipeline_jobs"] {
        assert!(config.contains(&format!("{resource}.enabled = true")), "no {resource} in\n{config}");
    }
}

#[test]
fn whoever_gives_up_gets_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("pipeline");
    for steps in [
        &["enter to go on"][..],
        &["enter to go on", "type to search"],
        &["enter to go on", "type to search", "? GitLab"],
    ] {
        let mut session = Session::start(&["new", dir.to_str().expect("a path")]);
        for (at, step) in steps.iter().enumerate() {
            session.wait_for(step);
            session.press(if at + 1 < steps.len() { ENTER } else { ESCAPE });
        }
        session.wait_for("given up; nothing is made");
        assert_eq!(session.end().code(), Some(1));
        assert!(!dir.exists());
    }
}

/// What nobody can know of a crate of the first release is asked: where its document is, and what may be replaced.
#[test]
fn what_the_first_release_did_not_write_down_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("pipeline");
    let path = dir.to_str().expect("a path");
    let made =
        gitlab_init().expect("the generator").args(["new", path, "--yes", "--select", "projects"]).output();
    assert!(made.expect("an exit").status.success());
    fs::remove_dir_all(dir.join(".gitlab-init")).expect("a folder");
    fs::create_dir(dir.join(".gitlab-init")).expect("a folder");
    let answers = "name = \"pipeline\"\nselect = [\"projects\"]\nexclude = []\ndestination = \"sqlite\"\n\n[spec]\ntitle = \"Ours\"\nsha256 = \"00\"\n";
    fs::write(dir.join(".gitlab-init/answers.toml"), answers).expect("a write");
    for file in ["README.md", "src/main.rs"] {
        let text = fs::read_to_string(dir.join(file)).expect("a file");
        fs::write(dir.join(file), format!("{text}// ours\n")).expect("a write");
    }
    let spec = folder.path().join("ours.yaml");
    fs::copy(scaffold::root().join("specs/gitlab.yaml"), &spec).expect("a copy");
    let mut session = Session::start(&["update", path]);
    session.wait_for("? Where is the document \"Ours\"?");
    session.press(&format!("{}\r", spec.display()));
    session.wait_for("? Which of these may be replaced");
    session.wait_for("README.md");
    session.press(" ");
    session.wait_for("[x] README.md");
    session.press(ENTER);
    session.wait_for("updated `pipeline`");
    assert!(session.end().success());
    let text = |file: &str| fs::read_to_string(dir.join(file)).expect("a file");
    assert!(!text("README.md").contains("// ours"), "what was marked is not replaced");
    assert!(text("src/main.rs").contains("// ours"), "what was not marked is replaced");
}

/// An engine that others may share is exchanged after a yes.
#[test]
fn a_shared_engine_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let [dir, engine] = ["pipeline", "engine"].map(|name| folder.path().join(name));
    let [dir, path] = [&dir, &engine].map(|path| path.to_str().expect("a path"));
    let new = ["new", dir, "--yes", "--select", "projects", "--runtime", path];
    assert!(gitlab_init().expect("the generator").args(new).output().expect("an exit").status.success());
    let made = fs::read_to_string(engine.join("src/lib.rs")).expect("a file");
    fs::write(engine.join("src/lib.rs"), format!("{made}// older\n")).expect("a write");
    for (key, is_exchanged) in [("n", false), ("y", true)] {
        let mut session = Session::start(&["update", dir]);
        session.wait_for("Exchange it?");
        session.press(&format!("{key}\r"));
        session.wait_for(if is_exchanged { "exchanged the engine" } else { "`--engine`" });
        assert!(session.end().success());
        assert_eq!(fs::read_to_string(engine.join("src/lib.rs")).expect("a file") == made, is_exchanged);
    }
}

/// What was said is not asked for, and with `--yes` nothing is.
#[test]
fn only_what_was_not_said_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut said = Session::start(&["new", &path("said"), "--select", "projects", "--group", "my-group"]);
    said.wait_for("? GitLab: https://gitlab.com");
    said.press(ENTER);
    said.wait_for("? Groups: my-group");
    said.press(ENTER);
    said.wait_for("? Projects:");
    said.press(ENTER);
    said.wait_for("cargo run --release -- run");
    assert!(said.end().success());

    let silent = Session::start(&["new", &path("silent"), "--yes"]);
    silent.wait_for("cargo run --release -- run");
    assert!(!silent.seen().contains('?'), "{}", silent.seen());
    assert!(silent.end().success());

    let refused = Session::start(&["new", &path("said")]);
    refused.wait_for("exists and is not empty");
    assert!(!refused.seen().contains('?'), "{}", refused.seen());
    assert_eq!(refused.end().code(), Some(1));
}

/// A run whose last list does not come: numbers are left out of what is reviewed, for they move on.
#[test]
fn a_run_shows_how_far_it_is_and_what_it_waits_for() {
    let faults = Faults {
        only: Some("/projects/{id}/milestones".to_owned()),
        ..Faults::always(sample_gitlab::Fault::Status(503))
    };
    let settings = Settings { faults, ..Settings::default() };
    let server = SampleServer::start(World::new(Size::small()), settings).expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!("[scope]\nprojects = ['{}']\n[extract]\nretry_delay = '600s'\n", cast::ORDINARY);
    fs::write(folder.path().join("config.toml"), config).expect("a write");
    let mut command = Command::new(scaffold::built("generated-example").expect("a build"));
    command.args(["run", "--select=project_milestones,project_labels", "--max-requests=500"]);
    command.env_clear().env("GITLAB_URL", server.url()).env("GITLAB_TOKEN", server.token());
    command.current_dir(folder.path());
    let mut session = Session::of(command, 200);
    session.wait_for("waiting for GitLab to be well again");
    session.wait_for("/s)");
    session.wait_for(" 2 of 3 resources, ");
    session.wait_for(" of at most 500 requests");
    let numberless = |text: String| {
        let digits = text.chars().map(|character| if character.is_ascii_digit() { '9' } else { character });
        let mut text: String = digits.collect();
        while text.contains("99") {
            text = text.replace("99", "9");
        }
        // A line that is filled to its end is taken for the first part of a longer one.
        let lines = text.split("  ").map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| format!("{line}\n")).collect()
    };
    reviewed_as("progress", &session, numberless);
    session.program.kill().expect("an end");
    session.program.wait().expect("an end");
}

/// What is seen once the screen has come to rest, but for empty lines: the terminal echoes an enter that comes while
/// nobody reads a key.
fn reviewed(name: &str, session: &Session) {
    reviewed_as(name, session, |text| text);
}

/// The same, of a screen that is not at rest, but for what it changes.
fn reviewed_as(name: &str, session: &Session, form: impl Fn(String) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("command_line/{name}.screen"));
    let seen = || {
        let text = form(session.seen());
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    if std::env::var_os("UPDATE").is_some() {
        std::thread::sleep(Duration::from_secs(1));
        fs::write(&path, seen()).expect("a write");
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let started = Instant::now();
    while seen() != reviewed {
        let is_over = started.elapsed() > Duration::from_secs(10);
        assert!(!is_over, "`UPDATE=1` writes what is seen\n{}\nand not\n{reviewed}", seen());
        std::thread::sleep(Duration::from_millis(20));
    }
}
