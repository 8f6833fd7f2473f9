//! Lists that hold for many parents at once what a resource has one of for each: `/groups/{id}/issues` beside
//! `/projects/{id}/issues`. Only where a scope starts are all parents known.

use crate::endpoint::{Endpoint, Entity};
use crate::gitlab::{self, Start};

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::key::KeyScope;
use super::pagination::Pagination;
use super::paging::serves_paging;
use super::parent::Provider;
use super::plural::singular;
use super::property;
use super::shape::Shape;

/// A list with the same records for many parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wide {
    /// The index of the list among the endpoints.
    pub list: usize,
    pub over: Over,
    /// The field of a record that names the parent.
    pub parent_field: String,
    /// Filters of the resource that the list does not take.
    pub lacks: Vec<String>,
    /// Fields that are told from where the list stands, and those with what they say in the list of a parent.
    pub relative: Vec<(String, String)>,
}

/// What a wide list reaches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// One group, with all that is below it.
    Group,
    /// All that the token sees.
    Instance,
}

/// Fields in a reason; of more, the count is told.
const SHOWN: usize = 4;

pub(super) fn infer_wide(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Vec<Wide>> {
    let Some((tail, parent)) = below_the_scope(draft, entry) else {
        return Fact::sure(Vec::new(), "");
    };
    let named = entry.endpoint.path.last_literal().unwrap_or_default();
    let lists = draft.site.ending_in(named).iter().filter_map(|index| draft.entry(*index));
    let (mut wide, mut reasons) = (Vec::new(), Vec::new());
    for (list, over) in lists.filter_map(|list| Some((list, over(draft, list, &tail)?))) {
        let path = &list.endpoint.path.raw;
        match compare(draft, entry, list, over, &parent) {
            Ok(found) => {
                reasons.push(format!("`{path}` has the same records{}", said_of(&found)));
                wide.push(found);
            }
            Err(reason) => reasons.push(format!("not `{path}`: {reason}")),
        }
    }
    if reasons.is_empty() {
        return Fact::sure(wide, "no list of a group or of the instance has its name");
    }
    Fact::sure(wide, reasons.join("; "))
}

/// What follows the placeholder of a list that hangs on a list of the scope alone, and the field that names its parent
/// elsewhere: `/issues` and `project_id`.
fn below_the_scope(draft: &Draft<'_>, entry: Entry<'_>) -> Option<(String, String)> {
    let [(_, param)] = entry.own.params.as_slice() else { return None };
    let Provider { list, field } = param.value.as_ref()?;
    let parent = draft.entry(*list)?;
    let is_start = parent.own.reading.start == Some(Start::Projects);
    let is_list = entry.own.shape.value == Shape::List;
    let place = entry.endpoint.path.place();
    let tail = place.strip_prefix(&parent.endpoint.path.place())?.strip_prefix("/{}")?;
    let one = singular(parent.endpoint.path.last_literal()?);
    (is_start && is_list && !tail.is_empty()).then(|| (tail.to_owned(), format!("{one}_{field}")))
}

/// Whether a list is at the same place below a group, or below the root.
fn over(draft: &Draft<'_>, list: Entry<'_>, tail: &str) -> Option<Over> {
    let place = list.endpoint.path.place();
    if place == tail {
        return Some(Over::Instance);
    }
    let [(_, param)] = list.own.params.as_slice() else { return None };
    let groups = draft.entry(param.value.as_ref()?.list)?;
    let is_start = groups.own.reading.start == Some(Start::Groups);
    let rest = place.strip_prefix(&groups.endpoint.path.place())?.strip_prefix("/{}")?;
    (is_start && rest == tail).then_some(Over::Group)
}

/// The list as one for many.
///
/// # Errors
/// Why the list cannot stand for the lists of all parents.
fn compare(
    draft: &Draft<'_>,
    own: Entry<'_>,
    list: Entry<'_>,
    over: Over,
    parent: &str,
) -> Result<Wide, String> {
    let stated = list.stated.wide();
    if stated == Some(false) {
        return Err("`x-gitlab-init` states it".to_owned());
    }
    if list.own.shape.value != Shape::List || list.stated.skip().is_some() {
        return Err("it is no plain list".to_owned());
    }
    let described = |entity: Option<_>| entity.filter(|entity: &&Entity| entity.is_described());
    let (Some(record), Some(wide)) = (described(draft.record(own)), described(draft.record(list))) else {
        return Err("the document does not describe its records".to_owned());
    };
    let parent_field =
        property::find_key(wide, parent).ok_or_else(|| format!("its records have no `{parent}`"))?;
    let missing: Vec<String> = record.properties.keys().filter(|name| !wide.has(name)).cloned().collect();
    if !missing.is_empty() {
        return Err(format!("its records lack {}", told(&missing)));
    }
    if let Some(why) = gitlab::differs_widely(list.place) {
        return Err(why.to_owned());
    }
    if stated != Some(true) {
        is_of_all(draft, list, wide, over)?;
    }
    is_read_alike(own, list)?;
    let lacks = own.endpoint.query.iter().map(|param| param.name.as_str());
    let lacks = lacks.filter(|name| !serves_paging(name) && !takes(list.endpoint, name)).map(bare);
    let relative = gitlab::relative_fields(list.place).iter();
    let relative = relative.filter(|(field, other)| has(draft, wide, field) && has(draft, wide, other));
    Ok(Wide {
        list: list.index,
        over,
        parent_field: parent_field.to_owned(),
        lacks: lacks.map(str::to_owned).collect(),
        relative: relative.map(|(field, other)| ((*field).to_owned(), (*other).to_owned())).collect(),
    })
}

/// Whether records have a field at a dotted path.
fn has(draft: &Draft<'_>, entity: &Entity, field: &str) -> bool {
    let Some((object, inside)) = field.split_once('.') else { return entity.has(field) };
    let inner = entity.properties.get(object).and_then(|property| draft.site.entity_of(&property.kind));
    inner.is_some_and(|inner| has(draft, inner, inside))
}

/// Whether it has the records of all parents, and not some of its own.
fn is_of_all(draft: &Draft<'_>, list: Entry<'_>, record: &Entity, over: Over) -> Result<(), String> {
    match over {
        Over::Group => {
            let provider = list.own.params.first().and_then(|(_, param)| param.value.as_ref());
            let groups = provider.and_then(|provider| draft.entry(provider.list));
            let one = groups.and_then(|groups| groups.endpoint.path.last_literal()).map(singular);
            let owner = one.map(|one| format!("{one}_id")).unwrap_or_default();
            match property::find(record, &owner) {
                Some(owner) => Err(format!("`{owner}` says that some records are the group's own")),
                None => Ok(()),
            }
        }
        Over::Instance if list.own.query.iter().any(|(name, value)| name == "scope" && value == "all") => {
            Ok(())
        }
        Over::Instance => Err("nothing says that it is of all that the token sees".to_owned()),
    }
}

/// Whether a run can read it as it reads the lists of each parent.
fn is_read_alike(own: Entry<'_>, list: Entry<'_>) -> Result<(), String> {
    if own.own.key.value.fields.is_empty() || own.own.key.value.scope == KeyScope::Parent {
        return Err("its records are told apart only within their parents".to_owned());
    }
    if own.own.fan_out.is_some() || own.own.reading.newest_first.is_some() {
        return Err("the list of each parent is not read from its front to its end".to_owned());
    }
    if let Some(param) = list.endpoint.query.iter().find(|param| param.is_needed()) {
        return Err(format!("it needs `{}`", param.name));
    }
    let (bound, wide_bound) = (own.own.incremental.value.as_ref(), list.own.incremental.value.as_ref());
    let is_same = bound.is_none_or(|bound| {
        wide_bound.is_some_and(|wide| wide.cursor == bound.cursor && (wide.default || !bound.default))
    });
    if !is_same {
        return Err("it takes no such bound on the time of a change".to_owned());
    }
    let is_keyset = |entry: Entry<'_>| matches!(entry.own.pagination.value, Pagination::Keyset(_));
    let ascends = wide_bound.is_some_and(|wide| wide.query.iter().any(|(_, value)| value == "asc"));
    if is_keyset(own) && !is_keyset(list) && !ascends {
        return Err("it has neither keyset pages nor an order of change, so that it ends at 50,000 records"
            .to_owned());
    }
    Ok(())
}

/// What tells a wide list from the others, as the rest of a sentence.
fn said_of(wide: &Wide) -> String {
    let mut said = format!(", and `{}` says whose each is", wide.parent_field);
    if !wide.lacks.is_empty() {
        said.push_str(&format!(", without the filters {}", told(&wide.lacks)));
    }
    for (field, other) in &wide.relative {
        said.push_str(&format!(", with `{other}` as `{field}`"));
    }
    said
}

fn takes(endpoint: &Endpoint, name: &str) -> bool {
    endpoint.query.iter().any(|param| bare(&param.name) == bare(name))
}

fn bare(name: &str) -> &str {
    name.strip_suffix("[]").unwrap_or(name)
}

fn told(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
