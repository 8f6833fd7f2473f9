//! What a successful answer really holds: never from the declared schema alone.

use crate::endpoint::{Answer, Endpoint, Entity, Segment, Type};
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::envelope::infer_envelope;
use super::fact::Fact;
use super::key::may_be_a_record;
use super::paging::asks_for_pages;
use super::plural::{is_mass_noun, is_plural};
use super::site::Site;
use super::words::{last_word, words};

/// What a successful answer holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shape {
    /// An array of records.
    List,
    /// One record.
    #[default]
    Object,
    /// An array of records inside an object, at a dotted path.
    Envelope { selector: String },
    /// An object whose keys are data.
    Map,
    /// Bytes for people or programs, not records.
    File,
    /// Nothing.
    None,
}

impl Shape {
    pub fn name(&self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Object => "object",
            Self::Envelope { .. } => "envelope",
            Self::Map => "map",
            Self::File => "file",
            Self::None => "none",
        }
    }

    /// Whether an answer can hold several records.
    pub fn is_many(&self) -> bool {
        matches!(self, Self::List | Self::Envelope { .. } | Self::Map)
    }

    /// Whether there are records at all.
    pub fn has_records(&self) -> bool {
        !matches!(self, Self::File | Self::None)
    }

    pub fn selector(&self) -> Option<&str> {
        match self {
            Self::Envelope { selector } => Some(selector),
            _ => None,
        }
    }
}

/// The strongest evidence wins; the order of the rules is the order of their strength.
pub(super) fn infer_shape(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Shape> {
    let (site, endpoint) = (&draft.site, entry.endpoint);
    let stated = entry.stated.shape().or_else(|| by_media_type(endpoint));
    stated
        .or_else(|| by_declared_array(endpoint))
        .or_else(|| by_file_name(entry))
        .or_else(|| by_check(endpoint))
        .or_else(|| infer_envelope(draft, entry))
        .or_else(|| by_declared_object(site, entry))
        .or_else(|| by_pagination(endpoint))
        .or_else(|| by_merged_map(site, entry))
        .or_else(|| by_protocol(entry))
        .or_else(|| by_item_path(endpoint))
        .or_else(|| by_declared_map(endpoint))
        .or_else(|| by_mass_noun(site, endpoint))
        .or_else(|| by_items(site, endpoint))
        .or_else(|| by_plural(endpoint))
        .or_else(|| by_summary(endpoint))
        .unwrap_or_else(|| fallback(endpoint))
}

fn by_media_type(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    match &endpoint.answer {
        Answer::File { media_type } => {
            Some(Fact::sure(Shape::File, format!("it answers with `{media_type}`")))
        }
        Answer::Empty => Some(Fact::sure(Shape::None, "its only success carries no body")),
        _ => None,
    }
}

/// Paths and summaries that speak of bytes, whatever the schema says.
fn by_file_name(entry: Entry<'_>) -> Option<Fact<Shape>> {
    const FILES: [&str; 7] = ["raw", "raw_diffs", "archive", "download", "trace", "snapshot", "usage_export"];
    let endpoint = entry.endpoint;
    let segment = endpoint.path.segments.last()?;
    let last = match segment {
        Segment::Literal(text) | Segment::Mixed { text, .. } => text.as_str(),
        Segment::Param(_) => "",
    };
    // A dot may stand between the parts of a name as well: what is described as an object is one. GitLab's documents
    // describe files as if they were records.
    let is_described =
        matches!(endpoint.answer, Answer::Json(Type::Object(_))) && gitlab::wraps_lists(entry.place);
    if FILES.contains(&last) {
        return Some(Fact::sure(Shape::File, format!("its path ends in `{last}`")));
    }
    if let Some((_, extension)) = last.rsplit_once('.')
        && !is_described
        && extension.starts_with(|first: char| first.is_ascii_alphabetic())
        && extension.len() <= 5
        && extension != "json"
    {
        return Some(Fact::sure(Shape::File, format!("its path ends in the file extension `.{extension}`")));
    }
    let verb = words(&endpoint.summary).into_iter().next().unwrap_or_default();
    (verb == "download").then(|| Fact::sure(Shape::File, format!("its summary is \"{}\"", endpoint.summary)))
}

fn by_declared_array(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    match &endpoint.answer {
        Answer::Json(Type::Array(_)) => {
            Some(Fact::sure(Shape::List, "its 200 answer is declared as an array"))
        }
        _ => None,
    }
}

/// An object that is described and has nothing that could tell it from others. GitLab's documents type lists as one of
/// their records, which can be told apart; those of others mostly mean what they say.
fn by_declared_object(site: &Site<'_>, entry: Entry<'_>) -> Option<Fact<Shape>> {
    if !gitlab::wraps_lists(entry.place) {
        return None;
    }
    let Answer::Json(Type::Object(id)) = entry.endpoint.answer else { return None };
    let entity = site.entities.get(id);
    let fact = if asks_for_pages(entry.endpoint) { Fact::unsure } else { Fact::sure };
    let reason = "its 200 answer is declared as one object, which nothing tells from others";
    (entity.is_described() && !may_be_a_record(entity)).then(|| fact(Shape::Object, reason.to_owned()))
}

/// A path that ends in a placeholder leads to one thing, unless it is called a list.
fn by_item_path(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    let Some(Segment::Param(name)) = endpoint.path.segments.last() else { return None };
    match words(&endpoint.summary).first().map(String::as_str) {
        Some("list" | "lists") => {
            Some(Fact::unsure(Shape::List, format!("its summary is \"{}\"", endpoint.summary)))
        }
        _ => Some(Fact::sure(Shape::Object, format!("its path ends in the placeholder `{{{name}}}`"))),
    }
}

fn by_pagination(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    asks_for_pages(endpoint).then(|| Fact::sure(Shape::List, "it declares parameters for pages"))
}

fn by_declared_map(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    matches!(endpoint.answer, Answer::Json(Type::Map))
        .then(|| Fact::sure(Shape::Map, "its 200 answer has additional properties and no others"))
}

/// In the protocols of other programs, a schema whose only property is a free-form object that the path does not name:
/// Grape, which writes GitLab's documents, shows so what is merged into the answer, whose keys are data.
fn by_merged_map(site: &Site<'_>, entry: Entry<'_>) -> Option<Fact<Shape>> {
    let endpoint = entry.endpoint;
    if gitlab::audience(entry.place) != gitlab::Audience::Protocol {
        return None;
    }
    let entity = site.entity(endpoint)?;
    let mut properties = entity.properties.iter();
    let (Some((name, property)), None) = (properties.next(), properties.next()) else { return None };
    let free = match property.kind {
        Type::Map => true,
        Type::Object(id) => !site.entities.get(id).is_described(),
        _ => false,
    };
    (free && endpoint.path.last_literal() != Some(name)).then(|| {
        Fact::sure(Shape::Map, format!("its only property, `{name}`, is an object without properties"))
    })
}

/// What speaks the protocol of another program answers in that program's documents.
fn by_protocol(entry: Entry<'_>) -> Option<Fact<Shape>> {
    if gitlab::audience(entry.place) != gitlab::Audience::Protocol {
        return None;
    }
    let shape = if gitlab::answers_in_files(entry.place) { Shape::File } else { Shape::Object };
    Some(Fact::sure(shape, gitlab::Audience::Protocol.reason()))
}

/// "Check …", without a word about a body: the status is the answer.
fn by_check(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    let verb = words(&endpoint.summary).into_iter().next().unwrap_or_default();
    (endpoint.answer == Answer::Undescribed && matches!(verb.as_str(), "check" | "verify" | "ping"))
        .then(|| Fact::sure(Shape::None, format!("its summary is \"{}\"", endpoint.summary)))
}

/// `/settings`, or `/approvals` answered by an entity that is itself called approvals: one thing about many.
fn by_mass_noun(site: &Site<'_>, endpoint: &Endpoint) -> Option<Fact<Shape>> {
    let last = endpoint.path.last_literal()?;
    if is_mass_noun(last) {
        return Some(Fact::sure(Shape::Object, format!("`{last}` names one thing")));
    }
    let entity = site.entity(endpoint)?.name.as_deref()?;
    let whole = is_mass_noun(entity) || (is_plural(last) && last_word(entity) == last_word(last));
    whole.then(|| Fact::sure(Shape::Object, format!("its entity `{entity}` describes all of them at once")))
}

fn by_items(site: &Site<'_>, endpoint: &Endpoint) -> Option<Fact<Shape>> {
    let last = endpoint.path.last_literal().filter(|last| is_plural(last))?;
    let item = site.items(endpoint).next()?;
    let reason = format!("`{last}` is plural and `{}` leads to one of them", item.path.raw);
    Some(Fact::sure(Shape::List, reason))
}

fn by_plural(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    let last = endpoint.path.last_literal().filter(|last| is_plural(last))?;
    let fact = match summary_number(&endpoint.summary) {
        Some(Number::One) if speaks_of_state(&endpoint.summary) => {
            Fact::sure(Shape::Object, format!("its summary is \"{}\"", endpoint.summary))
        }
        Some(Number::Many) => Fact::sure(Shape::List, format!("its summary is \"{}\"", endpoint.summary)),
        _ if words(&endpoint.summary).contains(&last_word(last)) => Fact::sure(
            Shape::List,
            format!("`{last}` is plural, and so its summary says: \"{}\"", endpoint.summary),
        ),
        _ => Fact::unsure(Shape::List, format!("`{last}` is plural")),
    };
    Some(fact)
}

/// "Retrieve the settings of …": one thing, whatever it is about.
fn speaks_of_state(summary: &str) -> bool {
    words(summary)
        .iter()
        .any(|word| is_mass_noun(word) || matches!(word.as_str(), "status" | "state" | "configuration"))
}

fn by_summary(endpoint: &Endpoint) -> Option<Fact<Shape>> {
    let reason = format!("its summary is \"{}\"", endpoint.summary);
    match summary_number(&endpoint.summary)? {
        Number::Many => Some(Fact::unsure(Shape::List, reason)),
        Number::One => Some(Fact::sure(Shape::Object, reason)),
    }
}

fn fallback(endpoint: &Endpoint) -> Fact<Shape> {
    match &endpoint.answer {
        Answer::Json(Type::Object(_)) => {
            Fact::sure(Shape::Object, "its 200 answer is declared as one object")
        }
        Answer::Json(Type::Scalar(_)) => Fact::sure(Shape::None, "its 200 answer is a bare value"),
        _ => Fact::unsure(Shape::Object, "nothing says that it returns several"),
    }
}

/// Whether a summary speaks of several records.
pub(super) fn is_called_a_list(summary: &str) -> bool {
    summary_number(summary) == Some(Number::Many)
}

/// What the verb of a summary promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    One,
    Many,
}

fn summary_number(summary: &str) -> Option<Number> {
    let words = words(summary);
    let mut words = words.iter().map(String::as_str);
    match words.next()? {
        "list" | "lists" => return Some(Number::Many),
        "get" | "gets" | "retrieve" | "retrieves" | "return" | "returns" | "fetch" | "find" | "show"
        | "check" | "verify" => {}
        _ => return None,
    }
    let rest: Vec<&str> = words.take(3).collect();
    let many = matches!(rest.as_slice(), ["all", ..] | ["list", "of", ..] | ["a" | "the", "list", "of", ..]);
    Some(if many { Number::Many } else { Number::One })
}

/// The entity that the records of an answer are: at the selector of an envelope, through all its steps.
pub(super) fn record_type<'a>(site: &Site<'a>, endpoint: &Endpoint, shape: &Shape) -> Option<&'a Entity> {
    let entity = site.entity(endpoint)?;
    let Shape::Envelope { selector } = shape else { return Some(entity) };
    selector.split('.').try_fold(entity, |entity, step| site.entity_of(&entity.properties.get(step)?.kind))
}
