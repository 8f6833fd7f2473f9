//! What the user may filter a list by.

/// A query parameter that says which records come, or what comes with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Without the `[]` that a list is sent with: `labels`, `not[labels]`.
    pub name: &'static str,
    pub kind: FilterKind,
    /// All that it takes; empty when any value of its kind will do.
    pub values: &'static [&'static str],
    /// Whether it takes several values.
    pub is_list: bool,
}

/// What the values of a filter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterKind {
    Bool,
    Int,
    /// A date or an instant.
    Time,
    Text,
    /// Whatever is written; of an object, also what stands in it: `custom_attributes[key]`.
    Any,
}

impl Filter {
    /// Any name and any value: nobody has said which filters there are.
    pub const WHATEVER: Self = Self::any("*");

    const fn new(name: &'static str, kind: FilterKind) -> Self {
        Self { name, kind, values: &[], is_list: false }
    }

    pub const fn bool(name: &'static str) -> Self {
        Self::new(name, FilterKind::Bool)
    }

    pub const fn int(name: &'static str) -> Self {
        Self::new(name, FilterKind::Int)
    }

    pub const fn time(name: &'static str) -> Self {
        Self::new(name, FilterKind::Time)
    }

    pub const fn text(name: &'static str) -> Self {
        Self::new(name, FilterKind::Text)
    }

    pub const fn any(name: &'static str) -> Self {
        Self::new(name, FilterKind::Any)
    }

    /// That takes nothing but these.
    pub const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { values, ..Self::new(name, FilterKind::Text) }
    }

    /// That takes several values.
    pub const fn list(self) -> Self {
        Self { is_list: true, ..self }
    }
}
