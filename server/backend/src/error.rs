//! What can break: an answer for the user, or a failure underneath that only the log may know.

/// A failed operation. It never crosses the wire: [`Error::into_domain`] is what a caller may see.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Domain(#[from] domain::Error),
    #[error("the database refused a query: {0}")]
    Database(#[from] diesel::result::Error),
    #[error("no database connection: {0}")]
    Pool(#[from] diesel_async::pooled_connection::deadpool::PoolError),
    #[error("the database does not answer")]
    Silent,
    #[error("{what}: {source}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    #[error("Redis: {0}")]
    Redis(#[from] fred::error::Error),
    #[error("the store of the pictures: {0}")]
    Store(#[from] object_store::Error),
    #[error("{0}")]
    Setting(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What the caller may know. Everything else is logged here, once, with its chain of causes.
    pub fn into_domain(self) -> domain::Error {
        use diesel::result::{DatabaseErrorKind, Error as Query};
        match self {
            Self::Domain(error) => error,
            Self::Pool(_)
            | Self::Silent
            | Self::Redis(_)
            | Self::Store(_)
            | Self::Database(
                Query::BrokenTransactionManager
                | Query::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _),
            ) => {
                tracing::warn!(error = %self, "a service is not reachable");
                domain::Error::Unavailable
            }
            Self::Database(Query::DatabaseError(_, ref information)) if is_outage(information.message()) => {
                tracing::warn!(error = %self, "the database is not available");
                domain::Error::Unavailable
            }
            _ => {
                tracing::error!(error = %self, "an operation failed");
                domain::Error::Internal
            }
        }
    }

    /// Whether a unique index of this name refused the row.
    pub(crate) fn violates(error: &diesel::result::Error, index: &str) -> bool {
        matches!(
            error,
            diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, information)
                if information.constraint_name() == Some(index)
        )
    }
}

/// Whether the message is about the server going away or a timeout, which diesel does not classify.
fn is_outage(message: &str) -> bool {
    ["terminating connection", "shutting down", "starting up", "statement timeout", "lock timeout", "connection closed"]
        .iter()
        .any(|words| message.contains(words))
}
