//! What a crate remembers of how it was made: all that it takes to make it again, and to tell edits from what was
//! written. It stands in `.gitlab-init/` as text:
//!
//! ```text
//! answers.toml    the format's version, every choice, where the document came from and its hash
//! names.toml      the name and the table that each path was given, and the modules that the user has renamed
//! overlays/       the texts of the overlays
//! pristine/       each file as it was written, also those of `runtime/`
//! ```
//!
//! Paths are relative to the crate. Crates of the first release have `answers.toml` alone, with less in it.

mod answers;
mod first_release;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Text;
use crate::render::{Answers, File, FileKind, Names};

/// Where it stands in a crate.
pub const FOLDER: &str = ".gitlab-init/";
/// The file that makes a folder a pipeline of ours.
pub const MARK: &str = ".gitlab-init/answers.toml";
const NAMES: &str = ".gitlab-init/names.toml";
const OVERLAYS: &str = ".gitlab-init/overlays/";
const PRISTINE: &str = ".gitlab-init/pristine/";

/// The version of what is written. Crates of the first release say none.
const FORMAT: u32 = 1;

/// All that a crate remembers.
#[derive(Debug, Clone)]
pub struct Memory {
    pub answers: Answers,
    pub overlays: Vec<Overlay>,
    pub names: Names,
    /// Each file as it was written, by path.
    pub pristine: BTreeMap<String, String>,
    /// Files that are there and of which nobody knows what was written; `None` for all, in a crate of the first release.
    pub unknown: Option<BTreeSet<String>>,
}

/// An overlay that the crate was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Where it was, from the crate.
    pub path: String,
    pub text: String,
}

/// Why what a crate remembers cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("`{MARK}` is not there, so this is no pipeline of `gitlab-init`")]
    Nothing,
    #[error("`{path}` cannot be read")]
    Unreadable { path: String, source: toml_edit::de::Error },
    #[error("`{MARK}` names the destination `{name}`, which this release does not have")]
    Destination { name: String },
    #[error("`{MARK}` names `{name}` to run the crate, which this release does not know")]
    Deploy { name: String },
    #[error("`{MARK}` has the format {format}, and this release knows {FORMAT} and what was before")]
    Newer { format: u32 },
}

impl MemoryError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Nothing => "name the folder of a pipeline, or make one with `gitlab-init new`",
            Self::Unreadable { .. } => "bring back the file as it was last committed; nobody has to edit it",
            Self::Newer { .. } | Self::Destination { .. } | Self::Deploy { .. } => {
                "install a newer `gitlab-init`"
            }
        }
    }
}

impl Memory {
    /// Reads the files of `.gitlab-init/`, given by their paths in the crate.
    ///
    /// # Errors
    /// When there are none, or they are damaged, or of a newer release.
    pub fn parse(files: &BTreeMap<String, String>) -> Result<Self, MemoryError> {
        let record = files.get(MARK).ok_or(MemoryError::Nothing)?;
        let record =
            answers::parse(record).map_err(|source| MemoryError::Unreadable { path: MARK.into(), source })?;
        if record.format > FORMAT {
            return Err(MemoryError::Newer { format: record.format });
        }
        let names = files.get(NAMES).map_or(Ok(Names::default()), |text| names::parse(text));
        let names = names.map_err(|source| MemoryError::Unreadable { path: NAMES.into(), source })?;
        let overlays = record.overlays.iter().enumerate().map(|(at, path)| Overlay {
            path: path.clone(),
            text: files.get(&overlay_path(at)).cloned().unwrap_or_default(),
        });
        let overlays = overlays.collect();
        let below =
            |(path, text): (&String, &String)| Some((path.strip_prefix(PRISTINE)?.to_owned(), text.clone()));
        let pristine = files.iter().filter_map(below).collect();
        let unknown = (record.format > 0).then(|| record.unknown.iter().cloned().collect());
        Ok(Self { answers: record.into_answers()?, overlays, names, pristine, unknown })
    }

    /// What a crate of these files is to remember. What is the user's from the first day is not compared, so there is no
    /// copy of it.
    pub fn new(answers: Answers, overlays: Vec<Overlay>, names: Names, files: &[File]) -> Self {
        let generated = files.iter().filter(|file| file.kind == FileKind::Generated);
        let pristine = generated.map(|file| (file.path.clone(), file.body.clone())).collect();
        Self { answers, overlays, names, pristine, unknown: Some(BTreeSet::new()) }
    }

    /// In a crate of the first release: takes what it did not write down from its configuration and its manifest.
    pub fn complete(&mut self, config: Option<&str>, manifest: Option<&str>) {
        if self.is_scant() {
            first_release::complete(
                &mut self.answers,
                config.unwrap_or_default(),
                manifest.unwrap_or_default(),
            );
        }
    }

    /// Notes that a file is not as it was rendered, and that nobody knows what was written there.
    pub fn forget(&mut self, path: &str) {
        self.pristine.remove(path);
        self.unknown.get_or_insert_default().insert(path.to_owned());
    }

    /// Whether it is of the first release, which kept little.
    pub fn is_scant(&self) -> bool {
        self.unknown.is_none()
    }

    /// As files, in the order of paths.
    pub fn files(&self) -> Vec<File> {
        let mut files = vec![
            File::generated(MARK, answers::text(self)),
            File::generated(NAMES, names::text(&self.names)),
            File::generated(&format!("{FOLDER}.gitattributes"), ATTRIBUTES.to_owned()),
        ];
        let overlays = self.overlays.iter().enumerate();
        files.extend(overlays.map(|(at, overlay)| File::generated(&overlay_path(at), overlay.text.clone())));
        files.extend(
            self.pristine
                .iter()
                .map(|(path, text)| File::generated(&format!("{PRISTINE}{path}"), text.clone())),
        );
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }
}

impl Overlay {
    /// Overlays as documents take them.
    pub fn texts(overlays: &[Self]) -> Vec<Text> {
        overlays.iter().map(|overlay| Text::new(&overlay.path, &overlay.text)).collect()
    }
}

/// Reviews need not show each change twice.
const ATTRIBUTES: &str = "pristine/** -diff linguist-generated gitlab-generated\n";

fn overlay_path(at: usize) -> String {
    format!("{OVERLAYS}{}.yaml", at + 1)
}
