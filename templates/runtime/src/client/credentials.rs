//! Which header carries the token.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};

use crate::config::Credentials;

const PRIVATE_TOKEN: HeaderName = HeaderName::from_static("private-token");
const JOB_TOKEN: HeaderName = HeaderName::from_static("job-token");

/// The header, marked sensitive so that no layer below prints it.
pub(super) fn headers(credentials: &Credentials) -> Result<HeaderMap, InvalidHeaderValue> {
    let (name, value) = match credentials {
        // OAuth tokens change while a client lives: each request brings its own.
        Credentials::Anonymous | Credentials::OAuth(_) => return Ok(HeaderMap::new()),
        Credentials::Private(token) => (PRIVATE_TOKEN, token.expose().trim().to_owned()),
        Credentials::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose().trim())),
        Credentials::Job(token) => (JOB_TOKEN, token.expose().trim().to_owned()),
    };
    let mut value = HeaderValue::from_str(&value)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn each_kind_has_its_header_and_none_is_printed() {
        let token = || Secret::new("glpat-abc");
        let cases = [
            (Credentials::Private(token()), PRIVATE_TOKEN, "glpat-abc"),
            (Credentials::Bearer(token()), AUTHORIZATION, "Bearer glpat-abc"),
            (Credentials::Job(token()), JOB_TOKEN, "glpat-abc"),
        ];
        for (credentials, name, value) in cases {
            let headers = headers(&credentials).unwrap();
            assert_eq!(headers.get(name).unwrap(), value);
            assert!(!format!("{headers:?}{credentials:?}").contains("glpat"));
        }
        assert!(headers(&Credentials::Anonymous).unwrap().is_empty());
    }
}
