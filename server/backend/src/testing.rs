//! What tests need: a PostgreSQL for the test process, and in it a database for each test.
//!
//! The cluster lives in a temporary folder and is stopped when the process ends, however it ends: a small shell waits
//! for the end of a pipe that only this process holds open.

pub mod clock;
pub mod machine;
pub mod population;
pub mod postgres;
pub mod redis;

use crate::{
    Backend, Installation, Node, cache,
    client::Client,
    cluster::{Cluster, Programs},
    database::{self, Database, Settings},
    events::{BusSettings, Events},
    limits::Limits,
    media::{self, Answer, MediaLoad, MediaServer, Refusal},
    pictures::{Place, Store},
    repositories::untold_notifications::Audience,
    secrets::Secrets,
    services::{accounts::SessionToken, notifications},
};
use async_trait::async_trait;
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{UserId, account::Viewer, notification::NewNotification};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

struct TestCluster {
    cluster: Cluster,
    folder: PathBuf,
    password: SecretString,
}

static CLUSTER: LazyLock<TestCluster> = LazyLock::new(start_cluster);
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A temporary folder that the account of PostgreSQL can enter.
fn new_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("learnify-test-{}", Uuid::new_v4().simple()));
    fs::create_dir(&folder).expect("a temporary folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o711)).expect("a temporary folder of one's own");
    folder
}

fn start_cluster() -> TestCluster {
    // A test that fails shows what was warned of meanwhile. Nothing else listens in a test's process.
    let warnings = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_ansi(false).with_test_writer();
    let _is_first = warnings.try_init();
    let folder = new_folder();
    let password: SecretString = "only for tests".replace(' ', "-").into();
    let programs = programs();
    let cluster = Cluster::start(&folder, &programs, &password, false).expect("PostgreSQL for the tests");
    stop_with_process(&folder);
    TestCluster { cluster, folder, password }
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings to read these from")]
fn programs() -> Programs {
    Programs {
        folder: std::env::var_os("PG_BIN").map(Into::into),
        path: std::env::var_os("PATH"),
        home: std::env::var_os("HOME").map(Into::into),
    }
}

/// Kept open until the process ends.
static PIPES: Mutex<Vec<std::process::Child>> = Mutex::new(Vec::new());

/// Stops PostgreSQL and removes its folder once this process is gone.
fn stop_with_process(folder: &PathBuf) {
    let script = "trap '' INT TERM HUP; cat > /dev/null; kill -INT \"$(head -n 1 \"$0/postgres/postmaster.pid\")\"; \
                  while [ -e \"$0/postgres/postmaster.pid\" ]; do sleep 0.1; done; rm -rf \"$0\"";
    let watcher = Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let watcher = watcher.expect("a shell");
    PIPES.lock().unwrap_or_else(PoisonError::into_inner).push(watcher);
}

/// Whether tests that are small every day are to be as large as the site is made for: `LEARNIFY_FULL_SIZE` is set.
#[expect(clippy::disallowed_methods, reason = "tests have no settings to read this from")]
pub fn is_full_size() -> bool {
    std::env::var_os("LEARNIFY_FULL_SIZE").is_some()
}

/// Where the PostgreSQL of the tests writes what it has to say.
pub fn server_log() -> PathBuf {
    CLUSTER.folder.join("postgres").join("server.log")
}

async fn administer(statement: String) {
    let url = CLUSTER.cluster.url("postgres", &CLUSTER.password);
    let mut connection = AsyncPgConnection::establish(url.expose_secret()).await.expect("the cluster of the tests");
    diesel::sql_query(statement).execute(&mut connection).await.expect("a database for the test");
}

/// The settings of a new, empty database.
pub async fn empty_database() -> Settings {
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    administer(format!("CREATE DATABASE {name}")).await;
    settings(&name)
}

/// The settings of a new database with all tables, copied from a template that is migrated once.
pub async fn database_settings() -> Settings {
    TEMPLATE
        .get_or_init(|| async {
            administer("CREATE DATABASE template_of_tests".to_owned()).await;
            database::migrate(&settings("template_of_tests")).await.expect("the migrations");
        })
        .await;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    administer(format!("CREATE DATABASE {name} TEMPLATE template_of_tests")).await;
    settings(&name)
}

/// Several tests run at once, some of them with all that a machine has, so nobody is sent away after a short wait.
fn settings(name: &str) -> Settings {
    let mut settings = Settings::new(CLUSTER.cluster.url(name, &CLUSTER.password)).with_pool_size(4);
    settings.limits.wait = Duration::from_mins(1);
    settings.limits.create = Duration::from_mins(1);
    settings
}

/// A new database with all tables.
pub async fn test_database() -> Database {
    Database::new(&database_settings().await).expect("a pool")
}

/// Takes part in tests that are not about media: it refuses every offer and notes what was closed.
#[derive(Default)]
pub struct NoMedia {
    pub closed: Mutex<Vec<UserId>>,
    /// Channels and the viewers who were sent away from them.
    pub sent_away: Mutex<Vec<(UserId, Uuid)>>,
}

#[async_trait]
impl MediaServer for NoMedia {
    async fn publish(&self, _: UserId, _: &str, _: Option<IpAddr>) -> Result<Answer, Refusal> {
        Err(Refusal::Unavailable)
    }

    async fn watch(&self, _: UserId, _: media::Audience, _: &str, _: Option<IpAddr>) -> Result<Answer, Refusal> {
        Err(Refusal::NotLive)
    }

    async fn close(&self, _: &str) -> bool {
        false
    }

    async fn close_viewer(&self, channel: UserId, viewer: Uuid) {
        self.sent_away.lock().unwrap_or_else(PoisonError::into_inner).push((channel, viewer));
    }

    async fn close_stream(&self, channel: UserId) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
    }

    fn load(&self) -> MediaLoad {
        MediaLoad::default()
    }
}

/// Services on a database of their own, with events of their own and without media.
pub async fn test_backend() -> Backend {
    backend_on(&database_settings().await, Events::local().expect("a hub"))
}

/// Services on a given database, as a further server on it would have them. They keep nothing that they read.
pub fn backend_on(settings: &Settings, events: Events) -> Backend {
    backend_with(settings, events, wide_limits())
}

/// The same with limits of the test's choice.
pub fn backend_with(settings: &Settings, events: Events, limits: Limits) -> Backend {
    assemble(settings, events, limits, Arc::new(NoMedia::default()), (cache::Settings::NONE, None))
}

/// Services that keep what visitors read, as a server does, and for the others on this Redis.
pub fn backend_that_keeps(settings: &Settings, events: Events, cache: cache::Settings, redis: Option<&BusSettings>) -> Backend {
    assemble(settings, events, wide_limits(), Arc::new(NoMedia::default()), (cache, redis))
}

fn wide_limits() -> Limits {
    Limits::new(NonZeroU32::new(1000).expect("not zero"))
}

/// Services on a database of their own that speak to this media server.
pub async fn backend_with_media(media: Arc<NoMedia>) -> Backend {
    let events = Events::local().expect("a hub");
    assemble(&database_settings().await, events, wide_limits(), media, (cache::Settings::NONE, None))
}

fn assemble(
    settings: &Settings,
    events: Events,
    limits: Limits,
    media: Arc<NoMedia>,
    (cache, redis): (cache::Settings, Option<&BusSettings>),
) -> Backend {
    let folder = std::env::temp_dir().join(format!("learnify-secrets-{}", Uuid::new_v4().simple()));
    let secrets = Secrets::load_or_create(&folder.join("secrets.toml")).expect("secrets");
    fs::remove_dir_all(&folder).expect("the folder was just made");
    let node = Node { id: Uuid::new_v4(), address: "http://127.0.0.1:1".to_owned() };
    let database = Database::new(settings).expect("a pool");
    let pictures = Store::open(&Place::Folder(CLUSTER.folder.join("pictures"))).expect("a folder for pictures");
    let installation = Installation { public_origin: "http://learnify.test", pictures, cache, redis };
    Backend::new(database, events, limits, media, &secrets, node, installation).expect("services")
}

/// A picture, 400 by 300, that looks different for each seed.
pub fn sample_picture(seed: u8) -> bytes::Bytes {
    let picture =
        image::RgbImage::from_fn(400, 300, |x, y| image::Rgb([seed.wrapping_mul(40), (x % 200) as u8, (y % 200) as u8]));
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).expect("memory");
    file.into_inner().into()
}

/// A browser on this machine.
pub fn client() -> Client {
    Client { address: Ipv4Addr::LOCALHOST.into(), browser: "A test".to_owned(), cookies_are_secure: true }
}

pub const PASSWORD: &str = "a password for tests";

impl Backend {
    /// A new member who is signed in.
    pub async fn member(&self, name: &str) -> (Viewer, SessionToken) {
        let email = format!("{name}@example.org");
        let token = self.accounts.sign_up(name, &email, PASSWORD, None, &client()).await.expect("a free name");
        let viewer = self.accounts.viewer(token.as_str()).await.expect("the database").expect("a session");
        (viewer, token)
    }

    /// Tells members something that no service tells.
    pub async fn notify(&self, members: &[UserId], new: NewNotification) {
        let mut connection = self.database.connection().await.expect("the database");
        let news = notifications::write(&mut connection, &Audience::Members(members.to_vec()), new).await.expect("a row");
        self.notifications.tell([news]).await;
    }

    /// Runs a statement, for what no service does, such as letting time pass.
    pub async fn sql(&self, statement: &str) {
        let mut connection = self.database.connection().await.expect("the database");
        diesel::sql_query(statement).execute(&mut connection).await.expect("a statement");
    }

    /// What a query finds whose one column is a text by the name of `found`.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            found: String,
        }
        let mut connection = self.database.connection().await.expect("the database");
        let rows: Vec<Row> = diesel::sql_query(query).load(&mut connection).await.expect("a query");
        rows.into_iter().map(|row| row.found).collect()
    }

    /// How many broadcasts a channel ever had.
    pub async fn n_broadcasts(&self, channel: UserId) -> i64 {
        let mut connection = self.database.connection().await.expect("the database");
        crate::repositories::broadcasts::count(&mut connection, channel).await.expect("the database")
    }

    /// Columns that lead to members and of which an export knows nothing.
    pub async fn forgotten_in_exports(&self) -> Vec<String> {
        let mut connection = self.database.connection().await.expect("the database");
        crate::repositories::personal_data::forgotten(&mut connection).await.expect("the database")
    }

    /// The columns that still lead to a member.
    pub async fn traces_of(&self, member: UserId) -> Vec<String> {
        let mut connection = self.database.connection().await.expect("the database");
        crate::repositories::personal_data::traces(&mut connection, member).await.expect("the database")
    }
}
