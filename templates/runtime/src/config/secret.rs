//! A value that is shown to nobody: its `Debug` is `[redacted]` and it has no `Display`.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

/// A token. The text leaves it through [`Secret::expose`] alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// Takes a string. The usual error of a wrong type would quote the value, so this one does not.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer) {
            Ok(Value::String(text)) => Ok(Self(text)),
            _ => Err(D::Error::custom("expected a string in quotes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("glpat-abc")), "[redacted]");
    }

    #[test]
    fn a_wrong_type_is_refused_without_quoting_it() {
        let error = Value::Integer(123_456).try_into::<Secret>().unwrap_err();
        assert!(!error.to_string().contains("123456"), "{error}");
    }
}
