//! Facts that the document states with `x-gitlab-init`, usually by way of an overlay. They are taken as given.

use serde_json::{Map, Value};

use crate::endpoint::Endpoint;

use super::fact::Fact;
use super::incremental::Incremental;
use super::key::{Key, KeyScope};
use super::pagination::{Order, Pagination};
use super::parent::Provider;
use super::shape::Shape;

const REASON: &str = "`x-gitlab-init` states it";

/// What may be stated, and what it may be.
const FACTS: [(&str, Takes); 16] = [
    ("shape", Takes::OneOf(&["list", "object", "envelope", "map", "file", "none"])),
    ("selector", Takes::Text),
    ("record_key", Takes::Fields),
    ("key_scope", Takes::OneOf(&["global", "parent"])),
    ("params", Takes::Params),
    ("pagination", Takes::OneOf(&["offset", "keyset", "none"])),
    ("order_by", Takes::Text),
    ("sort", Takes::OneOf(&["asc", "desc"])),
    ("incremental", Takes::TextOrNull),
    ("incremental_default", Takes::Flag),
    ("cursor", Takes::Text),
    ("skip", Takes::FlagOrText),
    ("name", Takes::Text),
    ("table", Takes::Table),
    ("description", Takes::Text),
    ("wide", Takes::Flag),
];

/// The values that a fact can have.
#[derive(Debug)]
enum Takes {
    OneOf(&'static [&'static str]),
    Text,
    TextOrNull,
    Flag,
    FlagOrText,
    Fields,
    Params,
    Table,
}

impl Takes {
    fn allows(&self, value: &Value) -> bool {
        match self {
            Self::OneOf(values) => value.as_str().is_some_and(|value| values.contains(&value)),
            Self::Text => value.is_string(),
            Self::TextOrNull => value.is_string() || value.is_null(),
            Self::Flag => value.is_boolean(),
            Self::FlagOrText => value.is_boolean() || value.is_string(),
            Self::Fields => {
                value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
            }
            Self::Params => value.is_object(),
            Self::Table => value.as_str().is_some_and(is_table),
        }
    }

    fn described(&self) -> String {
        match self {
            Self::OneOf(values) => format!("one of {}", values.join(", ")),
            Self::Text => "a text".into(),
            Self::TextOrNull => "a text or null".into(),
            Self::Flag => "true or false".into(),
            Self::FlagOrText => "true, false or a text".into(),
            Self::Fields => "a field or a list of fields".into(),
            Self::Params => "a mapping".into(),
            Self::Table => "a name of small letters, digits and underscores".into(),
        }
    }
}

/// What every database takes for the name of a table.
fn is_table(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    starts_well && name.len() <= 63 && name.bytes().all(is_letter)
}

/// What is stated of one endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated<'a>(&'a Map<String, Value>);

impl<'a> Stated<'a> {
    pub(super) fn of(endpoint: &'a Endpoint) -> Self {
        Self(&endpoint.stated)
    }

    /// What is stated and cannot be taken: unknown facts, and values that a fact cannot have.
    pub(super) fn faults(&self, endpoints: &[Endpoint]) -> Vec<String> {
        let unknown = self.0.iter().filter_map(|(name, value)| {
            let Some((_, takes)) = FACTS.iter().find(|(known, _)| known == name) else {
                return Some(format!("`{name}` is no fact"));
            };
            (!takes.allows(value)).then(|| format!("`{name}` cannot be {value}; it is {}", takes.described()))
        });
        let params = self.0.get("params").and_then(Value::as_object).into_iter().flatten();
        let unfed =
            params.filter(|(_, value)| !value.is_null() && parse_provider(value, endpoints).is_none());
        let unfed = unfed.map(|(name, value)| {
            format!("`params.{name}` is {value}; it takes the `path` of an endpoint of the document and a `field`, or null")
        });
        unknown.chain(unfed).collect()
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).and_then(Value::as_str)
    }

    pub(super) fn table(&self) -> Option<String> {
        self.text("table").filter(|name| is_table(name)).map(str::to_owned)
    }

    pub(super) fn skip(&self) -> Option<String> {
        match self.0.get("skip")? {
            Value::Bool(true) => Some(REASON.to_owned()),
            Value::String(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    pub(super) fn shape(&self) -> Option<Fact<Shape>> {
        let selector = self.text("selector").map(str::to_owned);
        let shape = match (self.text("shape"), selector) {
            (Some("envelope") | None, Some(selector)) => Shape::Envelope { selector },
            (Some("list"), _) => Shape::List,
            (Some("object"), _) => Shape::Object,
            (Some("map"), _) => Shape::Map,
            (Some("file"), _) => Shape::File,
            (Some("none"), _) => Shape::None,
            _ => return None,
        };
        Some(Fact::sure(shape, REASON))
    }

    pub(super) fn key(&self, inferred: Fact<Key>) -> Fact<Key> {
        let fields = match self.0.get("record_key") {
            Some(Value::String(field)) => Some(vec![field.clone()]),
            Some(Value::Array(fields)) => {
                Some(fields.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            _ => None,
        };
        let scope = match self.text("key_scope") {
            Some("global") => Some(KeyScope::Global),
            Some("parent") => Some(KeyScope::Parent),
            _ => None,
        };
        if fields.is_none() && scope.is_none() {
            return inferred;
        }
        let key = Key {
            fields: fields.unwrap_or(inferred.value.fields),
            scope: scope.unwrap_or(inferred.value.scope),
        };
        Fact::sure(key, REASON)
    }

    /// `params: {id: {path: /api/v4/projects, field: id}}`, or `null` for what no list provides.
    pub(super) fn params(
        &self,
        mut inferred: Vec<(String, Fact<Option<Provider>>)>,
        endpoints: &[Endpoint],
    ) -> Vec<(String, Fact<Option<Provider>>)> {
        let Some(stated) = self.0.get("params").and_then(Value::as_object) else { return inferred };
        for (name, fact) in &mut inferred {
            match stated.get(name) {
                Some(Value::Null) => *fact = Fact::sure(None, REASON),
                Some(value) => {
                    if let Some(provider) = parse_provider(value, endpoints) {
                        *fact = Fact::sure(Some(provider), REASON);
                    }
                }
                None => {}
            }
        }
        inferred
    }

    pub(super) fn pagination(&self) -> Option<Fact<Pagination>> {
        let order = || Order {
            by: self.text("order_by").unwrap_or_default().to_owned(),
            sort: self.text("sort").unwrap_or_default().to_owned(),
        };
        let pagination = match self.text("pagination")? {
            "offset" => Pagination::Offset,
            "keyset" => Pagination::Keyset(order()),
            "none" => Pagination::None,
            _ => return None,
        };
        Some(Fact::sure(pagination, REASON))
    }

    /// Whether a list holds what lists of each project have.
    pub(super) fn wide(&self) -> Option<bool> {
        self.0.get("wide").and_then(Value::as_bool)
    }

    pub(super) fn name(&self) -> Option<&'a str> {
        self.text("name")
    }

    /// The name of a parameter, or `null` for none; with `cursor` for the field it bounds.
    pub(super) fn incremental(&self, inferred: Fact<Option<Incremental>>) -> Fact<Option<Incremental>> {
        match self.0.get("incremental") {
            Some(Value::Null) => Fact::sure(None, REASON),
            Some(Value::String(param)) => {
                let known = inferred.value.filter(|known| known.param == *param);
                let mut incremental = known.unwrap_or(Incremental {
                    param: param.clone(),
                    cursor: None,
                    query: Vec::new(),
                    default: false,
                });
                if let Some(cursor) = self.text("cursor") {
                    incremental.cursor = Some(cursor.to_owned());
                }
                if let Some(Value::Bool(default)) = self.0.get("incremental_default") {
                    incremental.default = *default;
                }
                Fact::sure(Some(incremental), REASON)
            }
            _ => inferred,
        }
    }
}

fn parse_provider(value: &Value, endpoints: &[Endpoint]) -> Option<Provider> {
    let path = value.get("path").and_then(Value::as_str)?;
    let field = value.get("field").and_then(Value::as_str)?.to_owned();
    let list = endpoints.iter().position(|endpoint| endpoint.path.raw == path)?;
    Some(Provider { list, field })
}
