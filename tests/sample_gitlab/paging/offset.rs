//! `page` and `per_page`, answered with x-* headers and a Link.

use super::{Page, Selection, link, per_page};
use crate::http::Settings;
use crate::routes::{Call, Refusal, Route};

pub(crate) fn page(
    call: &Call,
    route: &Route,
    selection: &Selection,
    settings: &Settings,
) -> Result<Page, Refusal> {
    let per_page = per_page(call)?;
    let page = match call.query.number("page")? {
        None => 1,
        Some(asked) if asked >= 1 => usize::try_from(asked).unwrap_or(usize::MAX),
        Some(_) => return Err(Refusal::invalid("page")),
    };
    refuse_beyond_limit(call, route, page.saturating_mul(per_page), settings)?;
    let start = (page - 1).saturating_mul(per_page);
    let headers = headers(call, route, Place { page, per_page, total: selection.len() }, settings);
    Ok(selection.page(start..start.saturating_add(per_page), headers))
}

/// Only lists that also offer keyset paging have a limit.
fn refuse_beyond_limit(
    call: &Call,
    route: &Route,
    offset: usize,
    settings: &Settings,
) -> Result<(), Refusal> {
    match &route.keyset {
        Some(rule)
            if rule.limits_offset && rule.is_offered_to(call.caller) && offset > settings.offset_limit =>
        {
            Err(Refusal::Error(
                405,
                format!(
                    "Offset pagination has a maximum allowed offset of {} for requests that return objects of type \
                     {}. Remaining records can be retrieved using keyset pagination.",
                    settings.offset_limit, rule.class
                ),
            ))
        }
        _ => Ok(()),
    }
}

#[derive(Clone, Copy)]
struct Place {
    page: usize,
    per_page: usize,
    total: usize,
}

impl Place {
    fn pages(self) -> usize {
        self.total.div_ceil(self.per_page).max(1)
    }

    fn next(self) -> Option<usize> {
        (self.page < self.pages()).then_some(self.page + 1)
    }

    fn previous(self) -> Option<usize> {
        (self.page > 1).then(|| self.page - 1)
    }
}

fn headers(call: &Call, route: &Route, place: Place, settings: &Settings) -> Vec<(&'static str, String)> {
    let text = |page: Option<usize>| page.map(|page| page.to_string()).unwrap_or_default();
    let totals = route.totals && place.total <= settings.totals_limit;
    let per_page = place.per_page.to_string();
    let neighbour = |page: Option<usize>, rel: &str| {
        page.map(|page| {
            link(call, settings, &[("page", Some(&page.to_string())), ("per_page", Some(&per_page))], rel)
        })
    };
    let links = [
        neighbour(place.previous(), "prev"),
        neighbour(place.next(), "next"),
        neighbour(Some(1), "first"),
        neighbour(totals.then(|| place.pages()), "last"),
    ];
    let mut headers = vec![
        ("link", links.into_iter().flatten().collect::<Vec<_>>().join(", ")),
        ("x-page", place.page.to_string()),
        ("x-per-page", per_page.clone()),
        ("x-prev-page", text(place.previous())),
        ("x-next-page", text(place.next())),
    ];
    if totals {
        headers.push(("x-total", place.total.to_string()));
        headers.push(("x-total-pages", place.pages().to_string()));
    }
    headers
}
