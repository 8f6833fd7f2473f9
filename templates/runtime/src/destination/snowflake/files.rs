//! Files on their way: `PUT` sends what lies on this machine.

use std::io::Write;
use std::path::PathBuf;

use crate::destination::warehouse::{Answer, Fault, Why};

/// A folder that only its owner can read, among those for what does not last; it is there from the first file on.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// A file that goes when it is dropped.
#[derive(Debug)]
pub(super) struct Passing(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let own: String = std::iter::repeat_with(fastrand::alphanumeric).take(20).collect();
        Self(std::env::temp_dir().join(format!("gitlab-pipeline-{own}")))
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Answer<Passing> {
        let written = self.try_write(name, bytes);
        written.map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => Fault { why: Why::Full, source: error.into() },
            _ => Fault::other(error),
        })
    }

    fn try_write(&self, name: &str, bytes: &[u8]) -> std::io::Result<Passing> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)?;
        let passing = Passing(self.0.join(format!("{name}.parquet")));
        std::fs::File::create_new(&passing.0)?.write_all(bytes)?;
        Ok(passing)
    }
}

impl Passing {
    /// As `PUT` names it, with the slashes of all systems.
    pub(super) fn url(&self) -> String {
        format!("file://{}", self.0.display().to_string().replace('\\', "/"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Where nothing was sent there is none.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // It goes with its folder at the latest.
        let _ = std::fs::remove_file(&self.0);
    }
}
