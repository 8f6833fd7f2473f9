//! What serves paging, by what it is called: parameters that ask for a page, and fields that tell of the next.

use crate::endpoint::{Endpoint, Entities, Entity, QueryParam, Scalar, Type};

use super::words::{has_same_letters, words};

/// What a query parameter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The number of a page, or of records to skip.
    Position,
    Size,
    /// A mark that the answer before gave.
    Cursor,
}

/// Parameters by their letters: `page[size]`, `pageSize` and `$top` are the same as `page_size` and `top`.
const ROLES: [(Role, &[&str]); 3] = [
    (
        Role::Position,
        &[
            "page",
            "page_number",
            "page_num",
            "page_no",
            "page_index",
            "pageno",
            "pagenum",
            "pagenumber",
            "current_page",
            "page_id",
            "offset",
            "page_offset",
            "skip",
            "start",
            "start_at",
            "startat",
            "start_index",
            "startindex",
            "start_page",
            "first_result",
            "from_index",
            "number_page",
            "p",
            "pg",
        ],
    ),
    (
        Role::Size,
        &[
            "per_page",
            "perpage",
            "page_size",
            "pagesize",
            "page_limit",
            "pagelen",
            "page_len",
            "page_length",
            "limit",
            "size",
            "count",
            "max_results",
            "maxresults",
            "max_items",
            "max_records",
            "max_count",
            "max",
            "top",
            "take",
            "first",
            "rows",
            "num_results",
            "num_items",
            "num",
            "results_per_page",
            "items_per_page",
            "records_per_page",
            "page_count",
            "n",
            "batch_size",
            "results",
        ],
    ),
    (
        Role::Cursor,
        &[
            "cursor",
            "page_cursor",
            "next_cursor",
            "after",
            "page_after",
            "before",
            "page_before",
            "starting_after",
            "ending_before",
            "next_token",
            "nexttoken",
            "page_token",
            "pagetoken",
            "next_page_token",
            "continuation",
            "continuation_token",
            "continue",
            "continue_token",
            "marker",
            "next_marker",
            "start_marker",
            "next",
            "next_page",
            "bookmark",
            "scroll_id",
            "position",
            "iterator",
            "exclusive_start_key",
            "last_key",
            "last_id",
            "skip_token",
            "skiptoken",
            "page_key",
            "page_state",
            "pagination_token",
            "pagination_key",
            "sync_token",
            "start_cursor",
            "end_cursor",
            "page_marker",
            "starting_token",
            "since_id",
            "max_id",
        ],
    ),
];

fn role(param: &str) -> Option<Role> {
    let is_known = |names: &[&str]| names.iter().any(|name| has_same_letters(name, param));
    ROLES.iter().find(|(_, names)| is_known(names)).map(|(role, _)| *role)
}

/// The name of the parameter that plays a role.
pub(super) fn param_for(endpoint: &Endpoint, wanted: Role) -> Option<&str> {
    // A time is a filter, whatever it is called.
    let is_time = |param: &&QueryParam| matches!(param.kind, Type::Scalar(Scalar::Date | Scalar::Timestamp));
    let params = endpoint.query.iter().filter(|param| role(&param.name) == Some(wanted) && !is_time(param));
    params.map(|param| param.name.as_str()).next()
}

/// Whether parameters surely ask for one page of many.
pub(super) fn asks_for_pages(endpoint: &Endpoint) -> bool {
    param_for(endpoint, Role::Size).is_some()
        && (param_for(endpoint, Role::Position).is_some() || param_for(endpoint, Role::Cursor).is_some())
}

/// Whether a parameter is about pages and not about which records there are. Bounds of ids, which keyset paging sets, are
/// both.
pub(crate) fn serves_paging(param: &str) -> bool {
    matches!(param, "page" | "per_page" | "cursor" | "page_token" | "pagination")
}

/// Words of fields that stand beside the records of a page.
const BESIDE: [&str; 60] = [
    "after",
    "available",
    "before",
    "complete",
    "continuation",
    "continue",
    "count",
    "current",
    "cursor",
    "cursors",
    "empty",
    "end",
    "etag",
    "first",
    "from",
    "has",
    "hits",
    "href",
    "incomplete",
    "index",
    "info",
    "item",
    "items",
    "kind",
    "last",
    "length",
    "limit",
    "link",
    "links",
    "marker",
    "max",
    "meta",
    "metadata",
    "min",
    "more",
    "next",
    "num",
    "number",
    "object",
    "offset",
    "page",
    "paged",
    "pagelen",
    "pages",
    "paginator",
    "pagination",
    "paging",
    "per",
    "prev",
    "previous",
    "records",
    "remaining",
    "results",
    "self",
    "size",
    "start",
    "token",
    "total",
    "totals",
    "truncated",
];

/// Whether a field beside the records speaks of pages by its name: `next_href`, `totalCount`, `has_more`.
pub(super) fn speaks_of_pages(property: &str) -> bool {
    const FILLERS: [&str; 10] = ["url", "uri", "href", "path", "key", "is", "of", "to", "set", "result"];
    let words = words(property);
    let known = |word: &String| BESIDE.contains(&word.as_str());
    words.iter().any(known) && words.iter().all(|word| known(word) || FILLERS.contains(&word.as_str()))
}

/// Whether an object beside the records is about pages: by its name, or by what it holds.
pub(super) fn is_paging_object(entities: &Entities, name: &str, kind: &Type) -> bool {
    match kind {
        Type::Object(id) => speaks_of_pages(name) || is_all_paging(entities.get(*id)),
        Type::Map | Type::Unknown => speaks_of_pages(name),
        _ => false,
    }
}

fn is_all_paging(entity: &Entity) -> bool {
    entity.is_described() && entity.properties.keys().all(|name| speaks_of_pages(name))
}

/// The field of an answer that names the next page, as a mark or as a link: itself, or in a paging object.
pub(super) fn next_field(entities: &Entities, entity: &Entity) -> Option<String> {
    let is_next = |name: &str, kind: &Type| {
        let text = matches!(kind, Type::Scalar(Scalar::Text) | Type::Unknown);
        text && words(name).iter().any(|word| matches!(word.as_str(), "next" | "continuation" | "continue"))
    };
    let marks = |name: &str| matches!(words(name).last().map(String::as_str), Some("cursor" | "marker"));
    for (name, property) in &entity.properties {
        if is_next(name, &property.kind) || (marks(name) && is_plain(&property.kind)) {
            return Some(name.clone());
        }
        let Type::Object(id) = property.kind else { continue };
        if !is_paging_object(entities, name, &property.kind) {
            continue;
        }
        let mut inner = entities.get(id).properties.iter();
        if let Some((inner, _)) = inner.find(|(inner, property)| is_next(inner, &property.kind)) {
            return Some(format!("{name}.{inner}"));
        }
    }
    None
}

fn is_plain(kind: &Type) -> bool {
    matches!(kind, Type::Scalar(Scalar::Text) | Type::Unknown)
}
