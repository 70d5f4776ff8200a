//! What goes on although the database or Redis was away.

use super::restarts::{n_live, publish};
use crate::{
    crowd::Crowd,
    process::{Remote, Shared, saw, until},
};
use axum::http::StatusCode;
use backend::{
    database,
    testing::{is_full_size, postgres::Postgres, redis::Redis},
};
use std::time::{Duration, Instant};

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

/// F07 and F08 as people meet them: two servers lose Redis, which crashes and later hangs, and nobody is refused anything.
#[tokio::test(flavor = "multi_thread")]
async fn f07_f08_without_redis_everybody_is_answered() {
    let outage = Duration::from_secs(if is_full_size() { 30 } else { 2 });
    let mut shared = Shared::new(Some(Redis::running())).await;
    let servers = [shared.server().await, shared.server().await];
    let addresses = servers.each_ref().map(|server| server.address);
    let (_, token) = shared.backend.member("reader").await;
    let people = [Remote::guest(), Remote::member(token.as_str())];
    let crowd = Crowd::begin(&shared, &addresses, 10).await;
    let mut told = String::from("F07 and F08:");
    for what in ["crashed", "hung"] {
        crowd.does(20).await;
        if what == "crashed" {
            shared.redis().kill();
        } else {
            shared.redis().signal("STOP");
        }
        let (began, mut times) = (Instant::now(), Vec::new());
        while began.elapsed() < outage {
            for (at, person) in addresses.iter().flat_map(|at| people.iter().map(move |person| (*at, person))) {
                for path in ["/", "/category/study", "/writer0", "/search?term=writer", "/api/health"] {
                    let asked = Instant::now();
                    let answer = person.get(at, path).await.expect("an answer");
                    assert_eq!(answer.status, StatusCode::OK, "{path} while Redis {what}");
                    times.push(asked.elapsed());
                }
            }
        }
        crowd.does(20).await;
        if what == "crashed" {
            shared.redis().start();
        } else {
            shared.redis().signal("CONT");
        }
        times.sort_unstable();
        let p95 = times[times.len() * 95 / 100];
        // Alone it must be half a second.
        assert!(p95 < Duration::from_millis(if is_full_size() { 500 } else { 3000 }), "{p95:?} while Redis {what}");
        told = format!("{told} while Redis {what}, p95 of {} answers was {p95:?};", times.len());
    }
    crowd.does(20).await;
    assert_eq!(crowd.n_refused(), 0, "every command was done at once");
    let report = crowd.end(&shared.backend).await;
    saw(&format!("{told} {report}"));
}
