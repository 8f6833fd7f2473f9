//! The resource definitions: one file per group of endpoints, plain data with the reasons in doc comments.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use heck::ToShoutySnakeCase;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::gitlab::{Finality, NewestFirst, Start};
use crate::graph::{Param, Resource, ResourceGraph};
use crate::infer::{Column, ColumnKind, FanOut, Incremental, KeyScope, Pagination, Shape, WriteDisposition};

use crate::text::{one_line, snake_case};

use super::config::sentence;
use super::{File, FileKind, RenderError};

/// `src/resources/mod.rs` and one file per group.
pub(super) fn resource_files(graph: &ResourceGraph) -> Result<Vec<File>, RenderError> {
    let mut groups: BTreeMap<String, Vec<&Resource>> = BTreeMap::new();
    for resource in &graph.resources {
        groups.entry(group_name(resource)).or_default().push(resource);
    }
    let mut files = vec![file("mod", index(&groups, graph))?];
    for (name, resources) in &groups {
        files.push(file(name, group(name, resources))?);
    }
    Ok(files)
}

fn file(name: &str, tokens: TokenStream) -> Result<File, RenderError> {
    let path = format!("src/resources/{name}.rs");
    match syn::parse2(tokens) {
        Ok(parsed) => {
            Ok(File { path, body: spaced(&prettyplease::unparse(&parsed)), kind: FileKind::Generated })
        }
        Err(source) => Err(RenderError::Rust { path, source }),
    }
}

/// Blank lines between definitions, which token streams do not carry. A line of code cannot begin like this inside of a
/// string: line breaks in strings are escaped.
fn spaced(code: &str) -> String {
    code.replace(";\n///", ";\n\n///")
}

/// Resources with the same topic stand together: the notes of issues with issues.
fn group_name(resource: &Resource) -> String {
    module_name(&resource.topic)
}

/// Fit for a module and a file, whatever the document calls it.
fn module_name(text: &str) -> String {
    let ascii: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut name = snake_case(&ascii);
    name.truncate(48);
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name.insert_str(0, "group_");
    }
    if syn::parse_str::<syn::Ident>(&name).is_err() || name == "mod" {
        name.push_str("_resources");
    }
    name
}

fn index(groups: &BTreeMap<String, Vec<&Resource>>, graph: &ResourceGraph) -> TokenStream {
    let modules = groups.keys().map(|name| module_ident(name));
    let all = ordered(graph).into_iter().map(|resource| {
        let module = module_ident(&group_name(resource));
        let name = constant(&resource.name);
        quote!(&#module::#name)
    });
    let api_root = &graph.api_root;
    quote! {
        #![doc = " The resources of this pipeline: plain data, written by `gitlab-init` from the OpenAPI document."]
        #![doc = ""]
        #![doc = " Change what you need to. `gitlab-init explain RESOURCE` tells why each fact is as it is."]

        #(#[rustfmt::skip] pub mod #modules;)*

        use gitlab_pipeline::resource::Resource;

        #[doc = " The path of the server below which their paths are."]
        pub const API_ROOT: &str = #api_root;

        #[doc = " All resources, parents before their children."]
        pub const ALL: &[&Resource] = &[#(#all),*];
    }
}

/// Parents before their children, otherwise in the order of the document.
fn ordered(graph: &ResourceGraph) -> Vec<&Resource> {
    let mut ordered: Vec<&Resource> = Vec::new();
    let mut waiting: Vec<&Resource> = graph.resources.iter().collect();
    while !waiting.is_empty() {
        let open: HashSet<&str> = waiting.iter().map(|resource| resource.name.as_str()).collect();
        let (ready, rest): (Vec<&Resource>, Vec<&Resource>) = waiting.iter().partition(|resource| {
            let sources = resource.params.iter().filter_map(|param| param.source.value.as_ref());
            sources.into_iter().all(|source| !open.contains(source.resource.as_str()))
        });
        if ready.is_empty() {
            // A circle: the engine names it when it starts.
            ordered.extend(rest);
            break;
        }
        ordered.extend(ready);
        waiting = rest;
    }
    ordered
}

fn group(name: &str, resources: &[&Resource]) -> TokenStream {
    let title = format!(" Resources around `{name}`, written by `gitlab-init` from the OpenAPI document.");
    let constants = resources.iter().map(|resource| definition(resource));
    let duration = resources.iter().any(|resource| resource.lookback.is_some());
    let duration = duration.then(|| {
        quote!(
            use std::time::Duration;
        )
    });
    quote! {
        #![doc = #title]

        #duration

        use gitlab_pipeline::resource::*;

        #(#constants)*
    }
}

fn definition(resource: &Resource) -> TokenStream {
    let docs = doc_lines(resource);
    let constant = constant(&resource.name);
    let Resource { name, table, request_path, .. } = resource;
    let fields = fields(resource);
    quote! {
        #(#[doc = #docs])*
        pub const #constant: Resource = Resource {
            name: #name,
            table: #table,
            path: #request_path,
            #(#fields,)*
            ..Resource::DEFAULT
        };
    }
}

/// What is not as usual.
fn fields(resource: &Resource) -> Vec<TokenStream> {
    let params: Vec<_> = resource.params.iter().map(param).collect();
    let record_key: Vec<String> = resource.key.value.columns().collect();
    let query = pairs(&resource.query);
    let secrets = &resource.secrets;
    let columns: Vec<_> = resource.columns.iter().map(column).collect();
    let is_replaced = resource.write_disposition.value == WriteDisposition::Replace;
    let fields = [
        (!params.is_empty()).then(|| quote!(params: &[#(#params),*])),
        shape(&resource.shape.value).map(|shape| quote!(shape: #shape)),
        (!record_key.is_empty()).then(|| quote!(record_key: &[#(#record_key),*])),
        (resource.key.value.scope == KeyScope::Parent).then(|| quote!(key_scope: KeyScope::Parent)),
        pagination(&resource.pagination.value).map(|pagination| quote!(pagination: #pagination)),
        (!resource.query.is_empty()).then(|| quote!(query: #query)),
        resource.fan_out.as_ref().map(fan_out),
        resource.start.map(start),
        resource.incremental.value.as_ref().map(|own| incremental(own, resource.excludes_its_day)),
        resource.newest_first.as_ref().map(newest_first),
        resource.lookback.map(lookback),
        resource.finality.as_ref().map(finality),
        (!secrets.is_empty()).then(|| quote!(secrets: &[#(#secrets),*])),
        is_replaced.then(|| quote!(write_disposition: WriteDisposition::Replace)),
        (!columns.is_empty()).then(|| quote!(columns: &[#(#columns),*])),
        (!resource.enabled).then(|| quote!(enabled: false)),
    ];
    fields.into_iter().flatten().collect()
}

/// What it is and why it is believed to be so.
fn doc_lines(resource: &Resource) -> Vec<String> {
    let mut lines = vec![format!("`GET {}`", resource.path), String::new()];
    let summary = sentence(&resource.summary);
    if !summary.is_empty() {
        lines.extend([format!("{summary}."), String::new()]);
    }
    let key = if resource.key.value.fields.is_empty() {
        "no key".to_owned()
    } else {
        format!("key `{}`", resource.key.value.fields.join(", "))
    };
    lines.push(format!("- {}: {}", resource.shape.value.name(), resource.shape.reason));
    lines.push(format!("- {key}: {}", resource.key.reason));
    lines.extend(resource.params.iter().map(|param| match &param.source.value {
        Some(source) => {
            format!("- `{}` is `{}.{}`: {}", param.name, source.resource, source.field, param.source.reason)
        }
        None => format!("- `{}` is yours to give: {}", param.name, param.source.reason),
    }));
    if resource.incremental.value.is_some() {
        lines.push(format!("- incremental: {}", resource.incremental.reason));
    }
    lines
        .into_iter()
        .map(|line| if line.is_empty() { line } else { format!(" {}", one_line(&line)) })
        .collect()
}

fn param(param: &Param) -> TokenStream {
    let Param { name, column, source } = param;
    match &source.value {
        Some(source) => {
            let (resource, field) = (&source.resource, &source.field);
            quote!(Param::parent(#name, #column, #resource, #field))
        }
        None => quote!(Param::config(#name, #column)),
    }
}

fn shape(shape: &Shape) -> Option<TokenStream> {
    match shape {
        Shape::Envelope { selector } => Some(quote!(Shape::Envelope { selector: #selector })),
        Shape::Map => Some(quote!(Shape::Map)),
        Shape::Object => Some(quote!(Shape::Object)),
        Shape::List | Shape::File | Shape::None => None,
    }
}

fn pagination(pagination: &Pagination) -> Option<TokenStream> {
    match pagination {
        Pagination::Offset => Some(quote!(Pagination::Offset)),
        Pagination::None => None,
        Pagination::Keyset(order) => {
            let (by, sort) = (&order.by, &order.sort);
            Some(quote!(Pagination::Keyset { order_by: #by, sort: #sort }))
        }
    }
}

fn fan_out(fan_out: &FanOut) -> TokenStream {
    let FanOut { param, column, values, .. } = fan_out;
    quote!(fan_out: Some(FanOut { param: #param, column: #column, values: &[#(#values),*] }))
}

fn start(start: Start) -> TokenStream {
    match start {
        Start::Groups => quote!(start: Some(Start::Groups)),
        Start::Projects => quote!(start: Some(Start::Projects)),
    }
}

fn incremental(incremental: &Incremental, excludes_its_day: bool) -> TokenStream {
    let Incremental { param, cursor, query, default } = incremental;
    let cursor = cursor.as_ref().map(|cursor| quote!(cursor: Some(#cursor),));
    let pairs = pairs(query);
    let query = (!query.is_empty()).then(|| quote!(query: #pairs,));
    let bound = excludes_its_day.then(|| quote!(bound: Bound::DateExclusive,));
    let default = (!default).then(|| quote!(default: false,));
    quote! {
        incremental: Some(Incremental { param: #param, #cursor #query #bound #default ..Incremental::DEFAULT })
    }
}

fn newest_first(order: &NewestFirst) -> TokenStream {
    let cursor = order.cursor;
    let pairs = order.query.iter().map(|(name, value)| quote!((#name, #value)));
    quote!(newest_first: Some(NewestFirst { cursor: #cursor, query: &[#(#pairs),*] }))
}

fn lookback(lookback: Duration) -> TokenStream {
    let hours = proc_macro2::Literal::u64_unsuffixed(lookback.as_secs() / 3600);
    quote!(lookback: Duration::from_hours(#hours))
}

fn finality(finality: &Finality) -> TokenStream {
    let Finality { field, values, ended_at } = finality;
    quote! {
        finality: Some(Finality { field: #field, values: &[#(#values),*], ended_at: &[#(#ended_at),*] })
    }
}

fn pairs(pairs: &[(String, String)]) -> TokenStream {
    let pairs = pairs.iter().map(|(name, value)| quote!((#name, #value)));
    quote!(&[#(#pairs),*])
}

fn column(column: &Column) -> TokenStream {
    let name = &column.name;
    let constructor = match column.kind {
        ColumnKind::Bool => format_ident!("bool"),
        ColumnKind::Int => format_ident!("int"),
        ColumnKind::Float => format_ident!("float"),
        ColumnKind::Date => format_ident!("date"),
        ColumnKind::Timestamp => format_ident!("timestamp"),
        ColumnKind::Text => format_ident!("text"),
        ColumnKind::Json => format_ident!("json"),
    };
    quote!(Column::#constructor(#name))
}

fn constant(name: &str) -> Ident {
    Ident::new(&name.to_shouty_snake_case(), Span::call_site())
}

fn module_ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
