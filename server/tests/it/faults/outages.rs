//! What goes on although the database was away.

use super::restarts::{n_live, publish};
use crate::process::{Remote, Shared, saw, until};
use backend::{
    database,
    testing::{postgres::Postgres, redis::Redis},
};
use std::time::Duration;

/// Longer than a server may give no sign of life, after which its streams count as dead.
const OUTAGE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_secs(20);

/// F13, and F12 as far as it concerns streams: while the database hangs nobody can give a sign of life.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for longer than a server may be silent; `make faults` runs it"]
async fn f13_streams_outlast_a_database_that_hangs() {
    let postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let shared = Shared::on(postgres.settings(), Some(Redis::running()));
    let (teacher, token) = shared.backend.member("teacher").await;
    let mut servers = [shared.server().await, shared.server().await];
    let publishing = publish(servers[0].address, &Remote::member(token.as_str())).await;
    until("the stream is live", SOON, async || n_live(&shared, teacher.id).await == 1).await;
    let alive = "SELECT 1::text AS found FROM live_streams WHERE seen_at > clock_timestamp() - interval '5 seconds'";
    let broadcast = async || shared.backend.texts("SELECT broadcast_id::text AS found FROM live_streams").await;
    let running = broadcast().await;
    postgres.signal("STOP");
    tokio::time::sleep(OUTAGE).await;
    postgres.signal("CONT");
    // Every server looks once a second whether streams are over.
    let took = until("there are signs of life again", SOON, async || {
        shared.backend.database.connection().await.is_ok() && !shared.backend.texts(alive).await.is_empty()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(broadcast().await, running, "it goes on as it was");
    publishing.abort();
    for server in &mut servers {
        server.terminate();
        server.ended(SOON).await;
    }
    saw(&format!("F13: a stream outlasted {OUTAGE:?} without the database, which knew of it again {took:?} after"));
}
