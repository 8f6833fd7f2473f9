//! The address of the API: comes in as people write it, goes out as the root that every request is below.

use std::fmt;

use reqwest::Url;
use thiserror::Error;

/// Where GitLab has its API, below the path of the instance.
pub const GITLAB_API: &str = "/api/v4";

/// Where the API answers: `https://gitlab.example.com/relative/api/v4`, without a slash at the end.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiRoot {
    url: Url,
    /// What of the path is the API's and not the instance's: `/api/v4`. Empty where the API has no path of its own.
    api: &'static str,
}

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
    /// Takes a host, an origin, a relative root or the full address of an API that lies at `api` below its instance.
    pub fn parse(text: &str, api: &'static str) -> Result<Self, AddressError> {
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
        let root = format!("{}{api}", path.strip_suffix(api).unwrap_or(path));
        url.set_path(&root);
        Ok(Self { url, api })
    }

    /// The address of `path`, which is percent-encoded already and starts with a slash.
    pub fn at(&self, path: &str, query: &[(String, String)]) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// What an address of some other host names below the API, at this one. `None` when it does not lead into the API.
    pub fn rebased(&self, other: &Url) -> Option<Url> {
        // Without a path of its own, an API shows by its host alone.
        if self.api.is_empty() && other.origin() != self.url.origin() {
            return None;
        }
        let own = other.path().strip_prefix(self.path()).and_then(|below| below.strip_prefix('/'));
        let elsewhere = || other.path().split_once(&format!("{}/", self.api)).map(|(_, below)| below);
        let below = own.or_else(elsewhere)?;
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{below}", self.path()));
        url.set_query(other.query());
        Some(url)
    }

    /// Where OAuth tokens are made. The document names another place, which does not exist.
    pub fn token_endpoint(&self) -> Url {
        self.page("/oauth/token")
    }

    /// A page of the instance, beside its API.
    pub fn page(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.relative_root()));
        url
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The path below which the instance lies: empty, or with a slash in front.
    pub fn relative_root(&self) -> &str {
        self.path().strip_suffix(self.api).unwrap_or_default()
    }

    /// Without the slash that an address without a path has all the same.
    fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    pub fn is_gitlab_com(&self) -> bool {
        self.host() == "gitlab.com"
    }

    /// Whether both lie on the same scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    /// Whether a token sent there can be read on the way: plain HTTP to another machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        self.url.scheme() == "http" && !matches!(self.host(), "localhost" | "127.0.0.1" | "[::1]")
    }
}

impl fmt::Display for ApiRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.url.as_str().trim_end_matches('/'))
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

    fn gitlab(text: &str) -> ApiRoot {
        ApiRoot::parse(text, GITLAB_API).unwrap()
    }

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
            assert_eq!(gitlab(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn an_api_has_the_path_that_its_document_gives_it() {
        let issue = |text, api| ApiRoot::parse(text, api).unwrap().at("/issue", &[]).to_string();
        for text in ["https://host", "https://host/", "https://host/rest/api/3", "host/rest/api/3/"] {
            assert_eq!(issue(text, "/rest/api/3"), "https://host/rest/api/3/issue", "{text}");
        }
        assert_eq!(issue("https://host/tracker", "/rest/api/3"), "https://host/tracker/rest/api/3/issue");
        assert_eq!(issue("https://host", ""), "https://host/issue");
        assert_eq!(issue("https://host/below/", ""), "https://host/below/issue");
    }

    #[test]
    fn an_address_of_another_host_counts_below_the_api() {
        let rebased = |api: &ApiRoot, text| api.rebased(&Url::parse(text).unwrap()).map(String::from);
        let of_gitlab = gitlab("https://host/gitlab");
        let expected = Some("https://host/gitlab/api/v4/projects?page=2".to_owned());
        assert_eq!(rebased(&of_gitlab, "http://inside/api/v4/projects?page=2"), expected);
        assert_eq!(rebased(&of_gitlab, "https://host/users/sign_in"), None);
        let plain = ApiRoot::parse("https://host/below", "").unwrap();
        let expected = Some("https://host/below/books?page=2".to_owned());
        assert_eq!(rebased(&plain, "https://host/below/books?page=2"), expected);
        assert_eq!(rebased(&plain, "https://other/below/books"), None);
    }

    #[test]
    fn tokens_are_made_below_the_root_of_the_instance() {
        let endpoint = |text: &str| gitlab(text).token_endpoint().to_string();
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
            assert_eq!(ApiRoot::parse(text, GITLAB_API).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn an_encoded_slash_stays_encoded() {
        let root = gitlab("https://host/gitlab");
        let query = [("labels[]".to_owned(), "a b&c".to_owned())];
        let url = root.at("/projects/a%2Fb/issues", &query);
        assert_eq!(url.as_str(), "https://host/gitlab/api/v4/projects/a%2Fb/issues?labels%5B%5D=a+b%26c");
    }
}
