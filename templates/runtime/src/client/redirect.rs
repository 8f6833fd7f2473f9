//! Where a redirect leads. The token goes to the configured host alone: a redirect elsewhere is a fault.

use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use super::{Excerpt, Fault};

/// Redirects that one request follows.
pub(super) const MOST: usize = 5;

/// The next address, or `None` when the response is no redirect.
pub(super) fn target(from: &Url, response: &Response) -> Result<Option<Url>, Fault> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else { return Ok(None) };
    resolve(from, location).map(Some)
}

fn resolve(from: &Url, location: &str) -> Result<Url, Fault> {
    let foreign = |host: &str| Fault::ForeignRedirect { host: Excerpt::new(host) };
    let target = from.join(location).map_err(|_| foreign(location))?;
    let is_upgrade = from.scheme() == "http"
        && target.scheme() == "https"
        && from.host() == target.host()
        && from.port().is_none()
        && target.port().is_none();
    if target.origin() == from.origin() || is_upgrade {
        return Ok(target);
    }
    Err(foreign(target.host_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_is_followed() {
        let cases = [
            (
                "https://host/api/v4/projects/a%2Fb",
                "/api/v4/projects/7",
                Some("https://host/api/v4/projects/7"),
            ),
            ("http://host/a", "https://host/a", Some("https://host/a")),
            ("https://host/a", "http://host/a", None),
            ("https://host/a", "https://other/a", None),
            ("https://host/a", "//other/a", None),
            ("https://host/a", "https://host:8443/a", None),
        ];
        for (from, location, expected) in cases {
            let target = resolve(&Url::parse(from).unwrap(), location).ok();
            assert_eq!(target.as_ref().map(Url::as_str), expected, "{from} -> {location}");
        }
    }
}
