//! Where a document comes from, and its bytes.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use super::DocumentError;

/// The document of this project, used when no other is named.
const BUNDLED: &str = include_str!("../../../specs/gitlab.yaml");

const BUNDLED_ORIGIN: &str = "gitlab.yaml (bundled)";

/// Corrections to any document of GitLab's.
const OVERLAY: &str = include_str!("../../../specs/gitlab.overlay.yaml");

/// Thirty times GitLab's own document.
const LIMIT_MIB: u64 = 100;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Where a document comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    #[default]
    Bundled,
    File(PathBuf),
    Url(String),
    /// Written `-`.
    Stdin,
}

/// The text of a document and the name that messages give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub origin: String,
    pub body: String,
    /// What its references are relative to; none when it came from no place with files.
    pub(super) url: Option<Url>,
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-" => Self::Stdin,
            url if url.starts_with("https://") || url.starts_with("http://") => Self::Url(url.to_owned()),
            path => Self::File(path.into()),
        })
    }
}

impl Source {
    /// Reads the text, up to 100 MiB, from a URL within 60 seconds.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is not UTF-8.
    pub fn read(&self) -> Result<Text, DocumentError> {
        match self {
            Self::Bundled => Ok(Text::new(BUNDLED_ORIGIN, BUNDLED)),
            Self::Stdin => read_limited(std::io::stdin(), "standard input".into(), None),
            Self::Url(url) => fetch(url),
            Self::File(path) => {
                let origin = path.display().to_string();
                let url = std::path::absolute(path).ok().and_then(|path| Url::from_file_path(path).ok());
                match File::open(path) {
                    Ok(file) => read_limited(file, origin, url),
                    Err(source) => Err(DocumentError::Read { origin, source }),
                }
            }
        }
    }
}

impl Text {
    /// A text that came from no place with files.
    pub fn new(origin: impl Into<String>, body: impl Into<String>) -> Self {
        Self { origin: origin.into(), body: body.into(), url: None }
    }

    pub(super) fn own_overlay() -> Self {
        Self::new("gitlab.overlay.yaml (bundled)", OVERLAY)
    }
}

fn fetch(url: &str) -> Result<Text, DocumentError> {
    let origin = without_credentials(url);
    let agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build().new_agent();
    match agent.get(url).call() {
        Ok(response) => read_limited(response.into_body().into_reader(), origin, Url::parse(url).ok()),
        Err(source) => Err(DocumentError::Fetch { origin, source: Box::new(source) }),
    }
}

/// A URL as messages and files may show it: no user, no password, no query.
pub fn without_credentials(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    match plain.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!("{scheme}://{host}/{path}")
        }
        None => plain.to_owned(),
    }
}

fn read_limited(reader: impl Read, origin: String, url: Option<Url>) -> Result<Text, DocumentError> {
    let limit = LIMIT_MIB * 1024 * 1024;
    let mut bytes = Vec::new();
    if let Err(source) = reader.take(limit + 1).read_to_end(&mut bytes) {
        return Err(DocumentError::Read { origin, source });
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(DocumentError::TooLarge { origin, limit_mib: LIMIT_MIB });
    }
    match decoded(bytes) {
        Some(body) => Ok(Text { origin, body, url }),
        None => Err(DocumentError::Encoding { origin }),
    }
}

/// UTF-8, or UTF-16 that says so in its first two bytes.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().skip(1).copied().map(unit).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_out_of_messages() {
        let shown = without_credentials("https://user:secret@example.com/api.yaml?private_token=secret#x");
        assert_eq!(shown, "https://example.com/api.yaml");
    }
    #[test]
    fn text_is_utf_8_or_says_what_it_is() {
        let wide: Vec<u8> = "\u{feff}aé".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(wide).as_deref(), Some("aé"));
        assert_eq!(decoded("aé".into()).as_deref(), Some("aé"));
        assert_eq!(decoded(vec![0xff, 0xfe, 0x61]), None);
        assert_eq!(decoded(vec![0x61, 0xe9]), None);
    }
}
