//! How an endpoint hands out its pages.

use crate::endpoint::Endpoint;
use crate::gitlab;

use super::fact::Fact;
use super::shape::Shape;

/// How an endpoint hands out its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pagination {
    /// `page` and `per_page`.
    Offset,
    /// `pagination=keyset` in this order is possible as well.
    Keyset(Order),
    /// The answer is complete.
    None,
}

/// An order in which keyset pages can be read. Empty where the endpoint takes none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub by: String,
    pub sort: String,
}

impl Pagination {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Keyset(_) => "keyset",
            Self::None => "none",
        }
    }
}

/// Whether parameters ask for one page of many.
pub(super) fn declares_pages(endpoint: &Endpoint) -> bool {
    let has = |name| endpoint.query_param(name).is_some();
    (has("page") && (has("per_page") || has("page_size") || has("limit"))) || (has("offset") && has("limit"))
}

pub(super) fn infer_pagination(endpoint: &Endpoint, shape: &Shape) -> Fact<Pagination> {
    if !shape.is_many() {
        return Fact::sure(Pagination::None, "it returns one record");
    }
    if let Some((order, source)) = gitlab::keyset(&endpoint.path) {
        return Fact::sure(Pagination::Keyset(order), source);
    }
    for name in ["pagination", "cursor"] {
        if endpoint.query_param(name).is_some() && declares_pages(endpoint) {
            return Fact::sure(Pagination::Keyset(declared_order(endpoint)), format!("it declares `{name}`"));
        }
    }
    if declares_pages(endpoint) {
        Fact::sure(Pagination::Offset, "it declares `page` and `per_page`")
    } else if gitlab::is_paged(&endpoint.path) {
        Fact::sure(Pagination::Offset, "GitLab pages it, though the document does not say so")
    } else {
        Fact::sure(Pagination::None, "it declares no parameters for pages")
    }
}

/// The order that the document gives as the default.
fn declared_order(endpoint: &Endpoint) -> Order {
    let default = |name: &str| {
        let default = endpoint.query_param(name).and_then(|param| param.default.as_ref());
        default.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    Order { by: default("order_by"), sort: default("sort") }
}
