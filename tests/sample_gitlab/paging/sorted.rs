//! Rows sorted once and kept until an edit: every page of a long list asks for the same order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Lists shorter than this are sorted anew for each page.
pub(crate) const WORTH_KEEPING: usize = 500;
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct SortedPlaces {
    kept: Mutex<HashMap<String, Arc<Vec<usize>>>>,
}

impl SortedPlaces {
    pub(crate) fn get_or_sort(&self, name: String, sort: impl FnOnce() -> Vec<usize>) -> Arc<Vec<usize>> {
        // Held while sorting: others that want the same order wait instead of sorting too.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = kept.get(&name) {
            return Arc::clone(places);
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        let places = Arc::new(sort());
        kept.insert(name, Arc::clone(&places));
        places
    }
}
