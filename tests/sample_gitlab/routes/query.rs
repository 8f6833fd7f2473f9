//! The query of a request, decoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Refusal;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The last value wins; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// `name=a,b` or `name[]=a&name[]=b`
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let many = self
            .0
            .iter()
            .filter(|(given, _)| given.strip_suffix("[]") == Some(name))
            .map(|(_, value)| value.as_str());
        many.chain(self.get(name).into_iter().flat_map(|value| value.split(','))).collect()
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(default),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some("false" | "0" | "no" | "off") => Ok(false),
            Some(_) => Err(Refusal::invalid(name)),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name).map(|value| value.parse().map_err(|_| Refusal::invalid(name))).transpose()
    }

    /// The same query with some parameters replaced (or, with None, left out), as links carry it.
    pub(crate) fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let added = changes.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
        let pairs: Vec<_> =
            kept.chain(added).map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.join("&")
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// In a query `+` is a space, which is why a time with an offset must write `%2B`.
fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_written_back_encoded() {
        let query = Query::parse("labels=a%2Cb&search=x+y&iids[]=1&iids[]=2&page=3&empty=");
        assert_eq!(query.list("labels"), ["a", "b"]);
        assert_eq!(query.list("iids"), ["1", "2"]);
        assert_eq!(query.get("search"), Some("x y"));
        assert_eq!(query.get("empty"), None);
        let next = query.with(&[("page", Some("4")), ("search", None)]);
        assert_eq!(next, "labels=a%2Cb&iids%5B%5D=1&iids%5B%5D=2&empty=&page=4");
    }
}
