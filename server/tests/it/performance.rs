//! What the server says about itself, and to whom.

use crate::harness::Site;
use axum::http::StatusCode;
use backend::{
    cache,
    events::Events,
    testing::{backend_that_keeps, client, database_settings},
};
use std::time::Duration;

const TOKEN: &str = "a-long-token-for-one-scraper-only";

async fn site() -> Site {
    let events = Events::local().unwrap();
    // Nothing ages while the test runs.
    let hour = Duration::from_hours(1);
    let kept = cache::Settings { streams: hour, channel: hour, recommended: hour, ..cache::Settings::default() };
    let backend = backend_that_keeps(&database_settings().await, events, kept, None);
    Site::on(backend, |mut config| {
        config.metrics_token = Some(TOKEN.to_owned().into());
        config
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_who_has_the_token() {
    let site = site().await;
    for authorization in ["", "Bearer ", "Bearer wrong", "Basic YTpi", TOKEN] {
        let answer = site.guest().with("authorization", authorization).get("/metrics").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
    }
    for _ in 0..2 {
        site.guest().get("/").await;
    }
    let answer = site.guest().with("authorization", &format!("Bearer {TOKEN}")).get("/metrics").await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await;
    for line in [
        "# TYPE learnify_cache_reads_total counter",
        "learnify_cache_reads_total{namespace=\"home\"} 1",
        "learnify_cache_misses_total{namespace=\"home\"} 1",
        "learnify_cache_hits_total{namespace=\"home\"} 1",
        "learnify_cache_hits_total{namespace=\"recommended\"} 1",
        "learnify_cache_reads_total{namespace=\"channel\"} 0",
        "learnify_database_connections_max 4",
        "learnify_database_waiting 0",
        "learnify_event_connections 0",
        "learnify_viewers 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing from\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_is_for_administrators() {
    let site = site().await;
    let mut ana = site.member("ana").await;
    assert_eq!(site.guest().get("/api/performance").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ana.get("/api/performance").await.status, StatusCode::FORBIDDEN);
    let link = site.backend.accounts.owner_link().await.unwrap().unwrap();
    let token = ana.cookies.get("__Host-sid").unwrap().clone();
    let viewer = site.backend.accounts.viewer(&token).await.unwrap().unwrap();
    let token = site.backend.accounts.claim_site(&viewer, &link, &client()).await.unwrap();
    ana.cookies.insert("__Host-sid".to_owned(), token.as_str().to_owned());
    site.guest().get("/ana").await;
    let events = site.guest().get("/api/stream-updates?topics=streams").await;
    let answer = ana.get("/api/performance").await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    let json = answer.json().await;
    assert_eq!(json["cache"]["channel"]["reads"], 1);
    assert_eq!((&json["database"]["size"], &json["event_connections"]), (&4.into(), &1.into()));
    assert_eq!((&json["streams"], &json["is_cache_shared"]), (&0.into(), &false.into()));
    drop(events);
}
