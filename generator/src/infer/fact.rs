//! A guess and why.

use std::fmt::Display;

/// What is believed of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<T> {
    pub value: T,
    /// A clause that a person can check against the document: "it declares `page` and `per_page`".
    pub reason: String,
    /// Whether the reason is strong. What is unsure is worth a warning.
    pub sure: bool,
}

impl<T> Fact<T> {
    pub fn sure(value: T, reason: impl Display) -> Self {
        Self { value, reason: reason.to_string(), sure: true }
    }

    pub fn unsure(value: T, reason: impl Display) -> Self {
        Self { value, reason: reason.to_string(), sure: false }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        Fact { value: change(self.value), reason: self.reason, sure: self.sure }
    }
}

/// Nothing is believed yet.
impl<T: Default> Default for Fact<T> {
    fn default() -> Self {
        Self::unsure(T::default(), "")
    }
}
