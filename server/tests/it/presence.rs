//! Presence as pages see it.

use crate::harness::{Browser, EventReader, Site};
use domain::{
    UserId,
    event::{Event, Topic, Update},
};
use tokio_util::task::AbortOnDropHandle;

async fn open(browser: &mut Browser, channel: UserId) -> EventReader {
    let mut events = browser.get(&format!("/api/stream-updates?topics={}", Topic::Channel(channel))).await.events();
    assert_eq!(events.next().await.unwrap().name, "resync");
    events
}

/// The next count that a page is told.
pub async fn told(page: &mut EventReader) -> u32 {
    loop {
        let event = page.next().await.unwrap();
        if event.name == "message"
            && let Event::PresenceChanged { present, .. } = serde_json::from_str::<Update>(&event.data).unwrap().event
        {
            return present;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_of_a_member_or_of_a_guest_count_once() {
    for site in Site::both_ways(|config| config).await {
        two_tabs_count_once(&site).await;
    }
}

async fn two_tabs_count_once(site: &Site) {
    let (presence, draining) = (site.backend.presence.clone(), site.draining.clone());
    let _running = AbortOnDropHandle::new(tokio::spawn(async move { presence.run(draining).await }));
    let (ana, _) = site.backend.member("ana").await;
    let (mut ben, mut guest) = (site.member("ben").await, site.guest());
    assert!(ben.get("/ana").await.text().await.contains(">1<span class=\"only-heard\"> person</span> here<"));

    let mut first = open(&mut ben, ana.id).await;
    assert_eq!(told(&mut first).await, 1);
    let second = open(&mut ben, ana.id).await;
    let guest_tab = open(&mut guest, ana.id).await;
    assert!(guest.cookies.contains_key("__Host-guest"), "{:?}", guest.cookies);
    let other_guest_tab = open(&mut guest, ana.id).await;
    assert_eq!(told(&mut first).await, 2);
    assert!(guest.get("/ana").await.text().await.contains(">2<span class=\"only-heard\"> people</span> here<"));
    drop((second, guest_tab));
    let stranger = open(&mut site.guest(), ana.id).await;
    assert_eq!(told(&mut first).await, 3, "the tabs that were closed were not the last");
    drop((other_guest_tab, stranger));
    while told(&mut first).await != 1 {}
    drop(first);

    let mut elsewhere = site.guest();
    drop(elsewhere.get("/api/stream-updates?topics=streams").await);
    assert!(elsewhere.cookies.is_empty(), "who reads no channel is not counted and gets no name");
}
