//! What people are told while the database is away.

use crate::harness::{Browser, Site};
use axum::http::StatusCode;
use backend::{
    database,
    events::Events,
    testing::{backend_on, postgres::Postgres},
};
use std::time::{Duration, Instant};

/// Until when a change is refused that cannot be made.
const LIMIT: Duration = Duration::from_millis(2500);

async fn site_on(postgres: &Postgres) -> Site {
    database::migrate(&postgres.settings()).await.unwrap();
    Site::on(backend_on(&postgres.settings(), Events::local().unwrap()), |config| config)
}

async fn retitle(browser: &mut Browser) -> StatusCode {
    browser.call("channels/update_stream", &[("title", "A new title"), ("category", "study")]).await.status
}

async fn is_refused_in_time(browser: &mut Browser) {
    let began = Instant::now();
    let answer = browser.call("channels/update_stream", &[("title", "While away"), ("category", "study")]).await;
    let took = began.elapsed();
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    assert_eq!(answer.json().await, serde_json::json!({ "domain": "unavailable" }), "a sentence of its own, and nothing inside");
    assert!(took < LIMIT, "{took:?}");
}

async fn works_again(browser: &mut Browser) {
    let began = Instant::now();
    while retitle(browser).await != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(15), "it works again by itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_refused_soon_while_the_database_is_gone() {
    let mut postgres = Postgres::running();
    let site = site_on(&postgres).await;
    let mut ana = site.member("ana").await;
    assert_eq!(retitle(&mut ana).await, StatusCode::OK);
    postgres.kill();
    is_refused_in_time(&mut ana).await;
    assert_eq!(site.guest().get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    postgres.start();
    works_again(&mut ana).await;
}

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
    is_refused_in_time(&mut ana).await;
    postgres.signal("CONT");
    works_again(&mut ana).await;
}
