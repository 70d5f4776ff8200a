//! Reactions: counted at once, told at most once a second.

use super::{Chat, Visitor};
use crate::{Result, repositories::chat_reactions};
use domain::{
    Error, MessageId, UserId,
    chat::{ChatChange, Emoji, ReactionCounts},
    event::Topic,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// Messages whose reactions changed since they were last told, by channel.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<BTreeMap<UserId, BTreeSet<MessageId>>>>);

impl Waiting {
    fn add(&self, channel: UserId, message: MessageId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(channel).or_default().insert(message);
    }

    fn take(&self) -> BTreeMap<UserId, BTreeSet<MessageId>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Chat {
    /// Says something about a message with one click, or takes it back.
    pub async fn react(&self, visitor: &Visitor, id: MessageId, emoji: Emoji, is_on: bool) -> Result<()> {
        let viewer = visitor.member()?;
        let mut connection = self.database.connection().await?;
        let (seat, stored) = self.enter_at(&mut connection, visitor, id).await?;
        if seat.room.timed_out_until.is_some() {
            return Err(Error::invalid("chat", "A moderator asked you to wait before you write again.").into());
        }
        let is_changed = if is_on {
            chat_reactions::insert(&mut connection, id, viewer.id, emoji).await?
        } else {
            chat_reactions::delete(&mut connection, id, viewer.id, emoji).await?
        };
        if is_changed {
            self.waiting.add(stored.channel, id);
        }
        Ok(())
    }

    /// Tells the reactions that changed, each channel with one event. Called once a second.
    pub async fn tell_reactions(&self) -> Result<()> {
        let waiting = self.waiting.take();
        if waiting.is_empty() {
            return Ok(());
        }
        let mut connection = self.database.connection().await?;
        for (channel, messages) in waiting {
            let ids: Vec<Uuid> = messages.iter().map(|message| message.0).collect();
            let mut counts = chat_reactions::counts(&mut connection, &ids, Uuid::nil()).await?;
            // A message whose last reaction was taken back has none to count.
            let counted: BTreeSet<MessageId> = counts.iter().map(|counts| counts.message).collect();
            let bare = messages.difference(&counted).map(|message| ReactionCounts { message: *message, reactions: Vec::new() });
            counts.extend(bare);
            super::publish(&self.events, &[Topic::Chat(channel)], channel, &ChatChange::Reactions { counts });
        }
        Ok(())
    }

    /// Whether a message is there for everybody; for tests of what is told when.
    #[cfg(any(test, feature = "testing"))]
    pub async fn is_released(&self, id: MessageId) -> Result<bool> {
        let mut connection = self.database.connection().await?;
        Ok(crate::repositories::chat_messages::find_stored(&mut connection, id).await?.is_some_and(|stored| stored.is_released))
    }
}
