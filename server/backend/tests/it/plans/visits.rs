//! What people and servers do, each once.

use crate::listener::{PATIENCE, event};
use backend::{
    Backend,
    chat::{Draft, Visitor},
    events::Events,
    media::MediaEvent,
    testing::{
        PASSWORD, client,
        population::{person, viewer},
        sample_picture,
    },
};
use domain::{
    Category, LogEntryId, MessageId, NotificationId,
    account::Viewer,
    chat::{ChatModes, ChatSettings, Emoji},
    community::{Circle, PeopleOrder, PeopleQuery},
    event::Topic,
    notification::{NewNotification, NotificationKind, NotificationSettings},
    picture::PictureKind,
    search::SearchSection,
    stream::StreamScope,
};
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Does once what people and servers do.
pub(super) async fn visit_everything(backend: &Backend) {
    let (teacher, learner) = (viewer(1), viewer(7_777));
    Box::pin(talk_to_another_server(backend)).await;
    for reader in [None, Some(&teacher), Some(&learner)] {
        Box::pin(look_around(backend, reader)).await;
    }
    for member in [&teacher, &learner] {
        Box::pin(use_membership(backend, member)).await;
    }
    // Whoever follows hundreds, or is followed by thousands, takes a good part of all members away. Most do not.
    backend.personal_data.export(&learner).await.unwrap();
    backend.channels.update_stream(&teacher, "Another title", "study").await.unwrap();
    Box::pin(write(backend, &learner)).await;
    Box::pin(teach(backend, &[&teacher, &learner])).await;
    Box::pin(clear_up(backend)).await;
}

/// What servers without Redis tell each other.
async fn talk_to_another_server(backend: &Backend) {
    let servers = [Uuid::new_v4(), Uuid::new_v4()];
    for id in servers {
        backend.sql(&format!("INSERT INTO nodes (id, address) VALUES ('{id}', 'http://127.0.0.1:1')")).await;
    }
    let [ours, theirs] = servers.map(|id| Events::shared(id, &backend.database, None).unwrap());
    let mut reader = theirs.hub().subscribe(vec![Topic::Streams], None);
    let heard = async {
        loop {
            ours.publish(&[Topic::Streams], &event(0));
            if let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(700), reader.frames.recv()).await {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the servers hear each other");
}

/// The pages that everybody reads.
async fn look_around(backend: &Backend, reader: Option<&Viewer>) {
    let id = reader.map(|reader| reader.id);
    backend.streams.snapshot(StreamScope::Home, id).await.unwrap();
    for page in [1, 3] {
        backend.streams.snapshot(StreamScope::Category { category: Category::Study, page }, id).await.unwrap();
    }
    backend.surroundings.of(id).await.unwrap();
    backend.blocks.hidden(id).await.unwrap();
    for name in ["person1", "person9001"] {
        backend.channels.page(name, id).await.unwrap();
        backend.channels.id(name, id).await.unwrap();
    }
    for term in ["person9001", "rust", "algebra with piano", "robtics", "e"] {
        backend.search.find(reader, term, None, 1).await.unwrap();
        backend.search.suggest(reader, term).await.unwrap();
        for section in SearchSection::ALL {
            backend.search.find(reader, term, Some(section), 2).await.unwrap();
        }
    }
    // A guest was signed in before.
    let former = reader.is_none().then(|| person(7_777));
    let visitor = Visitor { viewer: reader.cloned(), former, client: client() };
    for channel in [person(1), person(9001)] {
        backend.chat.snapshot(&visitor, channel).await.unwrap();
        backend.chat.history(&visitor, channel, MessageId(Uuid::max())).await.unwrap();
        backend.broadcasts.place(channel).await.unwrap();
    }
    backend.broadcasts.place_of_node(Uuid::new_v4()).await.unwrap();
    backend.accounts.viewer_now(&"x".repeat(43)).await.unwrap();
}

/// What members do about others, and their own pages.
async fn use_membership(backend: &Backend, member: &Viewer) {
    for page in [1, 2] {
        backend.follows.following(member, page).await.unwrap();
    }
    backend.follows.follow(member, person(2)).await.unwrap();
    backend.follows.unfollow(member, person(2)).await.unwrap();
    backend.blocks.block(member, person(8)).await.unwrap();
    backend.blocks.unblock(member, person(8)).await.unwrap();
    backend.notifications.page(member, None).await.unwrap();
    backend.notifications.page(member, Some(NotificationId(Uuid::max()))).await.unwrap();
    let new = NewNotification { kind: NotificationKind::Follower, actor: Some(person(3)), channel: None, words: String::new() };
    backend.notify(&[member.id], new).await;
    backend.notifications.mark_read(member, Some(NotificationId(Uuid::max()))).await.unwrap();
    backend.notifications.mark_read(member, None).await.unwrap();
    backend.notifications.settings(member).await.unwrap();
    for circle in Circle::ALL {
        for order in PeopleOrder::ALL {
            let query = PeopleQuery { circle, search: String::new(), order, page: 2 };
            backend.community.page(member, query).await.unwrap();
        }
    }
    backend.accounts.sessions(member).await.unwrap();
    backend.channels.own(member).await.unwrap();
    backend.profiles.own(member).await.unwrap();
    backend.chat.settings(member).await.unwrap();
    let visitor = Visitor { viewer: Some(member.clone()), former: None, client: client() };
    for before in [None, Some(LogEntryId(Uuid::max()))] {
        backend.chat.moderation_log(&visitor, member.id, before).await.unwrap();
    }
}

/// A message from being written to being deleted.
async fn write(backend: &Backend, learner: &Viewer) {
    // Whatever the population says they wrote a moment ago.
    backend.sql(&format!("DELETE FROM chat_messages WHERE author = '{}'", learner.id)).await;
    let visitor = Visitor { viewer: Some(learner.clone()), former: None, client: client() };
    let text = format!("Hello @person1 {}", Uuid::new_v4());
    let sent = backend.chat.send(&visitor, person(2), Draft { text: &text, ..Draft::default() }).await.unwrap();
    backend.chat.react(&visitor, sent.id, Emoji::ALL[0], true).await.unwrap();
    backend.chat.tell_reactions().await.unwrap();
    backend.chat.react(&visitor, sent.id, Emoji::ALL[0], false).await.unwrap();
    backend.chat.edit(&visitor, sent.id, &format!("{text}!")).await.unwrap();
    backend.chat.delete(&visitor, sent.id).await.unwrap();
}

/// An account with a channel, from signing up to its deletion, with which goes all that leads to it.
async fn teach(backend: &Backend, followers: &[&Viewer; 2]) {
    const EMAIL: &str = "somebody@example.org";
    const NEW_PASSWORD: &str = "another password of this test";
    let (host, _) = backend.member("host_of_plans").await;
    for follower in followers {
        backend.follows.follow(follower, host.id).await.unwrap();
    }
    backend.profiles.update(&host, "A host", "I **explain**.").await.unwrap();
    backend.profiles.update_links(&host, "", |network| format!("{}/host", network.hosts()[0])).await.unwrap();
    for kind in [PictureKind::Avatar, PictureKind::Thumbnail] {
        backend.pictures.remove(&host, kind).await.unwrap();
    }
    let settings = NotificationSettings { muted: vec![NotificationKind::Follower] };
    backend.notifications.set_settings(&host, &settings).await.unwrap();

    let (media, running) = go_live(backend, &host).await;
    Box::pin(keep_order(backend, &host, followers[1])).await;
    // The server stops.
    drop(media);
    running.await.unwrap();
    backend.broadcasts.end(host.id).await.unwrap();

    let key = backend.stream_keys.reveal(&host).await.unwrap();
    assert_eq!(backend.stream_keys.channel(&key).await.unwrap(), host.id);
    backend.stream_keys.rotate(&host).await.unwrap();
    backend.accounts.change_password(&host, PASSWORD, NEW_PASSWORD, &client()).await.unwrap();
    backend.personal_data.change_email(&host, EMAIL, NEW_PASSWORD).await.unwrap();
    assert_eq!(backend.personal_data.email(&host).await.unwrap(), EMAIL);
    for name in [host.username.as_str(), EMAIL] {
        let token = backend.accounts.sign_in(name, NEW_PASSWORD, &client()).await.unwrap();
        let viewer = backend.accounts.viewer(token.as_str()).await.unwrap().unwrap();
        backend.accounts.end_session(&host, viewer.session).await.unwrap();
    }
    backend.personal_data.delete(&host, host.username.as_str(), NEW_PASSWORD).await.unwrap();
}

/// What a server does that follows the media of a channel, until its viewers are counted and its followers told.
async fn go_live(backend: &Backend, host: &Viewer) -> (mpsc::Sender<MediaEvent>, JoinHandle<()>) {
    let (media, reported) = mpsc::channel(16);
    let broadcasts = backend.broadcasts.clone();
    let running = tokio::spawn(async move { broadcasts.run(reported, CancellationToken::new()).await });
    let channel = host.id;
    let started = MediaEvent::Started { channel };
    for event in [started, MediaEvent::Interrupted { channel }, started, MediaEvent::Viewers { channel, viewers: 3 }] {
        media.send(event).await.unwrap();
    }
    let node = backend.broadcasts.node();
    for query in [
        format!("SELECT 'counted' AS found FROM live_streams WHERE channel_id = '{channel}' AND viewers = 3"),
        // It has given a sign of life.
        format!("SELECT address AS found FROM nodes WHERE id = '{node}'"),
        format!("SELECT 'told' AS found WHERE NOT EXISTS (SELECT FROM untold_notifications WHERE actor_id = '{channel}')"),
    ] {
        let found = async {
            while backend.texts(&query).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{query}"));
    }
    for seed in [1, 2] {
        backend.pictures.preview(host, sample_picture(seed)).await.map_err(|error| error.to_string()).unwrap();
    }
    (media, running)
}

/// What an owner does about their chat and those who write there.
async fn keep_order(backend: &Backend, host: &Viewer, member: &Viewer) {
    let (chat, channel) = (&backend.chat, host.id);
    let visitor = |viewer: Option<&Viewer>| Visitor { viewer: viewer.cloned(), former: None, client: client() };
    let (owner, visiting, guest) = (visitor(Some(host)), visitor(Some(member)), visitor(None));
    let with = |modes| ChatSettings { modes, ..ChatSettings::default() };
    chat.set(host, &with(ChatModes { allows_guests: true, ..ChatModes::default() })).await.unwrap();
    chat.set_slow(&owner, channel, "5").await.unwrap();
    backend.community.appoint(host, "person2").await.unwrap();
    assert!(backend.community.moderates(person(2), channel).await.unwrap());

    let draft = |text| Draft { text, ..Draft::default() };
    let question = chat.send(&visiting, channel, draft("What is a group?")).await.unwrap();
    let answer = Draft { reply_to: Some(question.id), ..draft("A set that you can compute in, @person7777.") };
    chat.send(&owner, channel, answer).await.unwrap();
    let other = chat.send(&guest, channel, Draft { guest_name: Some("Zoe"), ..draft("And a ring?") }).await.unwrap();
    chat.pin(&owner, question.id).await.unwrap();
    chat.snapshot(&visiting, channel).await.unwrap();
    chat.unpin(&owner, channel).await.unwrap();
    chat.delete(&owner, question.id).await.unwrap();
    for author in [question.author.id, other.author.id] {
        chat.time_out(&owner, channel, author, 10).await.unwrap();
        chat.time_out(&owner, channel, author, 0).await.unwrap();
        chat.clear(&owner, channel, author).await.unwrap();
    }

    chat.set(host, &with(ChatModes { held_seconds: 60, ..ChatModes::default() })).await.unwrap();
    chat.send(&visiting, channel, draft("Thank you, @host_of_plans!")).await.unwrap();
    backend.sql("UPDATE chat_messages SET visible_at = now() WHERE NOT is_released").await;
    chat.release_due().await.unwrap();
    backend.community.dismiss(host, person(2)).await.unwrap();
}

/// What happens by itself.
async fn clear_up(backend: &Backend) {
    backend.broadcasts.sweep().await.unwrap();
    backend.chat.release_due().await.unwrap();
    backend.chat.forget_time_outs().await.unwrap();
    backend.notifications.forget_old().await.unwrap();
    backend.accounts.forget_old_sessions().await.unwrap();
    backend.accounts.owner_link().await.unwrap();
    assert!(backend.pictures.forget_unused().await.unwrap() > 0, "those of a deleted account");
    backend.outbox.clear().await.unwrap();
    backend.outbox.relay().await.unwrap();
    backend.notifications.relay().await.unwrap();
}
