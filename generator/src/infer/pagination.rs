//! How an endpoint hands out its pages.

use crate::endpoint::Endpoint;
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::paging::{Role, next_field, param_for};
use super::shape::Shape;

/// How an endpoint hands out its pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Pagination {
    /// `page` and `per_page`.
    Offset,
    /// By a mark that each answer gives for the next; `pagination=keyset` in this order is possible as well.
    Keyset(Order),
    /// The answer is complete.
    #[default]
    None,
}

/// An order in which keyset pages can be read. Empty where the endpoint takes none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

pub(super) fn infer_pagination(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Pagination> {
    let endpoint = entry.endpoint;
    if let Some(stated) = entry.stated.pagination() {
        return stated;
    }
    if !entry.own.shape.value.is_many() {
        return Fact::sure(Pagination::None, "it returns one record");
    }
    if let Some((order, source)) = gitlab::keyset(entry.place) {
        return Fact::sure(Pagination::Keyset(order), source);
    }
    // What another program pages by its own protocol is read as one answer.
    let is_own = endpoint.query_param("page").is_some() && endpoint.query_param("per_page").is_some();
    if !is_own && gitlab::audience(entry.place) == gitlab::Audience::Protocol {
        return unpaged(endpoint);
    }
    declared(endpoint)
        .or_else(|| by_answer(draft, entry))
        .or_else(|| {
            let reason = "GitLab pages it, though the document does not say so";
            gitlab::is_paged(entry.place).then(|| Fact::sure(Pagination::Offset, reason))
        })
        .unwrap_or_else(|| unpaged(endpoint))
}

/// By the parameters that it declares.
fn declared(endpoint: &Endpoint) -> Option<Fact<Pagination>> {
    let [position, size, cursor] =
        [Role::Position, Role::Size, Role::Cursor].map(|role| param_for(endpoint, role));
    let by_mark = |name: &str| {
        Fact::sure(Pagination::Keyset(declared_order(endpoint)), format!("it declares `{name}`"))
    };
    if endpoint.query_param("pagination").is_some() && position.is_some() && size.is_some() {
        return Some(by_mark("pagination"));
    }
    match (position, size, cursor) {
        // Some lists take both, and name what is only a filter like a mark.
        (Some(_), Some(_), Some(cursor)) if is_surely_a_mark(cursor) => Some(by_mark(cursor)),
        (Some(position), Some(size), _) => {
            Some(Fact::sure(Pagination::Offset, format!("it declares `{position}` and `{size}`")))
        }
        (None, Some(_), Some(cursor)) => Some(by_mark(cursor)),
        (None, None, Some(cursor)) if is_surely_a_mark(cursor) => Some(by_mark(cursor)),
        (Some(position), None, _) if position.to_lowercase().starts_with("page") => {
            Some(Fact::sure(Pagination::Offset, format!("it declares `{position}`")))
        }
        _ => None,
    }
}

/// Names such as `after` and `next` may be filters.
fn is_surely_a_mark(param: &str) -> bool {
    let param = param.to_lowercase();
    param.contains("cursor") || (param.contains("token") && param != "page_token") || param.contains("marker")
}

/// By what stands beside its records.
fn by_answer(draft: &Draft<'_>, entry: Entry<'_>) -> Option<Fact<Pagination>> {
    if !matches!(entry.own.shape.value, Shape::Envelope { .. }) {
        return None;
    }
    let field = next_field(draft.site.entities, draft.site.entity(entry.endpoint)?)?;
    let reason = format!("its answer names the next page in `{field}`");
    Some(Fact::sure(Pagination::Keyset(Order::default()), reason))
}

fn unpaged(endpoint: &Endpoint) -> Fact<Pagination> {
    let hints =
        [Role::Position, Role::Size, Role::Cursor].into_iter().filter_map(|role| param_for(endpoint, role));
    match hints.into_iter().next() {
        Some(hint) => Fact::unsure(
            Pagination::None,
            format!("it declares `{hint}`, and nothing tells how the next page is asked for"),
        ),
        None => Fact::sure(Pagination::None, "it declares no parameters for pages"),
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
