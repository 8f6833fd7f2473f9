//! What users do to records before they are loaded.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::record::Record;

/// What a hook says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    Yes,
    /// It is not loaded, and nothing below it is fetched.
    No,
}

/// What a hook ends with: a [`Keep`], and nothing else. Only so that the compiler can say it in these words.
#[diagnostic::on_unimplemented(
    message = "a hook ends with what becomes of its record, and this one ends with `{Self}`",
    label = "this hook says neither `Keep::Yes` nor `Keep::No`",
    note = "end it with `Keep::Yes`, without a semicolon, or with `Keep::No` where the record is to be left out"
)]
pub trait Verdict {
    fn keep(self) -> Keep;
}

impl Verdict for Keep {
    fn keep(self) -> Keep {
        self
    }
}

type Hook = Arc<dyn Fn(&mut Record<'_>) -> Keep + Send + Sync>;

/// One function for each resource whose records are filtered or changed. Records of all others go into tables as
/// GitLab sent them, on the fast way.
///
/// ```
/// use gitlab_pipeline::{Hooks, Keep};
///
/// let hooks = Hooks::new()
///     // No bots.
///     .on("users", |record| if record.get("bot") == Some(&true.into()) { Keep::No } else { Keep::Yes });
/// # let _ = hooks;
/// ```
#[derive(Clone, Default)]
pub struct Hooks(BTreeMap<&'static str, Hook>);

impl Hooks {
    /// None: everything is loaded as it comes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `hook` for every record of the resource of this name, after the hooks that it has already.
    #[must_use]
    pub fn on<V: Verdict>(
        mut self,
        resource: &'static str,
        hook: impl Fn(&mut Record<'_>) -> V + Send + Sync + 'static,
    ) -> Self {
        let hook: Hook = match self.0.remove(resource) {
            None => Arc::new(move |record| hook(record).keep()),
            Some(earlier) => Arc::new(move |record| match earlier(record) {
                Keep::Yes => hook(record).keep(),
                Keep::No => Keep::No,
            }),
        };
        self.0.insert(resource, hook);
        self
    }

    /// The resources that have one.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Whether the records of a resource have to be shown to one.
    pub(crate) fn concern(&self, resource: &str) -> bool {
        self.0.contains_key(resource)
    }

    /// What happens to a record.
    pub(crate) fn apply(&self, resource: &str, record: &mut Record<'_>) -> Keep {
        self.0.get(resource).map_or(Keep::Yes, |hook| hook(record))
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::Value;

    #[test]
    fn hooks_of_one_resource_follow_each_other() {
        let hooks = Hooks::new()
            .on("issues", |record| {
                record.insert("seen", 1);
                if record.contains("secret") { Keep::No } else { Keep::Yes }
            })
            .on("issues", |record| {
                record.insert("seen", json!(2));
                Keep::Yes
            });
        let applied = |resource: &str, mut record: Record<'static>| {
            (hooks.apply(resource, &mut record), record.get("seen").and_then(Value::as_i64))
        };
        assert_eq!(applied("issues", Record::new()), (Keep::Yes, Some(2)));
        assert_eq!(applied("issues", Record::from_iter([("secret", 1)])), (Keep::No, Some(1)));
        assert_eq!(applied("notes", Record::new()), (Keep::Yes, None));
        assert!(hooks.concern("issues") && !hooks.concern("notes"));
    }
}
