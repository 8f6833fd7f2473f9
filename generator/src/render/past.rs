//! What earlier renderings of a crate have fixed: names, and where things stand.

use std::collections::BTreeMap;

use syn::ItemConst;

use crate::graph::ResourceGraph;
use crate::infer::RecordedNames;

/// What a rendering takes over from earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Resources that stay although they left the document.
    pub departed: Vec<Departed>,
    /// What the user calls modules of `src/resources`, by what they would be called, with `/` between their parts.
    pub modules: BTreeMap<String, String>,
}

impl Past {
    /// Where the user has what would stand in a module: the longest way to it that is known, and what is below.
    pub(super) fn called(&self, modules: Vec<String>) -> Vec<String> {
        let known = (1..=modules.len()).rev().find_map(|length| {
            let (way, below) = modules.split_at_checked(length)?;
            Some((self.modules.get(&way.join("/")).filter(|called| is_way(called))?, below))
        });
        match known {
            Some((called, below)) => {
                called.split('/').map(str::to_owned).chain(below.iter().cloned()).collect()
            }
            None => modules,
        }
    }
}

/// Whether a text can be a way of modules.
pub fn is_way(text: &str) -> bool {
    text.split('/').all(|module| syn::parse_str::<syn::Ident>(module).is_ok())
}

/// The names that a crate has given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// By the path in the document.
    pub resources: BTreeMap<String, Given>,
    /// Modules of `src/resources` that the user has renamed: what they would be called, and what they are, with `/` between
    /// their parts.
    pub modules: BTreeMap<String, String>,
}

/// What one path was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub name: String,
    pub table: String,
    /// Whether the document no longer has it.
    pub has_left: bool,
}

/// A resource that the document no longer has. It stays in the crate as it was written, and is off.
#[derive(Debug, Clone)]
pub struct Departed {
    /// Where it was in the document.
    pub path: String,
    pub given: Given,
    /// The path that is requested.
    pub request_path: String,
    /// The modules that lead to it.
    pub modules: Vec<String>,
    pub definition: ItemConst,
    /// The tables below its own in the configuration, such as `query`.
    pub sections: Vec<String>,
}

impl Names {
    /// Those that a graph has, and those of the resources that stay although they left the document.
    pub fn of(graph: &ResourceGraph, past: &Past) -> Self {
        let given = graph.resources.iter().map(|resource| {
            let (name, table) = (resource.name.clone(), resource.table.clone());
            (resource.path.clone(), Given { name, table, has_left: false })
        });
        let departed = past.departed.iter().map(|departed| (departed.path.clone(), departed.given.clone()));
        Self { resources: given.chain(departed).collect(), modules: past.modules.clone() }
    }

    /// As inference takes them.
    pub fn recorded(&self) -> RecordedNames {
        self.resources.iter().map(|(path, given)| (path.clone(), given.name.clone())).collect()
    }
}
