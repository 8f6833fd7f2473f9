//! Entries of the scope, as people paste them: paths, numeric ids, addresses of pages and clones come in, a full path or
//! an id goes out. What cannot be one is refused, before anything is asked for.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::ApiRoot;

/// What an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Project,
}

/// The full path or the id that `text` stands for, or why it is none.
pub(super) fn entry(text: &str, kind: Kind, api: &ApiRoot) -> Result<String, String> {
    let refused = |why: &str| format!("`{}` {why}", text.escape_debug());
    let path = match address(text) {
        Some(address) => path_on(&address, api).map_err(|why| refused(&why))?,
        None => text.to_owned(),
    };
    let path = percent_decode_str(&path).decode_utf8().map_err(|_| refused("is no text"))?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    check(path, kind).map_err(|why| refused(&why))?;
    Ok(path.to_owned())
}

/// The entry as an address, if it is one: `https://host/path`, `ssh://git@host/path`, `git@host:path`.
fn address(text: &str) -> Option<Url> {
    if text.contains("://") {
        return Url::parse(text).ok();
    }
    let (user, rest) = text.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let is_clone = !user.contains('/') && !host.contains('/');
    is_clone.then(|| Url::parse(&format!("ssh://{user}@{host}/{}", path.trim_start_matches('/'))).ok())?
}

/// The path of an address at the configured GitLab.
fn path_on(address: &Url, api: &ApiRoot) -> Result<String, String> {
    let host = address.host_str().unwrap_or_default();
    let is_clone = match address.scheme() {
        "http" | "https" => false,
        "ssh" | "git+ssh" => true,
        _ => return Err("is no address of a group or a project".to_owned()),
    };
    if !is_same_host(host, api.host(), is_clone) {
        let host = host.escape_debug();
        return Err(format!(
            "lies on `{host}`, and `gitlab.url` is {api}: name the path alone, if it is there as well"
        ));
    }
    let path = address.path();
    let root = api.relative_root();
    let path = if is_clone { path } else { path.strip_prefix(root).unwrap_or(path) };
    let path = path.trim_start_matches('/');
    // Pages of a project lie behind `/-/`, those of a group below `groups/`.
    let path = path.split("/-/").next().unwrap_or_default();
    let path = path.strip_suffix("/-").unwrap_or(path);
    let of_api = ["api/v4/projects/", "api/v4/groups/"].iter().find_map(|prefix| path.strip_prefix(prefix));
    if let Some(rest) = of_api {
        return Ok(rest.split('/').next().unwrap_or_default().to_owned());
    }
    let numbered = |prefix: &str| path.strip_prefix(prefix).filter(|rest| is_id(rest));
    Ok(numbered("projects/").or_else(|| path.strip_prefix("groups/")).unwrap_or(path).to_owned())
}

/// Clones often have a host of their own, beside that of the pages or below it.
fn is_same_host(host: &str, own: &str, is_clone: bool) -> bool {
    let [host, own] = [host, own].map(str::to_ascii_lowercase);
    let domain =
        |host: &str| host.split_once('.').map(|(_, domain)| domain.to_owned()).filter(|it| it.contains('.'));
    let is_near = domain(&host).is_some_and(|domain| domain == own || is_below(&own, &domain));
    host == own || (is_clone && !is_number(&host) && is_near)
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn is_number(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// GitLab's paths are ASCII, and a project has a group or a user before its name.
fn check(path: &str, kind: Kind) -> Result<(), String> {
    if is_id(path) {
        return Ok(());
    }
    if path.contains(['*', '?']) {
        return Err("is a pattern: patterns stand in `scope.include` and `scope.exclude`".to_owned());
    }
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(is_known);
    if !path.split('/').all(is_name) {
        return Err("is no path of GitLab's: expected the full path as the address of its page has it, or the numeric id".to_owned());
    }
    if kind == Kind::Project && !path.contains('/') {
        return Err("is no full path of a project: expected `group/project`, or the numeric id".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, text: &str, kind: Kind) -> Result<String, String> {
        entry(text, kind, &ApiRoot::parse(url, crate::config::GITLAB_API).unwrap())
    }

    #[test]
    fn every_form_that_people_paste_is_taken() {
        let forms = [
            "acme/web/shop.app",
            "/acme/web/shop.app/",
            "acme%2Fweb%2Fshop%2Eapp",
            "acme/web/shop.app.git",
            "https://gitlab.example.com/acme/web/shop.app",
            "https://gitlab.example.com/acme/web/shop.app/",
            "https://GitLab.example.com:8443/acme/web/shop.app.git",
            "http://gitlab.example.com/acme/web/shop.app/-/issues/7?sort=asc#note_1",
            "https://gitlab.example.com/api/v4/projects/acme%2Fweb%2Fshop.app/issues",
            "git@gitlab.example.com:acme/web/shop.app.git",
            "ssh://git@gitlab.example.com:2222/acme/web/shop.app.git",
            "git@ssh.gitlab.example.com:acme/web/shop.app.git",
            "git@altssh.example.com:acme/web/shop.app.git",
        ];
        for text in forms {
            assert_eq!(
                at("gitlab.example.com", text, Kind::Project).as_deref(),
                Ok("acme/web/shop.app"),
                "{text}"
            );
        }
        let with_root = at("https://host/git", "https://host/git/acme/shop", Kind::Project);
        assert_eq!(with_root.as_deref(), Ok("acme/shop"));
        for text in [
            "acme/web",
            "https://host/groups/acme/web/-/issues",
            "https://host/acme/web",
            "https://host/groups/acme/web",
        ] {
            assert_eq!(at("host", text, Kind::Group).as_deref(), Ok("acme/web"), "{text}");
        }
        for text in ["278964", "https://host/projects/278964", "https://host/api/v4/projects/278964"] {
            assert_eq!(at("host", text, Kind::Project).as_deref(), Ok("278964"), "{text}");
        }
        assert_eq!(at("host", "acme", Kind::Group).as_deref(), Ok("acme"));
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        for (text, kind, why) in [
            ("https://gitlab.com/acme/shop", Kind::Project, "lies on `gitlab.com`"),
            ("git@github.com:acme/shop.git", Kind::Project, "lies on `github.com`"),
            ("ftp://host/acme/shop", Kind::Project, "is no address"),
            ("shop", Kind::Project, "no full path of a project"),
            ("acme/*", Kind::Group, "`scope.include`"),
            ("My Group", Kind::Group, "no path of GitLab's"),
            ("acme/../shop", Kind::Project, "no path of GitLab's"),
            ("https://host/", Kind::Group, "no path of GitLab's"),
            ("a\u{1b}[2Jb", Kind::Group, "`a\\u{1b}[2Jb` is no path"),
        ] {
            let refusal = at("host", text, kind).unwrap_err();
            assert!(refusal.contains(why) && refusal.starts_with('`'), "{refusal}");
        }
    }
}
