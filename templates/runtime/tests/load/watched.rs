//! A destination that fails, panics and watches, and what becomes of those who load into it.

use super::*;

/// Fails, or panics, at the n-th write, and tells when it is closed.
pub(super) struct Watched {
    pub(super) inner: Box<dyn Destination>,
    pub(super) watch: Watch,
}

/// Package, table, and the values of the key.
pub(super) type WrittenKey = (PackageId, String, Vec<Option<String>>);

#[derive(Clone)]
pub(super) struct Watch {
    pub(super) writes_left: Arc<AtomicUsize>,
    pub(super) panics: bool,
    pub(super) pause: Duration,
    pub(super) closed: Arc<AtomicBool>,
    pub(super) writers: usize,
    pub(super) batch_rows: usize,
    /// Whether no column with values can get another type.
    pub(super) is_rigid: bool,
    /// The keys that were written.
    pub(super) keys: Arc<Mutex<HashSet<WrittenKey>>>,
}

struct WatchedLoad {
    inner: Option<Box<dyn OpenLoad>>,
    watch: Watch,
}

struct WatchedWriter {
    inner: Box<dyn TableWriter>,
    package: PackageId,
    table: Table,
    /// What tells its rows apart.
    key: Vec<String>,
    watch: Watch,
}

impl Watch {
    pub(super) fn new(writes: usize) -> Watch {
        let writes_left = Arc::new(AtomicUsize::new(writes));
        Watch {
            writes_left,
            panics: false,
            pause: Duration::ZERO,
            closed: Arc::default(),
            writers: 1,
            batch_rows: 1,
            is_rigid: false,
            keys: Arc::default(),
        }
    }
}

impl Drop for WatchedLoad {
    fn drop(&mut self) {
        self.inner = None;
        self.watch.closed.store(true, Ordering::Release);
    }
}

type Done<T> = Result<T, DestinationError>;

impl Destination for Watched {
    fn place(&self) -> String {
        self.inner.place()
    }
    fn abilities(&self) -> Abilities {
        let own = self.inner.abilities();
        let widens = if self.watch.is_rigid { |_, _| Widening::No } else { own.widens };
        Abilities { batch_rows: self.watch.batch_rows, writers: self.watch.writers, widens, ..own }
    }
    fn probe(self: Box<Self>) -> Done<()> {
        self.inner.probe()
    }
    fn loads(&mut self, most: usize) -> Done<Vec<LoadEntry>> {
        self.inner.loads(most)
    }
    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Done<()> {
        self.inner.each_state(visit)
    }
    fn open_load(self: Box<Self>, claim: &Claim) -> Done<Box<dyn OpenLoad>> {
        Ok(Box::new(WatchedLoad { inner: Some(self.inner.open_load(claim)?), watch: self.watch.clone() }))
    }
}

impl WatchedLoad {
    fn inner(&mut self) -> &mut dyn OpenLoad {
        self.inner.as_mut().unwrap().as_mut()
    }
}

impl OpenLoad for WatchedLoad {
    fn tables(&mut self) -> Done<Vec<Table>> {
        self.inner().tables()
    }
    fn loads(&mut self, most: usize) -> Done<Vec<LoadEntry>> {
        self.inner().loads(most)
    }
    fn each_state(&mut self, visit: &mut dyn FnMut(StateEntry)) -> Done<()> {
        self.inner().each_state(visit)
    }
    fn state_reader(&mut self) -> Done<Box<dyn StateReader>> {
        self.inner().state_reader()
    }
    fn prepare(&mut self, changes: &[SchemaChange], load_id: &str) -> Done<()> {
        let is_bent = |change: &SchemaChange| match change {
            SchemaChange::AlterColumn { from, .. } => !change.is_note() && from.seen != Seen::Nothing,
            _ => false,
        };
        assert!(!self.watch.is_rigid || !changes.iter().any(is_bent), "{changes:?}");
        self.inner().prepare(changes, load_id)
    }
    fn writer(&mut self, table: &Table, mode: &Mode, package: &PackageId) -> Done<Box<dyn TableWriter>> {
        let inner = self.inner().writer(table, mode, package)?;
        let key = match mode {
            Mode::Versions { of } | Mode::History { of } => of.clone(),
            Mode::Merge | Mode::Stage => table.key.clone(),
        };
        let (package, table, watch) = (package.clone(), table.clone(), self.watch.clone());
        Ok(Box::new(WatchedWriter { inner, package, table, key, watch }))
    }
    fn commit(&mut self, package: &Package<'_>) -> Done<Committed> {
        self.inner().commit(package)
    }
    fn close(mut self: Box<Self>) -> Done<()> {
        self.inner.take().unwrap().close()
    }
}

impl WatchedWriter {
    /// The batch is exactly the table, and no key comes twice in a package.
    fn keeps_the_contract(&self, rows: &RecordBatch) {
        let columns: Vec<_> =
            self.table.columns.iter().map(|column| field(&column.name, column.kind)).collect();
        let fields: Vec<_> = rows.schema_ref().fields().iter().map(|field| field.as_ref().clone()).collect();
        assert_eq!(fields, columns);
        let cell = |name: &String, row: usize| {
            let array = rows.column_by_name(name).unwrap();
            let text = |array: &ArrayRef| match array.data_type() {
                DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
                _ => array.as_string::<i32>().value(row).to_owned(),
            };
            array.is_valid(row).then(|| text(array))
        };
        let mut keys = self.watch.keys.lock().unwrap();
        for row in (0..rows.num_rows()).filter(|_| !self.key.is_empty()) {
            let key = self.key.iter().map(|name| cell(name, row)).collect();
            let entry = (self.package.clone(), self.table.name.clone(), key);
            assert!(!keys.contains(&entry), "{entry:?} comes twice");
            keys.insert(entry);
        }
    }
}

impl TableWriter for WatchedWriter {
    fn write(&mut self, batch: &Batch) -> Done<Option<Vec<bool>>> {
        self.keeps_the_contract(&batch.rows);
        std::thread::sleep(self.watch.pause);
        if self.watch.writes_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            assert!(!self.watch.panics, "the destination panics");
            return Err(DestinationError::ForeignTable { place: "there".to_owned(), table: "x".to_owned() });
        }
        self.inner.write(batch)
    }
    fn finish(self: Box<Self>) -> Done<()> {
        self.inner.finish()
    }
}

/// What every caller of `page`, and then of `finish`, is told when the destination fails.
async fn errors_of_a_failing_destination(panics: bool, writers: usize) -> Vec<LoadError> {
    let file = File::new();
    let watch = Watch { panics, writers, pause: Duration::from_millis(5), ..Watch::new(5) };
    let destination = Watched { inner: file.open(), watch };
    let options = LoadOptions { queue_bytes: Some(1), ..LoadOptions::default() };
    let loader = Loader::begin(Box::new(destination), options).unwrap();
    let tasks: Vec<_> = (1..=6)
        .map(|project| {
            let loader = loader.clone();
            tokio::spawn(async move {
                for page in ticket_pages(project) {
                    loader.page(page).await?;
                }
                Ok::<(), LoadError>(())
            })
        })
        .collect();
    let mut errors = Vec::new();
    for task in tasks {
        errors.push(task.await.unwrap().unwrap_err());
    }
    errors.push(loader.finish(complete(&[T])).await.unwrap_err());
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_the_writer_reaches_everyone() {
    for writers in [1, 3] {
        let errors = errors_of_a_failing_destination(false, writers);
        let errors = tokio::time::timeout(Duration::from_secs(60), errors).await.unwrap();
        assert_eq!(errors.len(), 7);
        for error in errors {
            assert_eq!(error.to_string(), "there has a table `x` that this pipeline did not make");
            assert!(error.hint().is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_of_the_writer_leaves_nobody_waiting() {
    let errors = errors_of_a_failing_destination(true, 1);
    let errors = tokio::time::timeout(Duration::from_secs(60), errors).await.unwrap();
    assert!(errors.iter().all(|error| matches!(error, LoadError::Panicked)), "{errors:?}");
    let errors = errors_of_a_failing_destination(true, 3);
    let errors = tokio::time::timeout(Duration::from_secs(60), errors).await.unwrap();
    assert!(errors.iter().all(|error| matches!(error, LoadError::Destination(_))), "{errors:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_writers_load_the_same() {
    let file = File::new();
    for _ in 0..2 {
        let watch = Watch { writers: 4, ..Watch::new(usize::MAX) };
        let options = LoadOptions { package_rows: Some(100), ..LoadOptions::default() };
        let loader = Loader::begin(Box::new(Watched { inner: file.open(), watch }), options).unwrap();
        for page in (1..=4).flat_map(ticket_pages) {
            loader.page(page).await.unwrap();
        }
        loader.finish(complete(&[T])).await.unwrap();
    }
    let expected = std::thread::spawn(undisturbed).join().unwrap();
    assert_eq!(file.tickets(), expected);
}

#[tokio::test]
async fn after_the_end_the_load_is_closed() {
    let file = File::new();
    let loader = file.begin(LoadOptions::default());
    let other = loader.clone();
    loader.finish(complete(&[])).await.unwrap();
    let error = other.page(page(T, 1, vec![json!({"iid": 1})])).await.unwrap_err();
    assert!(matches!(error, LoadError::Closed));
}
