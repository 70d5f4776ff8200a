//! The pool of PostgreSQL connections, and the migrations.

mod pulse;

use crate::{Error, Result};
use deadpool::{
    Runtime,
    managed::{PoolError, TimeoutType, Timeouts},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, deadpool::Object, deadpool::Pool},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use pulse::Pulse;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// A borrowed connection; it goes back to the pool when dropped.
pub type Connection = Object<AsyncPgConnection>;

/// The schema's history, compiled in.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// How the database is reached, and how long anything may take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A `postgres://` address; it may hold a password.
    pub url: SecretString,
    pub limits: Limits,
}

/// How many connections there may be, and how long each step of using one may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at most; above 0.
    pub pool_size: usize,
    /// How long a caller waits for a connection, whatever that takes.
    pub wait: Duration,
    /// How long making a connection may take; it counts towards the wait.
    pub create: Duration,
    /// How long a connection that was used before may take to say that it still works; it counts towards the wait.
    pub recycle: Duration,
    /// After how long the server gives up a statement.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pool_size: 16,
            wait: Duration::from_secs(2),
            create: Duration::from_secs(2),
            recycle: Duration::from_millis(500),
            statement: Duration::from_secs(5),
        }
    }
}

impl Settings {
    pub fn new(url: SecretString) -> Self {
        Self { url, limits: Limits::default() }
    }

    /// The same database with a pool of another size.
    #[must_use]
    pub fn with_pool_size(mut self, pool_size: usize) -> Self {
        self.limits.pool_size = pool_size;
        self
    }

    /// The address with the limits that the server and the kernel enforce.
    ///
    /// A stopped server is seen by neither TCP nor `statement_timeout`, but by the [`Pulse`].
    fn connect_url(&self) -> String {
        let url = self.url.expose_secret();
        let separator = if url.contains('?') { '&' } else { '?' };
        let statement = self.limits.statement.as_millis();
        format!(
            "{url}{separator}connect_timeout=2&keepalives_idle=10&tcp_user_timeout=10&application_name=learnify\
             &options=-c%20statement_timeout%3D{statement}%20-c%20lock_timeout%3D2000\
             %20-c%20idle_in_transaction_session_timeout%3D10000"
        )
    }
}

/// How a pool is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolUse {
    /// Connections at most.
    pub size: usize,
    /// Connections there are.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Callers who wait for one.
    pub waiting: usize,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
    wait: Duration,
    pulse: Pulse,
}

impl Database {
    /// Makes the pool. No connection of it is opened before it is needed. Needs a runtime of tokio around it.
    pub fn new(settings: &Settings) -> Result<Self> {
        let pulse = Pulse::start(settings.connect_url());
        let mut config = ManagerConfig::default();
        let connecting = pulse.clone();
        config.custom_setup = Box::new(move |url| Box::pin(connecting.clone().connect(url.to_owned())));
        let manager = AsyncDieselConnectionManager::new_with_config(settings.connect_url(), config);
        let Limits { pool_size, wait, create, recycle, statement: _ } = settings.limits;
        let timeouts = Timeouts { wait: Some(wait), create: Some(create), recycle: Some(recycle) };
        let pool = Pool::builder(manager)
            .max_size(pool_size)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Setting(error.to_string()))?;
        Ok(Self { pool, wait, pulse })
    }

    /// A connection from the pool, after at most the configured wait. None is waited for while the database is known not to
    /// answer.
    ///
    /// The pool limits each step, and takes as many as it has idle connections: with a server that hangs, all of them.
    /// The limit here is on the whole.
    pub async fn connection(&self) -> Result<Connection> {
        if !self.pulse.answers() {
            return Err(Error::Silent);
        }
        match tokio::time::timeout(self.wait, self.pool.get()).await {
            Ok(outcome) => Ok(outcome?),
            Err(_elapsed) => Err(PoolError::Timeout(TimeoutType::Wait).into()),
        }
    }

    /// How the pool is used just now.
    pub fn pool(&self) -> PoolUse {
        let status = self.pool.status();
        PoolUse { size: status.max_size, open: status.size, idle: status.available, waiting: status.waiting }
    }

    /// Whether the database answers, as far as is known. It costs nothing, however often it is asked.
    pub fn is_ready(&self) -> bool {
        self.pulse.answers()
    }

    /// Closes the pool: what waits for a connection gets an error, what has one may finish.
    pub fn close(&self) {
        self.pool.close();
    }
}

/// The same lock for every server, so that two of them starting together do not both migrate.
const MIGRATION_LOCK: i64 = 0x1ea2_41f7;

/// How long a migration waits for a table that is in use. Whoever comes after it waits too, so it gives up soon and is tried
/// again.
const MIGRATION_WAIT: &str = "2s";
/// How often it is tried, a second apart. Each migration is a transaction, or makes one index, so nothing is done by halves.
const MIGRATION_ATTEMPTS: u32 = 30;
/// How often a server looks whether another has finished.
const MIGRATION_LOOK: Duration = Duration::from_millis(200);

/// Applies the migrations that are missing. Needs the multi-threaded runtime.
pub async fn migrate(settings: &Settings) -> Result<()> {
    let connect = AsyncPgConnection::establish(settings.url.expose_secret());
    let mut connection = connect.await.map_err(|error| Error::Setting(format!("cannot connect to the database: {error}")))?;
    while !is_locked(&mut connection).await? {
        tokio::time::sleep(MIGRATION_LOOK).await;
    }
    diesel::sql_query(format!("SET lock_timeout = '{MIGRATION_WAIT}'")).execute(&mut connection).await?;
    // The lock goes with the connection.
    let mut attempt = 1;
    loop {
        let applied;
        (connection, applied) = apply(connection).await?;
        match applied {
            Ok(()) => return Ok(()),
            Err(problem) if attempt < MIGRATION_ATTEMPTS && problem.contains("lock timeout") => {
                tracing::warn!(attempt, "a migration waits for tables that are in use; it is tried again");
                attempt += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(problem) => return Err(Error::Setting(format!("a migration failed: {problem}"))),
        }
    }
}

/// Applies what is missing, as far as that goes, and gives the connection back.
async fn apply(mut connection: AsyncPgConnection) -> Result<(AsyncPgConnection, std::result::Result<(), String>)> {
    if let Err(error) = drop_unfinished_indexes(&mut connection).await {
        return Ok((connection, Err(error.to_string())));
    }
    let run = move || {
        let mut harness = AsyncMigrationHarness::new(connection);
        let applied = harness.run_pending_migrations(MIGRATIONS).map(drop).map_err(|error| error.to_string());
        (harness.into_inner(), applied)
    };
    tokio::task::spawn_blocking(run).await.map_err(|error| Error::Setting(error.to_string()))
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_mine: bool,
}

/// Takes the lock if it is free. Who waited for it in a statement would keep its holder from building an index, which waits
/// for every statement that is older.
async fn is_locked(connection: &mut AsyncPgConnection) -> Result<bool> {
    let lock: Lock = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS is_mine")
        .bind::<BigInt, _>(MIGRATION_LOCK)
        .get_result(connection)
        .await?;
    Ok(lock.is_mine)
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
}

/// What is left of an index that was being built beside other work, and had to give way, or its server was killed.
async fn drop_unfinished_indexes(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    let unfinished = "SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class ON pg_class.oid = indrelid \
         WHERE NOT indisvalid AND relnamespace = 'public'::regnamespace \
           AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)";
    for Index { name } in diesel::sql_query(unfinished).load::<Index>(connection).await? {
        diesel::sql_query(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).execute(connection).await?;
    }
    Ok(())
}
