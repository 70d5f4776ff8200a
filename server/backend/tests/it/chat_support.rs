//! People who chat, and ears that hear what is told.

use backend::{
    Backend, Error,
    chat::{Draft, Visitor},
    events::Subscription,
    testing::{client, test_backend},
};
use domain::{
    Error as Domain, UserId,
    account::Viewer,
    chat::{ChatChange, ChatHistory, ChatMessage, ChatModes, ChatSettings, ChatSnapshot},
    event::{Event, Topic, Update},
};
use std::time::Duration;

pub(crate) fn refusal<T>(result: Result<T, Error>) -> Domain {
    match result {
        Err(error) => error.into_domain(),
        Ok(_) => panic!("it should have been refused"),
    }
}

/// A channel with its owner, and a member who visits it.
pub(crate) async fn room() -> (Backend, Chatter, Chatter) {
    let backend = test_backend().await;
    let owner = Chatter::owner(&backend).await;
    let ben = Chatter::new(&backend, "ben", Some(owner.id())).await;
    (backend, owner, ben)
}

/// Somebody on one channel.
#[derive(Clone)]
pub(crate) struct Chatter {
    backend: Backend,
    visitor: Visitor,
    channel: UserId,
}

impl Chatter {
    pub(crate) async fn owner(backend: &Backend) -> Self {
        Self::new(backend, "olga", None).await
    }

    pub(crate) async fn new(backend: &Backend, name: &str, channel: Option<UserId>) -> Self {
        let (viewer, _) = backend.member(name).await;
        let channel = channel.unwrap_or(viewer.id);
        Self { backend: backend.clone(), visitor: Visitor { viewer: Some(viewer), former: None, client: client() }, channel }
    }

    pub(crate) fn guest(backend: &Backend, channel: UserId) -> Self {
        Self { backend: backend.clone(), visitor: Visitor { viewer: None, former: None, client: client() }, channel }
    }

    /// The same person in the same browser, signed out.
    pub(crate) fn signed_out(&self) -> Self {
        let visitor = Visitor { viewer: None, former: Some(self.id()), client: client() };
        Self { visitor, ..self.clone() }
    }

    /// The same person on another channel.
    pub(crate) fn on(&self, channel: UserId) -> Self {
        Self { channel, ..self.clone() }
    }

    /// The same person at another server.
    pub(crate) fn via(&self, backend: &Backend) -> Self {
        Self { backend: backend.clone(), ..self.clone() }
    }

    pub(crate) fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    pub(crate) fn viewer(&self) -> &Viewer {
        self.visitor.viewer.as_ref().expect("a member")
    }

    pub(crate) fn id(&self) -> UserId {
        self.viewer().id
    }

    pub(crate) async fn send(&self, draft: Draft<'_>) -> Result<ChatMessage, Error> {
        self.backend.chat.send(&self.visitor, self.channel, draft).await
    }

    pub(crate) async fn say(&self, text: &str) -> Result<ChatMessage, Error> {
        self.send(Draft { text, ..Draft::default() }).await
    }

    pub(crate) async fn answer(&self, message: &ChatMessage, text: &str) -> Result<ChatMessage, Error> {
        self.send(Draft { text, reply_to: Some(message.id), ..Draft::default() }).await
    }

    pub(crate) async fn edit(&self, message: &ChatMessage, text: &str) -> Result<(), Error> {
        self.backend.chat.edit(&self.visitor, message.id, text).await
    }

    pub(crate) async fn delete(&self, message: &ChatMessage) -> Result<(), Error> {
        self.backend.chat.delete(&self.visitor, message.id).await
    }

    pub(crate) async fn pin(&self, message: &ChatMessage) -> Result<(), Error> {
        self.backend.chat.pin(&self.visitor, message.id).await
    }

    pub(crate) async fn snapshot(&self) -> Result<ChatSnapshot, Error> {
        self.backend.chat.snapshot(&self.visitor, self.channel).await
    }

    pub(crate) async fn history(&self, before: &ChatMessage) -> Result<ChatHistory, Error> {
        self.backend.chat.history(&self.visitor, self.channel, before.id).await
    }
}

/// Sets the modes of the owner's chat.
pub(crate) async fn set(owner: &Chatter, modes: ChatModes) {
    let settings = ChatSettings { modes, ..ChatSettings::default() };
    owner.backend.chat.set(owner.viewer(), &settings).await.unwrap();
}

/// Makes everything that was said that much older.
pub(crate) async fn let_time_pass(backend: &Backend, interval: &str) {
    backend.sql(&format!("UPDATE chat_messages SET sent_at = sent_at - interval '{interval}'")).await;
}

/// Hears what is told about chats.
pub(crate) struct Listener(Subscription);

impl Listener {
    pub(crate) fn new(backend: &Backend, topic: Topic) -> Self {
        Self(backend.events.hub().subscribe(vec![topic], None))
    }

    /// The next change of a chat.
    pub(crate) async fn next(&mut self) -> ChatChange {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(10), self.0.frames.recv()).await;
            let frame = frame.expect("an event in time").expect("the hub goes on");
            let text = std::str::from_utf8(&frame.bytes).unwrap();
            let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            if let Event::Chat { change, .. } = serde_json::from_str::<Update>(json).unwrap().event {
                return serde_json::from_str(&change).unwrap();
            }
        }
    }

    /// Whether anything more was told by now.
    pub(crate) fn has_more(&mut self) -> bool {
        self.0.frames.try_recv().is_ok()
    }
}
