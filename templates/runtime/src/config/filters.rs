//! Whether what is asked for can be asked for: the query parameters of `config.toml` beside what a resource knows of them.

use toml::Value;

use super::settings::{ResourceSettings, Scalars, text_of};
use super::suggest;
use crate::resource::{Filter, FilterKind, Resource};
use crate::schema::time::parse_loosely;

/// Parameters that the engine sets by itself, or that must not stand in an address.
const NOT_FILTERS: [(&str, &str); 8] = [
    ("page", PAGES),
    ("pagination", PAGES),
    ("cursor", PAGES),
    ("page_token", PAGES),
    ("per_page", "the size of pages is `per_page` of `[extract]`"),
    ("private_token", TOKENS),
    ("access_token", TOKENS),
    ("job_token", TOKENS),
];
const PAGES: &str = "all pages are read, so it is set by the pipeline";
const TOKENS: &str = "a token does not belong in an address; it stands in secrets.toml";

/// What is wrong with a parameter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unknown { suggestion: Option<String>, expected: Vec<String> },
    Unusable(String),
}

/// The first parameter that cannot be sent: its section, its name, and why.
pub(super) fn fault(resource: &Resource, said: &ResourceSettings) -> Option<(&'static str, String, Fault)> {
    let of_query = said.query.iter().find_map(|(name, value)| {
        let fault = refused(name).or_else(|| mismatch(resource, name, value))?;
        Some(("query", name.clone(), fault))
    });
    let of_extra = || {
        said.extra_query.keys().find_map(|name| {
            let is_twice = said.query.keys().any(|other| bare(other) == bare(name));
            let twice = is_twice.then(|| Fault::Unusable("`query` sets it as well".to_owned()));
            Some(("extra_query", name.clone(), refused(name).or(twice)?))
        })
    };
    of_query.or_else(of_extra)
}

fn refused(name: &str) -> Option<Fault> {
    let (_, why) = NOT_FILTERS.iter().find(|(known, _)| *known == bare(name))?;
    Some(Fault::Unusable((*why).to_owned()))
}

/// A list may be called as it is sent.
fn bare(name: &str) -> &str {
    name.strip_suffix("[]").unwrap_or(name)
}

fn mismatch(resource: &Resource, name: &str, value: &Scalars) -> Option<Fault> {
    let filters = resource.filters;
    let own = own_values(resource, bare(name));
    let is_it = |filter: &&Filter| {
        **filter == Filter::WHATEVER || filter.name == bare(name) || is_part_of(name, filter)
    };
    let found = filters.iter().find(is_it);
    match (found, own) {
        (Some(filter), _) => refusal(filter, value).map(Fault::Unusable),
        (None, Some(values)) => refusal(&Filter::one_of("", values).list(), value).map(Fault::Unusable),
        (None, None) => {
            let known = filters.iter().map(|filter| filter.name);
            let own = own_names(resource).filter(|own| filters.iter().all(|filter| filter.name != *own));
            let expected: Vec<String> = known.chain(own).map(str::to_owned).collect();
            let suggestion = suggest(bare(name), expected.iter().map(String::as_str));
            Some(Fault::Unknown { suggestion, expected })
        }
    }
}

/// `custom_attributes[key]` is in `custom_attributes`.
fn is_part_of(name: &str, filter: &Filter) -> bool {
    let part = name.strip_prefix(filter.name).and_then(|rest| rest.strip_prefix('['));
    filter.kind == FilterKind::Any && part.is_some_and(|part| part.ends_with(']'))
}

/// Parameters that a definition sets itself, which a user may set otherwise.
fn own_names(resource: &Resource) -> impl Iterator<Item = &'static str> {
    let of_changes = resource.incremental.into_iter().flat_map(|own| {
        let with = own.query.iter().map(|(name, _)| *name);
        with.chain([own.param])
    });
    let of_order = resource.newest_first.into_iter().flat_map(|own| own.query.iter().map(|(name, _)| *name));
    let always = resource.query.iter().map(|(name, _)| *name);
    always.chain(resource.fan_out.map(|own| own.param)).chain(of_changes).chain(of_order)
}

/// The values that such a parameter takes; none: any.
fn own_values(resource: &Resource, name: &str) -> Option<&'static [&'static str]> {
    let fan_out = resource.fan_out.filter(|own| own.param == name).map(|own| own.values);
    fan_out.or_else(|| own_names(resource).any(|own| bare(own) == name).then_some(&[][..]))
}

/// Why the filter does not take the value.
fn refusal(filter: &Filter, value: &Scalars) -> Option<String> {
    if value.is_array && !filter.is_list && filter.kind != FilterKind::Any {
        return Some("it takes one value, not an array".to_owned());
    }
    let parts = value.values.iter().flat_map(|value| match value {
        // Several values may stand in one text.
        Value::String(text) if filter.is_list => text.split(',').map(|part| part.trim().to_owned()).collect(),
        value => vec![text_of(value)],
    });
    parts.into_iter().find_map(|text| refusal_of_one(filter, &text))
}

fn refusal_of_one(filter: &Filter, text: &str) -> Option<String> {
    let shown = text.escape_debug();
    if !filter.values.is_empty() {
        if filter.values.contains(&text) {
            return None;
        }
        let known = filter.values.join("`, `");
        return Some(match suggest(text, filter.values.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? It takes `{known}`, not `{shown}`"),
            None => format!("it takes `{known}`, not `{shown}`"),
        });
    }
    let (fits, kind) = match filter.kind {
        FilterKind::Bool => (matches!(text, "true" | "false" | "1" | "0"), "`true` or `false`"),
        FilterKind::Int => (text.parse::<i64>().is_ok(), "a whole number"),
        FilterKind::Time => {
            (parse_loosely(text).is_some(), "a date or a time, such as `2024-01-31T00:00:00Z`")
        }
        FilterKind::Text | FilterKind::Any => (true, ""),
    };
    (!fits).then(|| format!("it takes {kind}, not `{shown}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{FanOut, Incremental};

    const ISSUES: Resource = Resource {
        name: "issues",
        query: &[("scope", "all")],
        filters: &[
            Filter::one_of("state", &["opened", "closed", "all"]),
            Filter::text("labels").list(),
            Filter::one_of("in", &["title", "description"]).list(),
            Filter::int("author_id"),
            Filter::bool("confidential"),
            Filter::time("created_after"),
            Filter::any("custom_attributes"),
        ],
        fan_out: Some(FanOut { param: "metric", column: "metric", values: &["frequency", "lead_time"] }),
        incremental: Some(Incremental {
            param: "updated_after",
            query: &[("order_by", "updated_at")],
            ..Incremental::DEFAULT
        }),
        ..Resource::DEFAULT
    };

    fn fault_of(resource: &Resource, text: &str) -> Option<String> {
        let said: ResourceSettings = toml::from_str(text).unwrap();
        fault(resource, &said).map(|(section, name, fault)| match fault {
            Fault::Unknown { suggestion, .. } => format!("{section}.{name}: unknown, {suggestion:?}"),
            Fault::Unusable(why) => format!("{section}.{name}: {why}"),
        })
    }

    #[test]
    fn what_a_resource_knows_is_taken_as_people_write_it() {
        for text in [
            "state = 'opened'",
            "labels = ['a', 'b']",
            "labels = 'a,b'",
            "'labels[]' = ['a']",
            "in = 'title,description'",
            "author_id = 7",
            "author_id = '7'",
            "confidential = true",
            "confidential = 'false'",
            "created_after = 2024-05-01",
            "created_after = 2024-05-01T12:00:00Z",
            "created_after = '2024-05-01'",
            "'custom_attributes[team]' = 'a'",
            "scope = 'created_by_me'",
            "metric = 'frequency'",
            "metric = ['frequency', 'lead_time']",
            "updated_after = '2024-05-01T00:00:00Z'",
            "order_by = 'created_at'",
        ] {
            assert_eq!(fault_of(&ISSUES, &format!("[query]\n{text}")), None, "{text}");
        }
        assert_eq!(fault_of(&ISSUES, "[extra_query]\nhealth = ['new']"), None);
        let own = Resource { filters: Resource::DEFAULT.filters, ..ISSUES };
        assert_eq!(fault_of(&own, "[query]\nwhatever = 1"), None);
    }

    #[test]
    fn what_it_does_not_know_is_refused_with_what_to_write() {
        for (text, why) in [
            ("[query]\nlabel = 'a'", "query.label: unknown, Some(\"labels\")"),
            ("[query]\nzzz = 'a'", "query.zzz: unknown, None"),
            (
                "[query]\nstate = 'open'",
                "did you mean `opened`? It takes `opened`, `closed`, `all`, not `open`",
            ),
            ("[query]\nin = ['title', 'body']", "it takes `title`, `description`, not `body`"),
            ("[query]\nmetric = 'speed'", "it takes `frequency`, `lead_time`, not `speed`"),
            ("[query]\nauthor_id = 'me'", "it takes a whole number, not `me`"),
            ("[query]\nauthor_id = [1, 2]", "it takes one value"),
            ("[query]\nconfidential = 'yes'", "it takes `true` or `false`, not `yes`"),
            ("[query]\ncreated_after = 'yesterday'", "it takes a date or a time"),
            ("[query]\npage = 2", "all pages are read"),
            ("[extra_query]\nper_page = 20", "`[extract]`"),
            ("[extra_query]\nprivate_token = 'x'", "does not belong in an address"),
            ("[query]\nlabels = 'a'\n[extra_query]\n'labels[]' = ['b']", "`query` sets it as well"),
        ] {
            let fault = fault_of(&ISSUES, text).unwrap_or_default();
            assert!(fault.contains(why), "{text}: {fault}");
        }
    }
}
