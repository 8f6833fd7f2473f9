//! A selected graph to the files of a crate. Pure: the same input gives the same bytes, and nothing touches the disk.
//!
//! Resource definitions are built as tokens, so that nothing a document says can become code. The other files are
//! templates, or copied from the skeleton as they stand.

mod answers;
mod config;
mod deploy;
mod destination;
mod error;
mod overview;
mod past;
mod resources;
mod runtime;
mod skeleton;
mod template;
mod views;

use crate::graph::ResourceGraph;

pub use answers::{Answers, Runtime};
pub use deploy::Deploy;
pub use destination::Destination;
pub use error::RenderError;
pub use past::{Departed, Given, Names, Past, is_way};
pub use runtime::runtime_files;

/// One file of the crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative, with `/` between its parts.
    pub path: String,
    pub body: String,
    pub kind: FileKind,
}

/// What the writer may do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Replace it.
    Generated,
    /// Leave it: it is the user's from the first day.
    Owned,
    /// Leave it, and let nobody else read it.
    Secret,
}

impl File {
    pub(crate) fn generated(path: &str, body: String) -> Self {
        Self { path: path.to_owned(), body, kind: FileKind::Generated }
    }
}

/// Renders the whole crate, in the order of paths.
///
/// # Errors
/// A fault here is a fault of this program: a template or a token stream that does not parse.
pub fn render(answers: &Answers, graph: &ResourceGraph, past: &Past) -> Result<Vec<File>, RenderError> {
    let mut files: Vec<File> = skeleton::copied_files(&answers.deploy).collect();
    files.extend(resources::resource_files(graph, past)?);
    files.extend(template::rendered_files(answers, graph, &past.departed)?);
    files.extend(views::view_files(answers.destination, graph)?);
    files.extend(runtime::lock_file(answers)?);
    if answers.runtime == Runtime::Vendored {
        let below = |file: File| File { path: format!("{}/{}", answers.runtime.path(), file.path), ..file };
        files.extend(runtime_files()?.into_iter().map(below));
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}
