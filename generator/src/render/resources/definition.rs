//! One resource as plain data, built as tokens, so that nothing a document says can become code.

use std::time::Duration;

use heck::ToShoutySnakeCase;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, FieldValue, Member, parse_quote};

use crate::gitlab::{Finality, NewestFirst, Start};
use crate::graph::{Filter, Param, Resource, Wide};
use crate::infer::{Column, FanOut, Incremental, KeyScope, Over, Pagination, Shape, WriteDisposition};

use crate::text::one_line;

use super::super::config::sentence;
use super::super::{Departed, RenderError};
use super::asking;

/// One resource as Rust: a constant with its reasons.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) constant: Ident,
    /// Whether it speaks of a `Duration`.
    pub(super) is_timed: bool,
    pub(super) text: String,
}

impl Definition {
    pub(super) fn render(resource: &Resource) -> Result<Self, RenderError> {
        let path = format!("src/resources ({})", resource.name);
        let parsed =
            syn::parse2(definition(resource)).map_err(|source| RenderError::Rust { path, source })?;
        Ok(Self {
            name: resource.name.clone(),
            constant: constant(&resource.name),
            is_timed: resource.lookback.is_some() || asking::is_timed(&resource.asking),
            text: prettyplease::unparse(&parsed),
        })
    }

    /// One that left the document: as it was written, but for its name and `enabled`.
    pub(super) fn departed(departed: &Departed) -> Self {
        let mut definition = departed.definition.clone();
        let name = &departed.given.name;
        if let Expr::Struct(fields) = &mut *definition.expr {
            let is = |field: &FieldValue, wanted: &str| matches!(&field.member, Member::Named(name) if name == wanted);
            for field in fields.fields.iter_mut().filter(|field| is(field, "name")) {
                field.expr = parse_quote!(#name);
            }
            let others = fields.fields.iter().filter(|field| !is(field, "enabled")).cloned();
            fields.fields = others.chain([parse_quote!(enabled: false)]).collect();
            // Before `..Resource::DEFAULT`.
            fields.fields.push_punct(Default::default());
        }
        let constant = definition.ident.clone();
        let is_timed = definition.to_token_stream().to_string().contains("Duration");
        let file: syn::File = parse_quote!(#definition);
        Self { name: name.clone(), constant, is_timed, text: prettyplease::unparse(&file) }
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
    let filters: Vec<_> = resource.filters.iter().map(filter).collect();
    let secrets = &resource.secrets;
    let wide: Vec<_> = resource.wide.value.iter().map(|own| wide(own, resource.excludes_its_day)).collect();
    let columns: Vec<_> = resource.columns.iter().filter_map(column).collect();
    let is_replaced = resource.write_disposition.value == WriteDisposition::Replace;
    let asking = asking::fields(&resource.asking);
    let about = sentence(&resource.summary);
    let fields = [
        (!about.is_empty()).then(|| quote!(about: #about)),
        (!params.is_empty()).then(|| quote!(params: &[#(#params),*])),
        shape(&resource.shape.value).map(|shape| quote!(shape: #shape)),
        (!record_key.is_empty()).then(|| quote!(record_key: &[#(#record_key),*])),
        (resource.key.value.scope == KeyScope::Parent).then(|| quote!(key_scope: KeyScope::Parent)),
        pagination(&resource.pagination.value).map(|pagination| quote!(pagination: #pagination)),
        (!resource.query.is_empty()).then(|| quote!(query: #query)),
        Some(quote!(filters: &[#(#filters),*])),
        resource.fan_out.as_ref().map(fan_out),
        resource.start.map(start),
        resource.incremental.value.as_ref().map(|own| incremental(own, resource.excludes_its_day)),
        resource.newest_first.as_ref().map(newest_first),
        resource.lookback.map(lookback),
        (!wide.is_empty()).then(|| quote!(wide: &[#(#wide),*])),
        resource.finality.as_ref().map(finality),
        (!asking.is_empty()).then(|| quote!(#(#asking),*)),
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
    if !resource.wide.value.is_empty() {
        lines.push(format!("- one list for many: {}", resource.wide.reason));
    }
    lines.extend(asking::reason(&resource.asking).map(|reason| format!("- {reason}")));
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

fn filter(filter: &Filter) -> TokenStream {
    let Filter { name, values, .. } = filter;
    let kind = format_ident!("{}", filter.kind.name());
    let list = filter.is_array.then(|| quote!(.list()));
    match values.as_slice() {
        [] => quote!(Filter::#kind(#name) #list),
        values => quote!(Filter::one_of(#name, &[#(#values),*]) #list),
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

fn wide(wide: &Wide, excludes_its_day: bool) -> TokenStream {
    let Wide { request_path, parent_field, query, lacks, relative, .. } = wide;
    let over = match wide.over {
        Over::Group => quote!(Over::Group),
        Over::Instance => quote!(Over::Instance),
    };
    let (sent, told) = (pairs(query), pairs(relative));
    let more = [
        (!query.is_empty()).then(|| quote!(query: #sent)),
        pagination(&wide.pagination).map(|pagination| quote!(pagination: #pagination)),
        wide.incremental.as_ref().map(|own| incremental(own, excludes_its_day)),
        (!lacks.is_empty()).then(|| quote!(lacks: &[#(#lacks),*])),
        (!relative.is_empty()).then(|| quote!(relative: #told)),
    ];
    let more = more.into_iter().flatten();
    quote! {
        Wide { path: #request_path, over: #over, parent_field: #parent_field, #(#more,)* ..Wide::DEFAULT }
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

fn column(column: &Column) -> Option<TokenStream> {
    let name = &column.name;
    let constructor = format_ident!("{}", column.kind?.name());
    let about = sentence(&column.description);
    let about = (!about.is_empty()).then(|| quote!(.about(#about)));
    Some(quote!(Column::#constructor(#name) #about))
}

fn constant(name: &str) -> Ident {
    Ident::new(&name.to_shouty_snake_case(), Span::call_site())
}
