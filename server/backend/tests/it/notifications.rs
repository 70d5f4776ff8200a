//! Notifications: who is told what, what is unread, and what nobody wants to hear.

use backend::testing::test_backend;
use domain::{
    event::{Event, Topic, Update},
    notification::{NOTIFICATIONS_PAGE, NewNotification, NotificationKind, NotificationSettings},
};

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
    backend.notifications.notify(&[ana.id, ben.id, cleo.id], mention(cleo.id, &"x".repeat(500))).await;
    for (member, n) in [(&ana, 0), (&ben, 0), (&cleo, 0)] {
        assert_eq!(backend.notifications.page(member, None).await.unwrap().notifications.len(), n, "{}", member.username);
    }
    backend.notifications.set_settings(&ana, &NotificationSettings::default()).await.unwrap();
    backend.notifications.notify(&[ana.id], mention(cleo.id, "hello")).await;
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
        backend.notifications.notify(&[ana.id], mention(ben.id, &n.to_string())).await;
    }
    let first = backend.notifications.page(&ana, None).await.unwrap();
    assert_eq!(first.notifications.len(), NOTIFICATIONS_PAGE);
    assert_eq!(first.notifications[0].words, NOTIFICATIONS_PAGE.to_string(), "the newest first");
    let second = backend.notifications.page(&ana, first.older).await.unwrap();
    assert_eq!((second.notifications.len(), second.notifications[0].words.as_str(), second.older), (1, "0", None));
    assert!(backend.notifications.page(&ben, None).await.unwrap().notifications.is_empty());
}
