//! When a list need not be asked for, as fields of a definition.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::gitlab::Sign;
use crate::infer::Asking;

/// What is not as usual.
pub(super) fn fields(asking: &Asking) -> Vec<TokenStream> {
    let refresh = asking.refresh.value;
    let unless = asking.unless.iter().map(sign);
    let frozen = asking.frozen.as_ref().map(sign);
    let notes = asking.system_notes.map(|notes| {
        let ((name, value), none) = (notes.without, sign(&notes.none));
        quote!(system_notes: Some(SystemNotes { without: (#name, #value), none: Some(#none) }))
    });
    let activity = asking.activity.map(|activity| {
        let (field, grain) = (activity.field, hours(activity.grain));
        quote!(activity: Some(Activity { field: #field, grain: #grain }))
    });
    let every = (!refresh.every.is_zero()).then(|| hours(refresh.every));
    let quiet = (refresh.quiet > refresh.every).then(|| hours(refresh.quiet));
    let fields = [
        (!asking.unless.is_empty()).then(|| quote!(unless: &[#(#unless),*])),
        every.map(|every| quote!(refresh_every: #every)),
        quiet.map(|quiet| quote!(quiet_refresh: #quiet)),
        frozen.map(|frozen| quote!(frozen: Some(#frozen))),
        activity,
        notes,
    ];
    fields.into_iter().flatten().collect()
}

/// Whether they speak of a `Duration`.
pub(super) fn is_timed(asking: &Asking) -> bool {
    let refresh = asking.refresh.value;
    !refresh.every.is_zero() || !refresh.quiet.is_zero() || asking.activity.is_some()
}

/// How long it is left alone, and why, in a line.
pub(super) fn reason(asking: &Asking) -> Option<String> {
    let left = asking.left_alone()?;
    Some(format!("left alone for {left}: {}", asking.refresh.reason))
}

fn sign(sign: &Sign) -> TokenStream {
    let Sign { field, values } = sign;
    quote!(Sign::new(#field, &[#(#values),*]))
}

fn hours(length: Duration) -> TokenStream {
    let hours = Literal::u64_unsuffixed(length.as_secs() / 3600);
    quote!(Duration::from_hours(#hours))
}
