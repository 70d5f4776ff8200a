//! What members say about themselves, and who is told.

use backend::{
    Backend,
    testing::{sample_picture, test_backend},
};
use domain::{
    channel::{ChannelPage, Presentation},
    event::{Event, Topic, Update},
    picture::PictureKind,
    rich_text::Block,
    social::Network,
};
use std::time::Duration;

async fn page(backend: &Backend, name: &str) -> ChannelPage {
    backend.channels.page(name, None).await.unwrap()
}

async fn next(updates: &mut backend::events::Subscription) -> Event {
    let frame = tokio::time::timeout(Duration::from_secs(10), updates.frames.recv()).await;
    let frame = frame.expect("an event in time").expect("the hub goes on");
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str::<Update>(json).unwrap().event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_on_the_page_of_the_channel() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let before = page(&backend, "ana").await;
    assert_eq!((before.display_name.as_str(), before.about.level.number()), ("ana", 1));
    assert!(before.about.bio.is_empty() && before.about.links.is_empty() && before.last_broadcast.is_none());
    assert_eq!(before.address, "http://learnify.test/ana");
    assert!(before.about.member_since.0 > 0);

    backend.profiles.update(&ana, " Ana Lovelace ", "I **explain**.\r\n\r\n- slowly").await.unwrap();
    let after = page(&backend, "ana").await;
    assert_eq!(after.display_name, "Ana Lovelace");
    assert_eq!(after.about.bio.first_line(), "I explain.");
    assert!(matches!(after.about.bio.0.as_slice(), [Block::Paragraph(_), Block::List { is_ordered: false, .. }]));
    let own = backend.profiles.own(&ana).await.unwrap();
    assert_eq!((own.display_name.as_str(), own.bio.as_str()), ("Ana Lovelace", "I **explain**.\n\n- slowly"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_reaches_open_pages() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let mut updates = backend.events.hub().subscribe(vec![Topic::Channel(ana.id)], None);
    backend.profiles.update(&ana, "Ana Lovelace", "").await.unwrap();
    let event = next(&mut updates).await;
    assert!(matches!(&event, Event::ChannelUpdated { display_name, .. } if display_name == "Ana Lovelace"), "{event:?}");
    backend.channels.update_stream(&ana, "A new title", "study").await.unwrap();
    let event = next(&mut updates).await;
    let Event::ChannelUpdated { display_name, title, .. } = event else { panic!("{event:?}") };
    assert_eq!((display_name.as_str(), title.as_str()), ("Ana Lovelace", "A new title"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_owner_says_about_themselves_reaches_open_pages() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let mut shown = page(&backend, "ana").await;
    let mut updates = backend.events.hub().subscribe(vec![Topic::Channel(ana.id)], None);
    backend.profiles.update(&ana, "Ana", "I **explain**.").await.unwrap();
    let typed = |network| if network == Network::Github { "github.com/ana".to_owned() } else { String::new() };
    backend.profiles.update_links(&ana, "", typed).await.unwrap();
    backend.pictures.upload(&ana, PictureKind::Avatar, sample_picture(1)).await.map_err(|error| error.to_string()).unwrap();
    for _ in 0..3 {
        let Event::ChannelUpdated { presentation, .. } = next(&mut updates).await else { panic!("another event") };
        let presentation: Presentation = serde_json::from_str(&presentation.unwrap()).unwrap();
        shown.present(presentation);
    }
    let read = page(&backend, "ana").await;
    assert!(read.avatar.is_some() && !read.about.bio.is_empty() && read.about.links.len() == 1);
    assert_eq!((shown.avatar, shown.about), (read.avatar, read.about));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_profile_changes_nothing() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let refused = backend.profiles.update(&ana, "", &"x".repeat(501)).await.unwrap_err().into_domain();
    assert!(refused.problem_with("display_name").is_some() && refused.problem_with("bio").is_some());
    assert_eq!(page(&backend, "ana").await.display_name, "ana");
    assert!(backend.profiles.preview(&"x".repeat(501)).is_err());
    assert!(backend.profiles.preview("[x](javascript:alert(1))").unwrap().0.iter().all(|block| match block {
        Block::Paragraph(spans) => spans.iter().all(|span| span.link.is_none()),
        _ => false,
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_keep_their_order_and_belong_to_one_member() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let (ben, _) = backend.member("ben").await;
    let typed = |network| match network {
        Network::Github => "github.com/ana".to_owned(),
        Network::Youtube => "https://www.youtube.com/@ana/".to_owned(),
        _ => String::new(),
    };
    backend.profiles.update_links(&ana, "youtube,github", typed).await.unwrap();
    backend
        .profiles
        .update_links(&ben, "", |network| if network == Network::X { "x.com/ben".into() } else { String::new() })
        .await
        .unwrap();
    let links = |page: ChannelPage| page.about.links.into_iter().map(|link| link.address).collect::<Vec<_>>();
    assert_eq!(links(page(&backend, "ana").await), ["https://youtube.com/@ana", "https://github.com/ana"]);
    assert_eq!(links(page(&backend, "ben").await), ["https://x.com/ben"]);

    let refused = backend.profiles.update_links(&ana, "", |_| "https://evil.example/x".to_owned()).await.unwrap_err();
    assert!(refused.into_domain().problem_with("github").is_some());
    assert_eq!(links(page(&backend, "ana").await).len(), 2, "a refused form changes nothing");
    backend.profiles.update_links(&ana, "", |_| String::new()).await.unwrap();
    assert!(links(page(&backend, "ana").await).is_empty());
    assert_eq!(links(page(&backend, "ben").await).len(), 1);
}
