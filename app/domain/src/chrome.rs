//! What stands around every page: the channels in the side bar and the number on the bell, patched by events.
//!
//! A small relative of [`crate::stream_list`], with the same promise: what cannot be known from an event is read anew.

use crate::{
    Category, PictureId, UserId,
    event::{Event, Position},
    stream::StreamCard,
    stream_list::Applied,
    user::Username,
};
use serde::{Deserialize, Serialize};

/// Channels in the side bar that the reader follows, at most.
pub const FOLLOWING_LENGTH: usize = 20;
/// Channels in the side bar that the reader does not follow, at most.
pub const RECOMMENDED_LENGTH: usize = 10;

/// A channel in the side bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideChannel {
    pub id: UserId,
    pub username: Username,
    pub display_name: String,
    pub category: Category,
    /// Its owner's own picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    /// Unique viewers; `None` while it is not live.
    pub viewers: Option<u32>,
}

impl SideChannel {
    fn of(stream: &StreamCard) -> Self {
        Self {
            id: stream.channel,
            username: stream.username.clone(),
            display_name: stream.display_name.clone(),
            category: stream.category,
            avatar: stream.avatar,
            viewers: Some(stream.live.viewers),
        }
    }
}

/// What stands around a page, read at `position`. Live channels stand first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chrome {
    pub position: Position,
    pub following: Vec<SideChannel>,
    /// How many channels the reader follows in all.
    pub n_following: u32,
    pub recommended: Vec<SideChannel>,
    /// Notifications that the reader has not read.
    pub unread: u32,
}

impl Default for Chrome {
    /// Nothing, at a position that no server has: the first word of the event connection replaces it.
    fn default() -> Self {
        let position = Position { epoch: 0, sequence: 0 };
        Self { position, following: Vec::new(), n_following: 0, recommended: Vec::new(), unread: 0 }
    }
}

impl Chrome {
    /// Applies an event. `reader` is the signed-in person, whose own channel is not recommended to them.
    pub fn apply(&mut self, position: Position, event: &Event, reader: Option<UserId>) -> Applied {
        if let Err(applied) = self.position.advance(position) {
            return applied;
        }
        match event {
            Event::StreamStarted { stream } => self.start(stream, reader),
            Event::StreamEnded { channel, .. } => self.place(*channel, None),
            Event::Viewers { counts } => {
                let mut applied = Applied::Unchanged;
                for count in counts {
                    if let Some(channel) = self.find(count.channel).filter(|channel| channel.viewers.is_some()) {
                        channel.viewers = Some(count.viewers);
                        applied = Applied::Changed;
                    }
                }
                applied
            }
            Event::Notified { unread } => {
                self.unread = *unread;
                Applied::Changed
            }
            Event::FollowingChanged { .. } | Event::BlocksChanged => Applied::Incomplete,
            _ => Applied::Unchanged,
        }
    }

    /// Replaces everything, unless the snapshot is older than what was already applied.
    pub fn replace(&mut self, snapshot: Self) {
        if !snapshot.position.is_before(self.position) {
            *self = snapshot;
        }
    }

    fn find(&mut self, channel: UserId) -> Option<&mut SideChannel> {
        self.following.iter_mut().chain(&mut self.recommended).find(|known| known.id == channel)
    }

    fn start(&mut self, stream: &StreamCard, reader: Option<UserId>) -> Applied {
        if self.find(stream.channel).is_some() {
            return self.place(stream.channel, Some(stream.live.viewers));
        }
        if usize::try_from(self.n_following).is_ok_and(|n| n > self.following.len()) {
            // It may be one of those that did not fit.
            return Applied::Incomplete;
        }
        let at = n_live(&self.recommended);
        if reader == Some(stream.channel) || at >= RECOMMENDED_LENGTH {
            return Applied::Unchanged;
        }
        self.recommended.insert(at, SideChannel::of(stream));
        self.recommended.truncate(RECOMMENDED_LENGTH);
        Applied::Changed
    }

    /// Notes whether a channel is live, and puts it behind those that are.
    fn place(&mut self, channel: UserId, viewers: Option<u32>) -> Applied {
        for list in [&mut self.following, &mut self.recommended] {
            if let Some(at) = list.iter().position(|known| known.id == channel) {
                let known = list.remove(at);
                list.insert(n_live(list), SideChannel { viewers, ..known });
                return Applied::Changed;
            }
        }
        Applied::Unchanged
    }
}

fn n_live(list: &[SideChannel]) -> usize {
    list.iter().take_while(|channel| channel.viewers.is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::{Chrome, RECOMMENDED_LENGTH, SideChannel};
    use crate::{
        BroadcastId, Category, Timestamp, UserId,
        event::{Event, Position, ViewerCount},
        stream::{Live, Signal, StreamCard},
        stream_list::Applied,
    };
    use uuid::Uuid;

    fn id(n: u8) -> UserId {
        UserId(Uuid::from_u128(n.into()))
    }

    fn at(sequence: u64) -> Position {
        Position { epoch: 1, sequence }
    }

    fn offline(n: u8) -> SideChannel {
        let username = format!("user{n}").parse().expect("a valid name");
        let display_name = format!("User {n}");
        SideChannel { id: id(n), username, display_name, category: Category::Study, avatar: None, viewers: None }
    }

    fn started(n: u8) -> Event {
        let SideChannel { id, username, display_name, category, .. } = offline(n);
        let live = Live { broadcast: BroadcastId(Uuid::nil()), started_at: Timestamp(0), signal: Signal::Live, viewers: 0 };
        let (title, avatar, cover) = ("T".into(), None, None);
        Event::StreamStarted { stream: StreamCard { channel: id, username, display_name, title, category, avatar, cover, live } }
    }

    fn ended(n: u8) -> Event {
        Event::StreamEnded { channel: id(n), category: Category::Study }
    }

    fn chrome(following: &[u8]) -> Chrome {
        let n_following = u32::try_from(following.len()).expect("a small number");
        let following = following.iter().map(|n| offline(*n)).collect();
        Chrome { position: at(0), following, n_following, ..Chrome::default() }
    }

    fn ids(list: &[SideChannel]) -> Vec<UserId> {
        list.iter().map(|channel| channel.id).collect()
    }

    #[test]
    fn who_goes_live_stands_first() {
        let mut chrome = chrome(&[1, 2, 3]);
        assert_eq!(chrome.apply(at(1), &started(3), None), Applied::Changed);
        assert_eq!(chrome.apply(at(2), &started(2), None), Applied::Changed);
        assert_eq!(ids(&chrome.following), [id(3), id(2), id(1)]);
        let counts = vec![ViewerCount { channel: id(2), category: Category::Study, viewers: 9 }];
        assert_eq!(chrome.apply(at(3), &Event::Viewers { counts }, None), Applied::Changed);
        assert_eq!(chrome.following[1].viewers, Some(9));
        assert_eq!(chrome.apply(at(4), &ended(3), None), Applied::Changed);
        assert_eq!(ids(&chrome.following), [id(2), id(3), id(1)]);
        assert!(chrome.recommended.is_empty(), "nobody is in both lists");
    }

    #[test]
    fn others_are_recommended_but_not_oneself() {
        let mut chrome = chrome(&[]);
        assert_eq!(chrome.apply(at(1), &started(7), Some(id(7))), Applied::Unchanged);
        for n in 1..=12 {
            chrome.apply(at(u64::from(n) + 1), &started(n), Some(id(20)));
        }
        assert_eq!(chrome.recommended.len(), RECOMMENDED_LENGTH);
        assert_eq!(chrome.recommended[0].id, id(1));
        assert_eq!(chrome.apply(at(20), &ended(1), None), Applied::Changed);
        assert_eq!(chrome.recommended.last().map(|channel| (channel.id, channel.viewers)), Some((id(1), None)));
        assert_eq!(chrome.apply(at(21), &started(13), None), Applied::Changed);
        assert_eq!(ids(&chrome.recommended[RECOMMENDED_LENGTH - 1..]), [id(13)], "an offline one makes room");
    }

    #[test]
    fn what_an_event_does_not_tell_is_read_anew() {
        let mut chrome = chrome(&[1]);
        chrome.n_following = 30;
        assert_eq!(chrome.apply(at(1), &started(9), None), Applied::Incomplete);
        assert_eq!(
            chrome.apply(at(2), &Event::FollowingChanged { channel: id(1), is_following: false }, None),
            Applied::Incomplete
        );
        assert_eq!(chrome.apply(Position { epoch: 2, sequence: 1 }, &started(1), None), Applied::Incomplete);
        assert_eq!(chrome.apply(at(2), &started(1), None), Applied::Unchanged, "seen already");
        assert_eq!(chrome.apply(at(3), &Event::Notified { unread: 4 }, None), Applied::Changed);
        assert_eq!(chrome.unread, 4);
    }
}
