//! Which of the messages are shown: the newest, or those that somebody reads further up.

use super::{ChatLog, Delivery, RowKey};
use crate::{MessageId, chat::ChatMessage};
use std::sync::Arc;

/// Messages shown at most, so that a page stays quick however much is said.
pub const WINDOW: usize = 150;

/// By how many messages the window moves.
pub const EARLIER_STEP: usize = 50;

/// Where the window stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Window {
    reading: Option<Reading>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    /// The last message that is shown.
    last: MessageId,
    /// How many came since.
    n_new: u32,
    /// Too many came: the newest are not kept, and a snapshot is needed to see them.
    is_cut_off: bool,
}

impl Window {
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.is_cut_off)
    }

    pub(super) fn note_new(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.n_new = reading.n_new.saturating_add(1);
        }
    }

    pub(super) fn cut_off(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.is_cut_off = true;
        }
    }

    pub(super) fn follow(&mut self) {
        self.reading = None;
    }

    /// The last message that is shown may be among those that go; then the one before it takes its place.
    pub(super) fn forget(&mut self, gone: &[MessageId], messages: &[Arc<ChatMessage>]) {
        let Some(reading) = &mut self.reading else { return };
        let shown = messages.iter().rev().skip_while(|message| message.id > reading.last);
        match shown.map(|message| message.id).find(|id| !gone.contains(id)) {
            Some(last) => reading.last = last,
            None => self.reading = None,
        }
    }
}

impl ChatLog {
    /// The messages that are shown, oldest first.
    pub fn shown(&self) -> &[Arc<ChatMessage>] {
        let end = match &self.window.reading {
            Some(reading) => self.index(reading.last).map_or_else(|place| place, |index| index + 1),
            None => self.messages.len(),
        };
        self.messages.get(end.saturating_sub(WINDOW)..end).unwrap_or_default()
    }

    /// The rows that are shown: messages, and behind the newest of them what is being sent.
    pub fn rows(&self) -> Vec<RowKey> {
        let shown = self.shown().iter().map(|message| message.key());
        let pending = self.pending.iter().filter(|_| !self.is_reading()).map(|pending| pending.message.key());
        shown.chain(pending).collect()
    }

    /// Whether the window stands still.
    pub fn is_reading(&self) -> bool {
        self.window.is_reading()
    }

    /// How many messages came since the window stands still.
    pub fn n_new(&self) -> u32 {
        self.window.reading.as_ref().map_or(0, |reading| reading.n_new)
    }

    /// How many of the reader's own messages were not taken.
    pub fn n_failed(&self) -> usize {
        self.pending.iter().filter(|pending| matches!(pending.delivery, Delivery::Failed(_))).count()
    }

    /// Lets the window stand still where it is.
    pub fn read(&mut self) {
        if let (false, Some(last)) = (self.is_reading(), self.messages.last()) {
            self.window.reading = Some(Reading { last: last.id, n_new: 0, is_cut_off: false });
        }
    }

    /// Shows the newest again. True when they are not all here, so that a snapshot has to be taken.
    pub fn follow(&mut self) -> bool {
        let is_cut_off = self.window.is_cut_off();
        self.window.follow();
        let n_over = self.messages.len().saturating_sub(super::CAPACITY);
        if n_over > 0 {
            self.messages.drain(..n_over);
            self.has_older = true;
        }
        if is_cut_off {
            self.lose();
        }
        is_cut_off
    }

    /// Moves the window up. When there is nothing more here, answers before which message to ask the server.
    pub fn earlier(&mut self) -> Option<MessageId> {
        self.read();
        let first_shown = self.shown().first()?.id;
        let first = self.index(first_shown).unwrap_or_default();
        if first == 0 {
            return self.has_older.then_some(first_shown);
        }
        let end = first.saturating_sub(EARLIER_STEP) + WINDOW;
        self.stand_at(end);
        None
    }

    /// Moves the window down. True when the newest are followed again from here.
    pub fn later(&mut self) -> bool {
        let Some(last) = self.shown().last().map(|message| message.id) else { return false };
        let end = self.index(last).unwrap_or_default() + 1;
        if end >= self.messages.len() && !self.window.is_cut_off() {
            self.follow();
            return true;
        }
        self.stand_at(end + EARLIER_STEP);
        false
    }

    /// Shows a message, if it is here. False when it is not.
    pub fn reveal(&mut self, id: MessageId) -> bool {
        let Ok(index) = self.index(id) else { return false };
        if !self.shown().iter().any(|message| message.id == id) {
            self.read();
            self.stand_at(index + WINDOW / 2);
        }
        true
    }

    fn stand_at(&mut self, end: usize) {
        let end = end.clamp(1, self.messages.len().max(1));
        if let (Some(reading), Some(last)) = (&mut self.window.reading, self.messages.get(end - 1)) {
            reading.last = last.id;
        }
    }
}
