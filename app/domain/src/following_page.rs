//! How the page of followed channels stays current: a snapshot, patched by the events after it.

use crate::{
    UserId,
    event::{Event, Position},
    follow::{FollowingPage, OfflineChannel},
    stream::StreamCard,
    stream_list::Applied,
};

impl FollowingPage {
    /// Applies an event. One at or before the page's own position has been seen already and changes nothing.
    pub fn apply(&mut self, position: Position, event: &Event) -> Applied {
        if let Err(applied) = self.position.advance(position) {
            return applied;
        }
        match event {
            Event::StreamStarted { stream } | Event::StreamUpdated { stream, .. } => self.show(stream),
            Event::StreamEnded { channel, .. } => self.end(*channel),
            Event::Viewers { counts } => {
                let mut applied = Applied::Unchanged;
                for count in counts {
                    if let Some(card) = self.live.iter_mut().find(|card| card.channel == count.channel) {
                        card.live.viewers = count.viewers;
                        applied = Applied::Changed;
                    }
                }
                applied
            }
            Event::FollowingChanged { .. } | Event::BlocksChanged => Applied::Incomplete,
            _ => Applied::Unchanged,
        }
    }

    /// Replaces the whole page, unless the snapshot is older than what was already applied.
    pub fn replace(&mut self, snapshot: Self) {
        if !snapshot.position.is_before(self.position) {
            *self = snapshot;
        }
    }

    fn show(&mut self, stream: &StreamCard) -> Applied {
        if let Some(known) = self.live.iter_mut().find(|card| card.channel == stream.channel) {
            *known = stream.clone();
            return Applied::Changed;
        }
        let before = self.offline.len();
        self.offline.retain(|known| known.id != stream.channel);
        if self.offline.len() < before {
            self.live.push(stream.clone());
            return Applied::Changed;
        }
        // It may be one that stands on another page.
        if self.n_pages > 1 { Applied::Incomplete } else { Applied::Unchanged }
    }

    fn end(&mut self, channel: UserId) -> Applied {
        let Some(at) = self.live.iter().position(|card| card.channel == channel) else { return Applied::Unchanged };
        let StreamCard { channel, username, display_name, title, category, avatar, .. } = self.live.remove(at);
        if self.page == 1 {
            self.offline.insert(0, OfflineChannel { id: channel, username, display_name, title, category, avatar });
        }
        Applied::Changed
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        BroadcastId, Category, Timestamp, UserId,
        event::{Event, Position, ViewerCount},
        follow::{FollowingPage, OfflineChannel},
        stream::{Live, Signal, StreamCard},
        stream_list::Applied,
    };
    use uuid::Uuid;

    fn at(sequence: u64) -> Position {
        Position { epoch: 1, sequence }
    }

    fn id(n: u8) -> UserId {
        UserId(Uuid::from_u128(n.into()))
    }

    fn card(n: u8) -> StreamCard {
        StreamCard {
            channel: id(n),
            username: format!("user{n}").parse().expect("a valid name"),
            display_name: format!("User {n}"),
            title: "Now".to_owned(),
            category: Category::Coding,
            avatar: None,
            cover: None,
            live: Live { broadcast: BroadcastId(Uuid::nil()), started_at: Timestamp(0), signal: Signal::Live, viewers: 0 },
        }
    }

    fn page() -> FollowingPage {
        let StreamCard { channel, username, display_name, title, category, avatar, .. } = card(1);
        let offline = vec![OfflineChannel { id: channel, username, display_name, title, category, avatar }];
        FollowingPage { position: at(0), live: Vec::new(), offline, total: 1, page: 1, n_pages: 1 }
    }

    #[test]
    fn a_followed_channel_goes_live_and_ends() {
        let mut page = page();
        assert_eq!(page.apply(at(1), &Event::StreamStarted { stream: card(1) }), Applied::Changed);
        assert_eq!((page.live.len(), page.offline.len()), (1, 0));
        let counts = vec![ViewerCount { channel: id(1), category: Category::Coding, viewers: 6 }];
        assert_eq!(page.apply(at(2), &Event::Viewers { counts }), Applied::Changed);
        assert_eq!(page.live[0].live.viewers, 6);
        assert_eq!(page.apply(at(3), &Event::StreamEnded { channel: id(1), category: Category::Coding }), Applied::Changed);
        assert_eq!((page.live.len(), page.offline.len()), (0, 1));
    }

    #[test]
    fn others_are_passed_by_unless_they_may_stand_on_another_page() {
        let mut page = page();
        assert_eq!(page.apply(at(1), &Event::StreamStarted { stream: card(2) }), Applied::Unchanged);
        page.n_pages = 2;
        assert_eq!(page.apply(at(2), &Event::StreamStarted { stream: card(3) }), Applied::Incomplete);
        assert_eq!(page.apply(at(3), &Event::FollowingChanged { channel: id(9), is_following: true }), Applied::Incomplete);
    }
}
