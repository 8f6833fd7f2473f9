//! What is asked for: a path below the API root and a query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// One GET. Shown in errors: it holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Percent-encoded, with a slash in front: `/projects/a%2Fb/issues`.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// The path with its placeholders: requests of one route may share a limit.
    pub route: &'static str,
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The text as one segment of a path, `/` as `%2F`. `None` for the texts that a path cannot carry: empty, `.` and `..`.
pub fn path_segment(text: &str) -> Option<String> {
    (!matches!(text, "" | "." | "..")).then(|| utf8_percent_encode(text, RESERVED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_changes_the_path() {
        let cases = [
            ("group/sub group/ü", Some("group%2Fsub%20group%2F%C3%BC")),
            ("v1.0?x=1#y", Some("v1.0%3Fx%3D1%23y")),
            ("%2e%2e", Some("%252e%252e")),
            ("..", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(path_segment(text).as_deref(), expected, "{text}");
        }
    }
}
