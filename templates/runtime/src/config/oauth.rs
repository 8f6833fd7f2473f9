//! The OAuth application and its tokens, and the file that new tokens are saved to.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml_edit::{DocumentMut, Item, Table, value};

use super::Secret;

/// An application of GitLab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub client_id: String,
    /// Empty for an application that keeps none.
    pub client_secret: Secret,
}

/// An application and what it was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth {
    pub application: Application,
    pub tokens: OAuthTokens,
    pub file: SecretsFile,
}

/// A pair that belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthTokens {
    /// Lives for two hours; empty when there is none yet.
    pub access: Secret,
    /// Good for one exchange.
    pub refresh: Secret,
}

/// `secrets.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsFile(PathBuf);

/// Why tokens were not saved. Neither repeats what the file holds.
#[derive(Debug, Error)]
pub enum SaveError {
    #[error("`{}` cannot be written: {reason}", path.display())]
    Io { path: PathBuf, reason: io::Error },
    #[error("`{}` is not valid TOML any more", path.display())]
    Syntax { path: PathBuf },
}

impl SecretsFile {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Puts the tokens in place of the old ones; comments and other keys stay. The file is whole at every moment and
    /// readable by its owner alone.
    pub fn save(&self, tokens: &OAuthTokens) -> Result<(), SaveError> {
        self.put(&pair_of(tokens))
    }

    /// The same with the id of the application that they were made for.
    pub fn save_for(&self, application: &Application, tokens: &OAuthTokens) -> Result<(), SaveError> {
        let client_id = ("client_id", application.client_id.as_str());
        self.put(&[&[client_id], &pair_of(tokens)[..]].concat())
    }

    fn put(&self, entries: &[(&str, &str)]) -> Result<(), SaveError> {
        let io = |reason| SaveError::Io { path: self.0.clone(), reason };
        // A link leads to the file that others may share.
        let path = self.0.canonicalize().unwrap_or_else(|_| self.0.clone());
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(io)?,
        };
        let syntax = || SaveError::Syntax { path: self.0.clone() };
        let text = with_entries(&text, entries).ok_or_else(syntax)?;
        replace(&path, &text).map_err(io)
    }
}

impl fmt::Display for SecretsFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.display())
    }
}

fn pair_of(tokens: &OAuthTokens) -> [(&str, &str); 2] {
    [("access_token", tokens.access.expose()), ("refresh_token", tokens.refresh.expose())]
}

/// The text with these keys of `[gitlab.oauth]` set.
fn with_entries(text: &str, entries: &[(&str, &str)]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let gitlab = document.entry("gitlab").or_insert_with(implicit).as_table_like_mut()?;
    let oauth = gitlab.entry("oauth").or_insert_with(implicit).as_table_like_mut()?;
    for (key, text) in entries {
        match oauth.get_mut(key).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = (*text).into();
                *old.decor_mut() = decor;
            }
            None => {
                oauth.insert(key, value(*text));
            }
        }
    }
    Some(document.to_string())
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // What a crash left behind may be readable by others.
    let _ = std::fs::remove_file(&new);
    let mut file = own_file(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(unix)]
fn own_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn own_file(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> OAuthTokens {
        OAuthTokens { access: Secret::new("new-access"), refresh: Secret::new("new-refresh") }
    }

    #[test]
    fn comments_and_other_keys_stay() {
        let text = "# mine\n[gitlab]\ntoken = \"\" # none\n\n[gitlab.oauth]\nclient_id = \"app\"\n\
                    access_token = \"old\" # two hours\n# once\nrefresh_token = \"older\"\n";
        let expected = text.replace("\"old\"", "\"new-access\"").replace("\"older\"", "\"new-refresh\"");
        assert_eq!(with_entries(text, &pair_of(&tokens())).unwrap(), expected);
    }

    #[test]
    fn missing_places_are_made() {
        for text in ["", "[gitlab]\n", "gitlab = { oauth = { client_id = 'x' } }\n"] {
            let text = with_entries(text, &pair_of(&tokens())).unwrap();
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(table["gitlab"]["oauth"]["refresh_token"].as_str(), Some("new-refresh"), "{text}");
        }
        assert_eq!(with_entries("gitlab = 7", &pair_of(&tokens())), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.toml");
        std::fs::write(&path, "# mine\n[gitlab]\n").unwrap();
        SecretsFile::new(path.clone()).save(&tokens()).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("# mine\n"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
