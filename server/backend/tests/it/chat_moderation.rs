//! Keeping order in a chat: who may do what to whom, and the log of it.

use crate::chat_support::{Chatter, Listener, refusal, room, set};
use backend::{Backend, chat::Draft};
use domain::{
    Error as Domain,
    chat::{AuthorId, ChatChange, ChatMessage, ChatModes, ChatRole, Emoji, ModerationAction, Reaction},
    event::Topic,
};

async fn moderator(backend: &Backend, name: &str, owner: &Chatter) -> Chatter {
    let moderator = Chatter::new(backend, name, Some(owner.id())).await;
    let row = format!("INSERT INTO moderators (channel_id, member_id) VALUES ('{}', '{}')", owner.id(), moderator.id());
    backend.sql(&row).await;
    moderator
}

async fn log(backend: &Backend, reader: &Chatter, owner: &Chatter) -> Vec<(ModerationAction, Option<String>, String)> {
    let page = backend.chat.moderation_log(reader.visitor(), owner.id(), None).await.unwrap();
    page.entries.into_iter().map(|entry| (entry.action, entry.target, entry.detail)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_delete_any_message_and_it_is_noted() {
    let (backend, owner, ben) = room().await;
    let max = moderator(&backend, "max", &owner).await;
    let said = ben.say("something rude").await.unwrap();
    owner.pin(&said).await.unwrap();
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    max.delete(&said).await.unwrap();
    assert_eq!(told.next().await, ChatChange::Removed { message: said.id });
    let snapshot = ben.snapshot().await.unwrap();
    assert_eq!((snapshot.messages.len(), snapshot.pin), (0, None), "the pin goes with it");
    assert_eq!(max.snapshot().await.unwrap().standing.role, ChatRole::Moderator);
    let expected = (ModerationAction::Delete, Some("ben".to_owned()), "something rude".to_owned());
    assert_eq!(log(&backend, &max, &owner).await[0], expected);
    assert_eq!(refusal(backend.chat.moderation_log(ben.visitor(), owner.id(), None).await), Domain::Forbidden);
    let guest = Chatter::guest(&backend, owner.id());
    assert_eq!(refusal(backend.chat.moderation_log(guest.visitor(), owner.id(), None).await), Domain::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_end_at_the_channel_and_at_ones_equals() {
    let (backend, owner, ben) = room().await;
    let (max, mia) = (moderator(&backend, "max", &owner).await, moderator(&backend, "mia", &owner).await);
    let chat = &backend.chat;
    let (of_ben, of_max, of_owner) = (AuthorId::Member(ben.id()), AuthorId::Member(max.id()), AuthorId::Member(owner.id()));
    for author in [of_max, of_owner, AuthorId::Member(mia.id())] {
        assert_eq!(refusal(chat.time_out(max.visitor(), owner.id(), author, 10).await), Domain::Forbidden, "{author}");
        assert_eq!(refusal(chat.clear(max.visitor(), owner.id(), author).await), Domain::Forbidden, "{author}");
    }
    chat.time_out(owner.visitor(), owner.id(), of_max, 10).await.unwrap();
    for channel in [ben.id(), owner.id()] {
        let visitor = if channel == owner.id() { ben.visitor() } else { max.visitor() };
        assert_eq!(refusal(chat.time_out(visitor, channel, of_owner, 10).await), Domain::Forbidden);
        assert_eq!(refusal(chat.clear(visitor, channel, of_owner).await), Domain::Forbidden);
        assert_eq!(refusal(chat.unpin(visitor, channel).await), Domain::Forbidden);
        assert_eq!(refusal(chat.set_slow(visitor, channel, "10").await), Domain::Forbidden);
    }
    let said = owner.say("mine").await.unwrap();
    assert_eq!(refusal(ben.pin(&said).await), Domain::Forbidden);
    assert!(refusal(chat.time_out(max.visitor(), owner.id(), of_ben, 7).await).problem_with("minutes").is_some());
    chat.set_slow(mia.visitor(), owner.id(), "10").await.unwrap();
    assert_eq!(ben.snapshot().await.unwrap().modes.slow_seconds, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_stops_writing_and_ends() {
    let (backend, owner, ben) = room().await;
    let author = AuthorId::Member(ben.id());
    ben.say("before").await.unwrap();
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    backend.chat.time_out(owner.visitor(), owner.id(), author, 10).await.unwrap();
    let ChatChange::TimedOut { author: whom, until: Some(_) } = told.next().await else { panic!("not timed out") };
    assert_eq!(whom, author);
    assert!(refusal(ben.say("during").await).problem_with("chat").is_some());
    assert!(ben.snapshot().await.unwrap().standing.timed_out_until.is_some());
    backend.chat.time_out(owner.visitor(), owner.id(), author, 0).await.unwrap();
    ben.say("after").await.unwrap();
    backend.chat.time_out(owner.visitor(), owner.id(), author, 1).await.unwrap();
    backend.sql("UPDATE chat_timeouts SET until_at = until_at - interval '2 minutes'").await;
    ben.say("once it is over").await.unwrap();
    assert_eq!(backend.chat.forget_time_outs().await.unwrap(), 1);
    let actions: Vec<_> = log(&backend, &owner, &owner).await.into_iter().map(|(action, _, _)| action).collect();
    assert_eq!(actions, [ModerationAction::TimeOut, ModerationAction::EndTimeOut, ModerationAction::TimeOut]);
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_can_be_timed_out_and_cleared_too() {
    let (backend, owner, _) = room().await;
    set(&owner, ChatModes { allows_guests: true, ..ChatModes::default() }).await;
    let guest = Chatter::guest(&backend, owner.id());
    let draft = |text| Draft { text, guest_name: Some("Zoe"), ..Draft::default() };
    let said = guest.send(draft("one")).await.unwrap();
    guest.send(draft("two")).await.unwrap();
    backend.chat.time_out(owner.visitor(), owner.id(), said.author.id, 60).await.unwrap();
    let renamed = Draft { guest_name: Some("Somebody else"), ..draft("three") };
    assert!(refusal(guest.send(renamed).await).problem_with("chat").is_some(), "another name is no way around it");
    backend.chat.clear(owner.visitor(), owner.id(), said.author.id).await.unwrap();
    assert!(owner.snapshot().await.unwrap().messages.is_empty());
    let lines = log(&backend, &owner, &owner).await;
    assert_eq!(lines[0], (ModerationAction::Clear, Some("Zoe".to_owned()), "2".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn clearing_takes_one_persons_messages_here_only() {
    let (backend, owner, ben) = room().await;
    let carl = Chatter::new(&backend, "carl", Some(owner.id())).await;
    ben.say("one").await.unwrap();
    ben.say("two").await.unwrap();
    carl.say("stays").await.unwrap();
    ben.on(ben.id()).say("at home").await.unwrap();
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    let author = AuthorId::Member(ben.id());
    backend.chat.clear(owner.visitor(), owner.id(), author).await.unwrap();
    assert_eq!(told.next().await, ChatChange::Cleared { author });
    let texts = |messages: Vec<ChatMessage>| messages.into_iter().map(|message| message.text).collect::<Vec<_>>();
    assert_eq!(texts(owner.snapshot().await.unwrap().messages), ["stays"]);
    assert_eq!(texts(ben.on(ben.id()).snapshot().await.unwrap().messages), ["at home"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_is_pinned_at_a_time() {
    let (backend, owner, ben) = room().await;
    let (first, second) = (ben.say("first").await.unwrap(), ben.say("second").await.unwrap());
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    owner.pin(&first).await.unwrap();
    owner.pin(&second).await.unwrap();
    for expected in [&first, &second] {
        let ChatChange::Pinned { pin: Some(pin) } = told.next().await else { panic!("not pinned") };
        assert_eq!(pin.id, expected.id);
    }
    assert_eq!(ben.snapshot().await.unwrap().pin.map(|pin| pin.id), Some(second.id));
    backend.chat.unpin(owner.visitor(), owner.id()).await.unwrap();
    assert_eq!(told.next().await, ChatChange::Pinned { pin: None });
    backend.chat.unpin(owner.visitor(), owner.id()).await.unwrap();
    assert!(!told.has_more(), "there was nothing to take down");
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_count_people_and_are_told_together() {
    let (backend, owner, ben) = room().await;
    let said = ben.say("like this").await.unwrap();
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    let react = async |chatter: &Chatter, emoji, is_on| backend.chat.react(chatter.visitor(), said.id, emoji, is_on).await;
    for _ in 0..3 {
        react(&ben, Emoji::Like, true).await.unwrap();
    }
    react(&owner, Emoji::Like, true).await.unwrap();
    react(&owner, Emoji::Idea, true).await.unwrap();
    backend.chat.tell_reactions().await.unwrap();
    backend.chat.tell_reactions().await.unwrap();
    let ChatChange::Reactions { counts } = told.next().await else { panic!("no reactions") };
    let reaction = |emoji, count, is_mine| Reaction { emoji, count, is_mine };
    assert_eq!(counts[0].reactions, [reaction(Emoji::Like, 2, false), reaction(Emoji::Idea, 1, false)]);
    assert!(!told.has_more(), "one event for all of them");
    let seen = ben.snapshot().await.unwrap().messages.remove(0).reactions;
    assert_eq!(seen, [reaction(Emoji::Like, 2, true), reaction(Emoji::Idea, 1, false)]);
    for (chatter, emoji) in [(&ben, Emoji::Like), (&owner, Emoji::Like), (&owner, Emoji::Idea)] {
        react(chatter, emoji, false).await.unwrap();
    }
    backend.chat.tell_reactions().await.unwrap();
    let ChatChange::Reactions { counts } = told.next().await else { panic!("no reactions") };
    assert!(counts[0].reactions.is_empty());
    let guest = Chatter::guest(&backend, owner.id());
    assert_eq!(refusal(react(&guest, Emoji::Like, true).await), Domain::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_is_told_to_who_is_named() {
    let (backend, owner, ben) = room().await;
    let mut told = backend.events.hub().subscribe(vec![Topic::Member(owner.id())], None);
    ben.say("are you there, @OLGA? @nobody_at_all @ben").await.unwrap();
    let frame = tokio::time::timeout(std::time::Duration::from_secs(10), told.frames.recv()).await.unwrap().unwrap();
    assert!(std::str::from_utf8(&frame.bytes).unwrap().contains("notified"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_becomes_a_moderator_is_told_at_once() {
    let (backend, owner, ben) = room().await;
    let mut told = Listener::new(&backend, Topic::Member(ben.id()));
    let standing = ChatChange::Standing { author: AuthorId::Member(ben.id()) };
    backend.community.appoint(owner.viewer(), "ben").await.unwrap();
    assert_eq!(told.next().await, standing);
    assert_eq!(ben.snapshot().await.unwrap().standing.role, ChatRole::Moderator);
    backend.community.dismiss(owner.viewer(), ben.id()).await.unwrap();
    assert_eq!(told.next().await, standing);
    assert_eq!(ben.snapshot().await.unwrap().standing.role, ChatRole::Member);
}
