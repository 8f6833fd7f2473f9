//! Objects in a store, by their paths below a root: calls that block, on a runtime that is the store's own.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

pub(in super::super) type Answer<T> = std::result::Result<T, Error>;

/// How many bytes go at once where a file is sent in parts.
const PART: usize = 8 << 20;

/// How many parts of a file may be under way.
const PARTS_UNDER_WAY: usize = 3;

/// How many objects are moved or removed at a time.
const AT_ONCE: usize = 16;

/// A folder, or the objects of a bucket below a prefix.
#[derive(Clone)]
pub(in super::super) struct Store(Arc<Inner>);

struct Inner {
    objects: OnceLock<Arc<dyn ObjectStore>>,
    root: Path,
    /// Of a folder on this machine.
    folder: Option<PathBuf>,
    /// `None` only while it ends.
    runtime: Option<Runtime>,
}

/// What was found at a path.
pub(in super::super) struct Found {
    pub(in super::super) bytes: Bytes,
    pub(in super::super) version: UpdateVersion,
}

/// What stands in a folder: names below it.
#[derive(Debug, Default)]
pub(in super::super) struct Listing {
    pub(in super::super) folders: Vec<String>,
    pub(in super::super) files: Vec<String>,
}

impl Store {
    pub(in super::super) fn new(objects: Arc<dyn ObjectStore>, root: Path) -> std::io::Result<Self> {
        Self::of(OnceLock::from(objects), root, None)
    }

    /// A folder, which need not be there: it is empty then, until [`make`](Self::make).
    pub(in super::super) fn in_folder(folder: PathBuf) -> std::io::Result<Self> {
        let store = Self::of(OnceLock::new(), Path::default(), Some(folder))?;
        if store.0.folder.as_ref().is_some_and(|folder| folder.exists()) {
            store.make()?;
        }
        Ok(store)
    }

    fn of(
        objects: OnceLock<Arc<dyn ObjectStore>>,
        root: Path,
        folder: Option<PathBuf>,
    ) -> std::io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("store").build()?;
        Ok(Self(Arc::new(Inner { objects, root, folder, runtime: Some(runtime) })))
    }

    pub(in super::super) fn folder(&self) -> Option<&std::path::Path> {
        self.0.folder.as_deref()
    }

    /// Makes the folder, which only its owner can read.
    pub(in super::super) fn make(&self) -> std::io::Result<()> {
        let Some(folder) = self.folder() else { return Ok(()) };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let local = LocalFileSystem::new_with_prefix(folder).map_err(std::io::Error::other)?;
        // It may be there already.
        let _ = self.0.objects.set(Arc::new(local));
        Ok(())
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        self.0.objects.get().map_or_else(|| Arc::new(InMemory::new()) as _, Arc::clone)
    }

    fn at(&self, path: &str) -> Path {
        path.split('/')
            .filter(|part| !part.is_empty())
            .fold(self.0.root.clone(), |path, part| path.join(part))
    }

    /// Begins something that goes on by itself.
    fn begin<T: Send + 'static>(&self, work: impl Future<Output = Answer<T>> + Send + 'static) -> Waiting<T> {
        let (sender, receiver) = channel();
        if let Some(runtime) = &self.0.runtime {
            runtime.spawn(async move {
                // Whoever asked may have gone.
                let _ = sender.send(work.await);
            });
        }
        Waiting(receiver)
    }

    fn wait<T: Send + 'static>(&self, work: impl Future<Output = Answer<T>> + Send + 'static) -> Answer<T> {
        self.begin(work).end()
    }

    /// `None` where nothing is there.
    pub(in super::super) fn find(&self, path: &str) -> Answer<Option<Found>> {
        let (objects, path) = (self.objects(), self.at(path));
        let found = self.wait(async move {
            let got = objects.get(&path).await?;
            let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            Ok(Found { bytes: got.bytes().await?, version })
        });
        match found {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(in super::super) fn get(&self, path: &str) -> Answer<Bytes> {
        let (objects, path) = (self.objects(), self.at(path));
        self.wait(async move { objects.get(&path).await?.bytes().await })
    }

    /// In bytes.
    pub(in super::super) fn size(&self, path: &str) -> Answer<u64> {
        let (objects, path) = (self.objects(), self.at(path));
        self.wait(async move { objects.head(&path).await.map(|meta| meta.size) })
    }

    pub(in super::super) fn range(&self, path: &str, range: Range<u64>) -> Answer<Bytes> {
        let (objects, path) = (self.objects(), self.at(path));
        self.wait(async move { objects.get_range(&path, range).await })
    }

    pub(in super::super) fn ranges(&self, path: &str, ranges: Vec<Range<u64>>) -> Answer<Vec<Bytes>> {
        let (objects, path) = (self.objects(), self.at(path));
        self.wait(async move { objects.get_ranges(&path, &ranges).await })
    }

    pub(in super::super) fn put(&self, path: &str, bytes: Bytes) -> Answer<UpdateVersion> {
        self.put_as(path, bytes, PutMode::Overwrite)
    }

    /// Fails with [`Error::AlreadyExists`] where something is there.
    pub(in super::super) fn create(&self, path: &str, bytes: Bytes) -> Answer<UpdateVersion> {
        self.put_as(path, bytes, PutMode::Create)
    }

    /// Fails with [`Error::Precondition`] where something else is there by now.
    pub(in super::super) fn update(
        &self,
        path: &str,
        bytes: Bytes,
        version: UpdateVersion,
    ) -> Answer<UpdateVersion> {
        self.put_as(path, bytes, PutMode::Update(version))
    }

    fn put_as(&self, path: &str, bytes: Bytes, mode: PutMode) -> Answer<UpdateVersion> {
        let (objects, path) = (self.objects(), self.at(path));
        self.wait(async move {
            let options = PutOptions { mode, ..PutOptions::default() };
            objects.put_opts(&path, bytes.into(), options).await.map(UpdateVersion::from)
        })
    }

    pub(in super::super) fn list(&self, folder: &str) -> Answer<Listing> {
        let (objects, path) = (self.objects(), self.at(folder));
        let found = self.wait(async move { objects.list_with_delimiter(Some(&path)).await })?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        Ok(Listing {
            folders: found.common_prefixes.iter().filter_map(name).collect(),
            files: found.objects.iter().filter_map(|object| name(&object.location)).collect(),
        })
    }

    /// What stands in a folder, and since when.
    pub(in super::super) fn aged(&self, folder: &str) -> Answer<Vec<(String, DateTime<Utc>)>> {
        let (objects, path) = (self.objects(), self.at(folder));
        let found = self.wait(async move { objects.list_with_delimiter(Some(&path)).await })?;
        let aged = |object: &ObjectMeta| Some((object.location.filename()?.to_owned(), object.last_modified));
        Ok(found.objects.iter().filter_map(aged).collect())
    }

    /// Moves objects, several at a time; what is not there has been moved before.
    pub(in super::super) fn rename_all(
        &self,
        moves: impl IntoIterator<Item = (String, String)>,
    ) -> Answer<()> {
        let objects = self.objects();
        let moves: Vec<_> = moves.into_iter().map(|(from, to)| (self.at(&from), self.at(&to))).collect();
        self.wait(each(moves, move |(from, to)| {
            let objects = Arc::clone(&objects);
            async move { objects.rename(&from, &to).await }
        }))
    }

    /// Removes objects, several at a time; what is not there is no fault.
    pub(in super::super) fn delete_all(&self, paths: impl IntoIterator<Item = String>) -> Answer<()> {
        let objects = self.objects();
        let paths: Vec<_> = paths.into_iter().map(|path| self.at(&path)).collect();
        self.wait(each(paths, move |path| {
            let objects = Arc::clone(&objects);
            async move { objects.delete(&path).await }
        }))
    }

    /// Removes whatever lies in a folder, that which is half written as well.
    pub(in super::super) fn clear(&self, folder: &str) -> Answer<()> {
        let files = self.list(folder)?.files;
        self.delete_all(files.into_iter().map(|name| format!("{folder}/{name}")))?;
        if let Some(root) = self.folder() {
            // Where nothing ever lay there is none.
            let _ = std::fs::remove_dir_all(root.join(folder));
        }
        Ok(())
    }

    pub(in super::super) fn upload(&self, path: &str) -> Upload {
        Upload {
            store: self.clone(),
            path: self.at(path),
            waiting: Vec::new(),
            parts: VecDeque::new(),
            multipart: None,
        }
    }
}

/// Does something to each, [`AT_ONCE`]; an object that is not there is no fault.
async fn each<I, F>(items: Vec<I>, work: impl Fn(I) -> F + Send) -> Answer<()>
where
    I: Send,
    F: Future<Output = Answer<()>> + Send + 'static,
{
    let mut under_way = JoinSet::new();
    let settle = |done: Option<Result<Answer<()>, tokio::task::JoinError>>| match done {
        None | Some(Ok(Ok(()) | Err(Error::NotFound { .. }))) => Ok(()),
        Some(Ok(Err(error))) => Err(error),
        Some(Err(source)) => Err(Error::JoinError { source }),
    };
    for item in items {
        if under_way.len() >= AT_ONCE {
            settle(under_way.join_next().await)?;
        }
        under_way.spawn(work(item));
    }
    while !under_way.is_empty() {
        settle(under_way.join_next().await)?;
    }
    Ok(())
}

/// Something that goes on by itself.
#[derive(Debug)]
pub(in super::super) struct Waiting<T>(Receiver<Answer<T>>);

impl<T> Waiting<T> {
    pub(in super::super) fn end(self) -> Answer<T> {
        let gone = || Error::Generic { store: "runtime", source: "it has ended".into() };
        self.0.recv().unwrap_or_else(|_| Err(gone()))
    }
}

/// A file on its way: whole when it is small, else in parts. Nothing is seen of it before its end.
pub(in super::super) struct Upload {
    store: Store,
    path: Path,
    waiting: Vec<u8>,
    parts: VecDeque<Waiting<()>>,
    multipart: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(in super::super) fn push(&mut self, bytes: &mut Vec<u8>) -> Answer<()> {
        if self.waiting.is_empty() {
            std::mem::swap(&mut self.waiting, bytes);
        } else {
            self.waiting.append(bytes);
        }
        while self.waiting.len() >= PART {
            let rest = self.waiting.split_off(PART);
            let part = std::mem::replace(&mut self.waiting, rest);
            self.part(part)?;
        }
        Ok(())
    }

    fn part(&mut self, part: Vec<u8>) -> Answer<()> {
        let multipart = match &mut self.multipart {
            Some(multipart) => multipart,
            None => {
                let (objects, path) = (self.store.objects(), self.path.clone());
                let begun = self.store.wait(async move { objects.put_multipart(&path).await })?;
                self.multipart.insert(begun)
            }
        };
        let sent = multipart.put_part(PutPayload::from(part));
        self.parts.push_back(self.store.begin(sent));
        match self.parts.len() >= PARTS_UNDER_WAY {
            true => self.parts.pop_front().map_or(Ok(()), Waiting::end),
            false => Ok(()),
        }
    }

    /// The last of it is sent, while others go on.
    pub(in super::super) fn finish(mut self) -> Answer<Waiting<()>> {
        let last = std::mem::take(&mut self.waiting);
        if self.multipart.is_some() && !last.is_empty() {
            self.part(last)?;
        } else if self.multipart.is_none() {
            let (objects, path) = (self.store.objects(), self.path.clone());
            return Ok(self.store.begin(async move { objects.put(&path, last.into()).await.map(drop) }));
        }
        self.parts.drain(..).try_for_each(Waiting::end)?;
        let Some(mut multipart) = self.multipart.take() else {
            return Ok(self.store.begin(async { Ok(()) }));
        };
        Ok(self.store.begin(async move { multipart.complete().await.map(drop) }))
    }
}

/// What is sent of a file that nobody finishes would lie there unseen and cost money.
impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut multipart) = self.multipart.take() {
            drop(self.store.begin(async move { multipart.abort().await }));
        }
    }
}

impl Drop for Inner {
    /// It may be dropped on a thread of another runtime, where nothing may wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("root", &self.0.root)
            .field("folder", &self.0.folder)
            .finish_non_exhaustive()
    }
}
