//! Guesses about every endpoint, each with its reason.
//!
//! In: [`Endpoints`]. Out: one [`Facts`] per endpoint, in the same order. Inference neither changes what it reads nor
//! fails: what it cannot tell is a fact that says so. General rules come first, then what [`crate::gitlab`] knows; what
//! the document states with `x-gitlab-init` stands above both.

mod column;
mod fact;
mod incremental;
mod key;
mod name;
mod pagination;
mod parent;
mod secret;
mod shape;
mod site;
mod stated;
mod words;

use crate::endpoint::{Endpoint, Endpoints};
use crate::gitlab;

pub use column::{Column, ColumnKind};
pub use fact::Fact;
pub use incremental::Incremental;
pub use key::{Key, KeyScope};
pub use pagination::{Order, Pagination};
pub use parent::Provider;
pub(crate) use secret::is_secret;
pub use shape::Shape;
pub(crate) use words::{is_plural, singular};

use stated::Stated;

/// All that is believed of one endpoint.
#[derive(Debug, Clone)]
pub struct Facts {
    pub name: String,
    /// The table that the document asks for, when it does.
    pub table: Option<String>,
    pub shape: Fact<Shape>,
    pub key: Fact<Key>,
    /// One entry per placeholder that a request needs, in the order of the path.
    pub params: Vec<(String, Fact<Option<Provider>>)>,
    pub pagination: Fact<Pagination>,
    pub incremental: Fact<Option<Incremental>>,
    /// Sent with every request, so that nothing is hidden.
    pub query: Vec<(String, String)>,
    pub columns: Vec<Column>,
    /// Why the document wants it left out, when it does.
    pub skip: Option<String>,
    /// What the document states and cannot be taken.
    pub faults: Vec<String>,
}

/// Infers everything about every endpoint.
pub fn infer(endpoints: &Endpoints) -> Vec<Facts> {
    let site = site::Site::new(endpoints);
    let all = &endpoints.all;
    let stated: Vec<Stated<'_>> = all.iter().map(Stated::of).collect();
    let with = || all.iter().zip(&stated);
    let shapes: Vec<Fact<Shape>> = with()
        .map(|(endpoint, stated)| stated.shape().unwrap_or_else(|| shape::infer_shape(&site, endpoint)))
        .collect();
    let mut keys: Vec<Fact<Key>> = with()
        .zip(&shapes)
        .map(|((endpoint, stated), shape)| stated.key(key::infer_key(&site, endpoint, &shape.value)))
        .collect();
    key::inherit_keys(&site, &shapes, &mut keys);
    let names = stated::names(
        &stated,
        name::infer_names(all, &shapes.iter().map(|shape| &shape.value).collect::<Vec<_>>()),
    );
    let lists = parent::Lists { site: &site, shapes: &shapes, keys: &keys };
    let facts =
        with().zip(&shapes).zip(&keys).zip(&names).map(|((((endpoint, stated), shape), key), name)| {
            let params = parent::infer_params(&lists, endpoint);
            Facts {
                name: name.clone(),
                table: stated.table(),
                shape: shape.clone(),
                key: key.clone(),
                params: stated.params(params, all),
                pagination: stated
                    .pagination()
                    .unwrap_or_else(|| pagination::infer_pagination(endpoint, &shape.value)),
                incremental: stated.incremental(incremental::infer_incremental(
                    &site,
                    endpoint,
                    &shape.value,
                )),
                query: infer_query(endpoint),
                columns: shape::record_type(&site, endpoint, &shape.value)
                    .map(|entity| column::infer_columns(site.entities, entity))
                    .unwrap_or_default(),
                skip: stated.skip(),
                faults: stated.faults(all),
            }
        });
    facts.collect()
}

/// GitLab's hidden filters, as far as the endpoint declares them.
fn infer_query(endpoint: &Endpoint) -> Vec<(String, String)> {
    let declared =
        gitlab::hidden_filters(&endpoint.path).filter(|(name, _)| endpoint.query_param(name).is_some());
    declared.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
