//! Signals that ask a run to end: the first ends it in good order, the second at once.

use std::io;

use crate::told::INTERRUPTED;

/// Listens from when it is made.
#[derive(Debug)]
pub(super) struct Signals {
    #[cfg(unix)]
    streams: Vec<(&'static str, tokio::signal::unix::Signal)>,
    #[cfg(windows)]
    close: tokio::signal::windows::CtrlClose,
    #[cfg(windows)]
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut streams =
            vec![("SIGINT", signal(SignalKind::interrupt())?), ("SIGTERM", signal(SignalKind::terminate())?)];
        // `nohup` has it ignored, and means that.
        if !is_hangup_ignored() {
            streams.push(("SIGHUP", signal(SignalKind::hangup())?));
        }
        Ok(Self { streams })
    }

    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        std::future::poll_fn(|context| {
            let mut streams = self.streams.iter_mut();
            let come =
                streams.find_map(|(name, stream)| stream.poll_recv(context).is_ready().then_some(*name));
            come.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

/// Where the system tells; elsewhere it is listened to.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(windows)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_close, ctrl_shutdown};
        Ok(Self { close: ctrl_close()?, shutdown: ctrl_shutdown()? })
    }

    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => "Ctrl-C",
            _ = self.close.recv() => "the end of the console",
            _ = self.shutdown.recv() => "the end of the system",
        }
    }
}

impl Signals {
    /// From now on, the next one ends the program at once.
    pub(super) fn end_at_the_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(INTERRUPTED.into());
        });
    }
}
