//! What settles a doubt, as data: facts for an overlay, or a value for the configuration.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};
use toml_edit::Key;

use crate::text::one_line;

/// What a person can do about a doubt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remedy {
    /// Facts to state in an overlay. Where there are several choices, the first is what is believed now.
    Overlay {
        /// The JSONPath of the operation.
        target: String,
        choices: Vec<Map<String, Value>>,
        /// What may stand there instead, for what no choice can name.
        note: Option<String>,
    },
    /// A value in a table of `config.toml`.
    Config { table: Vec<String>, key: String, is_list: bool },
    /// What states the fact has to change.
    Mend,
}

impl Remedy {
    /// An overlay for the operation at a path of the document.
    pub(super) fn overlay(path: &str, choices: Vec<Map<String, Value>>) -> Self {
        let path = path.replace('\\', "\\\\").replace('\'', "\\'");
        Self::Overlay { target: format!("$.paths['{path}'].get"), choices, note: None }
    }

    /// What to do, and the lines to paste.
    pub fn lines(&self) -> String {
        match self {
            Self::Overlay { .. } => format!(
                "to settle it, put this into the actions of an overlay and give it with `--overlay`\n{}",
                self.action().unwrap_or_default()
            ),
            Self::Config { table, key, is_list } => {
                let table: Vec<String> = table.iter().map(|part| toml_key(part)).collect();
                let value = if *is_list { "[\"…\"]" } else { "\"…\"" };
                format!("to give one, set in config.toml\n[{}]\n{} = {value}", table.join("."), toml_key(key))
            }
            Self::Mend => "to mend it, change the overlay or the document that states it".into(),
        }
    }

    /// The action of an overlay: what is believed, and the other choices as comments. JSON is YAML as well, and leaves
    /// nothing to a document to break.
    pub(super) fn action(&self) -> Option<String> {
        let Self::Overlay { target, choices, note } = self else { return None };
        let (first, others) = choices.split_first()?;
        let stated = |facts: &Map<String, Value>| {
            Value::from(Map::from_iter([("x-gitlab-init".to_owned(), Value::from(facts.clone()))]))
                .to_string()
        };
        let mut action =
            format!("- target: {}\n  update: {}\n", Value::from(one_line(target)), stated(first));
        for other in others {
            // Writing to a string cannot fail.
            let _ = writeln!(action, "  # or {}", stated(other));
        }
        if let Some(note) = note {
            let _ = writeln!(action, "  # {}", one_line(note));
        }
        action.truncate(action.trim_end().len());
        Some(action)
    }
}

/// A key as TOML writes it on one line.
fn toml_key(text: &str) -> String {
    Key::new(one_line(text)).to_string()
}
