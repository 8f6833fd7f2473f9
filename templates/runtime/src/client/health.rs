//! What the answers so far say of the server: evidence for what a single fault means.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Request;

/// Shared by all requests to one server.
#[derive(Debug)]
pub(super) struct Health {
    began: Instant,
    /// The first request that was answered well: what is asked again when it is doubtful whether the server is well.
    proof: OnceLock<Request>,
    /// When the last good answer came, in milliseconds since `began`.
    last_good: AtomicU64,
    is_gone: AtomicBool,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            proof: OnceLock::new(),
            last_good: AtomicU64::new(0),
            is_gone: AtomicBool::new(false),
        }
    }
}

impl Health {
    pub(super) fn good(&self, request: &Request) {
        self.last_good.fetch_max(millis(self.began.elapsed()), Ordering::Relaxed);
        if self.proof.get().is_none() {
            // Another may have been quicker, which serves as well.
            let _ = self.proof.set(request.clone());
        }
    }

    /// A request that was answered well; `None` when none was yet.
    pub(super) fn proof(&self) -> Option<&Request> {
        self.proof.get()
    }

    pub(super) fn is_reached(&self) -> bool {
        self.proof.get().is_some()
    }

    /// Whether anything was answered well after this moment.
    pub(super) fn was_good_after(&self, moment: Instant) -> bool {
        self.is_reached()
            && self.last_good.load(Ordering::Relaxed) > millis(moment.saturating_duration_since(self.began))
    }

    pub(super) fn give_up(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }

    /// Whether it was found that nothing is answered any more.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_good_answer_is_the_proof() {
        let health = Health::default();
        let request = |path: &str| Request { path: path.to_owned(), query: Vec::new(), route: "/" };
        let before = Instant::now();
        assert!(!health.is_reached() && !health.was_good_after(before));
        std::thread::sleep(Duration::from_millis(5));
        health.good(&request("/a"));
        health.good(&request("/b"));
        assert_eq!(health.proof().map(|request| request.path.as_str()), Some("/a"));
        assert!(health.was_good_after(before) && !health.was_good_after(Instant::now()));
    }
}
