//! Who may look: whoever has opened the link that was printed.
//!
//! Other users of the machine reach the same port. So the link holds a secret that counts once; it is exchanged for a
//! cookie, which no script can read, no other site can send, and no other port of this machine is shown, because it belongs
//! to a folder with a secret name. A name that leads here is refused, so that no page elsewhere can make a browser take
//! this server for its own.

use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;
use hyper::header::{COOKIE, HOST};
use rustls::crypto::ring::default_provider;

/// The name of the cookie.
const COOKIE_NAME: &str = "show";

/// The secrets of a server.
pub(super) struct Guard {
    hosts: [String; 2],
    /// Opens the pages once.
    token: Mutex<Option<String>>,
    session: String,
    /// The folder of the pages.
    folder: String,
}

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers for the secret of the page")]
pub(crate) struct NoRandom;

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It may see what stands at this path below the folder.
    Open(String),
    /// It has brought the secret of the link.
    Welcome,
    /// It came under a name that is not this server's.
    Stranger,
    /// It has nothing that lets it in.
    Closed,
}

impl Guard {
    pub(super) fn new(port: u16) -> Result<Self, NoRandom> {
        Ok(Self {
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            token: Mutex::new(Some(secret()?)),
            session: secret()?,
            folder: format!("/{}/", secret()?),
        })
    }

    /// The link that opens the pages, once; `None` when it has been opened.
    pub(super) fn link(&self) -> Option<String> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let [host, _] = &self.hosts;
        token.as_ref().map(|token| format!("http://{host}/?token={token}"))
    }

    /// Where the pages are.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    /// What whoever has brought the secret is given.
    pub(super) fn cookie(&self) -> String {
        format!("{COOKIE_NAME}={}; Path={}; HttpOnly; SameSite=Strict", self.session, self.folder)
    }

    pub(super) fn judge(&self, path: &str, token: Option<&str>, headers: &HeaderMap) -> Entry {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        if !host.is_some_and(|host| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))) {
            return Entry::Stranger;
        }
        if let (Some(token), "/") = (token, path) {
            return if self.take(token) { Entry::Welcome } else { Entry::Closed };
        }
        match path.strip_prefix(self.folder.as_str()) {
            Some(page) if self.has_cookie(headers) => Entry::Open(page.to_owned()),
            _ => Entry::Closed,
        }
    }

    /// Whether it is the secret of the link, which then counts no more.
    fn take(&self, token: &str) -> bool {
        let mut own = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = own.as_ref().is_some_and(|own| is_same(own, token));
        if is_own {
            *own = None;
        }
        is_own
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == COOKIE_NAME && is_same(&self.session, value))
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// 192 bits, as text.
fn secret() -> Result<String, NoRandom> {
    let mut bytes = [0; 24];
    default_provider().secure_random.fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes the same time wherever the two differ.
fn is_same(own: &str, other: &str) -> bool {
    let differing =
        own.bytes().zip(other.bytes()).fold(0, |differing, (one, other)| differing | (one ^ other));
    own.len() == other.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(hyper::header::HeaderName, String)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_link_opens_once_and_the_cookie_opens_the_folder() {
        let guard = Guard::new(8000).unwrap();
        let host = (HOST, "127.0.0.1:8000".to_owned());
        let alone = headers(std::slice::from_ref(&host));
        let token = guard.link().unwrap().split_once("token=").unwrap().1.to_owned();
        assert_eq!(guard.judge("/", Some("x"), &alone), Entry::Closed);
        assert_eq!(guard.judge("/", Some(&token), &headers(&[])), Entry::Stranger);
        assert_eq!(guard.judge("/", Some(&token), &alone), Entry::Welcome);
        assert_eq!(guard.judge("/", Some(&token), &alone), Entry::Closed, "a link counts once");
        assert_eq!(guard.link(), None);

        let cookie = guard.cookie().split_once(';').unwrap().0.to_owned();
        let page = format!("{}tables", guard.folder());
        assert_eq!(guard.judge(&page, None, &alone), Entry::Closed);
        let known = headers(&[host.clone(), (COOKIE, format!("a=b; {cookie}"))]);
        assert_eq!(guard.judge(&page, None, &known), Entry::Open("tables".to_owned()));
        assert_eq!(guard.judge("/tables", None, &known), Entry::Closed);
        let wrong = headers(&[host, (COOKIE, format!("{cookie}0"))]);
        assert_eq!(guard.judge(&page, None, &wrong), Entry::Closed);
        let rebound = headers(&[(HOST, "evil.example:8000".to_owned()), (COOKIE, cookie)]);
        assert_eq!(guard.judge(&page, None, &rebound), Entry::Stranger);
    }
}
