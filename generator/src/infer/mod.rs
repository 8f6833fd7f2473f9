//! Guesses about every endpoint, each with its reason.
//!
//! In: [`Endpoints`]. Out: one [`Facts`] per endpoint, in the same order. Inference neither changes what it reads nor
//! fails: what it cannot tell is a fact that says so. General rules come first, then what [`crate::gitlab`] knows; what
//! the document states with `x-gitlab-init` stands above both. One draft is filled, pass by pass.

mod asking;
mod choice;
mod column;
mod detail;
mod disposition;
mod draft;
mod envelope;
mod fact;
mod fan_out;
mod feeder;
mod incremental;
mod key;
mod name;
mod pagination;
mod paging;
mod parent;
mod part;
mod plural;
mod property;
mod secret;
mod shape;
mod site;
mod stated;
mod wide;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::endpoint::Endpoints;
use crate::gitlab::{self, Finality, NewestFirst, Preset, Start};

pub use asking::Asking;
pub use column::{Column, ColumnKind};
pub use disposition::WriteDisposition;
pub use fact::Fact;
pub use fan_out::FanOut;
pub use incremental::Incremental;
pub use key::{Key, KeyScope};
pub use pagination::{Order, Pagination};
pub(crate) use paging::serves_paging;
pub use parent::Provider;
pub(crate) use plural::{is_plural, singular};
pub(crate) use secret::is_secret;
pub use shape::Shape;
pub use wide::{Over, Wide};

use draft::{Draft, Entry};
use site::Site;

/// The names that a crate was made with, by the path of the endpoint as the document writes it. They win.
pub type RecordedNames = BTreeMap<String, String>;

/// All that is believed of one endpoint.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub name: String,
    /// The table that the document asks for, when it does.
    pub table: Option<String>,
    /// The collections that its path leads through: resources with the same part stand together.
    pub part: Vec<String>,
    pub shape: Fact<Shape>,
    pub key: Fact<Key>,
    /// One entry per placeholder that a request needs, in the order of the path.
    pub params: Vec<(String, Fact<Option<Provider>>)>,
    pub pagination: Fact<Pagination>,
    pub incremental: Fact<Option<Incremental>>,
    pub fan_out: Option<FanOut>,
    pub reading: Reading,
    pub asking: Asking,
    /// Lists that hold the same records for many parents.
    pub wide: Fact<Vec<Wide>>,
    /// Sent with every request, so that nothing is hidden.
    pub query: Vec<(String, String)>,
    pub columns: Vec<Column>,
    pub write_disposition: Fact<WriteDisposition>,
    /// Whether a run takes it unasked, and why.
    pub default: Fact<bool>,
    pub presets: Vec<Preset>,
    /// Whether a run takes it when a preset asks for it: not what carries secrets.
    pub enabled: bool,
    /// Fields that hold secrets, as dotted paths.
    pub secrets: Vec<String>,
    /// Why the document wants it left out, when it does.
    pub skip: Option<String>,
    /// What the document states and cannot be taken.
    pub faults: Vec<String>,
}

/// How a list is read again.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The part of the scope that it is read from.
    pub start: Option<Start>,
    pub newest_first: Option<NewestFirst>,
    pub finality: Option<Finality>,
    /// Whether the bound on changes is a date that does not belong to what is asked for.
    pub excludes_its_day: bool,
    /// How far behind the last run it is asked again; `None`: as usual.
    pub lookback: Option<Duration>,
}

/// Infers everything about every endpoint.
pub fn infer(endpoints: &Endpoints, is_gitlab: bool, recorded: &RecordedNames) -> Vec<Facts> {
    let mut draft = Draft::new(Site::new(endpoints, is_gitlab));
    draft
        .pass(shape::infer_shape, |own, shape| own.shape = shape)
        .pass(key::infer_key, |own, key| own.key = key)
        .pass(key::inherit_key, |own, key| own.key = key)
        .pass(fan_out::infer_fan_out, |own, fan_out| own.fan_out = fan_out)
        .pass(|_, entry| gitlab_query(entry), |own, query| own.query = query)
        .pass(parent::infer_params, |own, params| own.params = params)
        .pass(pagination::infer_pagination, |own, pagination| own.pagination = pagination)
        .pass(incremental::infer_incremental, |own, incremental| own.incremental = incremental)
        .pass(|_, entry| gitlab_reading(entry), |own, reading| own.reading = reading)
        .pass(asking::infer_asking, |own, asking| own.asking = asking)
        .pass(wide::infer_wide, |own, wide| own.wide = wide)
        .pass(column::infer_columns, |own, columns| own.columns = columns)
        .pass(|_, entry| secret::infer_secrets(entry), |own, secrets| own.secrets = secrets)
        .pass(|_, entry| disposition::infer_disposition(entry.own), |own, fact| own.write_disposition = fact)
        .pass(choice::infer_choice, |own, choice| choice.put(own))
        .pass(|_, entry| part::infer_part(entry), |own, part| own.part = part);
    name::name_all(&mut draft, recorded);
    draft.pass(
        |draft, entry| entry.stated.faults(draft.site.endpoints),
        |own, faults| own.faults.extend(faults),
    );
    draft.facts
}

/// GitLab's hidden filters, as far as the endpoint declares them.
fn gitlab_query(entry: Entry<'_>) -> Vec<(String, String)> {
    let known = gitlab::hidden_filters(entry.place);
    let declared = known.filter(|(name, _)| entry.endpoint.query_param(name).is_some());
    declared.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn gitlab_reading(entry: Entry<'_>) -> Reading {
    let incremental = entry.own.incremental.value.as_ref();
    let newest_first = gitlab::newest_first(entry.place).filter(|_| incremental.is_none());
    let param = incremental.map(|incremental| incremental.param.as_str());
    Reading {
        start: gitlab::start(entry.place),
        newest_first,
        finality: gitlab::finality(entry.place),
        excludes_its_day: param.is_some_and(gitlab::is_exclusive_date),
        lookback: gitlab::lookback(param, newest_first),
    }
}
