//! Where the server says that a list goes on.
//!
//! A `Link` that is about pages first, then `x-next-page`; never a total. Of a link only the query is taken: behind a
//! proxy GitLab names a host of its own.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};

use super::position::Position;

/// What the headers of an answer say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Announced {
    Next(Position),
    End,
    /// Nothing about pages.
    Nothing,
}

/// A link whose relation is one of these speaks of the pages of a list. Others (`preload`, `describedby`) come from
/// whoever stands in between.
const OF_PAGES: [&str; 5] = ["next", "prev", "previous", "first", "last"];

pub(super) fn announced(headers: &HeaderMap) -> Announced {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let links: Vec<Link> =
        values.flat_map(links).filter(|link| OF_PAGES.iter().any(|rel| link.is(rel))).collect();
    if !links.is_empty() {
        let next = links.iter().find(|link| link.is("next")).and_then(Link::query);
        return next.map_or(Announced::End, |query| Announced::Next(Position::Link(query)));
    }
    match text(headers, "x-next-page") {
        Some("") => Announced::End,
        Some(page) => page.parse().map_or(Announced::Nothing, |page| Announced::Next(Position::Page(page))),
        None => Announced::Nothing,
    }
}

/// How many records the server gives per page, when it says so.
pub(super) fn given_size(headers: &HeaderMap) -> Option<u32> {
    text(headers, "x-per-page").and_then(|text| text.parse().ok()).filter(|size| *size > 0)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// One link of RFC 8288: `<target>; rel="next"; title="…"`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Link {
    target: String,
    /// Lower case; several may stand in one parameter. Only the first `rel` counts.
    relations: Option<Vec<String>>,
}

impl Link {
    fn is(&self, relation: &str) -> bool {
        self.relations.iter().flatten().any(|own| own == relation)
    }

    fn query(&self) -> Option<Vec<(String, String)>> {
        let url = Url::parse("http://host/").ok()?.join(self.target.trim()).ok()?;
        Some(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }
}

/// The links of one header. What is not a link ends it: the links before it count.
fn links(header: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = header.trim_start_matches([' ', '\t', ',']);
    while let Some((target, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let mut link = Link { target: target.to_owned(), relations: None };
        rest = after.trim_start();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value, after) = parameter_of(parameter);
            if name.eq_ignore_ascii_case("rel") && link.relations.is_none() {
                link.relations = Some(value.split_ascii_whitespace().map(str::to_ascii_lowercase).collect());
            }
            rest = after.trim_start();
        }
        links.push(link);
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    links
}

/// Name, value without its quotes, and what is left. A value may be missing, quoted or plain.
fn parameter_of(text: &str) -> (&str, String, &str) {
    let end = text.find(['=', ';', ',']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    let Some(value) = after.strip_prefix('=').map(str::trim_start) else {
        return (name.trim(), String::new(), after);
    };
    match value.strip_prefix('"') {
        Some(quoted) => {
            let (value, after) = unquoted(quoted);
            (name.trim(), value, after)
        }
        None => {
            let (value, after) = value.split_at(value.find([';', ',']).unwrap_or(value.len()));
            (name.trim(), value.trim().to_owned(), after)
        }
    }
}

/// The text up to the closing quote, in which a backslash stands before what is meant as it is.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn said(headers: &[(&'static str, &'static str)]) -> Announced {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        announced(&headers.iter().map(pair).collect())
    }

    fn next(page: &str) -> Announced {
        Announced::Next(Position::Link(vec![("page".to_owned(), page.to_owned())]))
    }

    #[test]
    fn every_spelling_of_a_link_is_read() {
        for link in [
            "<http://h/?page=2>; rel=\"next\"",
            "<http://h/?page=2>;rel=next",
            "<http://h/?page=2> ; REL = \"NEXT\"",
            "</api?page=2>; title=\"a, b; rel=\\\"first\\\"\"; rel=\"last next\"",
            "<http://h/?page=9>; rel=last,<http://h/?page=2>; rel=next",
            ", <http://h/?page=9>; rel=\"first\" , <http://h/?page=2>; crossorigin; rel=\"next\"; rel=\"first\"",
        ] {
            assert_eq!(said(&[("link", link)]), next("2"), "{link}");
        }
    }

    #[test]
    fn a_link_that_is_not_about_pages_says_nothing() {
        let preload = ("link", "</a.css>; rel=preload; as=style, <https://cdn>; rel=\"preconnect\"");
        assert_eq!(said(&[preload]), Announced::Nothing);
        assert_eq!(said(&[preload, ("x-next-page", "4")]), Announced::Next(Position::Page(4)));
        assert_eq!(said(&[preload, ("x-next-page", "")]), Announced::End);
        assert_eq!(said(&[preload, ("link", "<http://h/?page=1>; rel=\"first\"")]), Announced::End);
        assert_eq!(said(&[("link", "no link at all")]), Announced::Nothing);
        assert_eq!(said(&[("x-next-page", "many")]), Announced::Nothing);
    }

    #[test]
    fn the_link_wins_and_only_its_query_counts() {
        let link = "<http://internal:8181/api/v4/projects?id_after=9&labels%5B%5D=a%2Cb>; rel=\"next\"";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![pair("id_after", "9"), pair("labels[]", "a,b")];
        let said = said(&[("link", link), ("x-next-page", "7")]);
        assert_eq!(said, Announced::Next(Position::Link(expected)));
    }
}
