//! The depth-first work stack: items come in, a handler is called for each, what it returns goes on top. Items that are
//! to be done in one go, or not at all, wait until all others are done; until they are begun, the work may be stopped.
//!
//! What a page starts is finished before the page after it is fetched, so the stack holds at most what one page starts
//! per level and worker, however long the lists are. Knows nothing of what an item is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};

/// How far from the top a worker looks for an item that is not held back. More would let the stack grow.
const NEAR: usize = 200;

/// Whose turn it is.
pub(in crate::extract) trait Turns<T>: Send + Sync + 'static {
    /// Whether the item would only wait.
    fn is_held(&self, item: &T) -> bool;

    /// Whether the item waits until all others are done.
    fn is_last(&self, item: &T) -> bool;

    /// Whether nothing more is begun.
    fn is_over(&self) -> bool;
}

/// Calls `work` for every item until none is left and none is being worked on. What it returns is worked on next, its
/// first item first, unless it is not its turn. The first error stops all workers and is returned. Whether items were
/// left, as the work was over before.
pub(in crate::extract) async fn drain<T, E, U, W, F>(
    items: Vec<T>,
    workers: usize,
    turns: U,
    work: W,
) -> Result<bool, E>
where
    T: Send + 'static,
    E: Send + 'static + From<JoinError>,
    U: Turns<T>,
    W: Fn(T) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Vec<T>, E>> + Send,
{
    let stack = Arc::new(Stack::new(items, turns));
    let mut running = JoinSet::new();
    for _ in 0..workers.max(1) {
        let (stack, work) = (Arc::clone(&stack), work.clone());
        running.spawn(async move {
            while let Some(item) = stack.next().await {
                stack.finish(work(item).await?);
            }
            Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        // Dropping the set ends the others.
        ended.map_err(E::from).flatten()?;
    }
    let is_stopped = stack.lock().is_stopped;
    Ok(is_stopped)
}

#[derive(Debug)]
struct Stack<T, U> {
    state: Mutex<State<T>>,
    turns: U,
    changed: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: Vec<T>,
    /// Those that wait for all others, the first at the front.
    last: Vec<T>,
    /// Whether the last are begun.
    is_at_last: bool,
    is_stopped: bool,
    /// Items that were taken and not finished.
    in_flight: usize,
}

impl<T, U: Turns<T>> Stack<T, U> {
    fn new(items: Vec<T>, turns: U) -> Self {
        let mut state =
            State { items: Vec::new(), last: Vec::new(), is_at_last: false, is_stopped: false, in_flight: 0 };
        state.add(items, &turns);
        Self { state: Mutex::new(state), turns, changed: Notify::new() }
    }

    /// The top item, once there is one, or the nearest below it that is not held back; `None` when there will be none
    /// any more.
    async fn next(&self) -> Option<T> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                state.turn(&self.turns);
                if let Some(item) = take(&mut state.items, |item| self.turns.is_held(item)) {
                    state.in_flight += 1;
                    return Some(item);
                }
                if state.in_flight == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Puts what an item started on top.
    fn finish(&self, started: Vec<T>) {
        let mut state = self.lock();
        state.add(started, &self.turns);
        state.in_flight = state.in_flight.saturating_sub(1);
        drop(state);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn add(&mut self, items: Vec<T>, turns: &impl Turns<T>) {
        let is_later = |item: &T| !self.is_at_last && turns.is_last(item);
        let (later, mut now): (Vec<T>, Vec<T>) = items.into_iter().partition(is_later);
        now.reverse();
        self.items.append(&mut now);
        self.last.extend(later);
    }

    /// Stops when it is over, or goes on to the last items when all others are done.
    fn turn(&mut self, turns: &impl Turns<T>) {
        let is_all = self.items.is_empty() && self.last.is_empty();
        if !self.is_at_last && !is_all && turns.is_over() {
            self.items.clear();
            self.last.clear();
            self.is_stopped = true;
        }
        if self.items.is_empty() && self.in_flight == 0 && !self.last.is_empty() {
            self.is_at_last = true;
            self.items = std::mem::take(&mut self.last);
            self.items.reverse();
        }
    }
}

fn take<T>(items: &mut Vec<T>, is_held: impl Fn(&T) -> bool) -> Option<T> {
    let top = items.len().checked_sub(1)?;
    let below = items.iter().rev().take(NEAR).position(|item| !is_held(item)).unwrap_or(0);
    Some(items.remove(top - below))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Debug, PartialEq)]
    enum Stop {
        Asked(u32),
        Panicked,
    }

    impl From<JoinError> for Stop {
        fn from(_: JoinError) -> Self {
            Self::Panicked
        }
    }

    /// Everything when it comes.
    struct Always;

    impl<T> Turns<T> for Always {
        fn is_held(&self, _: &T) -> bool {
            false
        }

        fn is_last(&self, _: &T) -> bool {
            false
        }

        fn is_over(&self) -> bool {
            false
        }
    }

    /// Odd items last, and so many in all.
    struct OddLast {
        seen: Arc<Mutex<Vec<u32>>>,
        most: usize,
    }

    impl Turns<u32> for OddLast {
        fn is_held(&self, _: &u32) -> bool {
            false
        }

        fn is_last(&self, item: &u32) -> bool {
            !item.is_multiple_of(2)
        }

        fn is_over(&self) -> bool {
            self.seen.lock().unwrap().len() >= self.most
        }
    }

    #[tokio::test]
    async fn what_is_done_in_one_go_comes_last_and_wholly() {
        for (most, expected, is_expected_to_stop) in [
            (9, vec![2, 22, 4, 44, 1, 3, 21, 41], false),
            (5, vec![2, 22, 4, 44, 1, 3, 21, 41], false),
            (4, vec![2, 22, 4, 44], true),
            (3, vec![2, 22, 4], true),
        ] {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&seen);
            let work = move |item: u32| {
                log.lock().unwrap().push(item);
                let is_even = item < 10 && item.is_multiple_of(2);
                let started = if is_even { vec![item * 10 + 1, item * 11] } else { Vec::new() };
                async move { Ok::<_, Stop>(started) }
            };
            let turns = OddLast { seen: Arc::clone(&seen), most };
            assert_eq!(drain(vec![1, 2, 3, 4], 1, turns, work).await.unwrap(), is_expected_to_stop, "{most}");
            assert_eq!(*seen.lock().unwrap(), expected, "{most}");
        }
    }

    #[test]
    fn what_is_held_back_keeps_its_place() {
        let mut items = vec![1, 2, 3, 4];
        let is_held = |item: &i32| *item > 2;
        let taken: Vec<_> = std::iter::from_fn(|| take(&mut items, is_held)).collect();
        assert_eq!(taken, [2, 1, 4, 3]);
        let mut deep: Vec<_> = std::iter::once(0).chain(std::iter::repeat_n(9, NEAR)).collect();
        assert_eq!(take(&mut deep, is_held), Some(9), "nothing is taken from far below");
    }

    #[tokio::test]
    async fn one_worker_goes_depth_first() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let work = move |item: u32| {
            log.lock().unwrap().push(item);
            let started = if item < 10 { vec![item * 10 + 1, item * 10 + 2] } else { Vec::new() };
            async move { Ok::<_, Stop>(started) }
        };
        drain(vec![1, 2], 1, Always, work).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 11, 12, 2, 21, 22]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_workers_finish_everything_once() {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let work = move |depth: u32| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                Ok::<_, Stop>(if depth == 0 { Vec::new() } else { vec![depth - 1; 3] })
            }
        };
        drain(vec![6], 8, Always, work).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), (0..=6).map(|depth| 3_usize.pow(depth)).sum::<usize>());
    }

    #[tokio::test]
    async fn the_first_error_stops_all() {
        let work = |item: u32| async move {
            if item == 3 {
                return Err(Stop::Asked(3));
            }
            std::future::pending::<()>().await;
            Ok(Vec::new())
        };
        assert_eq!(drain(vec![1, 2, 3], 3, Always, work).await, Err(Stop::Asked(3)));
    }

    #[tokio::test]
    async fn the_stack_does_not_grow_with_the_list() {
        // Item 0 stands for a page: it starts its children and, below them, the next page.
        let most = Arc::new(AtomicUsize::new(0));
        let waiting = Arc::new(AtomicUsize::new(1));
        let (peak, held) = (Arc::clone(&most), Arc::clone(&waiting));
        let work = move |item: (u32, u32)| {
            let started: Vec<(u32, u32)> = match item {
                (0, page) if page < 1_000 => {
                    (1..=20).map(|child| (child, 0)).chain([(0, page + 1)]).collect()
                }
                _ => Vec::new(),
            };
            let now = held.fetch_add(started.len(), Ordering::Relaxed) + started.len() - 1;
            held.fetch_sub(1, Ordering::Relaxed);
            peak.fetch_max(now, Ordering::Relaxed);
            async move { Ok::<_, Stop>(started) }
        };
        drain(vec![(0, 0)], 4, Always, work).await.unwrap();
        assert!(most.load(Ordering::Relaxed) <= 4 * 21, "{most:?}");
    }
}
