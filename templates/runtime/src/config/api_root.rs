//! The address of the API: comes in as people write it, goes out as the root that every request is below.

use std::fmt;

use reqwest::Url;
use thiserror::Error;

const API: &str = "/api/v4";

/// Where the API answers: `https://gitlab.example.com/relative/api/v4`, without a slash at the end.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiRoot(Url);

/// Why an address cannot be used. None of them repeats the address: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("it is not an address")]
    NotAnAddress,
    #[error("only `https` and `http` are understood")]
    Scheme,
    #[error("it names no host")]
    NoHost,
    #[error("it holds a user name or a password")]
    Credentials,
    #[error("it has a `?` or a `#` part")]
    Query,
}

impl ApiRoot {
    /// Takes a host, an origin, a relative root or the full API address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&text).map_err(|_| AddressError::NotAnAddress)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(AddressError::Scheme);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(AddressError::NoHost);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Query);
        }
        let path = url.path().trim_end_matches('/');
        let root = format!("{}{API}", path.strip_suffix(API).unwrap_or(path));
        url.set_path(&root);
        Ok(Self(url))
    }

    /// The address of `path`, which is percent-encoded already and starts with a slash.
    pub fn at(&self, path: &str, query: &[(String, String)]) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// What an address of some other host names below the API, at this one. `None` when it does not lead into the API.
    pub fn rebased(&self, other: &Url) -> Option<Url> {
        let (_, below) = other.path().split_once(&format!("{API}/"))?;
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{below}", self.0.path()));
        url.set_query(other.query());
        Some(url)
    }

    /// Where OAuth tokens are made. The document names another place, which does not exist.
    pub fn token_endpoint(&self) -> Url {
        let mut url = self.0.clone();
        let root = self.0.path().strip_suffix(API).unwrap_or_default();
        url.set_path(&format!("{root}/oauth/token"));
        url
    }

    pub fn is_gitlab_com(&self) -> bool {
        self.0.host_str() == Some("gitlab.com")
    }

    /// Whether both lie on the same scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether a token sent there can be read on the way: plain HTTP to another machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        self.0.scheme() == "http" && !matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    }
}

impl fmt::Display for ApiRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

impl fmt::Debug for ApiRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_people_write() {
        let forms = [
            ("gitlab.example.com", "https://gitlab.example.com/api/v4"),
            ("localhost:8080", "https://localhost:8080/api/v4"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v4"),
            ("https://gitlab.example.com/", "https://gitlab.example.com/api/v4"),
            ("https://host/gitlab", "https://host/gitlab/api/v4"),
            ("https://host/gitlab/api/v4/", "https://host/gitlab/api/v4"),
            (" https://host/api/v4 ", "https://host/api/v4"),
        ];
        for (text, expected) in forms {
            assert_eq!(ApiRoot::parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn tokens_are_made_below_the_root_of_the_instance() {
        let endpoint = |text: &str| ApiRoot::parse(text).unwrap().token_endpoint().to_string();
        assert_eq!(endpoint("gitlab.com"), "https://gitlab.com/oauth/token");
        assert_eq!(endpoint("https://host/git/api/v4"), "https://host/git/oauth/token");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let refused = [
            ("", AddressError::NotAnAddress),
            ("ftp://host", AddressError::Scheme),
            ("https://me:secret@host", AddressError::Credentials),
            ("https://host/?private_token=x", AddressError::Query),
        ];
        for (text, expected) in refused {
            assert_eq!(ApiRoot::parse(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn an_encoded_slash_stays_encoded() {
        let root = ApiRoot::parse("https://host/gitlab").unwrap();
        let query = [("labels[]".to_owned(), "a b&c".to_owned())];
        let url = root.at("/projects/a%2Fb/issues", &query);
        assert_eq!(url.as_str(), "https://host/gitlab/api/v4/projects/a%2Fb/issues?labels%5B%5D=a+b%26c");
    }
}
