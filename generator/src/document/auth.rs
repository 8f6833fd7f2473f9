//! The ways to authenticate that a document declares.

use crate::text::one_line;

use super::node::Node;

/// One way to prove who is asking, as the document declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    Header { name: String },
    Bearer,
    OAuth2,
}

pub(super) fn parse_auth(scheme: Node<'_>) -> Option<Auth> {
    let field = |name: &str| scheme.str(name).unwrap_or_default();
    match field("type") {
        "apiKey" if field("in") == "header" => Some(Auth::Header { name: one_line(field("name")) }),
        "http" if field("scheme").eq_ignore_ascii_case("bearer") => Some(Auth::Bearer),
        "oauth2" => Some(Auth::OAuth2),
        _ => None,
    }
}
