//! Answers that are not GitLab's: of proxies, walls, sign-in pages. What may be told of one comes out, never its text,
//! which may be a record's.

use std::fmt;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::Excerpt;

/// A body that is no JSON: its kind, its length, and the title of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    kind: Excerpt,
    length: usize,
    title: Option<Excerpt>,
}

/// A title is a few words.
const LONGEST_TITLE: usize = 100;

/// So much of a page is looked at.
const LOOKED_AT: usize = 64 * 1024;

impl Stranger {
    pub(super) fn new(headers: &HeaderMap, body: &[u8]) -> Self {
        let title = start_of_page(headers, body).and_then(|page| title(&page));
        Self { kind: kind(headers), length: body.len(), title }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.title, self.length) {
            (Some(title), _) => write!(formatter, "the page `{title}`"),
            (None, 0) => formatter.write_str("an empty answer"),
            (None, length) => write!(formatter, "{length} bytes of {}", self.kind),
        }
    }
}

fn kind(headers: &HeaderMap) -> Excerpt {
    let said = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = said.split(';').next().map(str::trim).filter(|kind| !kind.is_empty());
    Excerpt::new(kind.unwrap_or("an unknown type"))
}

/// Whether the body is a page for people.
pub(super) fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    start_of_page(headers, body).is_some()
}

/// Whether the page asks people to sign in.
pub(super) fn is_sign_in_page(headers: &HeaderMap, body: &[u8]) -> bool {
    const MARKS: [&str; 6] = [
        "type=\"password\"",
        "type='password'",
        "type=password",
        "samlrequest",
        "users/sign_in",
        "oauth/authorize",
    ];
    const TITLES: [&str; 6] = ["sign in", "sign-in", "signin", "log in", "login", "single sign"];
    let Some(page) = start_of_page(headers, body) else { return false };
    let page = page.to_ascii_lowercase();
    let title = between(&page, "<title", "</title").unwrap_or_default();
    MARKS.iter().any(|mark| page.contains(mark)) || TITLES.iter().any(|text| title.contains(text))
}

/// Whether an address is one where people sign in, by its host or by a segment of its path.
pub(super) fn is_sign_in_address(url: &Url) -> bool {
    const SEGMENTS: [&str; 14] = [
        "sign_in",
        "signin",
        "sign-in",
        "login",
        "log-in",
        "log_in",
        "logon",
        "sso",
        "saml",
        "saml2",
        "oauth",
        "oauth2",
        "authorize",
        "auth",
    ];
    const HOSTS: [&str; 8] = ["login", "signin", "auth", "sso", "accounts", "idp", "id", "adfs"];
    let host = url.host_str().and_then(|host| host.split('.').next()).unwrap_or_default();
    let segments = url.path().split('/').map(str::to_ascii_lowercase);
    HOSTS.contains(&host) || segments.into_iter().any(|segment| SEGMENTS.contains(&segment.as_str()))
}

/// The start of a page for people; JSON that holds one is none.
fn start_of_page(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(body.get(..body.len().min(LOOKED_AT))?).into_owned();
    let text = start.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let lower = text.get(..text.floor_char_boundary(512))?.to_ascii_lowercase();
    let is_html = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_page =
        text.starts_with('<') && (is_html || lower.starts_with("<!doctype html") || lower.contains("<html"));
    is_page.then_some(start)
}

fn title(page: &str) -> Option<Excerpt> {
    // The places of letters are the same in lower case: only ASCII is changed.
    let lower = page.to_ascii_lowercase();
    let found = between(&lower, "<title", "</title")?;
    let start = found.as_ptr().addr().checked_sub(lower.as_ptr().addr())?;
    let text = page.get(start..start + found.len())?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty() && text.len() <= LONGEST_TITLE).then(|| Excerpt::new(&text))
}

/// What stands in an element.
fn between<'p>(page: &'p str, open: &str, close: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(open)?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once(close).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))])
    }

    fn shown(kind: &'static str, body: &str) -> String {
        Stranger::new(&headers(kind), body.as_bytes()).to_string()
    }

    #[test]
    fn a_page_is_told_by_its_title_and_no_text_is() {
        let page = "<!DOCTYPE html><html><head><TITLE lang=en>Just a\n moment…\u{1b}[2J</TITLE>";
        assert_eq!(shown("text/html; charset=utf-8", page), "the page `Just a moment…\\u{1b}[2J`");
        assert_eq!(shown("text/plain", "Retry later"), "11 bytes of text/plain");
        assert_eq!(shown("text/html", "<p>secret</p>"), "13 bytes of text/html");
        let long = format!("<html><title>{}</title>", "secret ".repeat(20));
        assert_eq!(shown("text/html", &long), format!("{} bytes of text/html", long.len()));
        // A record may hold a page.
        let record = r#"[{"description": "<html><title>secret</title>"#;
        assert_eq!(shown("application/json", record), "45 bytes of application/json");
        assert_eq!(shown("", ""), "an empty answer");
    }

    #[test]
    fn sign_in_pages_and_their_addresses_are_known() {
        let is_sign_in = |page: &str| is_sign_in_page(&headers("text/html"), page.as_bytes());
        assert!(is_sign_in("<html><title>Sign in · GitLab</title>"));
        assert!(is_sign_in("<html><form><input name=p type='password'>"));
        assert!(is_sign_in("<html><body onload=\"submit()\"><input name=\"SAMLRequest\">"));
        assert!(!is_sign_in("<html><title>Deploy in progress</title>Sign in again later"));
        let address = |text: &str| is_sign_in_address(&Url::parse(text).unwrap());
        assert!(address("https://gitlab.example.com/users/sign_in"));
        assert!(address("https://login.example.com/x"));
        assert!(address("https://team.example.com/cdn/access/login/host"));
        assert!(!address("https://gitlab.example.com/api/v4/projects/7"));
    }
}
