//! Names of loads: they sort by time.

use std::time::SystemTime;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// How long the time in an id is.
const STAMP: usize = 19;

/// `20261120T134658123Z-k3x9`: the start in UTC with milliseconds, and a random end.
pub fn new_load_id(started_at: SystemTime) -> String {
    let time = DateTime::<Utc>::from(started_at).format("%Y%m%dT%H%M%S%3fZ");
    let end: String = std::iter::repeat_with(|| fastrand::char('a'..='z')).take(4).collect();
    format!("{time}-{end}")
}

/// A new one that is above `last` also when the clock is behind it: what is marked as deleted goes by their order.
pub(super) fn load_id_after(last: Option<&str>, started_at: SystemTime) -> String {
    let new = new_load_id(started_at);
    let Some(last) = last.filter(|last| *last >= new.as_str()) else { return new };
    let time =
        last.get(..STAMP).and_then(|stamp| NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%S%3fZ").ok());
    let next = time.and_then(|time| time.and_utc().checked_add_signed(TimeDelta::milliseconds(1)));
    next.map(|next| new_load_id(next.into()))
        .filter(|next| next.as_str() > last)
        .unwrap_or_else(|| format!("{last}z"))
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

    #[test]
    fn an_id_rises_when_the_clock_falls_behind() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let ahead = new_load_id(now + Duration::from_secs(3600));
        let next = load_id_after(Some(&ahead), now);
        assert!(next > ahead && load_id_after(Some(&next), now) > next);
        assert!(next.starts_with("20231114T231320001Z-"), "{next}");
        for odd in ["20991231T235959999Z-zzzz", "zzz", "9"] {
            assert!(load_id_after(Some(odd), now).as_str() > odd);
        }
        assert_eq!(load_id_after(Some("2000"), now)[..STAMP], new_load_id(now)[..STAMP]);
        assert_eq!(load_id_after(None, now)[..STAMP], new_load_id(now)[..STAMP]);
    }
}
