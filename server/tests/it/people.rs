//! Following and blocking over HTTP: forms without script, what a blocked person meets, and what open connections tell.

use crate::harness::{Browser, EventReader, Site};
use axum::http::StatusCode;
use domain::{
    BroadcastId, Category, Timestamp,
    account::Viewer,
    event::{Event, Heartbeat, Topic, Update},
    stream::{Live, Signal, StreamCard},
};
use uuid::Uuid;

/// A new member with a browser.
async fn member(site: &Site, name: &str) -> (Viewer, Browser) {
    let (viewer, token) = site.backend.member(name).await;
    let mut browser = site.guest();
    browser.cookies.insert("__Host-sid".to_owned(), token.as_str().to_owned());
    (viewer, browser)
}

fn started(member: &Viewer) -> Event {
    let live = Live { broadcast: BroadcastId(Uuid::from_u128(9)), started_at: Timestamp(0), signal: Signal::Live, viewers: 0 };
    let stream = StreamCard {
        channel: member.id,
        username: member.username.clone(),
        display_name: "Somebody".to_owned(),
        title: "A lesson".to_owned(),
        category: Category::Study,
        avatar: None,
        cover: None,
        live,
    };
    Event::StreamStarted { stream }
}

async fn update(events: &mut EventReader) -> Update {
    let event = events.next().await.unwrap();
    assert_eq!(event.name, "message", "{event:?}");
    serde_json::from_str(&event.data).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_work_without_script() {
    let site = Site::new().await;
    let (ana, mut ana_browser) = member(&site, "ana").await;
    let (_, mut ben) = member(&site, "ben").await;
    let fields = [("channel", &*ana.id.to_string()), ("next", "/ana")];
    let answer = ben.submit("follows/follow", &fields, "/ana").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/ana"));
    let page = ben.get("/ana").await.text().await;
    assert!(page.contains("Following") && page.contains("follower"), "the page says so: {page}");
    let answer = ben.submit("follows/follow", &[("channel", &*ana.id.to_string()), ("next", "//evil.example")], "/ana").await;
    assert_eq!(answer.header("location"), "/", "never to another site");
    let followers = ana_browser.get("/dashboard/community").await.text().await;
    assert!(followers.contains("@ben"), "the list is in the first HTML: {followers}");
    let told = ana_browser.get("/notifications").await.text().await;
    assert!(told.contains("ben follows you"), "so is what happened: {told}");
    let home = ana_browser.get("/").await.text().await;
    assert!(home.contains("Notifications, 1 unread"), "and the number on the bell");
    let answer = ana_browser.submit("notifications/mark_notifications_read", &[], "/notifications").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/notifications"));
    assert!(!ana_browser.get("/").await.text().await.contains("1 unread"));
    let following = ben.get("/following").await.text().await;
    assert!(following.contains("ana&#x27;s lesson") || following.contains("ana's lesson"), "offline, with its title");
    let answer = ben.submit("follows/unfollow", &fields, "/ana").await;
    assert_eq!(answer.status, StatusCode::FOUND);
    let following = ben.get("/following").await.text().await;
    assert!(following.contains("You do not follow anybody yet"), "{following}");
}

#[tokio::test(flavor = "multi_thread")]
async fn across_a_block_there_is_nothing() {
    let site = Site::new().await;
    let (ana, mut ana_browser) = member(&site, "ana").await;
    let (ben, mut ben_browser) = member(&site, "ben").await;
    let (_, mut cleo_browser) = member(&site, "cleo").await;
    for browser in [&mut ana_browser, &mut ben_browser, &mut cleo_browser] {
        let answer = browser.get("/ana").await;
        let status = answer.status;
        assert_eq!(status, StatusCode::OK, "{}", answer.text().await);
    }
    let answer = ana_browser.submit("blocks/block", &[("person", &*ben.id.to_string())], "/ben").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/dashboard/community?circle=blocked"));
    assert!(ana_browser.get("/dashboard/community?circle=blocked").await.text().await.contains("Blocked since"));
    for (browser, other, id) in [(&mut ben_browser, "ana", ana.id), (&mut ana_browser, "ben", ben.id)] {
        assert_eq!(browser.get(&format!("/{other}")).await.status, StatusCode::NOT_FOUND);
        let page = browser.read("channels/channel_page", &format!("username={other}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.offer(&format!("/whep/{other}"), "v=0\r\n").await.status, StatusCode::NOT_FOUND);
        let channel = id.to_string();
        assert_eq!(browser.call("follows/follow", &[("channel", &channel)]).await.status, StatusCode::NOT_FOUND);
        let appointed = browser.call("community/appoint_moderator", &[("username", other)]).await;
        assert_eq!(appointed.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(cleo_browser.get("/ana").await.status, StatusCode::OK, "nobody else notices");
    // Ben cannot take Ana's block back, and does not learn of it.
    ben_browser.call("blocks/unblock", &[("person", &ana.id.to_string())]).await;
    assert_eq!(ben_browser.get("/ana").await.status, StatusCode::NOT_FOUND);
    assert!(!ben_browser.get("/dashboard/community?circle=blocked").await.text().await.contains("@ana"));
    ana_browser.call("blocks/unblock", &[("person", &ben.id.to_string())]).await;
    assert_eq!(ben_browser.get("/ana").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_fall_silent_about_hidden_people() {
    for site in Site::both_ways(|config| config).await {
        let (ana, mut ana_browser) = member(&site, "ana").await;
        let (ben, mut ben_browser) = member(&site, "ben").await;
        let (cleo, mut cleo_browser) = member(&site, "cleo").await;
        let path = format!("/api/stream-updates?topics=streams,channel:{}", ana.id);
        let mut bens = ben_browser.get(&path).await.events();
        let mut cleos = cleo_browser.get(&path).await.events();
        for events in [&mut bens, &mut cleos] {
            assert_eq!(events.next().await.unwrap().name, "resync");
        }
        let before = site.backend.events.position();
        let publish = |of: &Viewer| site.backend.events.publish(&[Topic::Streams, Topic::Channel(of.id)], &started(of));
        publish(&ana);
        assert_eq!(update(&mut bens).await.event, started(&ana));
        assert_eq!(update(&mut cleos).await.event, started(&ana));

        ana_browser.call("blocks/block", &[("person", &ben.id.to_string())]).await;
        let anew = bens.next().await.unwrap();
        assert_eq!(anew.name, "resync", "what is on the page is to be read anew");
        let from: Heartbeat = serde_json::from_str(&anew.data).unwrap();
        publish(&ana);
        publish(&cleo);
        let hidden = update(&mut bens).await;
        assert_eq!(hidden.event, Event::Hidden);
        let in_streams = |topics: &[domain::event::TopicSequence]| {
            topics.iter().find(|known| known.topic == Topic::Streams).map(|known| known.sequence).unwrap()
        };
        assert_eq!(in_streams(&hidden.topics), in_streams(&from.topics) + 1, "no gap in the count");
        let next = update(&mut bens).await;
        assert_eq!(next.event, started(&cleo));
        assert_eq!(in_streams(&next.topics), in_streams(&hidden.topics) + 1);
        assert_eq!(update(&mut cleos).await.event, started(&ana), "others are told as before");

        // Somebody whose page is older than the block cannot go on from there.
        drop(bens);
        let mut resumed = ben_browser.get(&format!("{path}&after={before}")).await.events();
        assert_eq!(resumed.next().await.unwrap().name, "resync");
        // Whoever goes on from after it is not told what happened in between, but that something did.
        let mut later = ben_browser.get(&format!("{path}&after={}", from.position)).await.events();
        assert_eq!(later.next().await.unwrap().name, "heartbeat");
        assert_eq!(update(&mut later).await.event, Event::Hidden);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_people_is_the_asker_s_own() {
    let site = Site::new().await;
    let (ana, _) = member(&site, "ana").await;
    let (ben, mut ben_browser) = member(&site, "ben").await;
    let (_, mut cleo_browser) = member(&site, "cleo").await;
    cleo_browser.call("follows/follow", &[("channel", &ana.id.to_string())]).await;
    let followers = "circle=followers&search=&order=newest&page=1";
    let page = ben_browser.read("community/community", followers).await.json().await;
    assert_eq!(page["total"], 0, "Ana's follower is none of Ben's business");
    // An id in place of one's own changes nothing: there is no such field.
    let page = ben_browser.read("community/community", &format!("{followers}&owner={}", ana.id)).await.json().await;
    assert_eq!(page["total"], 0);
    let dismissed = ben_browser.call("community/dismiss_moderator", &[("member", &ben.id.to_string())]).await;
    assert_eq!(dismissed.status, StatusCode::OK);
    let chrome = site.guest().read("chrome/chrome", "").await.json().await;
    assert_eq!((&chrome["unread"], &chrome["n_following"]), (&0.into(), &0.into()));
}
