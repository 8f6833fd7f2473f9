//! What people paste as an instance, a group or a project, and what of it goes into the configuration.

use thiserror::Error;

use url::Url;

use super::Failure;

/// Why a text names no instance, group or project.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum AddressError {
    #[error("it is empty")]
    Empty,
    #[error("it names no group and no project")]
    NoPath,
    #[error("it is no address that starts with `https://` or `http://`")]
    NoUrl,
    #[error("it carries a user or a password; the token belongs into secrets.toml")]
    Credentials,
    #[error("it has a query or a fragment")]
    Query,
    #[error("`{part}` cannot be part of a path in GitLab")]
    Part { part: String },
    #[error(
        "it lies on `{host}`, and not on the instance that is read; give `--base-url https://{host}` for that one"
    )]
    OtherHost { host: String },
}

/// `--base-url`, or the answer in its place.
pub(super) fn base_url(text: &str) -> Result<String, Failure> {
    let fault = |fault| Failure::Address { option: "--base-url", value: shown(text), fault };
    parse_base_url(text).map_err(fault)
}

/// `--group` or `--project`, or the answer in its place.
pub(super) fn paths(option: &'static str, texts: &[String], base_url: &str) -> Result<Vec<String>, Failure> {
    let parse = |text: &String| {
        let fault = |fault| Failure::Address { option, value: shown(text), fault };
        parse_path(text, base_url).map_err(fault)
    };
    texts.iter().map(parse).collect()
}

/// The address of an instance, without a slash or the root of the API at its end.
pub(super) fn parse_base_url(text: &str) -> Result<String, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    let url = Url::parse(text).map_err(|_| AddressError::NoUrl)?;
    let host = url.host_str().unwrap_or_default();
    let is_host = !host.is_empty() && !host.starts_with(['.', '-']) && !host.contains("..");
    if !matches!(url.scheme(), "https" | "http") || !text.contains("://") || !is_host {
        return Err(AddressError::NoUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(AddressError::Query);
    }
    let (_, written) = text.split_once("://").unwrap_or_default();
    let path = written.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/');
    if let Some(odd) = path.split('/').find(|part| !path.is_empty() && !is_path_part(part)) {
        return Err(AddressError::Part { part: shown(odd) });
    }
    let url = url.as_str().trim_end_matches('/');
    Ok(url.strip_suffix("/api/v4").unwrap_or(url).trim_end_matches('/').to_owned())
}

/// The path or the number of a group or a project: as such, as the address of any of its pages, as what `git clone`
/// takes, or percent-encoded. `base_url` is the instance that it has to lie on.
pub(super) fn parse_path(text: &str, base_url: &str) -> Result<String, AddressError> {
    let text = text.trim();
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let path = path_of(text, base_url)?;
    let path = decoded(path);
    let path = path.split("/-/").next().unwrap_or_default().trim_matches('/');
    let path = path.strip_suffix("/-").unwrap_or(path);
    let path = path.strip_suffix(".git").unwrap_or(path);
    if path.is_empty() {
        return Err(if text.is_empty() { AddressError::Empty } else { AddressError::NoPath });
    }
    match path.split('/').find(|part| !is_part(part)) {
        Some(part) => Err(AddressError::Part { part: shown(part) }),
        None => Ok(path.to_owned()),
    }
}

/// Without the address of the instance in front.
fn path_of<'a>(text: &'a str, base_url: &str) -> Result<&'a str, AddressError> {
    let base = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let (base_host, base_path) = base.split_once('/').unwrap_or((base, ""));
    let (host, path) = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        // git@gitlab.com:group/project.git
        None => match text.split_once(':') {
            Some((host, path)) if host.contains('@') && !host.contains('/') => (host, path),
            _ => match text.split_once('/') {
                Some((host, path)) if host.eq_ignore_ascii_case(base_host) => (host, path),
                _ => return Ok(text),
            },
        },
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    if !name_of(host).eq_ignore_ascii_case(name_of(base_host)) {
        return Err(AddressError::OtherHost { host: shown(host) });
    }
    let path = path.trim_start_matches('/');
    let below = path.strip_prefix(base_path).map(|path| path.trim_start_matches('/')).unwrap_or(path);
    // The pages of groups lie below `groups`, which no group can be called.
    let below = below.trim_end_matches('/');
    Ok(if below == "groups" { "" } else { below.strip_prefix("groups/").unwrap_or(below) })
}

/// Without a port: git listens on another.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// `%2F` and its like, as far as they are ASCII.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => decoded.push(char::from(code)),
            None => decoded.push('%'),
        }
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded.push_str(rest);
    decoded
}

/// What GitLab allows in a path: letters, digits, `_`, `-` and `.`, not a dash first, not only dots.
fn is_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('-')
        && !part.chars().all(|letter| letter == '.')
        && part.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

fn is_path_part(part: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '~');
    !part.is_empty() && !part.chars().all(|letter| letter == '.') && part.chars().all(is_letter)
}

/// What somebody typed, without a password.
fn shown(text: &str) -> String {
    let text = crate::text::one_line(text);
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://…{}", rest.get(user.len()..).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_people_paste_is_a_path() {
        for (text, expected) in [
            ("group/sub.group/project", "group/sub.group/project"),
            (" /group/project/ ", "group/project"),
            ("group%2Fproject", "group/project"),
            ("42", "42"),
            ("https://gitlab.com/group/project", "group/project"),
            ("https://gitlab.com/group/project.git", "group/project"),
            ("https://gitlab.com/group/project/-/issues/7?sort=asc#note_1", "group/project"),
            ("https://gitlab.com/groups/group/sub/-/boards", "group/sub"),
            ("https://user@gitlab.com:443/group/project", "group/project"),
            ("git@gitlab.com:group/project.git", "group/project"),
            ("ssh://git@gitlab.com:2222/group/project.git", "group/project"),
            ("gitlab.com/group/project", "group/project"),
            ("group/my.project", "group/my.project"),
        ] {
            assert_eq!(parse_path(text, "https://gitlab.com").as_deref(), Ok(expected), "{text}");
        }
        let below = parse_path("https://host.example/gitlab/group/project", "https://host.example/gitlab");
        assert_eq!(below.as_deref(), Ok("group/project"));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in [
            "",
            "  ",
            "/",
            "..",
            "group/../other",
            "-group",
            "group//project",
            "a b",
            "a\u{1b}[31m",
            "a\"\nb",
        ] {
            assert!(parse_path(text, "https://gitlab.com").is_err(), "{text:?}");
        }
        assert_eq!(parse_path("https://gitlab.com/groups/", "https://gitlab.com"), Err(AddressError::NoPath));
        let other = parse_path("https://gitlab.example/group", "https://gitlab.com");
        assert_eq!(other, Err(AddressError::OtherHost { host: "gitlab.example".into() }));
    }

    #[test]
    fn no_message_shows_a_password() {
        for text in ["https://user:hidden@host", "https://user:hid@den@host.example/path"] {
            let refused = base_url(text).unwrap_err().to_string();
            assert!(!refused.contains("hid") && refused.contains("https://…@host"), "{refused}");
            let refused = paths("--group", &[text.to_owned()], "https://gitlab.com").unwrap_err().to_string();
            assert!(!refused.contains("hid"), "{refused}");
        }
    }

    #[test]
    fn an_instance_is_an_address() {
        for (text, expected) in [
            ("https://gitlab.com/", "https://gitlab.com"),
            ("HTTPS://gitlab.com/api/v4/", "https://gitlab.com"),
            ("http://localhost:8080/gitlab", "http://localhost:8080/gitlab"),
        ] {
            assert_eq!(parse_base_url(text).as_deref(), Ok(expected));
        }
        for text in [
            "",
            "gitlab.com",
            "ftp://gitlab.com",
            "https://",
            "https://a b",
            "https://u:p@host",
            "https://h/?a=1",
            "https://h:99999",
            "https://h:port",
            "https://h..x",
            "https://h/../x",
            "https://h//x",
            "https:h",
        ] {
            assert!(parse_base_url(text).is_err(), "{text}");
        }
    }
}
