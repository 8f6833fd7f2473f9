//! What can be wrong with a configuration. Every fault knows its place; [`ConfigError::hint`] says what to do next.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::api_root::AddressError;
use super::layers::Origin;

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("there is no `{}`", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` line {line} is not valid TOML: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("unknown key `{key}`{}", at(origin.as_ref()))]
    UnknownKey { key: String, origin: Option<Origin>, suggestion: Option<String>, expected: Vec<String> },
    #[error("`{key}` is no filter that is known there{}", at(origin.as_ref()))]
    UnknownFilter { key: String, origin: Option<Origin>, suggestion: Option<String>, expected: Vec<String> },
    #[error("`{key}` is not usable: {message}{}", at(origin.as_ref()))]
    Invalid { key: String, origin: Option<Origin>, message: String },
    #[error("unknown resource `{name}`{}", at(origin.as_ref()))]
    UnknownResource { name: String, origin: Option<Origin>, suggestion: Option<String> },
    #[error("no resource matches `{pattern}`")]
    NoMatch { pattern: String, suggestion: Option<String> },
    #[error("`gitlab.url` is not usable{}", at(origin.as_ref()))]
    Address { origin: Option<Origin>, source: AddressError },
    #[error("`{}` can be read by others (mode {mode:03o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("`{key}` does not belong in a file that is shared{}", at(origin.as_ref()))]
    TokenInConfig { key: String, origin: Option<Origin> },
    #[error("`{key}` does not belong in a file that is shared\n  at {origin}")]
    SecretInConfig { key: String, origin: Origin },
    #[error("no token for {url}")]
    MissingToken { url: String },
    #[error("the token is a deploy token, which the API does not accept")]
    DeployToken,
}

impl ConfigError {
    /// What is said of an unknown key, where these are known there as well.
    pub(super) fn knowing(self, names: &[&str]) -> Self {
        let Self::UnknownKey { key, origin, mut expected, .. } = self else { return self };
        expected.extend(names.iter().map(|name| (*name).to_owned()));
        let name = key.rsplit('.').next().unwrap_or_default();
        let suggestion = suggest(name, expected.iter().map(String::as_str));
        Self::UnknownKey { key, origin, suggestion, expected }
    }

    /// What to do next, where more can be said than the message does.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "run it in the folder that holds `config.toml`, or name the file with `--config PATH`".into(),
            ),
            Self::UnknownKey { suggestion, expected, .. } => Some(known(suggestion.as_ref(), expected)),
            Self::UnknownFilter { key, suggestion, expected, .. } => Some(format!(
                "{}\n  what no document knows can be sent all the same: `{} = …`",
                known(suggestion.as_ref(), expected),
                key.replacen(".query.", ".extra_query.", 1)
            )),
            Self::UnknownResource { suggestion, .. } | Self::NoMatch { suggestion, .. } => {
                let all = "the subcommand `resources` lists all names";
                Some(suggestion.as_ref().map_or(all.into(), |name| format!("did you mean `{name}`? {all}")))
            }
            Self::Address { .. } => {
                Some("write it as `gitlab.example.com` or `https://host/relative/root`".into())
            }
            Self::Exposed { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::SecretInConfig { .. } => Some("move it to secrets.toml, under the same heading".into()),
            Self::TokenInConfig { .. } | Self::MissingToken { .. } => Some(WHERE_TOKENS_GO.into()),
            Self::DeployToken => {
                Some("create a personal, project or group access token with scope `read_api`".into())
            }
            Self::Read { .. } | Self::Syntax { .. } | Self::Invalid { .. } => None,
        }
    }
}

const WHERE_TOKENS_GO: &str =
    "create a token with scope `read_api` and set it as GITLAB_TOKEN, or in secrets.toml
      [gitlab]
      token = \"…\"
  to read what everybody may see without one, set `gitlab.token_type = \"none\"`";

fn at(origin: Option<&Origin>) -> String {
    origin.map(|origin| format!("\n  at {origin}")).unwrap_or_default()
}

fn known(suggestion: Option<&String>, expected: &[String]) -> String {
    match suggestion {
        Some(name) => format!("did you mean `{name}`?"),
        None if expected.is_empty() => "no key is known there".to_owned(),
        None => format!("known there: `{}`", expected.join("`, `")),
    }
}

/// The nearest of the candidates, when it is near enough to be a slip of the keyboard.
pub(crate) fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const NEAR: f64 = 0.75;
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(score, _)| *score >= NEAR).map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        assert_eq!(suggest("grups", ["groups", "projects"]).as_deref(), Some("groups"));
        assert_eq!(suggest("zzz", ["groups", "projects"]), None);
    }
}
