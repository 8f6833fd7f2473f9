//! Where in its list a request stands, and the query that asks for it.

use crate::resource::Pagination;

/// Where in its list a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    First,
    Page(u64),
    /// A page of another size than the others; see `window`.
    Window {
        page: u64,
        size: u32,
    },
    /// The whole query of a `Link`.
    Link(Vec<(String, String)>),
}

impl Position {
    /// The query for this position. `set` are the parameters that the resource or the user has set.
    pub(super) fn query(
        &self,
        pagination: Pagination,
        per_page: u32,
        set: Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        let mut query = match self {
            Self::Link(query) => return query.clone(),
            Self::First | Self::Page(_) | Self::Window { .. } => set,
        };
        let mut add = |name: &str, value: String| {
            if !is_set(&query, name) {
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
            Self::Link(query) => parameter(query, "page").and_then(|page| page.parse().ok()).unwrap_or(1),
            Self::First => 1,
        }
    }

    /// Whether it counts pages: a link may as well.
    pub(super) fn counts_pages(&self) -> bool {
        match self {
            Self::Link(query) => parameter(query, "page").is_some(),
            Self::First | Self::Page(_) | Self::Window { .. } => true,
        }
    }

    /// The page with this number, or the front.
    pub(super) fn of_page(page: u64) -> Self {
        if page <= 1 { Self::First } else { Self::Page(page) }
    }

    /// The position with pages of another size, and how many records at its start were read before. `skip` is what was
    /// to be left out of the page as it was.
    pub(super) fn resized(&self, size: u32, other: u32, skip: usize) -> (Self, usize) {
        let other = other.max(1);
        if let Self::Link(query) = self
            && !self.counts_pages()
        {
            let mut query: Vec<_> = query.iter().filter(|(name, _)| name != "per_page").cloned().collect();
            query.push(("per_page".to_owned(), other.to_string()));
            return (Self::Link(query), 0);
        }
        let skip = u64::try_from(skip).unwrap_or(u64::MAX);
        let read = self.page().saturating_sub(1).saturating_mul(size.into()).saturating_add(skip);
        let rest = usize::try_from(read % u64::from(other)).unwrap_or(0);
        (Self::of_page(read / u64::from(other) + 1), rest)
    }
}

fn parameter<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

const OF_KEYSET: [&str; 4] = ["order_by", "sort", "id_after", "id_before"];

/// Keyset has one order and sets bounds of ids; a list that is ordered or bounded otherwise is read by offset.
pub(super) fn usable(pagination: Pagination, set: &[(String, String)]) -> Pagination {
    match pagination {
        Pagination::Keyset { .. } if OF_KEYSET.iter().any(|name| is_set(set, name)) => Pagination::Offset,
        pagination => pagination,
    }
}

/// Whether a parameter is among those set, as itself or as an array.
pub(in crate::extract) fn is_set(set: &[(String, String)], name: &str) -> bool {
    set.iter().any(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_the_user_sets_is_not_sent_twice() {
        let set = vec![pair("per_page", "20"), pair("labels[]", "a")];
        let query = Position::Page(2).query(Pagination::Offset, 100, set);
        assert_eq!(query, [pair("per_page", "20"), pair("labels[]", "a"), pair("page", "2")]);
    }

    #[test]
    fn a_smaller_page_starts_at_the_same_record() {
        let link = |page: &str| Position::Link(vec![pair("state", "all"), pair("page", page)]);
        let cases = [
            (Position::First, 100, 50, 0, (Position::First, 0)),
            (Position::Page(4), 100, 50, 0, (Position::Page(7), 0)),
            // Record 150 is the eleventh of the eighth page of 20.
            (Position::Page(4), 50, 20, 0, (Position::Page(8), 10)),
            (Position::Page(8), 20, 5, 10, (Position::Page(31), 0)),
            (link("4"), 50, 20, 0, (Position::Page(8), 10)),
        ];
        for (position, size, smaller, skip, expected) in cases {
            assert_eq!(position.resized(size, smaller, skip), expected, "{position:?}");
        }
        let keyset = Position::Link(vec![pair("cursor", "x")]);
        let expected = vec![pair("cursor", "x"), pair("per_page", "20")];
        assert_eq!(keyset.resized(50, 20, 0), (Position::Link(expected), 0));
    }
}
