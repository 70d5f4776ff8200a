//! The pool of PostgreSQL connections, and the migrations.

use crate::{Error, Result};
use deadpool::{Runtime, managed::Timeouts};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl,
    pooled_connection::{AsyncDieselConnectionManager, deadpool::Object, deadpool::Pool},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
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
    /// Connections at most.
    pub pool_size: usize,
    /// How long a caller waits for a connection, and a connection for the server.
    pub wait: Duration,
    /// After how long the server gives up a statement.
    pub statement: Duration,
}

impl Settings {
    pub fn new(url: SecretString) -> Self {
        Self { url, pool_size: 16, wait: Duration::from_secs(2), statement: Duration::from_secs(5) }
    }

    /// The address with the limits that the server and the kernel enforce.
    ///
    /// A stopped server is seen by neither TCP nor `statement_timeout`; callers bound the whole request besides.
    fn connect_url(&self) -> String {
        let url = self.url.expose_secret();
        let separator = if url.contains('?') { '&' } else { '?' };
        let statement = self.statement.as_millis();
        format!(
            "{url}{separator}connect_timeout=2&keepalives_idle=10&tcp_user_timeout=10&application_name=learnify\
             &options=-c%20statement_timeout%3D{statement}%20-c%20lock_timeout%3D2000\
             %20-c%20idle_in_transaction_session_timeout%3D10000"
        )
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
}

impl Database {
    /// Makes the pool. No connection is opened before it is needed.
    pub fn new(settings: &Settings) -> Result<Self> {
        let manager = AsyncDieselConnectionManager::new(settings.connect_url());
        let timeouts = Timeouts { wait: Some(settings.wait), create: Some(settings.wait), recycle: Some(Duration::from_secs(1)) };
        let pool = Pool::builder(manager)
            .max_size(settings.pool_size)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Setting(error.to_string()))?;
        Ok(Self { pool })
    }

    /// A connection from the pool, after at most the configured wait.
    pub async fn connection(&self) -> Result<Connection> {
        Ok(self.pool.get().await?)
    }

    /// Whether the database answers.
    pub async fn is_ready(&self) -> bool {
        let probe = async {
            let mut connection = self.connection().await?;
            diesel::sql_query("SELECT 1").execute(&mut connection).await?;
            Ok::<_, Error>(())
        };
        matches!(tokio::time::timeout(Duration::from_secs(2), probe).await, Ok(Ok(())))
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
/// How often it is tried, a second apart. Each migration is a transaction, so nothing is done by halves.
const MIGRATION_ATTEMPTS: u32 = 30;

/// Applies the migrations that are missing. Needs the multi-threaded runtime.
pub async fn migrate(settings: &Settings) -> Result<()> {
    let connect = AsyncPgConnection::establish(settings.url.expose_secret());
    let mut connection = connect.await.map_err(|error| Error::Setting(format!("cannot connect to the database: {error}")))?;
    diesel::sql_query(format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).execute(&mut connection).await?;
    diesel::sql_query(format!("SET lock_timeout = '{MIGRATION_WAIT}'")).execute(&mut connection).await?;
    // The lock goes with the connection.
    let run = move || {
        let mut harness = AsyncMigrationHarness::new(connection);
        let mut attempt = 1;
        loop {
            match harness.run_pending_migrations(MIGRATIONS) {
                Ok(_applied) => return Ok(()),
                Err(error) if attempt < MIGRATION_ATTEMPTS && error.to_string().contains("lock timeout") => {
                    tracing::warn!(attempt, "a migration waits for tables that are in use; it is tried again");
                    attempt += 1;
                    std::thread::sleep(Duration::from_secs(1));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    };
    let applied = tokio::task::spawn_blocking(run).await.map_err(|error| Error::Setting(error.to_string()))?;
    applied.map_err(|error| Error::Setting(format!("a migration failed: {error}")))
}
