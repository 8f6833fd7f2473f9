//! `answers.toml`: the choices behind a crate.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml_edit::Item;

use crate::gitlab::Preset;
use crate::render::{Answers, Deploy, Destination, Runtime};

use super::{FORMAT, Memory, MemoryError};

const HEAD: &str = "\
# How this crate was made. `gitlab-init update` reads it to make the crate again, from a newer document or with other
# resources; `.gitlab-init/pristine` holds each file as it was written. Nothing here is for editing.

";

#[derive(Debug, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Record {
    /// 0 in crates of the first release, which say none.
    pub(super) format: u32,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<Preset>,
    select: Vec<String>,
    exclude: Vec<String>,
    destination: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deploy: Vec<String>,
    base_url: String,
    groups: Vec<String>,
    projects: Vec<String>,
    runtime: String,
    /// Where the overlays were, in the order in which they are applied.
    pub(super) overlays: Vec<String>,
    /// Files that were left alone because nobody knows what was written there.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) unknown: BTreeSet<String>,
    spec: Spec,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Spec {
    /// A path from the crate or a URL; none for the bundled document.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    title: String,
    sha256: String,
}

impl Default for Record {
    fn default() -> Self {
        let runtime = Runtime::Vendored.path().to_owned();
        let (name, base_url) = (String::new(), String::new());
        let (select, exclude, groups, projects) = Default::default();
        let destination = Destination::default().name().to_owned();
        let (preset, overlays, unknown, spec) = Default::default();
        Self {
            format: 0,
            name,
            preset,
            select,
            exclude,
            destination,
            deploy: Vec::new(),
            base_url,
            groups,
            projects,
            runtime,
            overlays,
            unknown,
            spec,
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Record, toml_edit::de::Error> {
    toml_edit::de::from_str(text)
}

pub(super) fn text(memory: &Memory) -> String {
    let answers = memory.answers.clone();
    let record = Record {
        format: FORMAT,
        name: answers.name,
        preset: answers.preset,
        select: answers.select,
        exclude: answers.exclude,
        destination: answers.destination.name().to_owned(),
        deploy: answers.deploy.iter().map(|deploy| deploy.name().to_owned()).collect(),
        base_url: answers.base_url,
        groups: answers.groups,
        projects: answers.projects,
        runtime: answers.runtime.path().to_owned(),
        overlays: memory.overlays.iter().map(|overlay| overlay.path.clone()).collect(),
        unknown: memory.unknown.clone().unwrap_or_default(),
        spec: Spec { path: answers.spec, title: answers.spec_title, sha256: answers.spec_sha256 },
    };
    // What is made of texts and lists of texts can always be written.
    let mut document = toml_edit::ser::to_document(&record).unwrap_or_default();
    if let Some(Ok(spec)) = document.remove("spec").map(Item::into_table) {
        document.insert("spec", Item::Table(spec));
    }
    format!("{HEAD}{document}")
}

impl Record {
    pub(super) fn into_answers(self) -> Result<Answers, MemoryError> {
        let destination = Destination::named(&self.destination)
            .ok_or_else(|| MemoryError::Destination { name: self.destination.clone() })?;
        let deploy = self
            .deploy
            .iter()
            .map(|name| Deploy::named(name).ok_or_else(|| MemoryError::Deploy { name: name.clone() }));
        let deploy = deploy.collect::<Result<Vec<_>, _>>()?;
        let runtime = match self.runtime {
            path if path == Runtime::Vendored.path() => Runtime::Vendored,
            path => Runtime::Shared(path),
        };
        Ok(Answers {
            name: self.name,
            spec: self.spec.path,
            spec_title: self.spec.title,
            spec_sha256: self.spec.sha256,
            preset: self.preset,
            select: self.select,
            exclude: self.exclude,
            destination,
            deploy,
            base_url: self.base_url,
            groups: self.groups,
            projects: self.projects,
            runtime,
            workspace_member: false,
        })
    }
}
