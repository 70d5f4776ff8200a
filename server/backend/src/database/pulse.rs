//! Whether the database answers, asked on a connection of its own.
//!
//! Contract. A database that was stopped, or that the network lost, refuses nothing: its sockets stay open, and whoever waits
//! for an answer waits on. So it is asked four times a second, and once it was silent for [`PATIENCE`] every connection is
//! cut: what waited for an answer gets an error, wherever it was. Until it answers again, nobody needs to try.
//!
//! A long statement is no silence, and neither is a pool that is used up, or a database that takes no more connections.

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_postgres::{Client, Connection, NoTls, Socket, tls::NoTlsStream};
use tokio_util::task::AbortOnDropHandle;

/// How long lies between an answer and the next question.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long the database may be silent. Half of it is waited for twice, so that a process which was itself stopped meanwhile
/// does not take its own silence for that of the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks as long as there is a clone of it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pulse {
    answers: watch::Receiver<bool>,
    _asking: Arc<AbortOnDropHandle<()>>,
}

impl Pulse {
    /// Begins to ask. Until something else is known, the database is taken to answer. Needs a runtime of tokio around it.
    pub(super) fn start(url: String) -> Self {
        let (says, answers) = watch::channel(true);
        Self { answers, _asking: Arc::new(AbortOnDropHandle::new(tokio::spawn(ask(url, says)))) }
    }

    /// Whether the database answers, as far as is known.
    pub(super) fn answers(&self) -> bool {
        *self.answers.borrow()
    }

    /// Makes a connection that is cut when the database falls silent.
    pub(super) async fn connect(self, url: String) -> ConnectionResult<AsyncPgConnection> {
        let (client, connection) = open(&url).await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        let mut answers = self.answers;
        tokio::spawn(async move {
            tokio::select! {
                outcome = connection => if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection to the database ended");
                },
                // Dropped, it has nothing left to wait for. When nobody asks any more, it is not known and goes on.
                Ok(_) = answers.wait_for(|answers| !answers) => {}
            }
        });
        AsyncPgConnection::try_from(client).await
    }
}

async fn open(url: &str) -> Result<(Client, Connection<Socket, NoTlsStream>), tokio_postgres::Error> {
    tokio_postgres::connect(url, NoTls).await
}

/// Asks, and says when that changes whether there is an answer.
async fn ask(url: String, says: watch::Sender<bool>) {
    let say = |answers: bool| {
        let is_news = says.send_if_modified(|known| std::mem::replace(known, answers) != answers);
        match (is_news, answers) {
            (false, _) => {}
            (true, true) => tracing::info!("the database answers again"),
            (true, false) => tracing::warn!("the database does not answer; its connections are given up"),
        }
    };
    loop {
        let is_silent = match tokio::time::timeout(PATIENCE, open(&url)).await {
            Ok(Ok((client, connection))) => {
                let _driven = AbortOnDropHandle::new(tokio::spawn(connection));
                say(true);
                until_silent(&client).await
            }
            // A refusal is no silence: it may have no room for one more, and answer all that are there.
            Ok(Err(error)) => error.as_db_error().is_none(),
            Err(_elapsed) => true,
        };
        if is_silent {
            say(false);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Asks until there is no answer. False when only this connection ended, which says nothing of the others.
async fn until_silent(client: &Client) -> bool {
    loop {
        let mut question = std::pin::pin!(client.simple_query(""));
        let mut answer = tokio::time::timeout(PATIENCE / 2, &mut question).await;
        if answer.is_err() {
            answer = tokio::time::timeout(PATIENCE / 2, &mut question).await;
        }
        match answer {
            Ok(Ok(_)) => tokio::time::sleep(INTERVAL).await,
            Ok(Err(_ended)) => return false,
            Err(_elapsed) => return true,
        }
    }
}
