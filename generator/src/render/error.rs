/// Why a crate cannot be rendered. Always a fault of this program.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the rendered file `{path}` is not valid Rust")]
    Rust { path: String, source: syn::Error },
    #[error("the template `{template}` cannot be rendered")]
    Template { template: String, source: minijinja::Error },
    #[error("the manifest of the skeleton cannot be edited")]
    Manifest { source: toml_edit::TomlError },
}
