//! References to components.

use openapiv3::ReferenceOr;

/// As many steps as a chain of references may have: it may also be a circle.
const LONGEST: usize = 16;

/// What a chain of references below `prefix` leads to.
pub(super) fn follow<T>(
    start: ReferenceOr<T>,
    prefix: &str,
    component: impl Fn(&str) -> Option<ReferenceOr<T>>,
) -> Option<T> {
    let mut current = start;
    for _ in 0..LONGEST {
        match current {
            ReferenceOr::Item(item) => return Some(item),
            ReferenceOr::Reference { reference } => current = component(reference.strip_prefix(prefix)?)?,
        }
    }
    None
}
