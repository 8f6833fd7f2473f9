//! What the tests of several destinations start from: a server that they share, a configuration, and values as JSON.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::{self, Config, GITLAB_API};
use crate::resource::ColumnKind;

/// A server that lives as long as some test uses it.
pub fn shared<S>(running: &Mutex<Weak<S>>, start: impl FnOnce() -> S) -> Arc<S> {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    running.upgrade().unwrap_or_else(|| {
        let server = Arc::new(start());
        *running = Arc::downgrade(&server);
        server
    })
}

/// What a configuration says of a kind, with nothing of this process's environment.
pub fn configured(kind: &str, toml: &str, environment: &[(&str, &str)]) -> config::Destination {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, format!("[destination]\nkind = '{kind}'\n{toml}")).unwrap();
    loaded(&path, environment)
}

/// The same of a file.
pub fn loaded(path: &Path, environment: &[(&str, &str)]) -> config::Destination {
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(Some(path), &environment, &[], GITLAB_API).unwrap().destination
}

/// The value of a column that was read as text. Lists are JSON.
pub fn value_of(text: Option<String>, kind: ColumnKind) -> Value {
    let Some(text) = text else { return Value::Null };
    match kind {
        ColumnKind::Bool => json!(text.parse::<bool>().unwrap()),
        ColumnKind::Int => json!(text.parse::<i64>().unwrap()),
        ColumnKind::Float => json!(text.parse::<f64>().unwrap()),
        ColumnKind::Json | ColumnKind::List(_) => serde_json::from_str(&text).unwrap(),
        ColumnKind::Text | ColumnKind::Date | ColumnKind::Timestamp => json!(text),
    }
}
