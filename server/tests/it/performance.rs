//! What the server says about itself, and to whom.

use crate::harness::{Browser, EventReader, Site};
use axum::http::StatusCode;
use backend::{
    cache::{self, Namespace},
    events::Events,
    performance::{EventConnections, Sample, Served},
    testing::{backend_that_keeps, client, database_settings, redis::Redis},
};
use domain::event::{Event, Update};
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

async fn become_owner(site: &Site, member: &mut Browser) {
    let link = site.backend.accounts.owner_link().await.unwrap().unwrap();
    let token = member.cookies.get("__Host-sid").unwrap().clone();
    let viewer = site.backend.accounts.viewer(&token).await.unwrap().unwrap();
    let token = site.backend.accounts.claim_site(&viewer, &link, &client()).await.unwrap();
    member.cookies.insert("__Host-sid".to_owned(), token.as_str().to_owned());
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
        "# TYPE learnify_request_duration_seconds histogram",
        "learnify_request_duration_seconds_bucket{kind=\"page\",le=\"+Inf\"} 2",
        "learnify_request_duration_seconds_count{kind=\"page\"} 2",
        "learnify_request_duration_seconds_bucket{kind=\"api\",le=\"0.000512\"} 0",
        "learnify_request_duration_seconds_sum{kind=\"api\"} 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing from\n{text}");
    }
    let buckets =
        text.lines().filter_map(|line| line.strip_prefix("learnify_request_duration_seconds_bucket{kind=\"page\",le=\""));
    let counts: Vec<u64> = buckets.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect();
    assert!(counts.len() > 10 && counts.is_sorted(), "{counts:?}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_redis_the_sums_of_all_servers_are_told() {
    let redis = Redis::running();
    let (settings, kept) = (database_settings().await, cache::Settings::default());
    let backends = [(); 2].map(|()| {
        let events = Events::local().unwrap();
        backend_that_keeps(&settings, events, kept, Some(&redis.settings()))
    });
    let [one, other] = backends.map(|backend| {
        Site::on(backend, |mut config| {
            config.metrics_token = Some(TOKEN.to_owned().into());
            config
        })
    });
    for site in [&one, &other, &other] {
        site.guest().get("/").await;
    }
    let told = async {
        for site in [&one, &other, &one] {
            while site.backend.cache.share_numbers().await.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("Redis answers");
    let count = |site: &Site| {
        let numbers = site.backend.cache.numbers();
        numbers.iter().map(|(_, numbers)| numbers.questions()).sum::<u64>()
    };
    let here = one.guest().with("authorization", &format!("Bearer {TOKEN}")).get("/metrics").await.text().await;
    let sum = |what: &str| -> u64 {
        let lines = here.lines().filter_map(|line| line.strip_prefix(&format!("learnify_cache_everywhere_{what}_total{{")));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    };
    assert_eq!(sum("hits") + sum("misses") + sum("stale"), count(&one) + count(&other));
    assert!(count(&one) > 0 && count(&other) > 0);
    let mut ana = one.member("ana").await;
    become_owner(&one, &mut ana).await;
    let json = ana.get("/api/performance").await.json().await;
    let reads: u64 = Namespace::ALL.iter().map(|of| json["cache_everywhere"][of.name()]["reads"].as_u64().unwrap()).sum();
    assert_eq!(reads, sum("reads"));
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_is_for_administrators() {
    let site = site().await;
    let mut ana = site.member("ana").await;
    assert_eq!(site.guest().get("/api/performance").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ana.get("/api/performance").await.status, StatusCode::FORBIDDEN);
    become_owner(&site, &mut ana).await;
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

/// Waits until there is a further sample, which is told without a figure.
async fn next_sample(events: &mut EventReader) {
    loop {
        let event = events.next().await.unwrap();
        if event.name == "message" {
            assert_eq!(serde_json::from_str::<Update>(&event.data).unwrap().event, Event::Sampled);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_for_administrators() {
    let site = site().await;
    let page = site.guest().get("/admin").await;
    assert_eq!((page.status, page.header("location")), (StatusCode::FOUND, "/sign-in?next=/admin"));
    let mut ana = site.member("ana").await;
    assert_eq!(ana.get("/admin").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ana.get("/api/stream-updates?topics=performance").await.status, StatusCode::FORBIDDEN);
    assert!(!ana.get("/").await.text().await.contains("href=\"/admin\""));
    become_owner(&site, &mut ana).await;
    assert!(ana.get("/").await.text().await.contains("href=\"/admin\""));

    let page = ana.get("/admin").await;
    assert_eq!(page.status, StatusCode::OK, "also before there is a sample");
    let mut events = ana.get("/api/stream-updates?topics=performance").await.events();
    let (performance, draining) = (site.backend.performance.clone(), site.draining.clone());
    tokio::spawn(async move { performance.run(|| EventConnections { open: 95, most: 100 }, draining).await });
    next_sample(&mut events).await;
    let text = ana.get("/admin").await.text().await;
    for part in [
        "95 of 100 event connections are open",
        "of 100 at most",
        "role=\"img\"",
        "Event connections, the last ten minutes; Open: now 95",
    ] {
        assert!(text.contains(part), "{part} is missing from\n{text}");
    }
    assert!(!text.contains("style=\""), "the policy lets no style attribute pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_measured() {
    let site = site().await;
    let mut ana = site.member("ana").await;
    become_owner(&site, &mut ana).await;
    let token = ana.cookies.get("__Host-sid").unwrap().clone();
    let viewer = site.backend.accounts.viewer(&token).await.unwrap().unwrap();
    let mut events = ana.get("/api/stream-updates?topics=performance").await.events();
    let (performance, draining) = (site.backend.performance.clone(), site.draining.clone());
    tokio::spawn(async move { performance.run(EventConnections::default, draining).await });
    next_sample(&mut events).await;
    for path in ["/", "/ana", "/nobody", "/livez", "/api/health"] {
        site.guest().get(path).await;
    }
    site.guest().read("accounts/current_viewer", "").await;
    let (mut pages, mut api) = (0, 0);
    while pages + api < 4 {
        next_sample(&mut events).await;
        let samples = site.backend.performance.samples(&viewer).unwrap();
        let n = |of: fn(&Sample) -> &Served| samples.iter().map(|sample| of(sample).n).sum::<u64>();
        (pages, api) = (n(|sample| &sample.pages), n(|sample| &sample.api));
        assert!(samples.iter().all(|sample| (sample.pages.n > 0) == sample.pages.latency.is_some()));
    }
    assert_eq!((pages, api), (3, 1));
}
