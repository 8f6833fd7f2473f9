//! Resource definitions as they stand in a crate's Rust, whoever wrote them last.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::visit::Visit;
use syn::{Expr, ExprCall, ExprLit, File, Item, ItemConst, Lit, Member};

/// Where the definitions of a crate stand.
pub(super) const FOLDER: &str = "src/resources/";

/// One definition, with its fields as they are written.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    /// The path of its file.
    pub(super) file: String,
    fields: BTreeMap<String, Expr>,
    pub(super) item: ItemConst,
}

/// The definitions of the files below [`FOLDER`], by name. Files that are no Rust have none.
pub(super) fn definitions<'f>(
    files: impl IntoIterator<Item = (&'f String, &'f String)>,
) -> BTreeMap<String, Definition> {
    let mut all = BTreeMap::new();
    for (path, text) in files.into_iter().filter(|(path, _)| path.starts_with(FOLDER)) {
        let Ok(parsed) = syn::parse_file(text) else { continue };
        let found = definitions_of(&parsed, path);
        all.extend(found.into_iter().map(|definition| (definition.name.clone(), definition)));
    }
    all
}

/// The way of modules that leads to a file, with `/` between its parts; empty for the root.
pub(super) fn way_to(path: &str) -> Option<&str> {
    path.strip_prefix(FOLDER)?.strip_suffix(".rs").map(|way| if way == "mod" { "" } else { way })
}

fn definitions_of(file: &File, path: &str) -> Vec<Definition> {
    let constants = file.items.iter().filter_map(|item| match item {
        Item::Const(constant) => Some(constant),
        _ => None,
    });
    let definition = |constant: &ItemConst| {
        let Expr::Struct(fields) = &*constant.expr else { return None };
        let fields = fields.fields.iter().filter_map(|field| match &field.member {
            Member::Named(name) => Some((name.to_string(), field.expr.clone())),
            Member::Unnamed(_) => None,
        });
        let fields: BTreeMap<String, Expr> = fields.collect();
        let name = text(fields.get("name")?);
        Some(Definition { name, file: path.to_owned(), fields, item: constant.clone() })
    };
    constants.filter_map(definition).collect()
}

/// The text of a literal, or the tokens of anything else.
pub(super) fn text(expression: &Expr) -> String {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        other => other.to_token_stream().to_string(),
    }
}

impl Definition {
    /// As it is written; nothing where it is left to the default.
    pub(super) fn expression(&self, name: &str) -> Option<&Expr> {
        self.fields.get(name)
    }

    /// The same as text.
    pub(super) fn field(&self, name: &str) -> String {
        self.expression(name).map(text).unwrap_or_default()
    }

    pub(super) fn path(&self) -> String {
        self.field("path")
    }
}

/// The resources whose records feed a definition's path.
pub(super) fn parents(item: &ItemConst) -> Vec<String> {
    struct Parents(Vec<String>);
    impl<'ast> Visit<'ast> for Parents {
        fn visit_expr_call(&mut self, call: &'ast ExprCall) {
            let is_parent = call.func.to_token_stream().to_string().ends_with("parent");
            if let (true, Some(resource)) = (is_parent, call.args.iter().nth(2)) {
                self.0.push(text(resource));
            }
        }
    }
    let mut parents = Parents(Vec::new());
    parents.visit_item_const(item);
    parents.0
}
