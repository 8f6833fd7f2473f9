//! Views: the SQL of each in the dialect of the destination, and what a run is told of them. A view comes along where the
//! crate has all that it stands on.
//!
//! Each is written once, in `templates/views/`; what databases write differently is in one file there.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use serde::Serialize;

use super::{Destination, File, RenderError, skeleton, template};
use crate::gitlab::{API_ROOT, Chart, Fold, Need, Source, VIEWS, View};
use crate::graph::{Resource, ResourceGraph};
use crate::infer::ColumnKind;

const FOLDER: &str = "views/";
const MACROS: &str = "dialect.j2";

/// The destinations whose SQL views are written in.
const DIALECTS: [&str; 6] = ["bigquery", "duckdb", "postgres", "redshift", "snowflake", "sqlite"];

/// A view that a crate has, and what its template calls what it stands on.
#[derive(Debug)]
pub(super) struct Rendered<'g> {
    view: &'static View,
    roles: Vec<(&'static Need, Option<&'g Resource>)>,
}

/// What a template knows of something that the view stands on.
#[derive(Debug, Serialize)]
struct Role {
    table: String,
    /// The columns that name what its list hangs on.
    parent: Vec<String>,
}

/// The views of a crate, in the order in which they are made: none for a destination without SQL.
pub(super) fn views(destination: Destination, graph: &ResourceGraph) -> Vec<Rendered<'_>> {
    let mut found: Vec<Rendered<'_>> = Vec::new();
    if !DIALECTS.contains(&destination.name()) || graph.api_root != API_ROOT {
        return found;
    }
    for view in VIEWS {
        let role = |need: &'static Need| match need.source {
            Source::Lists(places) => {
                let resource = places.iter().find_map(|place| graph.find(place))?;
                Some((need, Some(resource)))
            }
            Source::View => found.iter().any(|found| found.view.name == need.role).then_some((need, None)),
        };
        if let Some(roles) = view.needs.iter().map(role).collect() {
            found.push(Rendered { view, roles });
        }
    }
    found
}

/// `src/views/`: for each a file of SQL and one of what a run is told of it, and what says which there are.
pub(super) fn view_files(destination: Destination, graph: &ResourceGraph) -> Result<Vec<File>, RenderError> {
    let views = views(destination, graph);
    let environment = environment(destination.name())?;
    let mut files = vec![File::generated("src/views/mod.rs", module(destination, &views)?)];
    for rendered in &views {
        let body = rendered.sql(destination.name(), &environment)?;
        files.push(File::generated(&format!("src/views/{}.sql", rendered.view.name), body));
        let path = format!("src/views/{}.rs", rendered.view.name);
        let definition = rendered.definition(&path)?;
        files.push(File::generated(&path, definition));
    }
    Ok(files)
}

impl<'g> Rendered<'g> {
    pub(super) fn name(&self) -> &'static str {
        self.view.name
    }

    pub(super) fn says(&self) -> &'static str {
        self.view.says
    }

    /// The resources that it stands on, not those of views below it.
    pub(super) fn over(&self) -> Vec<&'g str> {
        let name = |(need, resource): &(&'static Need, Option<&'g Resource>)| match resource {
            Some(resource) => resource.name.as_str(),
            None => need.role,
        };
        self.roles.iter().map(name).collect()
    }

    fn sql(&self, dialect: &str, environment: &Environment<'_>) -> Result<String, RenderError> {
        let name = format!("{}.sql.j2", self.view.name);
        let fault = |source| RenderError::Template { template: format!("{FOLDER}{name}"), source };
        let role = |(need, resource): &(&'static Need, Option<&Resource>)| {
            let (table, params) = match resource {
                Some(resource) => (resource.table.as_str(), resource.params.as_slice()),
                None => (need.role, &[][..]),
            };
            let parent = params.iter().map(|param| quoted(dialect, &param.column)).collect();
            (need.role, Role { table: quoted(dialect, table), parent })
        };
        let roles: BTreeMap<&str, Role> = self.roles.iter().map(role).collect();
        let body = environment.get_template(&name).map_err(fault)?.render(Value::from(Serde(&roles)));
        let says = self.view.says;
        Ok(format!("-- {says}.\n--\n{}", body.map_err(fault)?))
    }

    fn module(&self) -> Ident {
        Ident::new(self.view.name, Span::call_site())
    }

    fn definition(&self, path: &str) -> Result<String, RenderError> {
        let View { name, says, charts, .. } = self.view;
        let (file, docs) = (format!("{name}.sql"), format!(" {says}."));
        let needs = self.roles.iter().map(|(need, resource)| definition_of(need, *resource));
        let charts = charts.iter().map(chart);
        let head = quote!(#![doc = #docs]);
        let gathered = quote! {
            use gitlab_pipeline::view::*;
        };
        let view = quote! {
            pub const VIEW: View = View {
                name: #name,
                says: #says,
                needs: &[#(#needs),*],
                sql: include_str!(#file),
                charts: &[#(#charts),*],
            };
        };
        printed(path, [head, gathered, view])
    }
}

fn definition_of(need: &Need, resource: Option<&Resource>) -> TokenStream {
    let name = resource.map_or(need.role, |resource| resource.name.as_str());
    let is_optional = need.is_optional;
    let parents = resource.map(|resource| resource.params.as_slice()).unwrap_or_default();
    let parents = parents.iter().map(|param| (param.column.as_str(), ColumnKind::Int));
    let mut columns: BTreeMap<&str, ColumnKind> = parents.collect();
    columns.extend(need.columns.iter().copied());
    let columns = columns.iter().map(|(name, kind)| {
        let kind = format_ident!("{}", kind.name());
        quote!(Column::#kind(#name))
    });
    let optional = is_optional.then(|| quote!(.optional()));
    quote!(Need::of(#name, &[#(#columns),*]) #optional)
}

fn chart(chart: &Chart) -> TokenStream {
    let Chart { title, by, is_ranked, value, fold, unit } = chart;
    let fold = match fold {
        Fold::Sum => quote!(Fold::Sum),
        Fold::Average => quote!(Fold::Average),
        Fold::Count => quote!(Fold::Count),
        Fold::Per(of) => quote!(Fold::Per(#of)),
    };
    quote!(Chart { title: #title, by: #by, is_ranked: #is_ranked, value: #value, fold: #fold, unit: #unit })
}

fn module(destination: Destination, views: &[Rendered<'_>]) -> Result<String, RenderError> {
    let dialect = destination.name();
    let modules: Vec<Ident> = views.iter().map(Rendered::module).collect();
    let head = quote! {
        #![doc = " Answers to what people ask first, as views in the database: written by `gitlab-init`, and yours to change."]
        #![doc = ""]
        #![doc = " A run makes them when `[load] views` says so. Their SQL stands in files beside this one; a table is in quotes there, and"]
        #![doc = " a run puts in its place what it is called. A view of your own is two more files and one more line here."]
    };
    let declared = quote!(#(mod #modules;)*);
    let gathered = quote! {
        use gitlab_pipeline::view::Views;
    };
    let all = quote! {
        #[doc = " In the order in which they are made."]
        pub const ALL: Views = Views { dialect: #dialect, all: &[#(&#modules::VIEW),*] };
    };
    let pieces = [head, declared, gathered, all].map(|piece| (!piece.is_empty()).then_some(piece));
    printed("src/views/mod.rs", pieces.into_iter().flatten())
}

/// Rust, with an empty line between the pieces.
fn printed(path: &str, pieces: impl IntoIterator<Item = TokenStream>) -> Result<String, RenderError> {
    let fault = |source| RenderError::Rust { path: path.to_owned(), source };
    let pieces = pieces.into_iter().map(|piece| syn::parse2(piece).map(|file| prettyplease::unparse(&file)));
    Ok(pieces.collect::<Result<Vec<_>, _>>().map_err(fault)?.join("\n"))
}

/// One for each dialect, which macros see as well.
fn environment(dialect: &'static str) -> Result<Environment<'static>, RenderError> {
    let mut environment = template::bare_environment()?;
    environment.add_global("dialect", dialect);
    environment.add_function("q", move |name: &str| quoted(dialect, name));
    for (name, text) in skeleton::files(FOLDER) {
        let text = if name == MACROS {
            text.to_owned()
        } else {
            format!("{{% import \"{MACROS}\" as sql %}}\n{text}")
        };
        let added = environment.add_template_owned(name.to_owned(), text);
        added.map_err(|source| RenderError::Template { template: name.to_owned(), source })?;
    }
    Ok(environment)
}

/// A name as the dialect writes it, which nothing in a document can end. Snowflake has its tables in upper case.
fn quoted(dialect: &str, name: &str) -> String {
    match dialect {
        "bigquery" => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        "snowflake" => format!("\"{}\"", name.to_ascii_uppercase().replace('"', "\"\"")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source as Document;
    use crate::infer::RecordedNames;

    fn bundled() -> ResourceGraph {
        crate::read(&Document::Bundled.read().unwrap(), &[], &RecordedNames::new()).unwrap().graph
    }

    #[test]
    fn every_view_is_written_in_every_dialect() {
        let graph = bundled();
        for dialect in DIALECTS {
            let destination = Destination::named(dialect).unwrap();
            let files = view_files(destination, &graph).unwrap();
            assert_eq!(files.len(), 2 * VIEWS.len() + 1, "{dialect}");
            for file in files.iter().filter(|file| file.path.ends_with(".sql")) {
                assert!(file.body.contains("\n-- Limits: "), "{}", file.path);
                assert!(!file.body.contains("{{"), "{}", file.path);
            }
        }
    }

    #[test]
    fn what_a_view_needs_is_what_its_sql_reads() {
        let graph = bundled();
        let environment = environment("sqlite").unwrap();
        for rendered in views(Destination::named("sqlite").unwrap(), &graph) {
            let sql = rendered.sql("sqlite", &environment).unwrap();
            for (column, _) in rendered.view.needs.iter().flat_map(|need| need.columns) {
                assert!(sql.contains(column), "{} does not read `{column}`", rendered.name());
            }
            let names =
                rendered.roles.iter().map(|(need, resource)| resource.map_or(need.role, |one| &one.table));
            for name in names {
                assert!(
                    sql.contains(&format!("FROM \"{name}\" AS "))
                        || sql.contains(&format!("JOIN \"{name}\" AS "))
                );
                assert_eq!(
                    sql.matches(&format!("\"{name}\"")).count(),
                    sql.matches(&format!("\"{name}\" AS ")).count()
                );
            }
        }
    }

    #[test]
    fn no_resource_has_the_name_of_a_view() {
        let graph = bundled();
        for view in VIEWS {
            assert!(graph.resources.iter().all(|resource| resource.table != view.name), "{}", view.name);
        }
    }

    #[test]
    fn a_crate_without_what_a_view_needs_has_it_not() {
        let mut graph = bundled();
        graph.resources.retain(|resource| resource.name != "project_environments");
        let names: Vec<&str> =
            views(Destination::named("sqlite").unwrap(), &graph).iter().map(Rendered::name).collect();
        assert!(!names.contains(&"production_deployments") && !names.contains(&"deployment_frequency"));
        assert!(names.contains(&"issue_throughput"));
        assert!(views(Destination::named("filesystem").unwrap(), &graph).is_empty());
    }

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quoted("sqlite", "a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted("bigquery", "a`b"), "`a\\`b`");
        assert_eq!(quoted("snowflake", "ab"), "\"AB\"");
    }
}
