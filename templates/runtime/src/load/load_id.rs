//! Names of loads: they sort by time.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// `20261120T134658123Z-k3x9`: the start in UTC with milliseconds, and a random end.
pub fn new_load_id(started_at: SystemTime) -> String {
    let time = DateTime::<Utc>::from(started_at).format("%Y%m%dT%H%M%S%3fZ");
    let end: String = std::iter::repeat_with(|| fastrand::char('a'..='z')).take(4).collect();
    format!("{time}-{end}")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn load_ids_sort_by_time_and_differ() {
        let early = UNIX_EPOCH + Duration::from_millis(1_700_000_000_009);
        let late = early + Duration::from_millis(1);
        assert!(new_load_id(early).starts_with("20231114T221320009Z-"));
        assert!(new_load_id(early) < new_load_id(late));
        let ids: std::collections::BTreeSet<_> = (0..50).map(|_| new_load_id(early)).collect();
        assert!(ids.len() > 45);
    }
}
