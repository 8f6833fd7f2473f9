//! Where a redirect leads. The token goes to the configured host alone. GitLab builds addresses with the host of its own
//! configuration, so of one that leads into the API only what stands below the API counts, as with `Link`.

use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use super::stranger::is_sign_in_address;
use super::{Excerpt, Fault};
use crate::config::ApiRoot;

/// Redirects that one request follows.
pub(super) const MOST: usize = 5;

/// The next address, or `None` when the response is no redirect.
pub(super) fn target(api: &ApiRoot, from: &Url, response: &Response) -> Result<Option<Url>, Fault> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else { return Ok(None) };
    resolve(api, from, location).map(Some)
}

fn resolve(api: &ApiRoot, from: &Url, location: &str) -> Result<Url, Fault> {
    let foreign = |host: &str| Fault::ForeignRedirect { host: Excerpt::new(host) };
    let target = from.join(location).map_err(|_| foreign(location))?;
    if let Some(own) = api.rebased(&target).filter(|own| own != from) {
        return Ok(own);
    }
    let is_upgrade = from.scheme() == "http"
        && target.scheme() == "https"
        && from.host() == target.host()
        && from.port().is_none()
        && target.port().is_none();
    let is_own = target.origin() == from.origin();
    if is_sign_in_address(&target) && api.rebased(&target).is_none() {
        let host = if is_own { "" } else { target.host_str().unwrap_or_default() };
        return Err(Fault::SignIn { place: Excerpt::new(&format!("{host}{}", target.path())) });
    }
    if is_own || is_upgrade { Ok(target) } else { Err(foreign(target.host_str().unwrap_or_default())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GITLAB_API;

    fn led(api: &str, from: &str, location: &str) -> Result<String, Fault> {
        let (api, from) = (ApiRoot::parse(api, GITLAB_API).unwrap(), Url::parse(from).unwrap());
        resolve(&api, &from, location).map(|url| url.to_string())
    }

    #[test]
    fn only_the_same_host_is_asked() {
        let (issues, moved) = ("/api/v4/projects/7/issues?page=2", "/api/v4/projects/9/issues?page=2");
        for (origin, location) in [
            ("https://host", moved.to_owned()),
            ("https://host", format!("https://gitlab.example.com{moved}")),
            ("https://host", format!("http://host:8080{moved}")),
            ("http://host:8080", format!("https://host{moved}")),
            // A relative root of GitLab's own that is not ours, and the other way round.
            ("https://host", format!("https://gitlab.example.com/gitlab{moved}")),
            ("https://host/git", moved.to_owned()),
        ] {
            let expected = format!("{origin}{moved}");
            assert_eq!(led(origin, &format!("{origin}{issues}"), &location), Ok(expected), "{location}");
        }
        let upgraded = led("http://host", "http://host/api/v4/user", "https://host/api/v4/user");
        assert_eq!(upgraded.unwrap(), "https://host/api/v4/user");
        let encoded = led("https://host", "https://host/api/v4/x", "https://other/api/v4/projects/a%2Fb");
        assert_eq!(encoded.unwrap(), "https://host/api/v4/projects/a%2Fb");
    }

    #[test]
    fn another_host_that_is_not_gitlab_s_own_is_a_fault() {
        let from = "https://host/api/v4/user";
        for location in ["https://other/", "//other/start", "https://host:8443/", "https://other/api/v4/user"]
        {
            let fault = led("https://host", from, location).unwrap_err();
            assert!(matches!(fault, Fault::ForeignRedirect { .. }), "{location}: {fault}");
        }
    }

    #[test]
    fn a_way_to_a_sign_in_page_is_not_gone() {
        let from = "https://host/api/v4/user";
        for (location, place) in
            [("/users/sign_in", "/users/sign_in"), ("https://login.corp/x?y=1", "login.corp/x")]
        {
            let place = Excerpt::new(place);
            assert_eq!(led("https://host", from, location), Err(Fault::SignIn { place }));
        }
    }
}
