//! Where GitLab has an endpoint: what every table of this folder is looked up by.

use crate::endpoint::Path;

/// The position of an endpoint below GitLab's API root. In a document of something else an endpoint is nowhere in
/// GitLab, and no table says anything of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    position: String,
    literals: Vec<String>,
}

impl Place {
    pub(crate) fn of(path: &Path) -> Self {
        Self { position: path.place(), literals: path.literals().map(str::to_owned).collect() }
    }

    pub(crate) fn nowhere() -> Self {
        Self::default()
    }

    pub(crate) fn is_nowhere(&self) -> bool {
        self.position.is_empty()
    }

    /// Whether it is where a pattern points: `{}` stands for any placeholder, a leading `**` for any beginning.
    pub(super) fn is(&self, pattern: &str) -> bool {
        match pattern.strip_prefix("**") {
            Some(tail) => self.position.ends_with(tail),
            None => self.position == pattern,
        }
    }

    pub(super) fn is_any(&self, patterns: &[&str]) -> bool {
        patterns.iter().any(|pattern| self.is(pattern))
    }

    /// What follows one record of a collection: `/notes/{}` in `/groups/{}/epics/{}/notes/{}`.
    pub(super) fn below(&self, collection: &Self) -> Option<&str> {
        self.position.strip_prefix(&collection.position)?.strip_prefix("/{}")
    }

    /// The first word below a project: `issues` in `/projects/{}/issues/{}/notes`.
    pub(super) fn in_project(&self) -> Option<&str> {
        self.position.strip_prefix("/projects/{}/")?.split('/').next()
    }

    /// The same of what hangs on the project itself, and on nothing in it.
    pub(super) fn on_project(&self) -> Option<&str> {
        self.in_project().filter(|_| self.position.matches("{}").count() == 1)
    }

    /// The words below a project or a group.
    pub(super) fn below_a_start(&self) -> Option<impl Iterator<Item = &str>> {
        let rest =
            ["/projects/{}/", "/groups/{}/"].iter().find_map(|start| self.position.strip_prefix(start));
        rest.map(|rest| rest.split('/').filter(|word| !matches!(*word, "{}" | "-")))
    }

    pub(super) fn literals(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.literals.iter().map(String::as_str)
    }

    pub(super) fn has(&self, words: &[&str]) -> bool {
        self.literals().any(|literal| words.contains(&literal))
    }
}
