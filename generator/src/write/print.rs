//! A plan as people read it.

use std::collections::BTreeMap;
use std::fmt;

use crate::merge::{Note, unified};
use crate::text::printable;

use super::plan::{Action, Change, Reason, WritePlan};

/// More files of one folder than these are told as a number.
const SHOWN: usize = 12;

impl fmt::Display for WritePlan {
    /// A line for each file, what waits for a person at the end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut folders: BTreeMap<(u8, &str), Vec<&Change>> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| !change.is_memory()) {
            let folder = change.path.split_once('/').map_or("", |(folder, _)| folder);
            folders.entry((change.rank(), folder)).or_default().push(change);
        }
        for ((_, folder), changes) in folders {
            match changes.as_slice() {
                [first, ..] if changes.len() > SHOWN && !first.is_conflict() => {
                    let (verb, why) = first.words();
                    writeln!(formatter, "  {verb:<8} {folder}/: {} files{why}", changes.len())?;
                }
                changes => changes.iter().try_for_each(|change| write!(formatter, "{change}"))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, why) = self.words();
        writeln!(formatter, "  {verb:<8} {}{why}", printable(&self.path))?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(formatter, "           {}", printable(&note.to_string())))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept { key, new } => write!(formatter, "`{key}` stays as you set it; it would be {new}"),
            Self::CommentedOut { key } => {
                write!(formatter, "`{key}` has no meaning any more and is a comment now")
            }
            Self::LeftDocument { key } => {
                write!(formatter, "`{key}` left the document; it is still sent, as you set it")
            }
        }
    }
}

impl Change {
    /// Conflicts come last, where the eye is.
    fn rank(&self) -> u8 {
        match self.action {
            Action::Write(_) => 0,
            Action::Merge(_) => 1,
            Action::Delete => 2,
            Action::Keep(Reason::Unknown) => 3,
            Action::Keep(_) => 4,
            Action::Conflict { .. } => 5,
        }
    }

    fn words(&self) -> (&'static str, String) {
        match &self.action {
            Action::Write(_) => ("write", String::new()),
            Action::Merge(_) => ("merge", String::new()),
            Action::Delete => ("delete", String::new()),
            Action::Keep(reason) => ("keep", format!(": {reason}")),
            Action::Conflict { places: 1, .. } => ("conflict", ": in 1 place".into()),
            Action::Conflict { places, .. } => ("conflict", format!(": in {places} places")),
        }
    }

    /// What changes, as `diff -u` writes it; empty when nothing does.
    pub fn diff(&self) -> String {
        match self.after() {
            Some(after) if self.changes_something() => unified(&self.path, self.before.as_deref(), after),
            _ => String::new(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Deleted => "you have deleted it, so what is new in it is left out",
            Self::Edited => "nothing is rendered to it any more, and you have edited it",
            Self::Unknown => "nobody knows what was written there, so edits cannot be told",
            Self::NoText => "it is a link, a folder, or no text",
        })
    }
}
