//! Objects: fields in the order in which they came.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Index;

use super::Value;

/// Up to so many fields, comparing each with each is faster than hashing.
const FEW: usize = 64;

/// A record, or an object in one: its fields in their order. It borrows from the answer that it came in; only what is
/// put into it is its own.
#[derive(Debug, Clone, Default)]
pub struct Record<'a> {
    fields: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Record<'a> {
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.place(name).and_then(|at| self.fields.get(at)).map(|(_, value)| value)
    }

    /// The value of a field, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value<'a>> {
        let at = self.place(name)?;
        self.fields.get_mut(at).map(|(_, value)| value)
    }

    /// The text of a field; `None` when it is not there or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Sets a field. One that is there keeps its place; the value that it had is returned.
    pub fn insert(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Value<'a>>,
    ) -> Option<Value<'a>> {
        let (name, value) = (name.into(), value.into());
        if let Some(old) = self.get_mut(&name) {
            return Some(std::mem::replace(old, value));
        }
        self.fields.push((name, value));
        None
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value<'a>> {
        self.place(name).map(|at| self.fields.remove(at).1)
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> {
        self.fields.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The same, without a tie to the answer that it came in.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        let own =
            |(name, value): (Cow<'a, str>, Value<'a>)| (Cow::Owned(name.into_owned()), value.into_owned());
        Record { fields: self.fields.into_iter().map(own).collect() }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|(own, _)| own == name)
    }

    /// Of fields with the same name the last counts, at the place of the first.
    pub(super) fn from_fields(fields: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        if !has_repeats(&fields) {
            return Self { fields };
        }
        let mut places = HashMap::with_capacity(fields.len());
        let mut kept: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            match places.get(&name).and_then(|at: &usize| kept.get_mut(*at)) {
                Some(field) => field.1 = value,
                None => {
                    places.insert(name.clone(), kept.len());
                    kept.push((name, value));
                }
            }
        }
        Self { fields: kept }
    }
}

fn has_repeats(fields: &[(Cow<'_, str>, Value<'_>)]) -> bool {
    let mut rest = fields;
    if fields.len() > FEW {
        let names: HashSet<&str> = fields.iter().map(|(name, _)| name.as_ref()).collect();
        return names.len() < fields.len();
    }
    while let Some(((name, _), after)) = rest.split_first() {
        if after.iter().any(|(other, _)| other == name) {
            return true;
        }
        rest = after;
    }
    false
}

/// `record["state"] == "opened"`. A field that is not there is null.
impl<'a> Index<&str> for Record<'a> {
    type Output = Value<'a>;

    fn index(&self, name: &str) -> &Value<'a> {
        self.get(name).unwrap_or(&Value::Null)
    }
}

/// The order makes no difference.
impl PartialEq for Record<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<'a> IntoIterator for Record<'a> {
    type Item = (Cow<'a, str>, Value<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

impl<'a, N: Into<Cow<'a, str>>, V: Into<Value<'a>>> FromIterator<(N, V)> for Record<'a> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self::from_fields(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_places() {
        let mut record: Record<'_> = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
        assert_eq!(record.insert("b", "two"), Some(2.into()));
        assert_eq!(record.insert("d".to_owned(), true), None);
        assert_eq!(record.remove("a"), Some(1.into()));
        assert_eq!(record.remove("a"), None);
        let names: Vec<&str> = record.iter().map(|(name, _)| name).collect();
        assert_eq!((names, record.len()), (vec!["b", "c", "d"], 3));
        assert_eq!((record.text("b"), record.text("c"), record.contains("a")), (Some("two"), None, false));
        if let Some(value) = record.get_mut("c") {
            *value = Value::Null;
        }
        assert!(record["c"].is_null() && record["none"].is_null() && record["b"] == "two");
        assert!(record["d"] == true && record["d"] != 1);
    }

    #[test]
    fn of_fields_with_one_name_the_last_counts() {
        for count in [1, 3, 500] {
            let others = (0..count).map(|at| (format!("k{at}"), at));
            let fields = [("x".to_owned(), 1)].into_iter().chain(others).chain([("x".to_owned(), 2)]);
            let record: Record<'_> = fields.collect();
            assert_eq!(record.iter().next(), Some(("x", &2.into())), "{count}");
            assert_eq!(record.len(), usize::try_from(count).unwrap() + 1);
        }
    }
}
