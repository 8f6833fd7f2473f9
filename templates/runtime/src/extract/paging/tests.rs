//! Lists of servers that behave in all kinds of ways, read to their ends.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::{List, Pager, PagingError, Seen, Way};
use crate::client::{Excerpt, Fault};
use crate::moment::Moment;
use crate::record::{Glimpse, Record, Taps};
use crate::resource::{Incremental, NewestFirst, Pagination};

const CHANGES: Incremental = Incremental {
    param: "updated_after",
    cursor: Some("updated_at"),
    query: &[("order_by", "updated_at"), ("sort", "asc")],
    ..Incremental::DEFAULT
};
const BY_CHANGE: Pagination = Pagination::Keyset { order_by: "updated_at", sort: "asc" };

fn list(pagination: Pagination) -> List {
    List {
        set: Vec::new(),
        pagination,
        changes: None,
        since: None,
        newest_first: None,
        has_key: true,
        per_page: 100,
        way: Way::Usual,
    }
}

/// What a server answers, or why it does not.
type Reply = Result<(Vec<Glimpse>, Vec<(&'static str, String)>), Fault>;

/// One request, as a server sees it.
struct Asked(Vec<(String, String)>);

impl Asked {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, otherwise: usize) -> usize {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(otherwise)
    }

    /// The rows of the page that is asked for.
    fn page<'r>(&self, rows: &'r [Glimpse]) -> &'r [Glimpse] {
        let (page, size) = (self.number("page", 1), self.number("per_page", 20));
        let start = ((page - 1) * size).min(rows.len());
        &rows[start..(start + size).min(rows.len())]
    }

    /// That page, with the header that names the next one.
    fn counted(&self, rows: &[Glimpse]) -> Reply {
        let (page, size) = (self.number("page", 1), self.number("per_page", 20));
        let next = if page * size < rows.len() { (page + 1).to_string() } else { String::new() };
        Ok((self.page(rows).to_vec(), vec![("x-next-page", next)]))
    }
}

fn row(id: u64, second: u64) -> Glimpse {
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    let at = format!("2024-01-01T{hours:02}:{minutes:02}:{seconds:02}.500Z");
    Glimpse::of_json(&json!({"id": id, "updated_at": at}), &["id", "updated_at"])
}

fn rows(count: u64) -> Vec<Glimpse> {
    (0..count).map(|id| row(id, id)).collect()
}

fn id(row: &Glimpse) -> u64 {
    row.get("id").unwrap().as_u64().unwrap()
}

/// Reads a list to its end: the ids that were new, in their order, and the requests.
fn read(list: &List, mut server: impl FnMut(&Asked) -> Reply) -> Result<(Vec<u64>, usize), PagingError> {
    let (mut pager, mut ids, mut requests) = (Pager::new(list, None), Vec::new(), 0);
    loop {
        requests += 1;
        assert!(requests < 2_000, "it does not end");
        let (records, said) = match server(&Asked(pager.query(list))) {
            Ok(reply) => reply,
            Err(fault) => {
                pager = pager.instead(list, &fault).expect("another way to ask");
                continue;
            }
        };
        let headers: HeaderMap = said
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap()))
            .collect();
        let total = headers.get("x-total").map(|total| total.to_str().unwrap().parse().unwrap());
        let digest = BuildHasherDefault::<DefaultHasher>::default().hash_one(format!("{records:?}"));
        let turn = match pager.after(list, &Seen { headers: &headers, records: &records, digest, total }) {
            Ok(turn) => turn,
            Err(error) => match pager.again(error) {
                Some(again) => {
                    pager = again;
                    continue;
                }
                None => return Err(error),
            },
        };
        ids.extend(records.iter().zip(&turn.is_new).filter(|(_, is_new)| **is_new).map(|(row, _)| id(row)));
        match turn.next {
            Some(next) => pager = next,
            None => return Ok((ids, requests)),
        }
    }
}

/// Timeouts make a page too large; so may a 500 that comes late.
fn timeout() -> Fault {
    Fault::Server { status: 500, message: Excerpt::new(""), is_late: true, wait: None }
}

#[test]
fn a_keyset_list_without_a_word_about_pages_is_read_to_its_end() {
    let preload = || ("link", "</app.css>; rel=preload; as=style".to_owned());
    for (count, requests) in [(0, 1), (99, 1), (100, 2), (1_040, 11)] {
        let all = rows(count);
        for headers in [vec![], vec![preload()]] {
            let server = |asked: &Asked| Ok((asked.page(&all).to_vec(), headers.clone()));
            let (ids, asked) = read(&list(BY_CHANGE), server).unwrap();
            assert_eq!(ids, (0..count).collect::<Vec<_>>());
            assert!(asked.abs_diff(requests) <= 1, "{asked} requests for {count} rows");
        }
    }
}

#[test]
fn what_the_server_links_to_is_the_end_when_it_links_no_more() {
    let all = rows(200);
    let server = |asked: &Asked| {
        let after = asked.number("id_after", usize::MAX).wrapping_add(1);
        let page = all[after.min(200)..(after + 100).min(200)].to_vec();
        let link = page.last().filter(|last| id(last) < 199).map(id);
        let link = link.map(|id| ("link", format!("<http://h/?id_after={id}>; rel=\"next\"")));
        Ok((page, link.into_iter().collect()))
    };
    let keyset = list(Pagination::Keyset { order_by: "id", sort: "asc" });
    let (ids, requests) = read(&keyset, server).unwrap();
    assert_eq!((ids.len(), requests), (200, 2), "a full last page is no reason to ask on");
}

#[test]
fn a_server_that_takes_no_notice_of_keyset_loses_no_row() {
    for (seed, order_by) in (0..40).zip(["id", "updated_at"].into_iter().cycle()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut all, mut gone, mut clock) = (rows(1_000), BTreeSet::new(), 2_000);
        let keyset = List {
            changes: (order_by == "updated_at").then_some(CHANGES),
            ..list(Pagination::Keyset { order_by, sort: "asc" })
        };
        let mut requests = 0;
        let server = |asked: &Asked| {
            assert_eq!(asked.get("order_by"), Some(order_by), "the order of the first page stays");
            let since = asked.get("updated_after").and_then(Moment::parse);
            let time = |row: &Glimpse| Moment::parse(row.text("updated_at").unwrap()).unwrap();
            let shown: Vec<_> =
                all.iter().filter(|row| since.is_none_or(|since| time(row) >= since)).cloned().collect();
            let reply = asked.counted(&shown).map(|(page, _)| {
                let next = asked.number("page", 1) + 1;
                let more = shown.len() >= next.saturating_sub(1) * asked.number("per_page", 20);
                let link = format!(
                    "<http://h/?page={next}&per_page=100>; rel=\"next\", <http://h/?page=1>; rel=\"first\""
                );
                let first = "<http://h/?page=1>; rel=\"first\"".to_owned();
                (page, vec![("link", if more { link } else { first })])
            });
            requests += 1;
            for _ in 0..random.usize(0..8) * usize::from(requests < 100) {
                let row_gone = all.remove(random.usize(0..all.len()));
                clock += 1;
                if order_by == "updated_at" && random.bool() {
                    all.push(row(id(&row_gone), clock));
                } else {
                    gone.insert(id(&row_gone));
                }
            }
            reply
        };
        let (ids, _) = read(&keyset, server).unwrap();
        let seen: BTreeSet<u64> = ids.into_iter().collect();
        let lost: Vec<u64> = (0..1_000).filter(|id| !gone.contains(id) && !seen.contains(id)).collect();
        assert_eq!(lost, Vec::<u64>::new(), "seed {seed}");
    }
}

#[test]
fn what_one_list_shows_of_the_server_is_told() {
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("link"),
        HeaderValue::from_static("<http://h/?page=2>; rel=\"next\""),
    )]);
    let all = rows(100);
    let list = list(BY_CHANGE);
    let seen = Seen { headers: &headers, records: &all, digest: 1, total: None };
    let turn = Pager::new(&list, None).after(&list, &seen).unwrap();
    assert_eq!(turn.learned, Some(Way::Counted));
    let sibling = List { way: Way::Counted, ..list };
    let query = Asked(Pager::new(&sibling, None).query(&sibling));
    assert_eq!((query.get("pagination"), query.get("page")), (None, Some("1")));
    assert_eq!((query.get("order_by"), query.get("sort")), (Some("updated_at"), Some("asc")));
}

#[test]
fn a_newest_first_list_keeps_its_overlap_while_rows_go() {
    let since = Moment::parse("2024-01-01T00:10:00Z");
    let order = NewestFirst { cursor: "updated_at", query: &[("sort", "desc")] };
    let newest = List { newest_first: Some(order), since, ..list(Pagination::Offset) };
    let mut all = rows(1_000);
    all.reverse();
    let mut is_gone = false;
    let server = |asked: &Asked| {
        if !is_gone && asked.page(&all).last().is_some_and(|last| id(last) < 600) {
            // Rows that were read go, so that others move up onto the page in front, and this is the last page.
            is_gone = true;
            all.drain(3..15);
        }
        asked.counted(&all)
    };
    let (ids, asked) = read(&newest, server).unwrap();
    let wanted: BTreeSet<u64> = (600..980).collect();
    let seen: BTreeSet<u64> = ids.into_iter().collect();
    assert_eq!(wanted.difference(&seen).collect::<Vec<_>>(), Vec::<&u64>::new());
    assert!(asked < 16 && !seen.contains(&300), "it ends where it is known: {asked} requests");
}

#[test]
fn smaller_pages_keep_their_overlap() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut all, mut gone, mut requests) = (rows(600), BTreeSet::new(), 0);
        let server = |asked: &Asked| {
            requests += 1;
            let is_slow = asked.number("per_page", 20) > 20 && requests > 3;
            if is_slow {
                // While the server tries, rows go that were read.
                let goes = random.usize(0..100);
                gone.extend(all.drain(goes..goes + 12).map(|row| id(&row)));
                return Err(timeout());
            }
            asked.counted(&all)
        };
        let (ids, _) = read(&list(Pagination::Offset), server).unwrap();
        let seen: BTreeSet<u64> = ids.into_iter().collect();
        let lost: Vec<u64> = (0..600).filter(|id| !gone.contains(id) && !seen.contains(id)).collect();
        assert_eq!(lost, Vec::<u64>::new(), "seed {seed}");
    }
}

#[test]
fn a_server_that_ignores_page_numbers_is_found_out() {
    let same = |_: &Asked| Ok((rows(100), Vec::new()));
    assert_eq!(read(&list(Pagination::Offset), same).unwrap_err(), PagingError::RepeatedPage);
    // The same rows in another order are no progress either.
    let mut turn = 0;
    let turning = |asked: &Asked| {
        let mut page = rows(asked.number("per_page", 20).try_into().unwrap());
        turn += 1;
        page.rotate_left(turn);
        Ok((page, Vec::new()))
    };
    assert_eq!(read(&list(Pagination::Offset), turning).unwrap_err(), PagingError::RepeatedPage);
    let stays = |_: &Asked| Ok((rows(100), vec![("x-next-page", "1".to_owned())]));
    assert_eq!(read(&list(Pagination::Offset), stays).unwrap_err(), PagingError::NoProgress);
}

#[test]
fn a_server_without_pages_gives_everything_at_once() {
    let (ids, requests) = read(&list(Pagination::Offset), |_| Ok((rows(1_300), Vec::new()))).unwrap();
    assert_eq!((ids.len(), requests), (1_300, 2));
}

#[test]
fn a_list_that_is_said_to_hold_something_is_not_empty() {
    let mut requests = 0;
    let flaky = |asked: &Asked| {
        requests += 1;
        let all = if requests < 3 { Vec::new() } else { rows(5) };
        asked.counted(&all).map(|(page, _)| (page, vec![("x-total", "5".to_owned())]))
    };
    assert_eq!(read(&list(Pagination::Offset), flaky).unwrap().0.len(), 5);
    let lying = |_: &Asked| Ok((Vec::new(), vec![("x-total", "5".to_owned())]));
    assert_eq!(read(&list(BY_CHANGE), lying).unwrap_err(), PagingError::NothingCame { total: 5 });
    let empty = |_: &Asked| Ok((Vec::new(), vec![("x-total", "0".to_owned())]));
    assert_eq!(read(&list(Pagination::Offset), empty).unwrap(), (Vec::new(), 1));
}

#[test]
fn the_header_comes_before_the_full_page_rule() {
    let all = rows(250);
    let (ids, requests) = read(&list(Pagination::Offset), |asked| asked.counted(&all)).unwrap();
    assert_eq!((ids.len(), requests), (250, 3));
    // A list that gives twenty whatever it is asked for, and says nothing.
    let twenty = |asked: &Asked| {
        let start = (asked.number("page", 1) - 1) * 20;
        Ok((all[start.min(250)..(start + 20).min(250)].to_vec(), Vec::new()))
    };
    assert_eq!(read(&list(Pagination::Offset), twenty).unwrap().0.len(), 250);
    let none = |_: &Asked| Ok((rows(100), Vec::new()));
    assert_eq!(read(&list(Pagination::None), none).unwrap().1, 1, "the answer is complete");
}

#[test]
fn records_that_nothing_tells_apart_are_no_sign_that_a_list_stands_still() {
    let alike: Vec<Glimpse> =
        (0..1_040).map(|id| Glimpse::of(&keyless(id), &Taps::new(["id", "updated_at"]), &[])).collect();
    assert_eq!(alike[0].identity(), alike[1].identity());
    let keyless = List { has_key: false, ..list(Pagination::Offset) };
    let (ids, requests) = read(&keyless, |asked| asked.counted(&alike)).unwrap();
    assert_eq!((ids, requests), ((0..1_040).collect(), 11));
}

fn keyless(id: u64) -> Record<'static> {
    Record::from_iter([("id", id)])
}
