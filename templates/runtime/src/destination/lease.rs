//! One load at a time: who has a place, and whether a claim to it still holds.
//!
//! Where the system tells when a process ends (a lock on a file, a session of a database), a destination asks it. Where
//! nobody tells, it keeps a [`Lease`] that has to be renewed and decides by [`Lease::found`].

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::client::Excerpt;
use crate::moment::Moment;
use crate::shard::Shard;

/// How long a lease lasts that nobody renews.
pub const TERM: Duration = Duration::from_secs(60);

/// How often it is renewed: several times within the term, so that a slow answer loses nothing.
pub const RENEW_EVERY: Duration = Duration::from_secs(15);

/// Who wants to open a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub holder: Holder,
    /// No other claim has it.
    pub token: String,
    /// The part of a run that it is for; none where the run is whole.
    pub shard: Option<Shard>,
}

/// Who has it, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    pub pipeline: String,
    pub host: String,
    pub process: u32,
    pub since: String,
}

/// A claim that is written down, and that ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub token: String,
    pub holder: Holder,
    /// Microseconds since 1970.
    pub ends: i64,
}

/// What a lease that was found means for somebody who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It may be taken: there is none, it has ended, or it is one's own.
    Free,
    Held(Holder),
}

impl Claim {
    /// One of this process.
    pub fn new(pipeline: &str) -> Self {
        let token = std::iter::repeat_with(fastrand::alphanumeric).take(20).collect();
        let holder = Holder {
            pipeline: pipeline.to_owned(),
            host: host(),
            process: std::process::id(),
            since: Moment::now().to_string(),
        };
        Self { holder, token, shard: None }
    }

    /// The same for a part of a run.
    #[must_use]
    pub fn of_shard(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }
}

/// The name of this machine, where it is easily known.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_default()
}

impl Lease {
    pub fn of(claim: &Claim, now: SystemTime) -> Self {
        let ends = now.checked_add(TERM).unwrap_or(now);
        Self { token: claim.token.clone(), holder: claim.holder.clone(), ends: micros(ends) }
    }

    /// What the lease that stands there means for this claim.
    pub fn found(found: Option<&Self>, claim: &Claim, now: SystemTime) -> Standing {
        match found {
            Some(lease) if lease.token != claim.token && lease.ends > micros(now) => {
                Standing::Held(lease.holder.clone())
            }
            _ => Standing::Free,
        }
    }
}

fn micros(time: SystemTime) -> i64 {
    chrono::DateTime::<chrono::Utc>::from(time).timestamp_micros()
}

/// What stands in a place may come from anybody: it is kept to one line.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.process == 0 {
            return f.write_str("it has not said who it is");
        }
        write!(f, "pipeline `{}`, process {}", Excerpt::new(&self.pipeline), self.process)?;
        if !self.host.is_empty() {
            write!(f, " on {}", Excerpt::new(&self.host))?;
        }
        write!(f, ", since {}", Excerpt::new(&self.since))
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_lease_holds_others_off_until_it_ends() {
        let (first, second) = (Claim::new("first"), Claim::new("second"));
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let lease = Lease::of(&first, now);
        assert_eq!(Lease::found(None, &second, now), Standing::Free);
        assert_eq!(Lease::found(Some(&lease), &first, now), Standing::Free, "its own");
        let later = now + TERM - Duration::from_millis(1);
        assert_eq!(Lease::found(Some(&lease), &second, later), Standing::Held(first.holder.clone()));
        assert_eq!(Lease::found(Some(&lease), &second, now + TERM), Standing::Free);
        let said = first.holder.to_string();
        assert!(said.starts_with(&format!("pipeline `first`, process {}", std::process::id())), "{said}");
    }

    #[test]
    fn a_holder_cannot_write_to_the_terminal() {
        let holder = Holder { pipeline: "x\u{1b}[2J\n".to_owned(), process: 1, ..Holder::default() };
        assert!(!holder.to_string().contains(char::is_control), "{holder}");
    }
}
