use std::io;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("cannot read the document `{origin}`")]
    Read { origin: String, source: io::Error },
    #[error("cannot read the overlay `{origin}`")]
    ReadOverlay { origin: String, source: io::Error },
    #[error("the document `{origin}` is larger than {limit_mib} MiB")]
    TooLarge { origin: String, limit_mib: u64 },
    #[error("the document `{origin}` is not UTF-8 text")]
    Encoding { origin: String },
    #[error("the document `{origin}` is not valid JSON")]
    Json { origin: String, source: serde_json::Error },
    #[error("the document `{origin}` is not valid YAML")]
    Yaml { origin: String, source: serde_yaml::Error },
    #[error("`{origin}` is not an OpenAPI document: {found}")]
    NotOpenApi { origin: String, found: &'static str },
    #[error("the document `{origin}` has the version `{version}`")]
    Version { origin: String, version: String },
    #[error("`{origin}` is not an overlay")]
    NotAnOverlay { origin: String, source: serde_json::Error },
    #[error("an action of the overlay `{origin}` cannot be applied")]
    Action { origin: String, source: roas_overlay::apply::ApplyError },
    #[error("cannot fetch the document `{origin}`")]
    Fetch { origin: String, source: Box<ureq::Error> },
}

impl DocumentError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => {
                Some("check the path given to `--spec`, or leave it out to use the bundled document")
            }
            Self::ReadOverlay { .. } => Some("check the path given to `--overlay`"),
            Self::NotAnOverlay { .. } => {
                Some("an overlay has `overlay: 1.0.0`, an `info` and a list of `actions`")
            }
            Self::Fetch { .. } => {
                Some("check the URL, or download the document and give its path to `--spec`")
            }
            Self::Action { .. }
            | Self::TooLarge { .. }
            | Self::Encoding { .. }
            | Self::Json { .. }
            | Self::Yaml { .. } => None,
            Self::NotOpenApi { .. } => Some("give an OpenAPI 3.x or Swagger 2.0 document, in YAML or JSON"),
            Self::Version { .. } => Some("OpenAPI 3.0 and 3.1 and Swagger 2.0 are understood"),
        }
    }
}
