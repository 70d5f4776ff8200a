//! The event stream over HTTP.

use crate::{
    harness::{Answer, Browser, PATIENCE, Site},
    process::saw,
};
use axum::http::{Method, StatusCode};
use domain::{
    Category, UserId,
    event::{Event, Heartbeat, Topic, Update},
};
use serde_json::{Value, json};
use server::config::{Config, EventConnections};
use std::time::{Duration, Instant};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

fn ended(n: u128) -> Event {
    Event::StreamEnded { channel: UserId(Uuid::from_u128(n)), category: Category::Study }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_continues_where_it_left_off() {
    for site in Site::both_ways(|config| config).await {
        let position = site.backend.events.position();
        site.backend.events.publish(&[Topic::Streams], &ended(1));
        let path = format!("/api/stream-updates?topics=streams&after={position}");
        let answer = site.guest().get(&path).await;
        assert_eq!(answer.header("content-type"), "text/event-stream; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store, no-transform");
        let mut events = answer.events();
        let first = events.next().await.unwrap();
        assert_eq!((first.name.as_str(), first.id.as_str()), ("heartbeat", position.to_string().as_str()));
        let from: Heartbeat = serde_json::from_str(&first.data).unwrap();
        let missed = events.next().await.unwrap();
        let update: Update = serde_json::from_str(&missed.data).unwrap();
        assert_eq!(update.event, ended(1));
        let sequence = update.topics.iter().find(|known| known.topic == Topic::Streams).unwrap().sequence;
        assert_eq!(sequence, from.topics[0].sequence + 1, "no gap between the heartbeat and what follows");

        site.backend.events.publish(&[Topic::Streams], &ended(2));
        let live = events.next().await.unwrap();
        drop(events);
        site.backend.events.publish(&[Topic::Streams], &ended(3));
        let mut resumed = site.guest().with("last-event-id", &live.id).get("/api/stream-updates?topics=streams").await.events();
        assert_eq!(resumed.next().await.unwrap().name, "heartbeat");
        let update: Update = serde_json::from_str(&resumed.next().await.unwrap().data).unwrap();
        assert_eq!(update.event, ended(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_for_a_position_means_starting_anew() {
    for site in Site::both_ways(|config| config).await {
        for garbage in ["x", "0000000000000000:1", "%00", "-1:-1", "ffffffffffffffff:18446744073709551615"] {
            let path = format!("/api/stream-updates?topics=streams&after={garbage}");
            let first = site.guest().get(&path).await.events().next().await.unwrap();
            assert_eq!(first.name, "resync", "{garbage}");
        }
    }
    saw("F04: whatever was no position of this server made readers start anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_authorised() {
    for site in Site::both_ways(|config| config).await {
        let (ana, _) = site.backend.member("ana").await;
        let mut ben = site.member("ben").await;
        let path = format!("/api/stream-updates?topics=member:{}", ana.id);
        assert_eq!(ben.get(&path).await.status, StatusCode::FORBIDDEN);
        assert_eq!(ben.get("/api/stream-updates?topics=*").await.status, StatusCode::FORBIDDEN);
        assert_eq!(ben.get("/api/stream-updates?topics=nonsense").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let many = vec!["streams"; 40].join(",");
        assert_eq!(ben.get(&format!("/api/stream-updates?topics={many}")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let foreign = ben.with("sec-fetch-site", "cross-site").get("/api/stream-updates?topics=streams").await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_ends_its_stream_and_no_other() {
    for site in Site::both_ways(|config| config).await {
        let (ana, _) = site.backend.member("ana").await;
        let stay = site.backend.accounts.sign_in("ana", backend::testing::PASSWORD, &backend::testing::client()).await.unwrap();
        let leave = site.backend.accounts.sign_in("ana", backend::testing::PASSWORD, &backend::testing::client()).await.unwrap();
        let open = async |token: &backend::accounts::SessionToken| {
            let mut browser = site.guest();
            browser.cookies.insert("__Host-sid".to_owned(), token.as_str().to_owned());
            let mut events = browser.get("/api/stream-updates?topics=streams").await.events();
            assert_eq!(events.next().await.unwrap().name, "resync");
            events
        };
        let (mut staying, mut leaving) = (open(&stay).await, open(&leave).await);
        let left = site.backend.accounts.viewer(leave.as_str()).await.unwrap().unwrap();
        site.backend.accounts.end_session(&ana, left.session).await.unwrap();
        let last = leaving.next().await.unwrap();
        assert!(last.data.contains("session_ended"), "{last:?}");
        assert_eq!(leaving.next().await, None);
        site.backend.events.publish(&[Topic::Streams], &ended(1));
        let update: Update = serde_json::from_str(&staying.next().await.unwrap().data).unwrap();
        assert_eq!(update.event, ended(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_administrator_any_more_hears_no_more_than_others() {
    for site in Site::both_ways(|config| config).await {
        let (ana, token) = site.backend.member("ana").await;
        site.backend.sql("UPDATE users SET role = 'admin'").await;
        let mut browser = site.guest();
        browser.cookies.insert("__Host-sid".to_owned(), token.as_str().to_owned());
        // Who they were was known for some seconds.
        site.backend.accounts.viewer_now(token.as_str()).await.unwrap();
        let mut events = browser.get("/api/stream-updates?topics=*").await.events();
        assert_eq!(events.next().await.unwrap().name, "resync");
        site.backend.sql("UPDATE users SET role = 'member'").await;
        // Some session of theirs is over, which makes the server look.
        site.backend.events.publish(&[Topic::Member(ana.id)], &Event::SessionEnded);
        assert!(events.next().await.unwrap().data.contains("session_ended"));
        assert_eq!(events.next().await, None);
    }
}

/// Whoever hears something all the time is looked at as often as others.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for as long as a heartbeat takes; `make faults` runs it"]
async fn who_is_no_administrator_any_more_is_let_go_of_a_busy_stream() {
    let [router, socket] = Site::both_ways(|config| config).await;
    tokio::join!(is_let_go_while_busy(&router), is_let_go_while_busy(&socket));
}

async fn is_let_go_while_busy(site: &Site) {
    const BEAT: Duration = Duration::from_millis(50);
    let mut browser = site.member("ana").await;
    site.backend.sql("UPDATE users SET role = 'admin'").await;
    // Who they were was known for some seconds.
    site.backend.accounts.viewer_now(&browser.cookies["__Host-sid"]).await.unwrap();
    let mut events = browser.get("/api/stream-updates?topics=*").await.events();
    assert_eq!(events.next().await.unwrap().name, "resync");
    let busy = site.backend.events.clone();
    let _publishing = AbortOnDropHandle::new(tokio::spawn(async move {
        for n in 0.. {
            busy.publish(&[Topic::Streams], &ended(n));
            tokio::time::sleep(BEAT).await;
        }
    }));
    // Nobody tells the server.
    site.backend.sql("UPDATE users SET role = 'member'").await;
    let began = Instant::now();
    let (mut n_heard, mut last) = (0, String::new());
    while let Some(event) = events.next().await {
        n_heard += 1;
        last = event.name;
        assert!(began.elapsed() < PATIENCE, "{n_heard} events, and still there");
    }
    assert_eq!(last, "reconnect", "it is asked to come back, as who it is now");
    assert!(n_heard > 50, "it was not busy: {n_heard}");
    let answer = browser.get("/api/stream-updates?topics=*").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_old_comes_back_and_misses_nothing() {
    let limits = EventConnections { lifetime: Duration::from_secs(1), ..EventConnections::default() };
    for site in Site::both_ways(|config| Config { event_connections: limits, ..config }).await {
        let mut path = "/api/stream-updates?topics=streams".to_owned();
        for n in 1..=2 {
            let mut events = site.guest().get(&path).await.events();
            let mut heard: Vec<String> = Vec::new();
            let last = loop {
                let event = events.next().await.unwrap();
                if event.name == "reconnect" {
                    break event;
                }
                path = format!("/api/stream-updates?topics=streams&after={}", event.id);
                heard.push(event.name);
            };
            assert!(last.data.contains("\"lifetime\""), "{}", last.data);
            assert!(events.next().await.is_none(), "it ends");
            assert_eq!(heard, if n == 1 { vec!["resync"] } else { vec!["heartbeat", "message"] });
            site.backend.events.publish(&[Topic::Streams], &ended(1));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_and_give_their_place_back() {
    let limits = EventConnections { total: 3, per_address: 2, per_member: 1, per_session: 1, ..EventConnections::default() };
    for site in Site::both_ways(|config| Config { event_connections: limits, ..config }).await {
        let path = "/api/stream-updates?topics=streams";
        let first = site.guest().get(path).await;
        let second = site.guest().get(path).await;
        let refused = site.guest().get(path).await;
        assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "10"));
        drop(first);
        let back = async {
            while site.guest().get(path).await.status != StatusCode::OK {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, back).await.expect("the place is free when its connection is gone");
        drop(second);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_for_each_member_and_in_all() {
    let limits = EventConnections { total: 3, per_address: 10, per_member: 1, per_session: 10, ..EventConnections::default() };
    for site in Site::both_ways(|config| Config { event_connections: limits, ..config }).await {
        let path = "/api/stream-updates?topics=streams";
        let mut ana = site.member("ana").await;
        let first = ana.get(path).await;
        assert_eq!(first.status, StatusCode::OK);
        let refused = ana.get(path).await;
        assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "10"));
        let others = [site.member("ben").await.get(path).await, site.guest().get(path).await];
        assert_eq!(others.each_ref().map(|answer| answer.status), [StatusCode::OK; 2]);
        let refused = site.guest().get(path).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_ne!(refused.header("retry-after"), "");
        drop(first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_for_each_session() {
    let limits = EventConnections { total: 10, per_address: 10, per_member: 3, per_session: 2, ..EventConnections::default() };
    for site in Site::both_ways(|config| Config { event_connections: limits, ..config }).await {
        let path = "/api/stream-updates?topics=streams";
        let mut ana = site.member("ana").await;
        let two = [ana.get(path).await, ana.get(path).await];
        assert_eq!(two.each_ref().map(|answer| answer.status), [StatusCode::OK; 2]);
        assert_eq!(ana.get(path).await.status, StatusCode::TOO_MANY_REQUESTS);
        let session =
            site.backend.accounts.sign_in("ana", backend::testing::PASSWORD, &backend::testing::client()).await.unwrap();
        let mut elsewhere = site.guest();
        elsewhere.cookies.insert("__Host-sid".to_owned(), session.as_str().to_owned());
        let third = elsewhere.get(path).await;
        assert_eq!(third.status, StatusCode::OK, "another session of the same member");
        assert_eq!(elsewhere.get(path).await.status, StatusCode::TOO_MANY_REQUESTS, "the member has three");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_build_is_told() {
    for site in Site::both_ways(|config| config).await {
        let html = site.guest().get("/").await.text().await;
        let own = html.split_once("<meta name=\"build\" content=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        assert!(!own.is_empty());
        let position = site.backend.events.position();
        for (build, is_outdated) in [("an-earlier-one", true), (own.as_str(), false), ("", false)] {
            for after in [String::new(), position.to_string()] {
                let path = format!("/api/stream-updates?topics=streams&after={after}&build={build}");
                let mut events = site.guest().get(&path).await.events();
                let first = events.next().await.unwrap();
                assert_eq!(first.name, if after.is_empty() { "resync" } else { "heartbeat" });
                site.backend.events.publish(&[Topic::Streams], &ended(1));
                let second = events.next().await.unwrap();
                assert_eq!(second.name == "outdated", is_outdated, "{build}: {second:?}");
            }
        }
    }
    saw("F25: a page of another build was told so with its first event, and no other page was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_asks_its_readers_to_come_back() {
    for site in Site::both_ways(|config| config).await {
        let mut events = site.guest().get("/api/stream-updates?topics=streams").await.events();
        assert_eq!(events.next().await.unwrap().name, "resync");
        site.draining.cancel();
        let last = events.next().await.unwrap();
        assert_eq!(last.name, "reconnect");
        let data: Value = serde_json::from_str(&last.data).unwrap();
        let retry_ms = data["retry_ms"].as_u64().unwrap();
        assert!(retry_ms <= 5000);
        assert_eq!(last.retry_ms, Some(retry_ms.max(500)), "browsers that come back by themselves know it too");
        assert_eq!(data["reason"], "stopping");
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_takes_no_new_readers() {
    let site = Site::new().await;
    site.draining.cancel();
    assert_eq!(site.guest().get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(site.guest().get("/api/stream-updates?topics=streams").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A site that trusts a service, and that service.
async fn with_service() -> (Site, Browser) {
    let site = Site::with(trusting).await;
    let service = site.guest().with("authorization", &format!("Bearer {TOKEN}"));
    (site, service)
}

fn trusting(config: Config) -> Config {
    Config { publish_token: Some(TOKEN.to_owned().into()), ..config }
}

async fn publish(service: &mut Browser, body: &Value) -> Answer {
    service.request(Method::POST, "/api/stream-updates", Some("application/json"), body.to_string()).await
}

fn channel_topic(n: u128) -> String {
    format!("channel:{}", Uuid::from_u128(n))
}

fn renamed(n: u128, title: &str) -> Value {
    json!({ "channel_updated":
        { "channel": Uuid::from_u128(n), "display_name": "Ana", "title": title, "category": "study", "presentation": null } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_service_tells_readers() {
    let (site, mut service) = with_service().await;
    let mut events = site.guest().get(&format!("/api/stream-updates?topics={}", channel_topic(1))).await.events();
    assert_eq!(events.next().await.unwrap().name, "resync");
    let body = json!({ "topics": [channel_topic(1)], "event": renamed(1, "Lifetimes") });

    let member = site.member("ana").await;
    let wrong = format!("Bearer {}", TOKEN.replace('f', "0"));
    for mut stranger in [site.guest(), member, site.guest().with("authorization", &wrong)] {
        let refused = publish(&mut stranger, &body).await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
    }
    let other = json!({ "topics": [channel_topic(2)], "event": renamed(2, "Another channel") });
    assert_eq!(publish(&mut service, &other).await.status, StatusCode::ACCEPTED);
    assert_eq!(publish(&mut service, &body).await.status, StatusCode::ACCEPTED);
    let update: Update = serde_json::from_str(&events.next().await.unwrap().data).unwrap();
    let Event::ChannelUpdated { title, .. } = update.event else { panic!("{update:?}") };
    assert_eq!(title, "Lifetimes", "and nothing of what strangers said");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_service_reads_everything() {
    let (site, mut service) = with_service().await;
    let path = "/api/stream-updates?topics=*";
    let mut events = service.get(path).await.events();
    assert_eq!(events.next().await.unwrap().name, "resync");
    site.backend.events.publish(&[Topic::Category(Category::Study)], &ended(1));
    let update: Update = serde_json::from_str(&events.next().await.unwrap().data).unwrap();
    assert_eq!(update.event, ended(1));
    for token in ["Bearer wrong", &format!("Bearer {TOKEN}x")] {
        assert_eq!(site.guest().with("authorization", token).get(path).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_says_is_checked() {
    let (site, mut service) = with_service().await;
    let before = site.backend.events.position();
    let card = json!({ "channel": Uuid::nil(), "username": "ana", "display_name": "Ana", "title": "Lifetimes", "category": "study",
        "live": { "broadcast": Uuid::nil(), "started_at": 0, "signal": "live", "viewers": 1 } });
    let nobody = Uuid::nil();
    let many: Vec<String> = (0..9).map(channel_topic).collect();
    for body in [
        json!({}),
        json!({ "topics": [channel_topic(1)] }),
        json!({ "topics": [], "event": renamed(1, "Lifetimes") }),
        json!({ "topics": many, "event": renamed(1, "Lifetimes") }),
        json!({ "topics": [channel_topic(1), channel_topic(1)], "event": renamed(1, "Lifetimes") }),
        json!({ "topics": [channel_topic(2)], "event": renamed(1, "Lifetimes") }),
        json!({ "topics": ["*"], "event": renamed(1, "Lifetimes") }),
        json!({ "topics": ["nonsense"], "event": renamed(1, "Lifetimes") }),
        json!({ "topics": [channel_topic(1)], "event": renamed(1, "x") }),
        json!({ "topics": [channel_topic(1)], "event": renamed(1, "Lifetimes"), "more": 1 }),
        json!({ "topics": ["streams"], "event": "session_ended" }),
        json!({ "topics": ["streams"], "event": { "viewers": { "counts": [] } } }),
        json!({ "topics": ["category:coding"], "event": { "stream_started": { "stream": card } } }),
        json!({ "topics": [format!("chat:{nobody}")], "event": { "chat": { "channel": nobody, "author": null, "change": "x" } } }),
        json!({ "topics": ["streams"], "event": { "notified": { "unread": 1 } } }),
    ] {
        let refused = publish(&mut service, &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let right = json!({ "topics": ["streams", "category:study"], "event": { "stream_started": { "stream": card } } });
    let as_text = service.request(Method::POST, "/api/stream-updates", Some("text/plain"), right.to_string()).await;
    assert_eq!(as_text.status, StatusCode::UNPROCESSABLE_ENTITY);
    let large = json!({ "topics": [channel_topic(1)], "event": renamed(1, &"x".repeat(20_000)) });
    assert_eq!(publish(&mut service, &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.backend.events.position(), before, "nothing was told");
    assert_eq!(publish(&mut service, &right).await.status, StatusCode::ACCEPTED);
    assert_eq!(site.backend.events.position().sequence, before.sequence + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_says_too_much_is_slowed_down() {
    let site = Site::limited(trusting).await;
    let mut service = site.guest().with("authorization", &format!("Bearer {TOKEN}"));
    let body = json!({ "topics": [channel_topic(1)], "event": renamed(1, "Lifetimes") });
    let mut n_accepted = 0;
    let refused = loop {
        let answer = publish(&mut service, &body).await;
        if answer.status != StatusCode::ACCEPTED {
            break answer;
        }
        n_accepted += 1;
        assert!(n_accepted < 10_000, "there is a limit");
    };
    assert!(n_accepted >= 1200, "{n_accepted}");
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
}
