//! Notifications: who is told what, what is unread, and what nobody wants to hear.

use crate::{
    chat_support::{Chatter, set},
    listener::saw,
    servers::Servers,
};
use backend::{
    Backend,
    events::Subscription,
    media::MediaEvent,
    testing::{redis::Redis, test_backend},
};
use domain::{
    chat::{AuthorId, ChatModes},
    event::{Event, Topic, Update},
    notification::{NOTIFICATIONS_PAGE, NewNotification, NotificationKind, NotificationSettings},
};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn event(frame: &backend::events::Frame) -> Event {
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str::<Update>(json).unwrap().event
}

fn mention(actor: domain::UserId, words: &str) -> NewNotification {
    NewNotification { kind: NotificationKind::Mention, actor: Some(actor), channel: None, words: words.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_told_live_once_and_read_everywhere() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    let mut tab = backend.events.hub().subscribe(vec![Topic::Member(ana.id)], None);
    backend.follows.follow(&ben, ana.id).await.unwrap();
    assert_eq!(event(&tab.frames.try_recv().unwrap()), Event::Notified { unread: 1 });
    backend.follows.unfollow(&ben, ana.id).await.unwrap();
    backend.follows.follow(&ben, ana.id).await.unwrap();
    let page = backend.notifications.page(&ana, None).await.unwrap();
    assert_eq!((page.notifications.len(), page.unread), (1, 1), "coming back is no news");
    let told = &page.notifications[0];
    assert_eq!((told.kind, told.is_read), (NotificationKind::Follower, false));
    assert_eq!(told.leads_to().map(domain::user::Username::as_str), Some("ben"));

    backend.notifications.mark_read(&ana, Some(told.id)).await.unwrap();
    assert_eq!(event(&tab.frames.try_recv().unwrap()), Event::Notified { unread: 0 }, "the other tabs count down");
    backend.notifications.mark_read(&ana, None).await.unwrap();
    assert!(tab.frames.try_recv().is_err(), "nothing was unread");
    assert!(backend.notifications.page(&ana, None).await.unwrap().notifications[0].is_read);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_what_they_muted_or_from_whom_they_are_hidden() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _), (cleo, _)) =
        (backend.member("ana").await, backend.member("ben").await, backend.member("cleo").await);
    assert_eq!(backend.notifications.settings(&ana).await.unwrap(), NotificationSettings::default());
    let settings = NotificationSettings::wanting(&[NotificationKind::Live, NotificationKind::Follower]);
    backend.notifications.set_settings(&ana, &settings).await.unwrap();
    assert!(!backend.notifications.settings(&ana).await.unwrap().wants(NotificationKind::Mention));
    backend.blocks.block(&ben, cleo.id).await.unwrap();
    backend.notify(&[ana.id, ben.id, cleo.id], mention(cleo.id, &"x".repeat(500))).await;
    for (member, n) in [(&ana, 0), (&ben, 0), (&cleo, 0)] {
        assert_eq!(backend.notifications.page(member, None).await.unwrap().notifications.len(), n, "{}", member.username);
    }
    backend.notifications.set_settings(&ana, &NotificationSettings::default()).await.unwrap();
    backend.notify(&[ana.id], mention(cleo.id, "hello")).await;
    assert_eq!(backend.notifications.page(&ana, None).await.unwrap().unread, 1);
    backend.blocks.block(&ana, cleo.id).await.unwrap();
    let page = backend.notifications.page(&ana, None).await.unwrap();
    assert_eq!((page.notifications.len(), page.unread), (0, 0), "what they caused earlier is hidden too");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_ones_are_on_further_pages() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    for n in 0..=NOTIFICATIONS_PAGE {
        backend.notify(&[ana.id], mention(ben.id, &n.to_string())).await;
    }
    let first = backend.notifications.page(&ana, None).await.unwrap();
    assert_eq!(first.notifications.len(), NOTIFICATIONS_PAGE);
    assert_eq!(first.notifications[0].words, NOTIFICATIONS_PAGE.to_string(), "the newest first");
    let second = backend.notifications.page(&ana, first.older).await.unwrap();
    assert_eq!((second.notifications.len(), second.notifications[0].words.as_str(), second.older), (1, "0", None));
    assert!(backend.notifications.page(&ben, None).await.unwrap().notifications.is_empty());
}

/// What refuses changes, and counts how often.
const REFUSE: [&str; 2] = [
    "CREATE SEQUENCE refusals",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'not now'; END $$",
];

/// From now on such changes are refused.
async fn refuse(backend: &Backend, changes: &str) {
    for statement in REFUSE {
        backend.sql(statement).await;
    }
    backend.sql(&format!("CREATE TRIGGER refuse BEFORE {changes} EXECUTE FUNCTION refuse()")).await;
}

/// Waits until so many were refused.
async fn refused(backend: &Backend, n: usize) {
    let query = format!("SELECT 'yes' AS found FROM refusals WHERE is_called AND last_value >= {n}");
    let tried = async {
        while backend.texts(&query).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), tried).await.expect("it was tried");
}

/// As if a while had passed.
const MAKE_DUE: &str = "UPDATE untold_notifications SET due_at = now()";

async fn n_untold(backend: &Backend) -> usize {
    backend.texts("SELECT id::text AS found FROM untold_notifications").await.len()
}

/// What a member was told, the first first.
async fn kinds(backend: &Backend, member: &Chatter) -> Vec<NotificationKind> {
    let page = backend.notifications.page(member.viewer(), None).await.unwrap();
    page.notifications.iter().rev().map(|told| told.kind).collect()
}

/// Waits until a page is told how much is unread.
async fn hear_unread(tab: &mut Subscription, n: u32) {
    let heard = async { while event(&tab.frames.recv().await.unwrap()) != (Event::Notified { unread: n }) {} };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("the page is told");
}

/// A channel goes live, as its first media has it. Answers once that is committed.
async fn go_live(backend: &Backend, channel: domain::UserId) {
    let mut streams = backend.events.hub().subscribe(vec![Topic::Streams], None);
    let (media, reported) = mpsc::channel(1);
    let (broadcasts, stopped) = (backend.broadcasts.clone(), CancellationToken::new());
    let following = tokio::spawn({
        let stopped = stopped.clone();
        async move { broadcasts.run(reported, stopped).await }
    });
    media.send(MediaEvent::Started { channel }).await.unwrap();
    while !matches!(event(&streams.frames.recv().await.unwrap()), Event::StreamStarted { .. }) {}
    stopped.cancel();
    following.await.unwrap();
}

/// R4 for notifications: a server that crashes after any commit is one whose telling never succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_told_by_another_server_if_not_at_once() {
    let (redis, servers) = (Redis::running(), Servers::new().await);
    let (ours, theirs) = servers.pair(Some(&redis)).await;
    let (here, there) = (servers.backend(ours), servers.backend(theirs));
    let owner = Chatter::owner(&here).await;
    let ben = Chatter::new(&here, "ben", Some(owner.id())).await;
    let mia = Chatter::new(&here, "mia", Some(owner.id())).await;
    let mut tabs = [&owner, &ben, &mia].map(|member| there.events.hub().subscribe(vec![Topic::Member(member.id())], None));
    refuse(&here, "INSERT ON notifications").await;
    here.follows.follow(ben.viewer(), owner.id()).await.unwrap();
    here.community.appoint(owner.viewer(), "mia").await.unwrap();
    mia.say("@ben welcome").await.unwrap();
    set(&owner, ChatModes { held_seconds: 30, ..ChatModes::default() }).await;
    let rude = ben.say("@mia rude").await.unwrap();
    here.sql("UPDATE chat_messages SET visible_at = visible_at - interval '31 seconds'").await;
    here.chat.release_due().await.unwrap();
    mia.delete(&rude).await.unwrap();
    let author = AuthorId::Member(ben.id());
    here.chat.clear(mia.visitor(), owner.id(), author).await.unwrap();
    here.chat.time_out(mia.visitor(), owner.id(), author, 10).await.unwrap();
    here.chat.time_out(mia.visitor(), owner.id(), author, 0).await.unwrap();
    go_live(&here, owner.id()).await;
    refused(&here, 8).await;
    assert_eq!(n_untold(&here).await, 8, "each cause but the end of a time-out");
    for member in [&owner, &ben, &mia] {
        assert_eq!(kinds(&here, member).await, []);
    }
    here.sql("DROP TRIGGER refuse ON notifications").await;
    assert_eq!(there.notifications.relay().await.unwrap(), 0, "whoever wrote it has a while for it");
    here.sql(MAKE_DUE).await;
    let (a, b) = tokio::join!(here.notifications.relay(), there.notifications.relay());
    assert_eq!(a.unwrap() + b.unwrap(), 8, "each by one server");
    assert_eq!(kinds(&here, &owner).await, [NotificationKind::Follower]);
    let of_ben = kinds(&here, &ben).await;
    let n = |kind| of_ben.iter().filter(|told| **told == kind).count();
    assert_eq!(
        (n(NotificationKind::Mention), n(NotificationKind::Moderation), n(NotificationKind::Live), of_ben.len()),
        (1, 3, 1, 5)
    );
    let of_mia = kinds(&here, &mia).await;
    assert_eq!(of_mia.len(), 2, "{of_mia:?}");
    for (tab, n) in tabs.iter_mut().zip([1, 5, 2]) {
        hear_unread(tab, n).await;
    }
    assert_eq!(n_untold(&here).await, 0);
    here.sql(MAKE_DUE).await;
    assert_eq!(here.notifications.relay().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_undone_is_not_told() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    // What both sides are told is written last.
    refuse(&backend, "INSERT ON outbox").await;
    backend.follows.follow(&ben, ana.id).await.unwrap_err();
    assert_eq!(n_untold(&backend).await, 0);
    assert_eq!(backend.notifications.page(&ana, None).await.unwrap().notifications.len(), 0);
}

/// F21 and F22, of what members are to be told: a crash may leave either of the two steps in which the followers of a channel
/// are, and each is done once however often it fails.
#[tokio::test(flavor = "multi_thread")]
async fn followers_are_told_once_however_often_it_is_begun() {
    let backend = test_backend().await;
    let owner = Chatter::owner(&backend).await;
    let ben = Chatter::new(&backend, "ben", Some(owner.id())).await;
    backend.follows.follow(ben.viewer(), owner.id()).await.unwrap();
    let mut tab = backend.events.hub().subscribe(vec![Topic::Member(ben.id())], None);
    // The rows are written, and the row that says so cannot go.
    refuse(&backend, "DELETE ON untold_notifications").await;
    go_live(&backend, owner.id()).await;
    hear_unread(&mut tab, 1).await;
    for n in 1..=2 {
        refused(&backend, n).await;
        assert_eq!(n_untold(&backend).await, 1);
        backend.sql(MAKE_DUE).await;
        assert_eq!(backend.notifications.relay().await.unwrap(), 1);
        hear_unread(&mut tab, 1).await;
    }
    backend.sql("DROP TRIGGER refuse ON untold_notifications").await;
    backend.sql(MAKE_DUE).await;
    assert_eq!(backend.notifications.relay().await.unwrap(), 1);
    assert_eq!(n_untold(&backend).await, 0);
    assert_eq!(kinds(&backend, &ben).await, [NotificationKind::Live]);
    // Who comes back after a short while is no news.
    backend.broadcasts.end(owner.id()).await.unwrap();
    go_live(&backend, owner.id()).await;
    let told = async {
        while n_untold(&backend).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("nobody is to be told any more");
    assert_eq!(kinds(&backend, &ben).await, [NotificationKind::Live]);
    saw("F21 and F22: telling followers failed three times between its two steps, and each was told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_keeps_nobody_else_from_being_told() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _), (cleo, _)) =
        (backend.member("ana").await, backend.member("ben").await, backend.member("cleo").await);
    backend.personal_data.delete(&ben, "ben", backend::testing::PASSWORD).await.unwrap();
    backend.notify(&[ana.id, ben.id], mention(cleo.id, "hello")).await;
    assert_eq!(backend.notifications.page(&ana, None).await.unwrap().unread, 1);
    assert_eq!(n_untold(&backend).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_could_be_told_for_a_day_is_forgotten() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    refuse(&backend, "INSERT ON notifications").await;
    for age in ["23 hours", "25 hours"] {
        backend.notify(&[ana.id], mention(ben.id, age)).await;
        backend
            .sql(&format!("UPDATE untold_notifications SET written_at = now() - interval '{age}' WHERE words = '{age}'"))
            .await;
    }
    backend.notifications.forget_old().await.unwrap();
    assert_eq!(backend.texts("SELECT words AS found FROM untold_notifications").await, ["23 hours"]);
}
