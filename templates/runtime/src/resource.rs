//! What is known of one endpoint: plain data that the generator writes and the engine reads.
//!
//! Nothing here does anything. A pipeline's definitions are `const`s of these types, so a typo in one is a compile
//! error, and a person can read and edit them. Each ends in `..Resource::DEFAULT`: a field that is not named is as
//! [`Resource::DEFAULT`] has it, so a new field breaks no definition.
//!
//! The definition is the whole truth: the engine knows no endpoint by its name or path. An endpoint that no document
//! has is one more `const`, and takes part in whatever it says of itself.

mod asking;
mod filter;
mod wide;

use std::time::Duration;

pub use asking::{Activity, Sign, SystemNotes};
pub use filter::{Filter, FilterKind};
pub use wide::{Over, Wide};

/// An endpoint as a source of records.
///
/// ```
/// use gitlab_pipeline::resource::*;
///
/// const PROJECT_TAGS: Resource = Resource {
///     name: "project_tags",
///     table: "project_tags",
///     path: "/projects/{id}/repository/tags",
///     params: &[Param::parent("id", "project_id", "projects", "id")],
///     record_key: &["name"],
///     key_scope: KeyScope::Parent,
///     pagination: Pagination::Offset,
///     ..Resource::DEFAULT
/// };
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resource {
    /// Unique among the resources of the crate: `project_issues`.
    pub name: &'static str,
    /// The table that the records go to.
    pub table: &'static str,
    /// Below the API root, with one `{placeholder}` per entry of `params`: `/projects/{id}/issues`.
    pub path: &'static str,
    /// What the document says of it, in a sentence: a comment on its table.
    pub about: &'static str,
    /// How the placeholders of `path` are filled, in the order in which they stand there.
    pub params: &'static [Param],
    /// Where the records sit in an answer.
    pub shape: Shape,
    /// The fields that tell a record from its siblings. Empty when nothing does.
    pub record_key: &'static [&'static str],
    /// How far `record_key` reaches.
    pub key_scope: KeyScope,
    pub pagination: Pagination,
    /// Sent with every request, unless the configuration sets the same parameter.
    pub query: &'static [(&'static str, &'static str)],
    /// The query parameters that `[resources.NAME.query]` of `config.toml` may set, beside those that stand elsewhere here.
    pub filters: &'static [Filter],
    /// A query parameter without which there is no answer: one request for each of its values.
    pub fan_out: Option<FanOut>,
    /// The part of the scope that it is read from: it is where a run starts.
    pub start: Option<Start>,
    /// How a later run can ask for what changed, if it can.
    pub incremental: Option<Incremental>,
    /// How a later run can find what changed where nothing bounds the list.
    pub newest_first: Option<NewestFirst>,
    /// How far behind the last run it asks again, unless the configuration says.
    pub lookback: Duration,
    /// Lists that hold the same records for many parents at once: read in place of one for each.
    pub wide: &'static [Wide],
    /// When a record changes no more, so that what hangs on it need not be read again.
    pub finality: Option<Finality>,
    /// What a record of the parent says when there is nothing to ask for: the list is switched off, or empty for certain.
    pub unless: &'static [Sign],
    /// How long a list is left alone once it is read, unless the configuration says. Zero: every run asks for it. Counts
    /// for lists of the instance, of a group or of a project; what hangs on their records goes along.
    pub refresh_every: Duration,
    /// The same while the record that it hangs on shows no activity. Zero: activity says too little of it.
    pub quiet_refresh: Duration,
    /// What a record of the parent says when the list changes no more: it is left alone until the next full sweep, once
    /// it was read so.
    pub frozen: Option<Sign>,
    /// How its own records show that something happened below them.
    pub activity: Option<Activity>,
    /// Where it holds what GitLab writes beside what people write.
    pub system_notes: Option<SystemNotes>,
    /// Fields that are not loaded unless the configuration asks for them: they hold secrets.
    pub secrets: &'static [&'static str],
    pub write_disposition: WriteDisposition,
    /// What the document says of the columns. Hints: the data decides.
    pub columns: &'static [Column],
    /// Whether a run takes it when the configuration does not say.
    pub enabled: bool,
}

impl Resource {
    /// What a definition leaves unsaid: a list of one page without a key, read whole by each run.
    pub const DEFAULT: Self = Self {
        name: "",
        table: "",
        path: "",
        about: "",
        params: &[],
        shape: Shape::List,
        record_key: &[],
        key_scope: KeyScope::Global,
        pagination: Pagination::None,
        query: &[],
        filters: &[Filter::WHATEVER],
        fan_out: None,
        start: None,
        incremental: None,
        newest_first: None,
        lookback: Duration::from_hours(1),
        wide: &[],
        finality: None,
        unless: &[],
        refresh_every: Duration::ZERO,
        quiet_refresh: Duration::ZERO,
        frozen: None,
        activity: None,
        system_notes: None,
        secrets: &[],
        write_disposition: WriteDisposition::Merge,
        columns: &[],
        enabled: true,
    };
}

/// The resources of one part of an API, and the parts below it: what a file defines, and the files that it declares.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    pub own: &'static [&'static Resource],
    pub below: &'static [&'static Resources],
}

impl Resources {
    /// All of them, as a pipeline takes them: own ones before those below. They stay until the process ends.
    pub fn all(&self) -> &'static [&'static Resource] {
        let mut all = Vec::new();
        self.gather(&mut all);
        all.leak()
    }

    fn gather(&self, all: &mut Vec<&'static Resource>) {
        all.extend_from_slice(self.own);
        self.below.iter().for_each(|below| below.gather(all));
    }
}

/// What a resource without parameters has to do with the scope. One that has nothing to do with it is read as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The groups of the scope, with those below them.
    Groups,
    /// The projects of the scope, and those of its groups.
    Projects,
}

/// One placeholder of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// As the path spells it: `noteable_id`.
    pub name: &'static str,
    /// The column that carries its value in the child's table: `issue_iid`.
    pub column: &'static str,
    pub source: ParamSource,
}

/// A query parameter with a few known values, each of which is asked for. What comes is told apart by a column with the
/// value, which belongs to the primary key where the records' own key holds only below their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanOut {
    pub param: &'static str,
    /// The column that carries the value.
    pub column: &'static str,
    pub values: &'static [&'static str],
}

/// Where the value of a path parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamSource {
    /// A field of each record of another resource.
    Parent { resource: &'static str, field: &'static str },
    /// No list provides it: the values stand in `[resources.NAME.params]` of `config.toml`.
    Config,
}

impl Param {
    /// Fed by a field of each record of another resource.
    pub const fn parent(
        name: &'static str,
        column: &'static str,
        resource: &'static str,
        field: &'static str,
    ) -> Self {
        Self { name, column, source: ParamSource::Parent { resource, field } }
    }

    /// Given by the user.
    pub const fn config(name: &'static str, column: &'static str) -> Self {
        Self { name, column, source: ParamSource::Config }
    }
}

/// What a successful answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An array of records.
    List,
    /// One record.
    Object,
    /// An array of records inside an object, at a dotted path.
    Envelope { selector: &'static str },
    /// An object whose keys are data: each entry becomes a record with `key` and `value`.
    Map,
}

impl Shape {
    /// As reports and listings call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Object => "object",
            Self::Envelope { .. } => "envelope",
            Self::Map => "map",
        }
    }
}

/// Among which records a record key is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// In the whole instance.
    Global,
    /// Among the records of one parent, so the parent's columns belong to the primary key.
    Parent,
}

/// How an endpoint hands out its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pagination {
    /// `page` and `per_page`.
    Offset,
    /// `pagination=keyset` in this order is possible as well, and needed for long lists.
    Keyset { order_by: &'static str, sort: &'static str },
    /// The answer is complete.
    None,
}

/// A query parameter that gives a lower time bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incremental {
    /// The parameter: `updated_after`.
    pub param: &'static str,
    /// The field of a record that it is compared with: `updated_at`. `None` when the records carry none.
    pub cursor: Option<&'static str>,
    /// What has to be sent with it for it to work: `order_by=updated_at`.
    pub query: &'static [(&'static str, &'static str)],
    /// How the parameter writes a time.
    pub bound: Bound,
    /// Whether a run uses it unasked.
    pub default: bool,
}

impl Incremental {
    /// What a definition leaves unsaid.
    pub const DEFAULT: Self = Self { param: "", cursor: None, query: &[], bound: Bound::Time, default: true };
}

/// How a time bound is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// An instant, which belongs to what is asked for.
    Time,
    /// A date, and the day itself is left out.
    DateExclusive,
}

/// A list without a time bound that can come with the newest record first: a later run reads it until it meets what is
/// known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestFirst {
    /// The field that the order goes by.
    pub cursor: &'static str,
    /// What has to be sent for that order; nothing where it is the usual one.
    pub query: &'static [(&'static str, &'static str)],
}

/// How a record says that it has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finality {
    /// The field that says it: `status`.
    pub field: &'static str,
    /// The values that mean an end.
    pub values: &'static [&'static str],
    /// The fields that say when, the best first.
    pub ended_at: &'static [&'static str],
}

/// What happens to rows that a table already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteDisposition {
    /// Keep them and add the new ones.
    Append,
    /// Exchange all of them, once the read is complete.
    Replace,
    /// Update those with the same primary key and add the others.
    Merge,
    /// Keep every version of a record, with the time from which and until which it held.
    History,
}

/// One column, as the document describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// As in the table: `author__username`.
    pub name: &'static str,
    pub kind: ColumnKind,
    /// What the document says of it, in a sentence.
    pub about: &'static str,
}

/// The types a column can have, from the narrowest to the widest that still tell values apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Bool,
    Int,
    Float,
    Date,
    Timestamp,
    Text,
    /// A list of single values, where the destination has such columns; elsewhere it is JSON.
    List(ItemKind),
    /// An object or a list, kept as JSON text.
    Json,
}

/// The types that the items of a list column can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    Bool,
    Int,
    Float,
    Date,
    Timestamp,
    Text,
}

impl ItemKind {
    /// The type of a column that holds one item.
    pub const fn kind(self) -> ColumnKind {
        match self {
            Self::Bool => ColumnKind::Bool,
            Self::Int => ColumnKind::Int,
            Self::Float => ColumnKind::Float,
            Self::Date => ColumnKind::Date,
            Self::Timestamp => ColumnKind::Timestamp,
            Self::Text => ColumnKind::Text,
        }
    }
}

impl Column {
    const fn new(name: &'static str, kind: ColumnKind) -> Self {
        Self { name, kind, about: "" }
    }

    /// The same, with what it is about.
    #[must_use]
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    pub const fn bool(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Bool)
    }

    pub const fn int(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Int)
    }

    pub const fn float(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Float)
    }

    pub const fn date(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Date)
    }

    pub const fn timestamp(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Timestamp)
    }

    pub const fn text(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Text)
    }

    pub const fn json(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Json)
    }
}

impl Resource {
    /// The columns that identify a row: those of the parent where the key needs them, then the record's own.
    /// Empty when nothing does.
    pub fn primary_key(&self) -> Vec<&'static str> {
        if self.record_key.is_empty() && self.shape != Shape::Object {
            return Vec::new();
        }
        let (parent, fan_out) = match self.key_scope {
            KeyScope::Parent => (self.key_params(), self.fan_out),
            KeyScope::Global => (&[][..], None),
        };
        let fan_out = fan_out.into_iter().map(|fan_out| fan_out.column);
        let parent = parent.iter().map(|param| param.column).chain(fan_out);
        let own = self.record_key.iter().copied().filter(|key| parent.clone().all(|column| column != *key));
        parent.clone().chain(own).collect()
    }

    /// The columns that a partition gives to each of its rows.
    pub fn partition_columns(&self) -> impl Iterator<Item = &'static str> {
        let fan_out = self.fan_out.into_iter().map(|fan_out| fan_out.column);
        self.params.iter().map(|param| param.column).chain(fan_out)
    }

    /// The parameters that stand for a parent. Where a path ends in a placeholder, the last one stands for the record
    /// itself, which has a key of its own.
    fn key_params(&self) -> &'static [Param] {
        let last = self.path.rsplit('/').find(|part| !part.is_empty());
        let ends_in_param = last.is_some_and(|part| part.contains('{'));
        let is_item = self.shape == Shape::Object && ends_in_param && !self.record_key.is_empty();
        match self.params.split_last() {
            Some((_, parents)) if is_item => parents,
            _ => self.params,
        }
    }

    /// Whether a complete read replaces the table, when `wanted` stands in place of the resource's own disposition:
    /// merging needs a key, and so does a history.
    pub fn is_replaced(&self, wanted: Option<WriteDisposition>) -> bool {
        match wanted.unwrap_or(self.write_disposition) {
            WriteDisposition::Append => false,
            WriteDisposition::Replace => true,
            WriteDisposition::Merge | WriteDisposition::History => self.primary_key().is_empty(),
        }
    }

    /// The resource whose records start the partitions of this one.
    pub fn parent(&self) -> Option<&'static str> {
        self.params.iter().rev().find_map(|param| match param.source {
            ParamSource::Parent { resource, .. } => Some(resource),
            ParamSource::Config => None,
        })
    }
}
