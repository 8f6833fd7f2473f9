//! The resource definitions: plain data with the reasons in doc comments, in a tree of files that follows the paths of
//! the API. Which file a resource stands in depends on its path alone, so a document that grows moves none.

mod asking;
mod definition;
mod tree;

use crate::graph::{Resource, ResourceGraph};
use crate::text::snake_case;

use super::{File, Past, RenderError};
use definition::Definition;
use tree::Branch;

/// Files go no deeper: what hangs on the notes of issues stands with these.
const DEEPEST: usize = 3;

/// `src/resources/mod.rs` and what it declares: the notes of `/projects/{id}/issues/{iid}/notes` stand in
/// `projects/issues/notes.rs`.
pub(super) fn resource_files(graph: &ResourceGraph, past: &Past) -> Result<Vec<File>, RenderError> {
    let mut root = Branch::default();
    for resource in &graph.resources {
        root.put(past.called(modules(resource)), Definition::render(resource)?);
    }
    for departed in &past.departed {
        root.put(departed.modules.iter().cloned(), Definition::departed(departed));
    }
    root.spread(&[]);
    root.files(&graph.api_root)
}

fn modules(resource: &Resource) -> Vec<String> {
    let modules: Vec<String> = resource.part.iter().take(DEEPEST).map(|part| module_name(part)).collect();
    if modules.is_empty() { vec!["root".to_owned()] } else { modules }
}

/// Fit for a module and a file, whatever the document calls it.
fn module_name(text: &str) -> String {
    /// These would hide crates that the files use, or be another file's name.
    const TAKEN: [&str; 3] = ["gitlab_pipeline", "mod", "std"];
    let ascii: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut name = snake_case(&ascii);
    name.truncate(48);
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name.insert_str(0, "part_");
    }
    name.truncate(name.trim_end_matches('_').len());
    if syn::parse_str::<syn::Ident>(&name).is_err() || TAKEN.contains(&name.as_str()) {
        name.push_str("_resources");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::module_name;

    #[test]
    fn whatever_a_path_says_names_a_module() {
        for (text, expected) in [
            ("merge_requests", "merge_requests"),
            ("mod", "mod_resources"),
            ("std", "std_resources"),
            ("type", "type_resources"),
            ("42", "part_42"),
            ("../..", "part"),
            ("日本", "part"),
        ] {
            assert_eq!(module_name(text), expected, "{text}");
        }
    }
}
