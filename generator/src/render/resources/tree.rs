//! The tree of files that definitions stand in: each file holds its own, and declares and gathers those below it.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::super::{File, FileKind, RenderError};
use super::definition::Definition;

/// The lines that a file may have before its definitions get files of their own.
const LONGEST: usize = 500;

/// One file, and the files in the folder of the same name.
#[derive(Debug, Default)]
pub(super) struct Branch {
    own: Vec<Definition>,
    below: BTreeMap<String, Branch>,
}

impl Branch {
    /// Puts a definition where `modules` lead from here.
    pub(super) fn put(&mut self, modules: impl IntoIterator<Item = String>, definition: Definition) {
        let branch = modules.into_iter().fold(self, |branch, module| branch.below.entry(module).or_default());
        branch.own.push(definition);
    }

    /// Gives each definition of a file that is too long a file of its own, called after the resource. `modules` lead to
    /// this branch.
    pub(super) fn spread(&mut self, modules: &[&str]) {
        let others = self.own.len() + self.below.len() > 1;
        if others && self.text(modules).is_ok_and(|text| text.lines().count() > LONGEST) {
            for definition in std::mem::take(&mut self.own) {
                // A module in one of the same name would be taken for a mistake.
                let is_inner = modules.last() == Some(&definition.name.as_str());
                let suffix = if is_inner { "_itself" } else { "" };
                self.put([format!("{}{suffix}", definition.name)], definition);
            }
        }
        for (module, branch) in &mut self.below {
            branch.spread(&[modules, &[module.as_str()]].concat());
        }
    }

    /// All files, from the root of the tree, which says where the API is as well.
    pub(super) fn files(&self, api_root: &str) -> Result<Vec<File>, RenderError> {
        let mut files = Vec::new();
        self.gather(&[], &mut files)?;
        let place = printed(&[], place(api_root))?;
        files.iter_mut().take(1).for_each(|root| root.body = format!("{}\n{place}", root.body));
        Ok(files)
    }

    fn gather(&self, modules: &[&str], files: &mut Vec<File>) -> Result<(), RenderError> {
        let body = self.text(modules)?;
        files.push(File { path: path(modules), body, kind: FileKind::Generated });
        for (module, branch) in &self.below {
            branch.gather(&[modules, &[module.as_str()]].concat(), files)?;
        }
        Ok(())
    }

    /// Blank lines stand between the pieces, since token streams carry none.
    fn text(&self, modules: &[&str]) -> Result<String, RenderError> {
        let mut pieces = vec![printed(modules, title(modules))?];
        let engine = quote!(
            use gitlab_pipeline::resource::*;
        );
        for tokens in [self.declared(), self.standard().unwrap_or_default(), engine, self.gathered()] {
            pieces.push(printed(modules, tokens)?);
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces.extend(self.own.iter().map(|definition| definition.text.clone()));
        Ok(pieces.join("\n"))
    }

    fn declared(&self) -> TokenStream {
        let modules = self.below.keys().map(|module| ident(module));
        quote!(#(pub mod #modules;)*)
    }

    fn standard(&self) -> Option<TokenStream> {
        let is_timed = self.own.iter().any(|definition| definition.is_timed);
        is_timed.then(|| {
            quote!(
                use std::time::Duration;
            )
        })
    }

    fn gathered(&self) -> TokenStream {
        let own = self.own.iter().map(|definition| &definition.constant);
        let below = self.below.keys().map(|module| ident(module));
        quote! {
            #[doc = " What stands here, and in the files below."]
            pub const ALL: Resources = Resources { own: &[#(&#own),*], below: &[#(&#below::ALL),*] };
        }
    }
}

fn printed(modules: &[&str], tokens: TokenStream) -> Result<String, RenderError> {
    let parsed = syn::parse2(tokens).map_err(|source| RenderError::Rust { path: path(modules), source })?;
    Ok(prettyplease::unparse(&parsed))
}

fn place(api_root: &str) -> TokenStream {
    quote! {
        #[doc = " The path of the server below which their paths are."]
        pub const API_ROOT: &str = #api_root;
    }
}

fn title(modules: &[&str]) -> TokenStream {
    if modules.is_empty() {
        return quote! {
            #![doc = " The resources of this pipeline: plain data, written by `gitlab-init` from the OpenAPI document."]
            #![doc = ""]
            #![doc = " The files follow the paths of the API: `/projects/{id}/issues/{iid}/notes` stands in"]
            #![doc = " `projects/issues/notes.rs`. Change what you need to. `gitlab-init explain RESOURCE` tells why each fact"]
            #![doc = " is as it is."]
        };
    }
    let title =
        format!(" Resources of `{}`, written by `gitlab-init` from the OpenAPI document.", modules.join("/"));
    quote!(#![doc = #title])
}

fn path(modules: &[&str]) -> String {
    let file = if modules.is_empty() { "mod".to_owned() } else { modules.join("/") };
    format!("src/resources/{file}.rs")
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
