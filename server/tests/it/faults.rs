//! What people are told while the database is away; and, below, servers that break themselves.

mod cables;
mod clocks;
mod drops;
mod floods;
mod outages;
mod proxies;
mod restarts;
mod storms;

use crate::{
    harness::{Browser, Site},
    process::saw,
};
use axum::http::StatusCode;
use backend::{
    cache, database,
    events::Events,
    testing::{backend_on, backend_that_keeps, database_settings, postgres::Postgres},
};
use domain::{
    Category, UserId,
    event::{Event, Topic},
};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Until when a change is refused that cannot be made.
const LIMIT: Duration = Duration::from_millis(2500);

async fn site_on(postgres: &Postgres) -> Site {
    database::migrate(&postgres.settings()).await.unwrap();
    Site::on(backend_on(&postgres.settings(), Events::local().unwrap()), |config| config)
}

async fn retitle(browser: &mut Browser) -> StatusCode {
    browser.call("channels/update_stream", &[("title", "A new title"), ("category", "study")]).await.status
}

async fn is_refused_in_time(browser: &mut Browser) -> Duration {
    let began = Instant::now();
    let answer = browser.call("channels/update_stream", &[("title", "While away"), ("category", "study")]).await;
    let took = began.elapsed();
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    assert_eq!(answer.json().await, serde_json::json!({ "domain": "unavailable" }), "a sentence of its own, and nothing inside");
    assert!(took < LIMIT, "{took:?}");
    took
}

async fn works_again(browser: &mut Browser) -> Duration {
    let began = Instant::now();
    while retitle(browser).await != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(15), "it works again by itself");
    }
    began.elapsed()
}

/// F12.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_refused_soon_while_the_database_is_gone() {
    let mut postgres = Postgres::running();
    let site = site_on(&postgres).await;
    let mut ana = site.member("ana").await;
    assert_eq!(retitle(&mut ana).await, StatusCode::OK);
    postgres.kill();
    let refused = is_refused_in_time(&mut ana).await;
    let began = Instant::now();
    while site.guest().get("/readyz").await.status != StatusCode::SERVICE_UNAVAILABLE {
        assert!(began.elapsed() < LIMIT, "no work is sent to a server that cannot do it");
    }
    postgres.start();
    let healed = works_again(&mut ana).await;
    saw(&format!("F12: without a database a change was refused after {refused:?}, and made {healed:?} after its return"));
}

/// F13.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_refused_soon_while_the_database_hangs() {
    let postgres = Postgres::running();
    let site = site_on(&postgres).await;
    let mut ana = site.member("ana").await;
    // Every connection of the pool is there and idle: each of them would be tried in vain.
    let mut connections = Vec::new();
    while connections.len() < site.backend.database.pool().size {
        connections.push(site.backend.database.connection().await.unwrap());
    }
    drop(connections);
    assert_eq!(retitle(&mut ana).await, StatusCode::OK);
    postgres.signal("STOP");
    let refused = is_refused_in_time(&mut ana).await;
    postgres.signal("CONT");
    let healed = works_again(&mut ana).await;
    saw(&format!("F13: while the database hung a change was refused after {refused:?}, and made {healed:?} after its return"));
}

/// F15: what needs a connection is refused soon while none is free, and everything else goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_refused_soon_while_no_connection_is_free() {
    let mut settings = database_settings().await;
    settings.limits.wait = Duration::from_secs(2);
    let kept = cache::Settings::default();
    let site = Site::on(backend_that_keeps(&settings, Events::local().unwrap(), kept, None), |config| config);
    let mut ana = site.member("ana").await;
    assert_eq!(retitle(&mut ana).await, StatusCode::OK);
    assert_eq!(site.guest().get("/").await.status, StatusCode::OK);
    let mut held = Vec::new();
    while held.len() < site.backend.database.pool().size {
        held.push(site.backend.database.connection().await.unwrap());
    }
    let refused = is_refused_in_time(&mut ana).await;
    let began = Instant::now();
    for path in ["/livez", "/readyz", "/"] {
        assert_eq!(site.guest().get(path).await.status, StatusCode::OK, "{path}");
    }
    let mut events = site.guest().get("/api/stream-updates?topics=streams").await.events();
    assert_eq!(events.next().await.unwrap().name, "resync");
    site.backend
        .events
        .publish(&[Topic::Streams], &Event::StreamEnded { channel: UserId(Uuid::nil()), category: Category::Study });
    assert_eq!(events.next().await.unwrap().name, "message");
    let others = began.elapsed();
    assert!(others < LIMIT, "none of that waits: {others:?}");
    saw(&format!("F15: with no connection free a change was refused after {refused:?}; pages and events took {others:?}"));
    drop(held);
    works_again(&mut ana).await;
}

/// F12, as visitors meet it.
#[tokio::test(flavor = "multi_thread")]
async fn visitors_see_kept_pages_while_the_database_is_gone() {
    let mut postgres = Postgres::running();
    database::migrate(&postgres.settings()).await.unwrap();
    let soon = Duration::from_millis(1);
    let kept = cache::Settings { streams: soon, channel: soon, recommended: soon, stale: soon, ..cache::Settings::default() };
    let site = Site::on(backend_that_keeps(&postgres.settings(), Events::local().unwrap(), kept, None), |config| config);
    site.member("ana").await;
    let pages = ["/", "/category/study", "/ana"];
    for path in pages {
        let answer = site.guest().get(path).await;
        assert_eq!((answer.status, answer.header("cache-status")), (StatusCode::OK, ""), "{path}");
    }
    postgres.kill();
    for path in pages {
        let answer = site.guest().get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.header("cache-status").starts_with("learnify; hit; ttl=-"), "{path}");
        assert!(!answer.text().await.contains("busy or restarting"), "{path}");
    }
    let unknown = site.guest().get("/category/coding").await;
    assert!(unknown.text().await.contains("busy or restarting"), "what nobody has read is not there");
    postgres.start();
    let began = Instant::now();
    while !site.guest().get("/").await.header("cache-status").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(15), "it is read again by itself");
    }
    saw(&format!("F12: {} pages were shown as they were, and read anew {:?} after its return", pages.len(), began.elapsed()));
}
