//! The addresses of pages: what a browser asks for, and the links between pages. Links are relative, so no page knows in
//! which folder it lies.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but what needs no escape in a query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'~');

/// What stands behind `?`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self(text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect())
    }

    /// `None` as well where nothing is said.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let said = self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        said.filter(|value| !value.trim().is_empty())
    }
}

/// The address of a page; pairs without a value are left out.
pub(super) fn link(page: &str, pairs: &[(&str, &str)]) -> String {
    let said = pairs.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> =
        said.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ESCAPED))).collect();
    if query.is_empty() { page.to_owned() } else { format!("{page}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let odd = "a&b=c\"<é> +%";
        let address = link("table", &[("name", odd), ("page", ""), ("sort", "x")]);
        let query = Query::parse(address.split_once('?').unwrap().1);
        assert_eq!((query.get("name"), query.get("sort"), query.get("page")), (Some(odd), Some("x"), None));
        assert!(!address.contains(['"', '<', ' ']));
        assert_eq!(Query::parse("q=a+b&x=%20").get("x"), None);
    }
}
