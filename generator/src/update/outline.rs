//! A definition as it stands in a crate's Rust, as what can be compared. What is written in a way that nobody here
//! writes is compared by its text.

use syn::{Expr, ExprCall, ExprStruct, Member};
use toml_edit::{DocumentMut, Item};

use crate::diff::{Aspect, Outline};

use super::definition::{Definition, text};

/// The configuration has the last word on the table, and on whether a run takes it.
pub(super) fn outline(definition: &Definition, config: Option<&DocumentMut>) -> Outline {
    let said = |key: &str| config.and_then(|config| config.get("resources")?.get(&definition.name)?.get(key));
    let table = said("table").and_then(Item::as_str).map(str::to_owned);
    let is_on = said("enabled").and_then(Item::as_bool).unwrap_or(definition.field("enabled") != "false");
    let mut outline = Outline {
        name: definition.name.clone(),
        table: table.unwrap_or_else(|| definition.field("table")),
        path: definition.path(),
        is_on,
        is_core: true,
        ..Outline::default()
    };
    let list = |name: &str| definition.expression(name).map(elements).unwrap_or_default();
    let key: Vec<String> = list("record_key").into_iter().map(text).collect();
    outline.state_key(&key, definition.field("key_scope").ends_with("Parent"));
    list("params").into_iter().for_each(|param| state_param(&mut outline, param));
    for (name, value) in list("query").into_iter().filter_map(pair) {
        outline.state(Aspect::Sent, &name, value);
    }
    list("secrets").into_iter().for_each(|field| outline.state(Aspect::Secret, &text(field), String::new()));
    for call in list("columns").into_iter().filter_map(column) {
        let name = call.args.first().map(text).unwrap_or_default();
        outline.state(Aspect::Column, &name, last(&call.func));
    }
    for (name, takes) in list("filters").into_iter().filter_map(filter) {
        outline.state(Aspect::Filter, &name, takes);
    }
    for (aspect, field, usual) in [
        (Aspect::Shape, "shape", "list"),
        (Aspect::Writing, "write_disposition", "merge"),
        (Aspect::Pages, "pagination", "none"),
    ] {
        outline.state(aspect, "", definition.expression(field).map_or_else(|| usual.to_owned(), words));
    }
    state_cursor(&mut outline, definition);
    if let Some(Expr::Struct(own)) = definition.expression("fan_out").map(within) {
        let values = inner(own, "values").map(elements).unwrap_or_default();
        let values: Vec<String> = values.into_iter().map(text).collect();
        outline.state(Aspect::FanOut, &inner(own, "param").map(text).unwrap_or_default(), values.join(", "));
    }
    for wide in list("wide") {
        let Expr::Struct(own) = wide else { continue };
        let [path, parent] =
            ["path", "parent_field"].map(|field| inner(own, field).map(text).unwrap_or_default());
        outline.state(Aspect::Wide, &path, parent);
    }
    outline
}

/// `Param::parent("id", "project_id", "projects", "id")`, `Param::config("name", "name")`.
fn state_param(outline: &mut Outline, param: &Expr) {
    let arguments: Vec<String> =
        call(param).into_iter().flat_map(|call| call.args.iter().map(text)).collect();
    match arguments.as_slice() {
        [_, column, resource, field] => outline.state_source(column, Some((resource, field))),
        [_, column] => outline.state_source(column, None),
        _ => outline.state(Aspect::Parent, &text(param), String::new()),
    }
}

/// `Filter::int("iids").list()`, `Filter::one_of("state", &["opened", "closed"])`.
fn filter(expression: &Expr) -> Option<(String, String)> {
    if let Expr::MethodCall(list) = expression {
        return filter(&list.receiver);
    }
    let call = call(expression)?;
    let values: Vec<String> =
        call.args.iter().nth(1).map(elements).unwrap_or_default().into_iter().map(text).collect();
    let takes = if values.is_empty() { last(&call.func) } else { values.join(", ") };
    Some((call.args.first().map(text)?, takes))
}

fn state_cursor(outline: &mut Outline, definition: &Definition) {
    if let Some(Expr::Struct(own)) = definition.expression("incremental").map(within) {
        let param = inner(own, "param").map(text).unwrap_or_default();
        let cursor = inner(own, "cursor").map(|cursor| text(within(cursor)));
        let is_default = inner(own, "default").is_none_or(|default| text(default) != "false");
        outline.state_cursor(&param, cursor.as_deref(), is_default);
    } else if let Some(Expr::Struct(own)) = definition.expression("newest_first").map(within) {
        outline.state_newest_first(&inner(own, "cursor").map(text).unwrap_or_default());
    }
}

/// `Shape::Envelope { selector: "data" }` as "envelope at data", `Pagination::Offset` as "offset".
fn words(expression: &Expr) -> String {
    match expression {
        Expr::Path(_) => last(expression),
        Expr::Struct(own) => {
            let name = own.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
            let what = [("selector", "at"), ("order_by", "by")].into_iter().find_map(|(field, word)| {
                let value = text(inner(own, field)?);
                (!value.is_empty()).then(|| format!(" {word} {value}"))
            });
            format!("{}{}", name.to_lowercase(), what.unwrap_or_default())
        }
        other => text(other),
    }
}

/// The entries of `&[…]`.
fn elements(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Reference(reference) => elements(&reference.expr),
        Expr::Array(array) => array.elems.iter().collect(),
        _ => Vec::new(),
    }
}

fn pair(expression: &Expr) -> Option<(String, String)> {
    let Expr::Tuple(pair) = expression else { return None };
    Some((text(pair.elems.first()?), text(pair.elems.last()?)))
}

/// `Column::text("title")`, or with what it is about: `Column::json("labels").about("Names")`.
fn column(expression: &Expr) -> Option<&ExprCall> {
    match expression {
        Expr::MethodCall(about) => call(&about.receiver),
        own => call(own),
    }
}

fn call(expression: &Expr) -> Option<&ExprCall> {
    match expression {
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// What is in `Some(…)`.
fn within(expression: &Expr) -> &Expr {
    call(expression).and_then(|call| call.args.first()).unwrap_or(expression)
}

fn inner<'e>(own: &'e ExprStruct, name: &str) -> Option<&'e Expr> {
    let is = |member: &Member| matches!(member, Member::Named(own) if own == name);
    own.fields.iter().find(|field| is(&field.member)).map(|field| &field.expr)
}

/// The last part of a path, in small letters.
fn last(expression: &Expr) -> String {
    match expression {
        Expr::Path(path) => {
            path.path.segments.last().map(|part| part.ident.to_string().to_lowercase()).unwrap_or_default()
        }
        other => text(other),
    }
}
