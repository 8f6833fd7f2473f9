//! Where the next page is: what was sent and what came back go in, the next position or the end goes out.
//!
//! `Link` with `rel="next"` first, then `x-next-page`, then "a full page means ask again"; never a total. Of a link only
//! the query is taken: behind a proxy GitLab names a host of its own.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use thiserror::Error;

use crate::resource::Pagination;

/// What an endpoint gives that does not say how much it gives, and ignores what it is asked for.
const DEFAULT_PAGE: usize = 20;

/// Where in its list a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    First,
    Page(u64),
    /// A page of another size than the others; see `shift`.
    Window {
        page: u64,
        size: u32,
    },
    /// The whole query of a `Link`.
    Link(Vec<(String, String)>),
}

/// A list that would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PagingError {
    #[error("the same page came twice in a row, so the list would never end")]
    RepeatedPage,
    #[error("the next page is the page that was just read, so the list would never end")]
    NoProgress,
}

/// What one answer says.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) records: usize,
    pub(super) digest: u64,
    /// The digest of the page before.
    pub(super) previous: Option<u64>,
}

impl Position {
    /// The query for this position. `set` are the parameters that the resource or the user has set.
    pub(super) fn query(
        &self,
        pagination: Pagination,
        per_page: u32,
        set: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut query = match self {
            Self::Link(query) => return query.clone(),
            Self::First | Self::Page(_) | Self::Window { .. } => set.to_vec(),
        };
        let mut add = |name: &str, value: String| {
            if !is_set(set, name) {
                query.push((name.to_owned(), value));
            }
        };
        match pagination {
            Pagination::None => {}
            Pagination::Offset => {
                add("per_page", per_page.to_string());
                add("page", self.page().to_string());
            }
            Pagination::Keyset { order_by, sort } => {
                add("per_page", per_page.to_string());
                add("pagination", "keyset".to_owned());
                add("order_by", order_by.to_owned());
                add("sort", sort.to_owned());
            }
        }
        query
    }

    pub(super) fn page(&self) -> u64 {
        match self {
            Self::Page(page) | Self::Window { page, .. } => *page,
            Self::First | Self::Link(_) => 1,
        }
    }

    /// The position with pages of another size, and how many records at its start were read before. `skip` is what was
    /// to be left out of the page as it was.
    pub(super) fn resized(&self, size: u32, other: u32, skip: usize) -> (Self, usize) {
        let other = other.max(1);
        let moved = |page: u64| {
            let skip = u64::try_from(skip).unwrap_or(u64::MAX);
            let read = page.saturating_sub(1).saturating_mul(size.into()).saturating_add(skip);
            let rest = usize::try_from(read % u64::from(other)).unwrap_or(0);
            (read / u64::from(other) + 1, rest)
        };
        let Self::Link(query) = self else {
            let (page, rest) = moved(self.page());
            return (if page == 1 { Self::First } else { Self::Page(page) }, rest);
        };
        let set = |name: &str, value: u64, mut query: Vec<(String, String)>| {
            query.retain(|(key, _)| key != name);
            query.push((name.to_owned(), value.to_string()));
            query
        };
        let page = query.iter().find(|(name, _)| name == "page").and_then(|(_, value)| value.parse().ok());
        let (query, rest) = match page.map(moved) {
            Some((page, rest)) => (set("page", page, query.clone()), rest),
            None => (query.clone(), 0),
        };
        (Self::Link(set("per_page", other.into(), query)), rest)
    }

    /// The position after this one, `None` at the end.
    pub(super) fn after(
        &self,
        pagination: Pagination,
        per_page: u32,
        seen: &Seen<'_>,
    ) -> Result<Option<Self>, PagingError> {
        // Empty pages may follow each other: GitLab drops what the token may not see after it has cut the pages.
        if seen.records > 0 && seen.previous == Some(seen.digest) {
            return Err(PagingError::RepeatedPage);
        }
        let Some(next) = self.announced(pagination, per_page, seen) else { return Ok(None) };
        let goes_on = match (self, &next) {
            (Self::Link(current), Self::Link(next)) => current != next,
            (_, Self::Page(next)) => *next > self.page(),
            _ => true,
        };
        if goes_on { Ok(Some(next)) } else { Err(PagingError::NoProgress) }
    }

    fn announced(&self, pagination: Pagination, per_page: u32, seen: &Seen<'_>) -> Option<Self> {
        let links: Vec<_> =
            seen.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).collect();
        if !links.is_empty() {
            return next_link(&links.join(", ")).map(Self::Link);
        }
        if let Some(page) = text(seen.headers, "x-next-page") {
            return page.parse().ok().map(Self::Page);
        }
        let given = text(seen.headers, "x-per-page").and_then(|text| text.parse().ok());
        let asked = given.or_else(|| usize::try_from(per_page).ok())?;
        let is_full = seen.records >= asked || seen.records == DEFAULT_PAGE;
        (pagination == Pagination::Offset && is_full).then(|| Self::Page(self.page() + 1))
    }
}

/// Keyset has one order; a list that is ordered otherwise is read by offset.
pub(super) fn usable(pagination: Pagination, set: &[(String, String)]) -> Pagination {
    match pagination {
        Pagination::Keyset { .. } if is_set(set, "order_by") || is_set(set, "sort") => Pagination::Offset,
        pagination => pagination,
    }
}

/// Whether a parameter is among those set, as itself or as an array.
pub(super) fn is_set(set: &[(String, String)], name: &str) -> bool {
    set.iter().any(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
}

/// How many records the server gives per page, when it says so.
pub(super) fn given_size(headers: &HeaderMap) -> Option<u32> {
    text(headers, "x-per-page").and_then(|text| text.parse().ok()).filter(|size| *size > 0)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// The query of the link with `rel="next"`.
fn next_link(links: &str) -> Option<Vec<(String, String)>> {
    let next = links.split('<').skip(1).find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let mut parameters = parameters.split([';', ',']).map(str::trim);
        parameters.any(|parameter| parameter == "rel=\"next\"" || parameter == "rel=next").then_some(target)
    })?;
    let base = Url::parse("http://host/").ok()?;
    let url = base.join(next).ok()?;
    Some(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const KEYSET: Pagination = Pagination::Keyset { order_by: "id", sort: "asc" };

    fn after(
        position: &Position,
        pagination: Pagination,
        headers: &[(&'static str, &'static str)],
        records: usize,
    ) -> Result<Option<Position>, PagingError> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let seen = Seen { headers: &headers, records, digest: 2, previous: Some(1) };
        position.after(pagination, 100, &seen)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_link_wins_and_only_its_query_counts() {
        let link = "<http://internal:8181/api/v4/projects?id_after=9&per_page=100&labels%5B%5D=a%2Cb>; rel=\"next\", \
                    <http://internal/api/v4/projects?page=1>; rel=\"first\"";
        let next = after(&Position::First, KEYSET, &[("link", link), ("x-next-page", "7")], 3).unwrap();
        let expected = vec![pair("id_after", "9"), pair("per_page", "100"), pair("labels[]", "a,b")];
        assert_eq!(next, Some(Position::Link(expected)));
    }

    #[test]
    fn a_link_without_next_is_the_end() {
        let link = "<http://host/api/v4/projects?page=1>; rel=\"first\"";
        assert_eq!(after(&Position::First, Pagination::Offset, &[("link", link)], 100), Ok(None));
    }

    #[test]
    fn the_header_comes_before_the_full_page_rule() {
        let next = |headers: &[_], records| after(&Position::Page(3), Pagination::Offset, headers, records);
        assert_eq!(next(&[("x-next-page", "4")], 1), Ok(Some(Position::Page(4))));
        assert_eq!(next(&[("x-next-page", "")], 100), Ok(None));
        assert_eq!(next(&[], 100), Ok(Some(Position::Page(4))));
        assert_eq!(next(&[], 99), Ok(None));
        assert_eq!(next(&[("x-per-page", "20")], 20), Ok(Some(Position::Page(4))));
        assert_eq!(next(&[], 20), Ok(Some(Position::Page(4))));
        assert_eq!(next(&[("x-next-page", "3")], 100), Err(PagingError::NoProgress));
    }

    #[test]
    fn without_headers_only_an_offset_list_is_asked_again() {
        assert_eq!(after(&Position::First, KEYSET, &[], 100), Ok(None));
        assert_eq!(after(&Position::First, Pagination::None, &[], 100), Ok(None));
    }

    #[test]
    fn a_repeated_page_is_an_error_unless_it_is_empty() {
        let headers =
            HeaderMap::from_iter([(LINK, HeaderValue::from_static("<http://h/?cursor=b>; rel=\"next\""))]);
        let position = Position::Link(vec![pair("cursor", "a")]);
        let seen = |records| Seen { headers: &headers, records, digest: 1, previous: Some(1) };
        assert_eq!(position.after(KEYSET, 100, &seen(5)), Err(PagingError::RepeatedPage));
        assert!(position.after(KEYSET, 100, &seen(0)).unwrap().is_some());
    }

    #[test]
    fn what_the_user_sets_is_not_sent_twice() {
        let set = [pair("per_page", "20"), pair("labels[]", "a")];
        let query = Position::Page(2).query(Pagination::Offset, 100, &set);
        assert_eq!(query, [pair("per_page", "20"), pair("labels[]", "a"), pair("page", "2")]);
    }
}
