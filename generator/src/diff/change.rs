//! One fact that differs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::outline::Outline;

/// What a fact is about. In the order of what a change of it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    Table,
    Key,
    Path,
    /// What fills a column that comes from the path.
    Parent,
    /// Where the records stand in an answer.
    Shape,
    /// What every request sends.
    Sent,
    /// A field that is left out unless somebody asks for it.
    Secret,
    /// How rows are written.
    Writing,
    /// Whether a run takes it.
    Switch,
    /// What only a person can give.
    Need,
    Pages,
    /// How a later run asks for what changed.
    Cursor,
    /// The values that it is asked for one after the other.
    FanOut,
    /// The lists that hold the same for many parents at once.
    Wide,
    Filter,
    Column,
}

/// A fact that came, went, or is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub aspect: Aspect,
    /// The column, filter or parameter; empty where a resource has the aspect once.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub item: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Aspect {
    /// Whether the engine reads a resource from its start when this is another: state speaks for it no more.
    pub fn decides_rows(self) -> bool {
        matches!(
            self,
            Self::Table
                | Self::Key
                | Self::Path
                | Self::Parent
                | Self::Shape
                | Self::Sent
                | Self::Secret
                | Self::Writing
        )
    }
}

/// The facts that differ, in the order of their aspects. `name_now` says what a resource of the older side is called.
pub(super) fn changes(old: &Outline, new: &Outline, name_now: &dyn Fn(&str) -> String) -> Vec<Change> {
    let fact = |aspect, from: &str, to: &str| {
        let [from, to] = [from, to].map(|text| Some(text.to_owned()));
        (from != to).then(|| Change { aspect, item: String::new(), from, to })
    };
    let switch = |is_on| if is_on { "on" } else { "off" };
    // A table that is called as its resource is goes with its name.
    let follows = |outline: &Outline| outline.table == outline.name;
    let table = if follows(old) && follows(new) { None } else { fact(Aspect::Table, &old.table, &new.table) };
    let once = [
        table,
        fact(Aspect::Path, &old.path, &new.path),
        fact(Aspect::Switch, switch(old.is_on), switch(new.is_on)),
    ];
    let mut changes: Vec<Change> = once.into_iter().flatten().collect();
    let is_column = |(aspect, _): &(Aspect, String)| *aspect == Aspect::Column;
    // Of a record that a document does not describe, no column comes or goes.
    let is_described = [old, new].iter().all(|own| own.facts.keys().any(is_column));
    let stated = old.facts.keys().chain(new.facts.keys());
    let stated: BTreeSet<_> = stated.filter(|key| is_described || !is_column(key)).collect();
    for key @ (aspect, item) in stated {
        let renamed = |value: &String| match value.split_once('.') {
            Some((resource, field)) if *aspect == Aspect::Parent => format!("{}.{field}", name_now(resource)),
            _ => value.clone(),
        };
        let (from, to) = (old.facts.get(key).map(renamed), new.facts.get(key).cloned());
        // A column of which nothing was said may have been of any kind.
        let is_unsaid = *aspect == Aspect::Column
            && [&from, &to].iter().any(|kind| kind.as_deref() == Some(""))
            && from.is_some() == to.is_some();
        if from != to && !is_unsaid {
            changes.push(Change { aspect: *aspect, item: item.clone(), from, to });
        }
    }
    changes.sort_by_key(|change| change.aspect);
    changes
}
