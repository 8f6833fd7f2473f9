//! What is said on stderr besides progress: for people in lines, for programs one JSON object per line.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::progress::Display;
use crate::told::ToldError;

/// How lines on stderr are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    #[default]
    Plain,
    /// One JSON object per line, for programs
    Json,
}

impl LogFormat {
    /// What the arguments ask for, though something else in them is wrong.
    pub(super) fn among(arguments: impl Iterator<Item = String>) -> Self {
        let arguments: Vec<String> = arguments.collect();
        let is_json = arguments
            .windows(2)
            .any(|pair| matches!(pair, [name, value] if name == "--log-format" && value == "json"))
            || arguments.iter().any(|argument| argument == "--log-format=json");
        if is_json { Self::Json } else { Self::Plain }
    }

    pub(super) fn of(display: Display) -> Self {
        if display == Display::Json { Self::Json } else { Self::Plain }
    }

    pub(super) fn warning(self, text: &str) {
        self.say("warning", text);
    }

    pub(super) fn note(self, text: &str) {
        self.say("note", text);
    }

    fn say(self, kind: &str, text: &str) {
        match self {
            Self::Plain => write(&format!("{kind}: {text}\n")),
            Self::Json => write_line(&json!({"event": kind, "message": text})),
        }
    }

    pub(super) fn error(self, error: &ToldError) {
        match self {
            Self::Plain => write(&error.text()),
            Self::Json => {
                let mut fields = Map::new();
                fields.insert("event".to_owned(), "error".into());
                fields.extend(error.json());
                write_line(&Value::Object(fields));
            }
        }
    }
}

/// One event for programs.
pub(super) fn event(name: &str, mut fields: Map<String, Value>) {
    fields.insert("event".to_owned(), name.into());
    write_line(&Value::Object(fields));
}

/// Lines for people.
pub(super) fn write(text: &str) {
    // A closed stderr is no reason to fail.
    let _ = io::stderr().write_all(text.as_bytes());
}

fn write_line(value: &Value) {
    write(&format!("{value}\n"));
}

/// A fault of the program itself is told in the same form, without what was being worked on.
pub(super) fn tell_panics_as_json() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        let message =
            format!("the program has a fault, at {}", place.unwrap_or_else(|| "an unknown place".into()));
        write_line(&json!({"event": "error", "message": message}));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_among_wrong_arguments() {
        let format = |text: &str| LogFormat::among(text.split(' ').map(str::to_owned));
        assert_eq!(format("run --log-format json --limit=0"), LogFormat::Json);
        assert_eq!(format("--log-format=json runn"), LogFormat::Json);
        assert_eq!(format("run json --log-format plain"), LogFormat::Plain);
    }
}
