//! An error as people and programs are told of it.

use serde_json::{Map, Value};

/// The exit code of a run of which some partitions are missing, and the rest is loaded.
pub(crate) const PARTIAL: u8 = 6;
/// The exit code of a run that a signal ended; what was read is loaded.
pub(crate) const INTERRUPTED: u8 = 7;

/// What went wrong, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToldError {
    /// The name of an access fault.
    pub(crate) class: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
    pub(crate) exit_code: u8,
}

impl ToldError {
    pub(crate) fn text(&self) -> String {
        let name = self.class.map(|name| format!("{name}: ")).unwrap_or_default();
        let mut text = format!("error: {name}{}\n", self.message);
        for cause in &self.causes {
            text.push_str(&format!("  because {cause}\n"));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\nhint: {hint}\n"));
        }
        text
    }

    pub(crate) fn json(&self) -> Map<String, Value> {
        let fields: [(&str, Value); 5] = [
            ("class", self.class.into()),
            ("message", self.message.as_str().into()),
            ("because", self.causes.as_slice().into()),
            ("hint", self.hint.as_deref().into()),
            ("exit_code", self.exit_code.into()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
