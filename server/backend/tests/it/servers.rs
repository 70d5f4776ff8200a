//! Servers that share a database, and perhaps a Redis.

use crate::listener::{PATIENCE, event};
use backend::{
    Backend,
    database::{Database, Settings},
    events::{BusSettings, Events},
    testing::{backend_on, database_settings, redis::Redis},
};
use diesel_async::RunQueryDsl;
use domain::event::Topic;
use std::time::Duration;
use uuid::Uuid;

/// Several servers on one database.
pub(crate) struct Servers {
    settings: Settings,
    pub(crate) database: Database,
}

impl Servers {
    pub(crate) async fn new() -> Self {
        let settings = database_settings().await;
        let database = Database::new(&settings).unwrap();
        Self { settings, database }
    }

    /// Runs a statement.
    pub(crate) async fn sql(&self, statement: String) {
        let mut connection = self.database.connection().await.unwrap();
        diesel::sql_query(statement).execute(&mut connection).await.unwrap();
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The services of a server with these events.
    pub(crate) fn backend(&self, events: Events) -> Backend {
        backend_on(&self.settings, events)
    }

    /// The events of a further server, which is alive from now on.
    pub(crate) async fn events(&self, redis: Option<&Redis>) -> Events {
        self.events_by(redis.map(Redis::settings)).await
    }

    /// The same, which reaches Redis in this way.
    pub(crate) async fn events_by(&self, settings: Option<BusSettings>) -> Events {
        let id = Uuid::new_v4();
        self.sql(format!("INSERT INTO nodes (id, address) VALUES ('{id}', 'http://127.0.0.1:1')")).await;
        Events::shared(id, &self.database, settings.as_ref()).unwrap()
    }

    /// The events of two servers that hear each other.
    pub(crate) async fn pair(&self, redis: Option<&Redis>) -> (Events, Events) {
        let (ours, theirs) = (self.events(redis).await, self.events(redis).await);
        meet(&ours, &theirs).await;
        meet(&theirs, &ours).await;
        (ours, theirs)
    }
}

/// Publishes at `from` until a reader at `to` hears it, and until both have heard of all servers there are.
pub(crate) async fn meet(from: &Events, to: &Events) {
    let connected = async {
        loop {
            let mut reader = to.hub().subscribe(vec![Topic::Streams], None);
            from.publish(&[Topic::Streams], &event(0));
            if let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(700), reader.frames.recv()).await {
                break;
            }
        }
        while !(from.knows_the_others() && to.knows_the_others()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.expect("the servers to find each other");
}
