//! Chat: who may write, how often, and what everybody is told of it.

use crate::chat_support::{Chatter, Listener, let_time_pass, refusal, room, set};
use backend::{
    Backend,
    chat::Draft,
    events::Events,
    testing::{backend_on, database_settings},
};
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use domain::{
    ClientId, Error as Domain,
    chat::{AuthorId, BannedWords, ChatChange, ChatModes, ChatRole, ChatSettings, RATE},
    event::Topic,
};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_there_and_is_told() {
    let (backend, owner, ben) = room().await;
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    let sent = ben.say("Hello @Olga, see https://example.org").await.unwrap();
    assert_eq!((sent.author.name.as_str(), sent.author.role), ("ben", ChatRole::Member));
    let ChatChange::Added { message } = told.next().await else { panic!("not added") };
    assert_eq!(*message, sent);
    let answer = owner.answer(&sent, "Hi!").await.unwrap();
    assert_eq!(answer.author.role, ChatRole::Streamer);
    assert_eq!(answer.reply_to.as_ref().unwrap().text.as_deref(), Some("Hello @Olga, see https://example.org"));
    let ChatChange::Added { message } = told.next().await else { panic!("not added") };
    assert_eq!(message.reply_to.as_ref().unwrap().text, None, "what is told to all quotes nothing");
    let snapshot = ben.snapshot().await.unwrap();
    assert_eq!(snapshot.messages, [sent, answer]);
    assert_eq!((snapshot.standing.author, snapshot.has_older), (AuthorId::Member(ben.id()), false));
    assert!(Chatter::guest(&backend, owner.id()).snapshot().await.unwrap().messages.len() == 2, "guests may read");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_sent_twice_is_one() {
    let (backend, owner, ben) = room().await;
    let client = Some(ClientId(Uuid::new_v4()));
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    let draft = Draft { client, text: "once", ..Draft::default() };
    let (first, second) = futures::join!(ben.send(draft), ben.send(draft));
    let first = first.unwrap();
    assert_eq!(first.id, second.unwrap().id);
    assert_eq!(ben.send(Draft { text: "other words", ..draft }).await.unwrap().text, "once");
    told.next().await;
    owner.say("a mark").await.unwrap();
    let ChatChange::Added { message } = told.next().await else { panic!("not added") };
    assert_eq!(message.text, "a mark", "it was told once");
    let other = owner.send(Draft { client, text: "mine", ..Draft::default() }).await.unwrap();
    assert_ne!(other.id, first.id, "another author's name for a message is another name");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modes_hold() {
    let (backend, owner, ben) = room().await;
    let guest = Chatter::guest(&backend, owner.id());
    let signed = Draft { text: "hello", guest_name: Some("Zoe"), ..Draft::default() };
    assert_eq!(refusal(guest.send(signed).await), Domain::Unauthenticated);

    set(&owner, ChatModes { allows_guests: true, ..ChatModes::default() }).await;
    assert!(refusal(guest.send(Draft { guest_name: None, ..signed }).await).problem_with("guest_name").is_some());
    let said = guest.send(signed).await.unwrap();
    assert_eq!((said.author.name.as_str(), said.author.role), ("Zoe", ChatRole::Guest));
    assert_eq!(said.author.id, guest.snapshot().await.unwrap().standing.author);

    set(&owner, ChatModes { followers_only: true, allows_guests: true, ..ChatModes::default() }).await;
    assert_eq!(refusal(guest.send(Draft { text: "again", ..signed }).await), Domain::Unauthenticated);
    assert!(refusal(ben.say("let me in").await).problem_with("chat").is_some());
    backend.sql(&format!("INSERT INTO follows (follower_id, channel_id) VALUES ('{}', '{}')", ben.id(), owner.id())).await;
    ben.say("now I follow").await.unwrap();
    owner.say("the owner need not follow").await.unwrap();

    set(&owner, ChatModes { is_enabled: false, ..ChatModes::default() }).await;
    for chatter in [&ben, &owner] {
        assert!(refusal(chatter.say("is it off?").await).problem_with("chat").is_some());
    }
    assert_eq!(ben.snapshot().await.unwrap().messages.len(), 3, "it can be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_too_soon_and_the_same_again_are_refused() {
    let (backend, owner, ben) = room().await;
    for n in 0..RATE {
        ben.say(&format!("number {n}")).await.unwrap();
    }
    assert!(matches!(refusal(ben.say("one more").await), Domain::RateLimited { retry_after_seconds: 1..=10 }));
    owner.say("others may").await.unwrap();
    let_time_pass(&backend, "11 seconds").await;
    assert!(refusal(ben.say("  NUMBER   4 ").await).problem_with("text").is_some(), "the same words");
    ben.say("one more").await.unwrap();

    let_time_pass(&backend, "1 minute").await;
    set(&owner, ChatModes { slow_seconds: 30, ..ChatModes::default() }).await;
    ben.say("slowly").await.unwrap();
    let_time_pass(&backend, "20 seconds").await;
    assert!(matches!(refusal(ben.say("too soon").await), Domain::RateLimited { retry_after_seconds: 1..=10 }));
    let_time_pass(&backend, "11 seconds").await;
    ben.say("in time").await.unwrap();
    owner.say("the owner").await.unwrap();
    owner.say("need not wait").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn banned_words_are_not_taken() {
    let (backend, owner, ben) = room().await;
    let banned_words = BannedWords::parse("spam\nbuy now").unwrap();
    let settings = ChatSettings { modes: ChatModes { allows_guests: true, ..ChatModes::default() }, banned_words };
    backend.chat.set(owner.viewer(), &settings).await.unwrap();
    assert!(refusal(ben.say("SPAM!").await).problem_with("text").is_some());
    let said = ben.say("no harm").await.unwrap();
    assert!(refusal(ben.edit(&said, "Buy, now").await).problem_with("text").is_some());
    let guest = Chatter::guest(&backend, owner.id());
    let draft = Draft { text: "hi", guest_name: Some("Spam"), ..Draft::default() };
    assert!(refusal(guest.send(draft).await).problem_with("guest_name").is_some());
    owner.say("spam is banned here").await.unwrap();
    assert_eq!(backend.chat.settings(owner.viewer()).await.unwrap(), settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_messages_come_out_when_they_are_due() {
    let settings = database_settings().await;
    let backend = backend_on(&settings, Events::local().unwrap());
    let (owner, ben) = (Chatter::owner(&backend).await, Chatter::new(&backend, "ben", None).await);
    let ben = ben.on(owner.id());
    let carl = Chatter::new(&backend, "carl", Some(owner.id())).await;
    set(&owner, ChatModes { held_seconds: 30, ..ChatModes::default() }).await;
    let mut everybody = Listener::new(&backend, Topic::Chat(owner.id()));
    let mut owners = Listener::new(&backend, Topic::Member(owner.id()));

    let held = ben.say("wait for it").await.unwrap();
    assert!(held.held_until.is_some());
    let ChatChange::Added { message } = owners.next().await else { panic!("not added") };
    assert_eq!(message.id, held.id);
    let n = async |chatter: &Chatter| chatter.snapshot().await.unwrap().messages.len();
    assert_eq!((n(&owner).await, n(&ben).await, n(&carl).await), (1, 1, 0));
    ben.edit(&held, "wait for this").await.unwrap();
    assert_eq!(refusal(carl.answer(&held, "?").await), Domain::not_found("message"));
    assert!(refusal(owner.pin(&held).await).problem_with("message").is_some());

    let removed = ben.say("never seen").await.unwrap();
    owner.delete(&removed).await.unwrap();
    let ChatChange::Removed { .. } = everybody.next().await else { panic!("not removed") };

    // After a restart the row still says when.
    drop(backend);
    let backend = backend_on(&settings, Events::local().unwrap());
    let mut everybody = Listener::new(&backend, Topic::Chat(owner.id()));
    backend.sql("UPDATE chat_messages SET visible_at = visible_at - interval '31 seconds'").await;
    backend.chat.release_due().await.unwrap();
    backend.chat.release_due().await.unwrap();
    let ChatChange::Added { message } = everybody.next().await else { panic!("not added") };
    assert_eq!((message.id, message.text.as_str(), message.held_until), (held.id, "wait for this", None));
    assert!(!everybody.has_more(), "once, and never what was removed");
    assert_eq!(carl.via(&backend).snapshot().await.unwrap().messages.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_people_see_nothing_of_each_other() {
    let (backend, owner, ben) = room().await;
    let carl = Chatter::new(&backend, "carl", Some(owner.id())).await;
    let of_ben = ben.say("by ben").await.unwrap();
    carl.answer(&of_ben, "by carl").await.unwrap();
    backend.sql(&format!("INSERT INTO blocks (blocker_id, blocked_id) VALUES ('{}', '{}')", carl.id(), ben.id())).await;
    let texts = async |chatter: &Chatter| -> Vec<String> {
        chatter.snapshot().await.unwrap().messages.into_iter().map(|message| message.text).collect()
    };
    assert_eq!(texts(&ben).await, ["by ben"]);
    assert_eq!(texts(&carl).await, ["by carl"]);
    assert_eq!(carl.snapshot().await.unwrap().messages[0].reply_to.as_ref().unwrap().text, None);
    assert_eq!(texts(&owner).await.len(), 2);

    backend.sql(&format!("INSERT INTO blocks (blocker_id, blocked_id) VALUES ('{}', '{}')", owner.id(), ben.id())).await;
    let missing = Domain::not_found("channel");
    assert_eq!(refusal(ben.snapshot().await), missing);
    assert_eq!(refusal(ben.say("hello?").await), missing);
    assert_eq!(refusal(ben.history(&of_ben).await), missing);
    assert_eq!(refusal(ben.edit(&of_ben, "changed").await), missing);
    assert_eq!(refusal(ben.delete(&of_ben).await), missing);
    assert_eq!(refusal(ben.signed_out().snapshot().await), missing, "signing out is no way around it");
    assert!(Chatter::guest(&backend, owner.id()).snapshot().await.is_ok(), "other guests are welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_corrects_and_deletes_ones_own() {
    let (backend, owner, ben) = room().await;
    let mut told = Listener::new(&backend, Topic::Chat(owner.id()));
    let said = ben.say("teh words").await.unwrap();
    told.next().await;
    assert_eq!(refusal(owner.edit(&said, "not yours").await), Domain::Forbidden);
    ben.edit(&said, "the words").await.unwrap();
    assert_eq!(told.next().await, ChatChange::Edited { message: said.id, text: "the words".to_owned() });
    let snapshot = owner.snapshot().await.unwrap();
    assert_eq!((snapshot.messages[0].text.as_str(), snapshot.messages[0].is_edited), ("the words", true));
    let_time_pass(&backend, "121 seconds").await;
    assert!(refusal(ben.edit(&said, "too late").await).problem_with("text").is_some());
    let carl = Chatter::new(&backend, "carl", Some(owner.id())).await;
    assert_eq!(refusal(carl.delete(&said).await), Domain::Forbidden);
    ben.delete(&said).await.unwrap();
    assert_eq!(told.next().await, ChatChange::Removed { message: said.id });
    assert_eq!(refusal(ben.delete(&said).await), Domain::not_found("message"));
    assert!(owner.snapshot().await.unwrap().messages.is_empty());
    assert!(backend.chat.moderation_log(owner.visitor(), owner.id(), None).await.unwrap().entries.is_empty());
}

/// Lets somebody have said a lot before.
async fn fill(backend: &Backend, owner: &Chatter, author: &Chatter, n: u32) {
    let statement = format!(
        "INSERT INTO chat_messages (id, channel_id, client_id, author, member_id, text) \
         SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '{0}', gen_random_uuid(), '{1}', '{1}', 'message ' || n \
         FROM generate_series(1, {n}) AS n",
        owner.id(),
        author.id()
    );
    backend.sql(&statement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_read_page_by_page() {
    let (backend, owner, ben) = room().await;
    fill(&backend, &owner, &ben, 230).await;
    let snapshot = owner.snapshot().await.unwrap();
    assert!(snapshot.has_older);
    let mut texts: Vec<String> = snapshot.messages.iter().map(|message| message.text.clone()).collect();
    assert_eq!(texts.len(), 100);
    let mut first = snapshot.messages[0].clone();
    let mut lengths = Vec::new();
    loop {
        let page = owner.history(&first).await.unwrap();
        lengths.push(page.messages.len());
        texts.splice(0..0, page.messages.iter().map(|message| message.text.clone()));
        if !page.has_older {
            break;
        }
        first = page.messages[0].clone();
    }
    assert_eq!(lengths, [50, 50, 30]);
    assert_eq!(texts, (1..=230).map(|n| format!("message {n}")).collect::<Vec<_>>());
}

#[derive(QueryableByName)]
struct Xp {
    #[diesel(sql_type = BigInt)]
    xp: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_earns_a_little_and_not_without_end() {
    let (backend, owner, ben) = room().await;
    fill(&backend, &owner, &ben, 48).await;
    let today = "UPDATE chat_messages SET sent_at = greatest(now() - interval '11 seconds', date_trunc('day', now(), 'UTC'))";
    backend.sql(today).await;
    for n in 49..=51 {
        ben.say(&format!("number {n} of today")).await.unwrap();
    }
    let mut connection = backend.database.connection().await.unwrap();
    let query = format!("SELECT xp FROM stats WHERE user_id = '{}'", ben.id());
    let xp: Xp = diesel::sql_query(query).get_result(&mut connection).await.unwrap();
    assert_eq!(xp.xp, 2, "the fifty-first earns nothing");
}
