//! The resources of this crate. A stand-in: in a generated crate, this folder is written from the document.

pub mod sample;

use crate::resource::Resource;

/// All resources, parents before their children.
pub const ALL: &[&Resource] = &[&sample::PROJECTS, &sample::PROJECT_ISSUES, &sample::PROJECT_ISSUE_NOTES];
