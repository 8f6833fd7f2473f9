//! The document and the files beside it that its GETs refer to.
//!
//! A reference is untrusted: from a document on disk it may lead to YAML and JSON on disk, from one that came by URL to
//! the same host, and nowhere else.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;
use url::Url;

use super::node::Node;
use super::pointer::{Target, anchors, target};
use super::source::Source;
use super::yaml;

/// As many as the largest public documents have, several times over.
const MOST_FILES: usize = 4_000;

/// As many times as the way of one reference may lead through others.
const DETOURS: usize = 16;

const NO_PLACE: &str = "the document came from no place that has files";

/// The document, which is file 0, and what was read beside it.
#[derive(Debug)]
pub(super) struct Files {
    root: File,
    neighbours: Vec<File>,
    by_url: HashMap<String, usize>,
}

#[derive(Debug)]
struct File {
    /// Where it stands; none for what came from nowhere, whose references lead nowhere else.
    url: Option<Url>,
    content: Value,
    /// Why there is no content.
    fault: Option<String>,
    /// Pointers to the places that have a name of their own (`$anchor`).
    anchors: HashMap<String, String>,
}

/// Why a reference leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// Into a file that was not read yet.
    Unread(Url),
    /// Into a file that cannot be read.
    Unreadable(String),
    /// Into a file that has no such place.
    Nothing,
}

impl File {
    fn new(url: Option<Url>, content: Value) -> Self {
        let anchors = anchors(&content);
        Self { url, content, fault: None, anchors }
    }
}

impl Files {
    pub(super) fn new(root: Value, url: Option<Url>) -> Self {
        let by_url = url.iter().map(|url| (url.as_str().to_owned(), 0)).collect();
        Self { root: File::new(url, root), neighbours: Vec::new(), by_url }
    }

    /// The document itself.
    pub(super) fn root(&self) -> Node<'_> {
        Node { value: &self.root.content, file: 0 }
    }

    pub(super) fn root_mut(&mut self) -> &mut Value {
        &mut self.root.content
    }

    fn file(&self, at: usize) -> Option<&File> {
        at.checked_sub(1).map_or(Some(&self.root), |at| self.neighbours.get(at))
    }

    /// What a reference, written in a file, points at: one step, whose end may be a reference again.
    pub(super) fn target(&self, file: usize, reference: &str) -> Result<Node<'_>, Miss> {
        let mut file = file;
        let mut reference = Cow::Borrowed(reference);
        for _ in 0..DETOURS {
            let (address, fragment) = reference.split_once('#').unwrap_or((&reference, ""));
            let at = self.locate(file, address)?;
            let found = self.file(at).ok_or(Miss::Nothing)?;
            if let Some(fault) = &found.fault {
                return Err(Miss::Unreadable(fault.clone()));
            }
            let fragment = found.anchors.get(fragment).map_or(fragment, String::as_str);
            match target(&found.content, fragment) {
                Target::Found(value) => return Ok(Node { value, file: at }),
                Target::Detour(other) => (file, reference) = (at, Cow::Owned(other)),
                Target::Nothing => return Err(Miss::Nothing),
            }
        }
        Err(Miss::Nothing)
    }

    /// The file at an address, as another file writes it.
    fn locate(&self, from: usize, address: &str) -> Result<usize, Miss> {
        if address.is_empty() {
            return Ok(from);
        }
        let url = match self.file(from).and_then(|file| file.url.as_ref()) {
            Some(base) => base.join(address),
            None => Url::parse(address),
        };
        let url = url.map_err(|_| Miss::Unreadable(NO_PLACE.into()))?;
        self.by_url.get(url.as_str()).copied().ok_or(Miss::Unread(url))
    }

    /// A reference as it reads in the document, when it was written in another file.
    pub(super) fn absolute(&self, file: usize, reference: &str) -> Option<String> {
        let base = self.file(file)?.url.as_ref().filter(|_| file != 0)?;
        base.join(reference).ok().map(String::from)
    }

    /// Reads the files that the GETs of the document lead to.
    pub(super) fn read_neighbours(&mut self) {
        let mut waiting: Vec<(usize, String)> = Vec::new();
        references(&self.root.content, &mut |reference| {
            if !reference.starts_with('#') {
                waiting.push((0, reference.to_owned()));
            }
        });
        let mut seen: HashSet<(usize, String)> = HashSet::new();
        while let Some((file, reference)) = waiting.pop() {
            if !seen.insert((file, reference.clone())) {
                continue;
            }
            // All references of the document itself are known.
            if let Some(found) = self.target_reading(file, &reference).filter(|found| found.file != 0) {
                references(found.value, &mut |reference| waiting.push((found.file, reference.to_owned())));
            }
        }
    }

    fn target_reading(&mut self, file: usize, reference: &str) -> Option<Node<'_>> {
        while let Err(Miss::Unread(url)) = self.target(file, reference) {
            let (content, fault) = match self.read(&url) {
                Ok(content) => (content, None),
                Err(fault) => (Value::Null, Some(fault)),
            };
            self.neighbours.push(File { fault, ..File::new(Some(url.clone()), content) });
            self.by_url.insert(url.into(), self.neighbours.len());
        }
        self.target(file, reference).ok()
    }

    fn read(&self, url: &Url) -> Result<Value, String> {
        if self.neighbours.len() >= MOST_FILES {
            return Err(format!("more than {MOST_FILES} files are too many"));
        }
        let source = neighbour(self.root.url.as_ref(), url)?;
        let text = source.read().map_err(|error| with_causes(&error))?;
        yaml::parse(&text).map_err(|error| with_causes(&error))
    }
}

/// Where a neighbour of the document may be read, if at all.
fn neighbour(root: Option<&Url>, url: &Url) -> Result<Source, String> {
    let root = root.ok_or(NO_PLACE)?;
    match url.scheme() {
        "file" if root.scheme() == "file" => {
            let path = url.to_file_path().map_err(|()| "it is no path")?;
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let is_document = matches!(extension.to_ascii_lowercase().as_str(), "yaml" | "yml" | "json");
            if is_document { Ok(Source::File(path)) } else { Err("it is neither YAML nor JSON".into()) }
        }
        "http" | "https" if url.origin() == root.origin() => Ok(Source::Url(url.to_string())),
        _ => Err("it stands elsewhere than the document".into()),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Every reference below a value, but those of what no GET reads.
fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found(reference);
            }
            let is_operation = map.contains_key("responses");
            let shows_examples = map.contains_key("schema");
            for (key, value) in map {
                let is_unread = match key.as_str() {
                    "post" | "put" | "patch" | "delete" => value.get("responses").is_some(),
                    "requestBody" | "callbacks" => is_operation,
                    "example" | "examples" => shows_examples,
                    _ => false,
                };
                if !is_unread {
                    references(value, found);
                }
            }
        }
        _ => {}
    }
}
