//! Text to JSON value. The only module that knows the YAML library, so that a successor can take its place.

use serde_json::Value;

use super::{DocumentError, Text};

/// Keys that are numbers, as in `200:`, become strings. Both parsers bound their recursion, and the YAML parser bounds
/// the repetition of aliases.
pub(super) fn parse(text: &Text) -> Result<Value, DocumentError> {
    if text.body.trim_start().starts_with('{') {
        serde_json::from_str(&text.body)
            .map_err(|source| DocumentError::Json { origin: text.origin.clone(), source })
    } else {
        serde_yaml::from_str(&text.body)
            .map_err(|source| DocumentError::Yaml { origin: text.origin.clone(), source })
    }
}
