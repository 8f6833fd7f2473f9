//! The instance on a port of this machine.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::instance::{Instance, Outcome, relative_root};
use super::log::Exchange;
use super::settings::Settings;
use super::tokens;
use crate::routes::same_shape;
use crate::world::World;

/// Runs on threads of its own and stops when it is dropped, so that blocking and async tests can use it.
#[derive(Debug)]
pub struct SampleServer {
    instance: Arc<Instance>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SampleServer {
    /// On a free port.
    pub fn start(world: World, settings: Settings) -> io::Result<Self> {
        Self::start_on(0, world, settings)
    }

    pub fn start_on(port: u16, world: World, settings: Settings) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let instance = Arc::new(Instance::new(world, settings));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&instance);
        let thread = std::thread::spawn(move || run(runtime, listener, served, stopped));
        Ok(Self { instance, address, stop: Some(stop), thread: Some(thread) })
    }

    /// The origin, and the relative root where the settings have one: what a user would configure.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, relative_root(&self.instance.settings().public_url))
    }

    /// The member's token; `tokens` has the others.
    pub fn token(&self) -> &'static str {
        tokens::MEMBER
    }

    pub fn world(&self) -> &Arc<World> {
        &self.instance.world
    }

    pub fn settings(&self) -> Settings {
        Settings::clone(&self.instance.settings())
    }

    pub fn set(&self, settings: Settings) {
        self.instance.set(settings);
    }

    pub fn log(&self) -> Vec<Exchange> {
        self.instance.log().exchanges()
    }

    /// Requests by route template.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.instance.log().counts()
    }

    /// Requests of one route, however its placeholders are called.
    pub fn requests(&self, template: &str) -> u64 {
        self.counts().iter().filter(|(found, _)| same_shape(found, template)).map(|(_, count)| count).sum()
    }

    pub fn clear_log(&self) {
        self.instance.log().clear();
    }
}

impl Drop for SampleServer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed already.
            let _ = thread.join();
        }
    }
}

fn run(
    runtime: Runtime,
    listener: std::net::TcpListener,
    instance: Arc<Instance>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, instance) => (),
            _ = stopped => (),
        }
    });
    // Stalled requests would keep an orderly shutdown waiting for ever.
    runtime.shutdown_background();
}

async fn accept(listener: std::net::TcpListener, instance: Arc<Instance>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // Headers and body are written apart: without this each answer waits for an acknowledgement.
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream, Arc::clone(&instance)));
        }
    }
}

async fn serve(stream: TcpStream, instance: Arc<Instance>) {
    let reset = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&reset);
    let service = service_fn(move |request| {
        let (instance, reset) = (Arc::clone(&instance), Arc::clone(&reset));
        Box::pin(async move {
            match instance.handle(&request).await {
                Outcome::Answered(answer) => Ok(answer.into_response()),
                Outcome::Reset => {
                    reset.store(true, Ordering::Relaxed);
                    Err(io::Error::from(io::ErrorKind::ConnectionReset))
                }
                Outcome::Stalled => std::future::pending().await,
            }
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // How it ended is the client's business, unless it was to be reset.
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    if seen.load(Ordering::Relaxed) {
        let stream = connection.into_parts().io.into_inner();
        let _ = stream.set_zero_linger();
    }
}
