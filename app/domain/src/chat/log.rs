//! A chat as a page keeps it: a snapshot, patched by the events after it, with what its reader is still sending.
//!
//! A pure state machine, so that "exactly one message, whatever is retried" can be tested without a browser.
//! What is shown is a window of the messages: it follows the newest ones, or stands still while somebody reads.

mod pending;
mod window;

pub use pending::{Delivery, Pending};
pub use window::{EARLIER_STEP, WINDOW};

use crate::{
    ClientId, MessageId, UserId,
    chat::{
        AuthorId, ChatChange, ChatHistory, ChatMessage, ChatModes, ChatSnapshot, Quote, Reaction, ReactionCounts, Standing,
        text::excerpt,
    },
    event::Position,
    stream_list::Applied,
};
use std::sync::Arc;
use window::Window;

/// Messages kept while the newest are followed, and while somebody reads further up.
const CAPACITY: usize = 300;
const READING_CAPACITY: usize = 600;
/// Events kept while a new snapshot is awaited, and ids remembered of what was removed.
const MEMORY: usize = 1000;

/// Tells rows apart, from before the server knows of a message.
pub type RowKey = (AuthorId, ClientId);

/// The chat of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatLog {
    position: Position,
    channel: UserId,
    modes: ChatModes,
    standing: Standing,
    pin: Option<Arc<ChatMessage>>,
    /// In the order of their ids, each once, without a gap between the first and the last.
    messages: Vec<Arc<ChatMessage>>,
    has_older: bool,
    pending: Vec<Pending>,
    window: Window,
    /// What came since continuity was lost, to be applied again on top of the snapshot that is awaited.
    since_lost: Option<Vec<(Position, ChatChange)>>,
    /// An answer to sending may come after the message was removed again.
    removed: Vec<MessageId>,
}

impl ChatLog {
    pub fn new(snapshot: ChatSnapshot) -> Self {
        let ChatSnapshot { position, channel, modes, standing, messages, has_older, pin, .. } = snapshot;
        let mut log = Self {
            position,
            channel,
            modes,
            standing,
            pin: pin.map(Arc::new),
            messages: Vec::with_capacity(CAPACITY),
            has_older,
            pending: Vec::new(),
            window: Window::default(),
            since_lost: None,
            removed: Vec::new(),
        };
        for message in messages {
            log.insert(message);
        }
        log
    }

    pub fn channel(&self) -> UserId {
        self.channel
    }

    pub fn modes(&self) -> ChatModes {
        self.modes
    }

    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    pub fn pin(&self) -> Option<Arc<ChatMessage>> {
        self.pin.clone()
    }

    /// The reader's time-out is over, which only their own clock tells.
    pub fn end_time_out(&mut self) {
        self.standing.timed_out_until = None;
    }

    /// The chat is none of the reader's business any more.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.pending.clear();
        self.pin = None;
        self.has_older = false;
        self.window.follow();
    }

    /// Everything that is kept, oldest first.
    pub fn messages(&self) -> &[Arc<ChatMessage>] {
        &self.messages
    }

    /// Whether there is more before the first message that is kept.
    pub fn has_older(&self) -> bool {
        self.has_older
    }

    /// A message that is kept.
    pub fn message(&self, id: MessageId) -> Option<&Arc<ChatMessage>> {
        self.index(id).ok().and_then(|index| self.messages.get(index))
    }

    /// A row as it is now: a message, sent or not.
    pub fn row(&self, key: RowKey) -> Option<(Arc<ChatMessage>, Delivery)> {
        let sent = self.messages.iter().rev().find(|message| message.key() == key);
        if let Some(message) = sent {
            return Some((Arc::clone(message), Delivery::Sent));
        }
        let pending = self.pending.iter().find(|pending| pending.message.key() == key)?;
        Some((Arc::clone(&pending.message), pending.delivery.clone()))
    }

    /// Notes that something was missed: what comes from now on is kept to go on top of a new snapshot.
    pub fn lose(&mut self) {
        self.since_lost.get_or_insert_default();
    }

    /// Applies an event. One at or before the log's own position has been seen already and changes nothing.
    pub fn apply(&mut self, position: Position, change: &ChatChange) -> Applied {
        if position.epoch != self.position.epoch {
            self.lose();
        }
        if let Some(kept) = &mut self.since_lost {
            if kept.len() >= MEMORY {
                kept.remove(0);
            }
            kept.push((position, change.clone()));
        }
        if position.epoch != self.position.epoch {
            return Applied::Incomplete;
        }
        if position.sequence <= self.position.sequence {
            return Applied::Unchanged;
        }
        self.position = position;
        self.change(change)
    }

    /// Takes a new snapshot, and on top of it what has come since continuity was lost. What is being sent stays.
    pub fn replace(&mut self, snapshot: ChatSnapshot) {
        let Some(kept) = self.since_lost.take() else {
            // Nothing was missed. It was asked for because the reader's rights changed, and the rest is newer here.
            self.standing = snapshot.standing;
            return;
        };
        self.begin_anew(snapshot);
        for (position, change) in &kept {
            if position.epoch == self.position.epoch {
                self.apply(*position, change);
            }
        }
    }

    fn begin_anew(&mut self, snapshot: ChatSnapshot) {
        let (pending, removed) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.removed));
        *self = Self::new(snapshot);
        self.removed = removed;
        self.pending = pending;
        let messages = &self.messages;
        self.pending.retain(|pending| !messages.iter().any(|message| message.key() == pending.message.key()));
    }

    /// Puts what was said before in front. A page that does not join what is here is of no use.
    pub fn prepend(&mut self, before: MessageId, page: ChatHistory) {
        if self.messages.first().is_none_or(|first| first.id != before) {
            return;
        }
        self.has_older = page.has_older;
        let older = page.messages.into_iter().filter(|message| message.id < before && !self.is_hidden(message));
        let older: Vec<_> = older.map(Arc::new).collect();
        self.messages.splice(0..0, older);
    }

    fn change(&mut self, change: &ChatChange) -> Applied {
        match change {
            ChatChange::Added { message } => self.add(message),
            ChatChange::Edited { message, text } => self.edit(*message, text),
            ChatChange::Removed { message } => self.remove(|other| other.id == *message),
            ChatChange::Cleared { author } => self.remove(|other| other.author.id == *author),
            ChatChange::Reactions { counts } => counts
                .iter()
                .fold(Applied::Unchanged, |applied, counts| if self.count(counts) { Applied::Changed } else { applied }),
            ChatChange::Pinned { pin } => {
                self.pin = pin.as_deref().filter(|pin| !self.is_hidden(pin)).cloned().map(Arc::new);
                Applied::Changed
            }
            ChatChange::Modes { modes } => {
                self.modes = *modes;
                Applied::Changed
            }
            ChatChange::TimedOut { author, until } if *author == self.standing.author => {
                self.standing.timed_out_until = *until;
                Applied::Changed
            }
            ChatChange::Standing { author } if *author == self.standing.author => Applied::Incomplete,
            ChatChange::TimedOut { .. } | ChatChange::Standing { .. } => Applied::Unchanged,
        }
    }

    fn is_hidden(&self, message: &ChatMessage) -> bool {
        message.author.id.member().is_some_and(|author| self.standing.hidden.contains(&author))
    }

    fn index(&self, id: MessageId) -> Result<usize, usize> {
        self.messages.binary_search_by_key(&id, |message| message.id)
    }

    fn add(&mut self, message: &ChatMessage) -> Applied {
        self.settle(message);
        let is_before_all = self.messages.first().is_some_and(|first| message.id < first.id);
        if self.is_hidden(message) || self.removed.contains(&message.id) || is_before_all && self.has_older {
            return Applied::Unchanged;
        }
        if self.window.is_reading() {
            let is_last = self.messages.last().is_none_or(|last| last.id < message.id);
            self.window.note_new();
            if self.window.is_cut_off() || is_last && self.messages.len() >= READING_CAPACITY {
                self.window.cut_off();
                return Applied::Changed;
            }
        }
        self.insert(self.with_quote(message));
        Applied::Changed
    }

    /// What is told to everybody quotes nothing: the words are here already, if the reader may see them.
    fn with_quote(&self, message: &ChatMessage) -> ChatMessage {
        let mut message = message.clone();
        if let Some(quote) = message.reply_to.as_mut().filter(|quote| quote.text.is_none()) {
            quote.text = self.message(quote.message).map(|quoted| excerpt(&quoted.text));
        }
        message
    }

    /// The message was taken by the server, whichever word of it came first.
    fn settle(&mut self, message: &ChatMessage) {
        let key = message.key();
        self.pending.retain(|pending| pending.message.key() != key);
    }

    fn insert(&mut self, message: ChatMessage) {
        if self.is_hidden(&message) {
            return;
        }
        match self.index(message.id) {
            // Told anew: it was held, and now it is there for everybody.
            Ok(index) => {
                if let Some(known) = self.messages.get_mut(index) {
                    *known = Arc::new(message);
                }
            }
            Err(index) => self.messages.insert(index, Arc::new(message)),
        }
        if !self.window.is_reading() && self.messages.len() > CAPACITY {
            let n_over = self.messages.len() - CAPACITY;
            self.messages.drain(..n_over);
            self.has_older = true;
        }
    }

    fn edit(&mut self, id: MessageId, text: &str) -> Applied {
        self.requote(id, Some(text));
        if let Some(pin) = self.pin.as_mut().filter(|pin| pin.id == id) {
            text.clone_into(&mut Arc::make_mut(pin).text);
        }
        let Some(message) = self.message_mut(id) else { return Applied::Unchanged };
        text.clone_into(&mut message.text);
        message.is_edited = true;
        Applied::Changed
    }

    fn remove(&mut self, is_removed: impl Fn(&ChatMessage) -> bool) -> Applied {
        let gone: Vec<MessageId> = self.messages.iter().filter(|message| is_removed(message)).map(|message| message.id).collect();
        if self.pin.as_ref().is_some_and(|pin| is_removed(pin)) {
            self.pin = None;
        } else if gone.is_empty() {
            return Applied::Unchanged;
        }
        for id in &gone {
            self.requote(*id, None);
        }
        self.window.forget(&gone, &self.messages);
        self.messages.retain(|message| !gone.contains(&message.id));
        self.removed.extend(gone);
        let n_over = self.removed.len().saturating_sub(MEMORY);
        self.removed.drain(..n_over);
        Applied::Changed
    }

    fn count(&mut self, counts: &ReactionCounts) -> bool {
        let Some(message) = self.message_mut(counts.message) else { return false };
        let mine: Vec<_> = message.reactions.iter().filter(|known| known.is_mine).map(|known| known.emoji).collect();
        let counted = counts.reactions.iter().map(|new| Reaction { is_mine: mine.contains(&new.emoji), ..*new });
        message.reactions = counted.collect();
        true
    }

    /// Notes what the reader said about a message, before the server has counted it.
    pub fn react(&mut self, id: MessageId, emoji: crate::chat::Emoji, is_on: bool) {
        let Some(message) = self.message_mut(id) else { return };
        let known = message.reactions.iter_mut().find(|known| known.emoji == emoji);
        match known {
            Some(known) if known.is_mine != is_on => {
                known.is_mine = is_on;
                known.count = if is_on { known.count + 1 } else { known.count.saturating_sub(1) };
            }
            None if is_on => message.reactions.push(Reaction { emoji, count: 1, is_mine: true }),
            _ => {}
        }
        message.reactions.retain(|reaction| reaction.count > 0);
    }

    fn message_mut(&mut self, id: MessageId) -> Option<&mut ChatMessage> {
        let index = self.index(id).ok()?;
        self.messages.get_mut(index).map(Arc::make_mut)
    }

    /// Corrects what was quoted of a message that changed.
    fn requote(&mut self, id: MessageId, text: Option<&str>) {
        for message in &mut self.messages {
            if message.reply_to.as_ref().is_some_and(|quote| quote.message == id)
                && let Some(Quote { text: quoted, .. }) = &mut Arc::make_mut(message).reply_to
            {
                *quoted = text.map(excerpt);
            }
        }
    }
}

#[cfg(test)]
mod tests;
