//! Sending: shown at once, tried again while the network is away, and said when it did not work.

use super::Room;
use crate::{
    ApiError,
    api::chat::{delete_message, edit_message, react, send_message},
    backoff::Backoff,
    dom,
};
use domain::{
    ClientId, Error, MessageId, Timestamp,
    chat::{Author, ChatMessage, ChatRole, Emoji, GuestName, MessageText, log::RowKey},
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// How often a message is sent again by itself when the server could not be reached.
const RETRIES: u32 = 3;
/// Where this browser keeps how a guest signs.
pub(crate) const GUEST_NAME_KEY: &str = "chat-guest-name";

impl Room {
    /// Sends what is written, or corrects what was sent. Nothing is lost when that is refused.
    pub(crate) fn submit(self) {
        let composing = self.composing;
        let text = composing.text.get_untracked();
        if composing.waits_until.get_untracked() > dom::now() && composing.edit.get_untracked().is_none() {
            return;
        }
        let text: MessageText = match text.parse() {
            Ok(text) => text,
            Err(_nothing_yet) if text.trim().is_empty() => return,
            Err(problem) => return composing.problem.set(Some(problem)),
        };
        if let Some(id) = composing.edit.get_untracked() {
            return self.correct(id, text);
        }
        let guest_name = match self.guest_name() {
            Ok(name) => name,
            Err(problem) => return composing.problem.set(Some(problem)),
        };
        let Some(author) = self.author(guest_name.as_deref()) else { return };
        let client = ClientId::from_random(std::array::from_fn(|_| random_byte()));
        let (key, reply) = ((author.id, client), composing.reply.get_untracked());
        self.follow();
        self.log.update(|log| log.begin(client, author, &text, reply, now()));
        composing.text.set(String::new());
        composing.reply.set(None);
        composing.problem.set(None);
        self.deliver(key);
    }

    /// Sends a message again that was not taken.
    pub(crate) fn deliver(self, key: RowKey) {
        let guest_name = self.guest_name().ok().flatten();
        spawn_local(async move {
            let mut backoff = Backoff::default();
            for attempt in 0.. {
                let Some(message) = self.log.try_update(|log| log.retry(key)).flatten() else { return };
                match self.send(&message, guest_name.clone()).await {
                    Ok(taken) => return self.settle(taken),
                    Err(ApiError::Transport) if attempt < RETRIES => {
                        dom::sleep(backoff.next(js_sys::Math::random()).max(300)).await;
                    }
                    Err(error) => return self.refuse(key, &error),
                }
            }
        });
    }

    async fn send(self, message: &Arc<ChatMessage>, guest_name: Option<String>) -> Result<ChatMessage, ApiError> {
        let reply_to = message.reply_to.as_ref().map(|quote| quote.message);
        send_message(self.channel, message.text.clone(), Some(message.client), reply_to, guest_name).await
    }

    fn settle(self, taken: ChatMessage) {
        self.log.try_update(|log| log.acknowledge(taken));
        let pause = self.log.try_with_untracked(|log| log.modes().pause(log.standing().role)).unwrap_or(0);
        self.wait(u32::from(pause));
    }

    fn refuse(self, key: RowKey, error: &ApiError) {
        if let ApiError::Domain(Error::RateLimited { retry_after_seconds }) = error {
            self.wait(*retry_after_seconds);
        }
        self.log.try_update(|log| log.fail(key, error.to_string()));
    }

    /// Lets the writer wait, visibly.
    fn wait(self, seconds: u32) {
        if seconds > 0 {
            self.composing.waits_until.try_set(dom::now() + f64::from(seconds) * 1000.0);
        }
    }

    fn correct(self, id: MessageId, text: MessageText) {
        let composing = self.composing;
        spawn_local(async move {
            match edit_message(id, text.into()).await {
                Ok(()) => composing.cancel(),
                Err(error) => {
                    composing.problem.try_set(Some(error.to_string()));
                }
            }
        });
    }

    /// Says something about a message with one click, or takes it back.
    pub(crate) fn react(self, id: MessageId, emoji: Emoji) {
        let mine = self.log.with_untracked(|log| {
            log.message(id).is_some_and(|message| message.reactions.iter().any(|known| known.emoji == emoji && known.is_mine))
        });
        self.log.update(|log| log.react(id, emoji, !mine));
        spawn_local(async move {
            if let Err(error) = react(id, emoji, !mine).await {
                self.log.try_update(|log| log.react(id, emoji, mine));
                self.toasts.problem(error.to_string());
            }
        });
    }

    /// Deletes a message. The event that follows takes it away.
    pub(crate) fn delete(self, id: MessageId) {
        spawn_local(async move {
            if let Err(error) = delete_message(id).await {
                self.toasts.problem(error.to_string());
            }
        });
    }

    /// How a guest signs; nothing for a member.
    fn guest_name(self) -> Result<Option<String>, String> {
        if self.log.with_untracked(|log| log.standing().role != ChatRole::Guest) {
            return Ok(None);
        }
        let name: GuestName = self.composing.guest_name.get_untracked().parse()?;
        dom::remember(GUEST_NAME_KEY, name.as_str());
        Ok(Some(name.into()))
    }

    fn author(self, guest_name: Option<&str>) -> Option<Author> {
        let (id, role) = self.log.with_untracked(|log| (log.standing().author, log.standing().role));
        let (username, avatar) = self.session.viewer.get_untracked().map(|viewer| (viewer.username, viewer.avatar)).unzip();
        let name = username.as_ref().map(ToString::to_string).or_else(|| guest_name.map(str::to_owned))?;
        Some(Author { id, name, username, avatar: avatar.flatten(), role })
    }
}

fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a browser's clock is far from either end")]
    Timestamp(dom::now() as i64)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
fn random_byte() -> u8 {
    (js_sys::Math::random() * 256.0) as u8
}
