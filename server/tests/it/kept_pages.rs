//! Pages that are kept as they were rendered, for visitors of whom nothing is known.

use crate::{
    harness::{Answer, Browser, PATIENCE, Site},
    process::saw,
};
use axum::http::StatusCode;
use backend::{
    cache::{self, Namespace, Numbers},
    events::Events,
    testing::{backend_that_keeps, database_settings, is_full_size},
};
use domain::{
    Category, UserId,
    event::{Event, Position, Topic},
};
use flate2::read::GzDecoder;
use std::{
    collections::BTreeSet,
    io::Read,
    time::{Duration, Instant},
};
use uuid::Uuid;

const HOUR: Duration = Duration::from_hours(1);

/// A site on which nothing ages while the test runs, unless pages do.
async fn site(page_lifetime: Duration) -> Site {
    let kept = cache::Settings { streams: HOUR, channel: HOUR, recommended: HOUR, ..cache::Settings::default() };
    let backend = backend_that_keeps(&database_settings().await, Events::local().unwrap(), kept, None);
    Site::on(backend, |config| server::config::Config { page_lifetime, ..config })
}

/// How often a page of the site was asked for, and not served as it was rendered for another: each such page asks for the
/// channels that are recommended.
fn n_rendered(site: &Site) -> u64 {
    let Numbers { hits, misses, .. } = numbers(site, Namespace::Recommended);
    hits + misses
}

fn numbers(site: &Site, of: Namespace) -> Numbers {
    let numbers = site.backend.cache.numbers();
    numbers.iter().find(|(namespace, _)| *namespace == of).unwrap().1
}

fn nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy");
    policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned()
}

/// The page with a word instead of its nonce, after it was looked whether every script has that.
async fn page(browser: &mut Browser, path: &str) -> (String, String) {
    let answer = browser.get(path).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"), "{path}");
    let nonce = nonce(&answer);
    let html = if answer.header("content-encoding") == "gzip" {
        let mut html = String::new();
        GzDecoder::new(answer.bytes().await.as_slice()).read_to_string(&mut html).unwrap();
        html
    } else {
        answer.text().await
    };
    for script in html.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "<script{tag}>");
    }
    (html.replace(&nonce, "NONCE"), nonce)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_page_is_the_same_but_for_its_nonce() {
    let site = site(HOUR).await;
    let mut guest = site.guest();
    for path in ["/", "/category/study"] {
        let (first, first_nonce) = page(&mut guest, path).await;
        let (second, second_nonce) = page(&mut guest, path).await;
        let (third, third_nonce) = page(&mut guest.with("accept-encoding", "gzip, deflate, br"), path).await;
        assert!(first.contains("nonce=\"NONCE\"") && first == second && second == third, "{path}");
        assert_eq!(BTreeSet::from([first_nonce, second_nonce, third_nonce]).len(), 3, "{path}");
    }
    assert_eq!(n_rendered(&site), 2);
    for of in [Namespace::Home, Namespace::Category] {
        let Numbers { hits, misses, saved, .. } = numbers(&site, of);
        assert_eq!((hits, misses), (2, 1), "{of:?}");
        assert!(!saved.is_zero());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_known_gets_a_page_of_their_own() {
    let site = site(HOUR).await;
    let mut ana = site.member("ana").await;
    let (of_guest, _) = page(&mut site.guest(), "/").await;
    let (of_ana, _) = page(&mut ana, "/").await;
    assert!(of_ana.contains("Account of ana") && !of_guest.contains("Account of ana"));
    let mut light = site.guest();
    light.cookies.insert("theme".to_owned(), "light".to_owned());
    assert!(page(&mut light, "/").await.0.contains("data-theme=\"light\""));
    let mut known = site.guest();
    known.cookies.insert("__Host-guest".to_owned(), "67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned());
    for guest in [&mut site.guest(), &mut known] {
        assert!(page(guest, "/").await.0 == of_guest);
    }
    assert_eq!(n_rendered(&site), 3);
    page(&mut site.guest(), "/?page=2").await;
    assert_eq!(n_rendered(&site), 4, "what an address asks for besides may change the page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_ends_a_kept_page() {
    let site = site(HOUR).await;
    let mut ana = site.member("ana").await;
    page(&mut site.guest(), "/").await;
    page(&mut site.guest(), "/").await;
    assert_eq!(n_rendered(&site), 1);
    let answer = ana.call("channels/update_stream", &[("title", "Knots"), ("category", "creativity")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let changed = Instant::now();
    // A page that is new is given away for a moment longer.
    while n_rendered(&site) < 2 {
        page(&mut site.guest(), "/").await;
        assert!(changed.elapsed() < PATIENCE, "the page is not rendered anew");
    }
    page(&mut site.guest(), "/").await;
    assert_eq!(n_rendered(&site), 2, "nothing changed since");
}

/// The position from which the page's events are to come: the earliest that it was read at.
fn position(html: &str) -> Position {
    let at = |colon: usize| {
        let (before, after) = (html.get(colon.checked_sub(16)?..colon)?, html.get(colon + 1..)?);
        let digits = after.find(|sign: char| !sign.is_ascii_digit())?;
        format!("{before}:{}", &after[..digits]).parse::<Position>().ok()
    };
    let positions = html.match_indices(':').filter_map(|(colon, _)| at(colon));
    positions.min_by_key(|position| position.sequence).expect("a page says where it stands")
}

/// F05, on a page that is kept while a stream changes faster than anybody is told: what it does not show, its events say.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_kept_page_does_not_show_comes_with_its_events() {
    let n_runs = if is_full_size() { 300 } else { 30_u64 };
    let site = site(HOUR).await;
    let (ana, _) = site.backend.member("ana").await;
    let broadcast = Uuid::new_v4();
    for row in [
        format!("broadcasts (id, channel_id, title, category) VALUES ('{broadcast}', '{}', 'On air', 'study')", ana.id),
        format!(
            "live_streams (channel_id, broadcast_id, category, node_id) VALUES ('{}', '{broadcast}', 'study', '{broadcast}')",
            ana.id
        ),
    ] {
        site.backend.sql(&format!("INSERT INTO {row}")).await;
    }
    let mut n_shown = 0;
    let rename = async |title: &str| site.backend.channels.update_stream(&ana, title, "study").await.unwrap();
    for n in 0..n_runs {
        let newest = format!("Lesson {n} at last");
        rename(&format!("Lesson {n} at first")).await;
        // The last change was told by then, or waits to be told with the next.
        tokio::time::sleep(Duration::from_millis(n * 97 % 400)).await;
        page(&mut site.guest(), "/").await;
        rename(&newest).await;
        // Where so much changes that is the page of a moment ago.
        let html = page(&mut site.guest(), "/").await.0;
        let path = format!("/api/stream-updates?topics=streams&after={}", position(&html));
        let mut events = site.guest().get(&path).await.events();
        assert_eq!(events.next().await.unwrap().name, "heartbeat", "it goes on where the page was read");
        if html.contains(&newest) {
            n_shown += 1;
        } else {
            while !events.next().await.expect("the newest comes").data.contains(&newest) {}
        }
    }
    assert!(n_shown < n_runs, "no page was older than a change");
    saw(&format!("F05: of {n_runs} changes {n_shown} were on the page that came next, all others came with its events"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_something_changes_all_the_time_pages_are_kept_for_a_moment() {
    let site = site(HOUR).await;
    let began = Instant::now();
    page(&mut site.guest(), "/").await;
    while n_rendered(&site) < 4 {
        let ended = Event::StreamEnded { channel: UserId(Uuid::nil()), category: Category::Study };
        site.backend.events.publish(&[Topic::Streams], &ended);
        page(&mut site.guest(), "/").await;
        assert!(began.elapsed() < PATIENCE, "the page is not rendered anew");
    }
    let between = began.elapsed() / 3;
    assert!(between >= Duration::from_millis(125), "it was rendered anew after {between:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lifetime_nothing_is_kept() {
    let site = site(Duration::ZERO).await;
    for n in 1..=3 {
        page(&mut site.guest(), "/").await;
        assert_eq!(n_rendered(&site), n);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_kept_for_its_lifetime_only() {
    let site = site(Duration::from_millis(1)).await;
    page(&mut site.guest(), "/").await;
    // Each try renders it anew if the former is over.
    while n_rendered(&site) < 3 {
        page(&mut site.guest(), "/").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_makes_one_render_the_page() {
    let site = site(HOUR).await;
    let crowd = (0..30).map(|_| {
        let mut guest = site.guest();
        async move { page(&mut guest, "/").await }
    });
    let pages = futures::future::join_all(crowd).await;
    assert_eq!(n_rendered(&site), 1);
    let Numbers { hits, misses, .. } = numbers(&site, Namespace::Home);
    assert!(hits + misses == 30 && misses > 0, "who waited was not served from the cache: {hits} hits, {misses} misses");
    assert_eq!(pages.iter().map(|(html, _)| html).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(pages.iter().map(|(_, nonce)| nonce).collect::<BTreeSet<_>>().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_not_kept() {
    let site = site(HOUR).await;
    for _ in 0..2 {
        let answer = site.guest().get("/category/cooking").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(!nonce(&answer).is_empty());
    }
}
