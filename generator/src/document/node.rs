//! One value of a document, read leniently: what is not of the expected kind is as if it were not there.

use serde_json::{Map, Value};

/// A value, and the file that its references are relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pub(super) file: usize,
}

impl<'a> Node<'a> {
    /// The value below a key, when there is one that is not null.
    pub(crate) fn get(self, key: &str) -> Option<Node<'a>> {
        let value = self.value.as_object()?.get(key)?;
        (!value.is_null()).then_some(Node { value, file: self.file })
    }

    /// The text below a key; a number is its digits.
    pub(crate) fn text(self, key: &str) -> Option<String> {
        scalar(self.get(key)?.value)
    }

    /// The string below a key.
    pub(crate) fn str(self, key: &str) -> Option<&'a str> {
        self.get(key)?.value.as_str()
    }

    /// Whether the value below a key says yes, as YAML 1.1 and careless authors write it.
    pub(crate) fn is_true(self, key: &str) -> bool {
        match self.get(key).map(|node| node.value) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => matches!(text.to_ascii_lowercase().as_str(), "true" | "yes"),
            _ => false,
        }
    }

    /// The items of the list below a key.
    pub(crate) fn items(self, key: &str) -> impl Iterator<Item = Node<'a>> {
        let items = self.get(key).and_then(|node| node.value.as_array());
        items.into_iter().flatten().map(move |value| Node { value, file: self.file })
    }

    /// The entries of the mapping below a key.
    pub(crate) fn entries(self, key: &str) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.get(key).into_iter().flat_map(Node::all)
    }

    /// The entries of a mapping.
    pub(crate) fn all(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(move |(key, value)| (key.as_str(), Node { value, file: self.file }))
    }

    pub(crate) fn as_object(self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// What the value refers to, when it is a reference.
    pub(crate) fn reference(self) -> Option<&'a str> {
        self.str("$ref")
    }

    /// Tells a value from all others for as long as the document lives.
    pub(crate) fn address(self) -> usize {
        std::ptr::from_ref(self.value).addr()
    }
}

/// The text of a string or a number.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
