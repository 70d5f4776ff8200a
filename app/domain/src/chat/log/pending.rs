//! What the reader is sending: shown at once, and settled by whichever word of it comes first.

use super::{ChatLog, RowKey};
use crate::{
    ClientId, MessageId, Timestamp,
    chat::{Author, ChatMessage, MessageText, Quote},
};
use std::sync::Arc;
use uuid::Uuid;

/// Whether the server has a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    Sent,
    Sending,
    /// Not taken, or nobody knows; with a sentence on why.
    Failed(String),
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// As it will stand there; only its id is not known yet.
    pub message: Arc<ChatMessage>,
    pub delivery: Delivery,
}

impl ChatLog {
    /// Shows a message that is about to be sent.
    pub fn begin(&mut self, client: ClientId, author: Author, text: &MessageText, reply_to: Option<Quote>, now: Timestamp) {
        let message = ChatMessage {
            id: MessageId(Uuid::max()),
            client,
            author,
            text: text.as_str().to_owned(),
            sent_at: now,
            moment: None,
            reply_to,
            is_edited: false,
            held_until: None,
            reactions: Vec::new(),
        };
        if self.row(message.key()).is_none() {
            self.pending.push(Pending { message: Arc::new(message), delivery: Delivery::Sending });
        }
    }

    /// The messages on their way, in the order in which they were written.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// What to send again. Nothing when it has arrived meanwhile, or was given up.
    pub fn retry(&mut self, key: RowKey) -> Option<Arc<ChatMessage>> {
        let pending = self.pending.iter_mut().find(|pending| pending.message.key() == key)?;
        pending.delivery = Delivery::Sending;
        Some(Arc::clone(&pending.message))
    }

    /// The server did not take it, or could not be asked.
    pub fn fail(&mut self, key: RowKey, reason: String) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.message.key() == key) {
            pending.delivery = Delivery::Failed(reason);
        }
    }

    /// Gives a message up that was not taken.
    pub fn discard(&mut self, key: RowKey) {
        self.pending.retain(|pending| pending.message.key() != key);
    }

    /// The server's answer to sending. Its event may have been quicker, and may even have been followed by its removal.
    pub fn acknowledge(&mut self, message: ChatMessage) {
        self.settle(&message);
        let is_before_all = self.messages.first().is_some_and(|first| message.id < first.id);
        let is_known = self.index(message.id).is_ok();
        let is_of_older_page = is_before_all && self.has_older;
        if !(is_known || is_of_older_page || self.removed.contains(&message.id)) {
            self.window.follow();
            self.insert(message);
        }
    }
}
