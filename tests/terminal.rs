//! What `new` asks on a terminal, on a real one: `command_line/NAME.screen` holds what is seen there.
//! `UPDATE=1 cargo test -p gitlab-init-tests --test terminal` writes it anew, for review as a diff.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "these tests run no pipeline")]
mod scaffold;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use scaffold::gitlab_init;

const DOWN: &str = "\u{1b}[B";
const ESCAPE: &str = "\u{1b}";
const ENTER: &str = "\r";

/// A program on a terminal of 24 lines and 80 columns.
struct Session {
    program: Child,
    keyboard: File,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Session {
    fn start(arguments: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal for this program");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).expect("a size");
        let path = ptsname(&terminal, Vec::new()).expect("a name").into_string().expect("a path");
        let side = File::options().read(true).write(true).open(path).expect("the other side");
        let share = || side.try_clone().expect("a handle");
        let mut command = gitlab_init().expect("the generator");
        command.args(arguments).env("NO_COLOR", "1").env("TERM", "xterm");
        let program = command.stdin(share()).stdout(share()).stderr(share()).spawn().expect("a process");
        drop((command, side));
        let keyboard = File::from(terminal);
        let screen = Arc::new(Mutex::new(vt100::Parser::default()));
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

/// What is seen once the screen has come to rest, but for empty lines: the terminal echoes an enter that comes while
/// nobody reads a key.
fn reviewed(name: &str, session: &Session) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("command_line/{name}.screen"));
    let seen = || {
        let text = session.seen();
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
