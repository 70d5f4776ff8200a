//! How the page of a channel stays current: a snapshot, patched by the events after it.

use crate::{
    channel::{ChannelPage, PastBroadcast, Presentation},
    event::{Event, Position},
    stream::StreamCard,
    stream_list::Applied,
};

impl ChannelPage {
    /// Applies an event. One at or before the page's own position has been seen already and changes nothing.
    pub fn apply(&mut self, position: Position, event: &Event) -> Applied {
        if let Err(applied) = self.position.advance(position) {
            return applied;
        }
        match event {
            Event::StreamStarted { stream } | Event::StreamUpdated { stream, .. } if stream.channel == self.channel => {
                self.show(stream);
                Applied::Changed
            }
            Event::StreamEnded { channel, .. } if *channel == self.channel => {
                let Some(live) = self.live.take() else { return Applied::Unchanged };
                let title = self.title.clone();
                self.last_broadcast = Some(PastBroadcast { title, started_at: live.started_at, ended_at: None });
                Applied::Changed
            }
            Event::Viewers { counts } => {
                let count = counts.iter().find(|count| count.channel == self.channel);
                let (Some(count), Some(live)) = (count, &mut self.live) else { return Applied::Unchanged };
                live.viewers = count.viewers;
                Applied::Changed
            }
            Event::FollowersChanged { channel, followers } if *channel == self.channel => {
                self.follow.followers = *followers;
                Applied::Changed
            }
            Event::FollowingChanged { channel, is_following } if *channel == self.channel => {
                // The number itself is told as well; until then this is what it will be.
                self.follow = self.follow.with_following(*is_following);
                Applied::Changed
            }
            Event::ChannelUpdated { channel, display_name, title, category, .. } if *channel == self.channel => {
                self.display_name.clone_from(display_name);
                self.title.clone_from(title);
                self.category = *category;
                Applied::Changed
            }
            _ => Applied::Unchanged,
        }
    }

    /// Shows what the owner says about themselves now.
    pub fn present(&mut self, presentation: Presentation) {
        let Presentation { avatar, bio, links } = presentation;
        self.avatar = avatar;
        self.about.bio = bio;
        self.about.links = links;
    }

    /// Replaces the whole page, unless the snapshot is older than what was already applied.
    pub fn replace(&mut self, snapshot: Self) {
        if !snapshot.position.is_before(self.position) {
            *self = snapshot;
        }
    }

    fn show(&mut self, stream: &StreamCard) {
        self.display_name.clone_from(&stream.display_name);
        self.title.clone_from(&stream.title);
        self.category = stream.category;
        self.avatar = stream.avatar;
        self.cover = stream.cover;
        self.live = Some(stream.live.clone());
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        BroadcastId, Category, Timestamp, UserId,
        channel::{About, ChannelPage},
        event::{Event, Position, ViewerCount},
        follow::FollowState,
        level::Level,
        rich_text::RichText,
        stream::{Live, Signal, StreamCard},
        stream_list::Applied,
    };
    use uuid::Uuid;

    const CHANNEL: UserId = UserId(Uuid::from_u128(1));

    fn at(sequence: u64) -> Position {
        Position { epoch: 1, sequence }
    }

    fn page() -> ChannelPage {
        ChannelPage {
            position: at(0),
            channel: CHANNEL,
            username: "ana".parse().expect("a valid name"),
            display_name: "Ana".to_owned(),
            address: "https://learnify.test/ana".to_owned(),
            title: "Before".to_owned(),
            category: Category::Study,
            avatar: None,
            cover: None,
            live: None,
            follow: FollowState::default(),
            last_broadcast: None,
            upcoming: Vec::new(),
            about: About { level: Level::of_xp(0), member_since: Timestamp(0), bio: RichText::default(), links: Vec::new() },
        }
    }

    fn card(channel: UserId, signal: Signal) -> StreamCard {
        StreamCard {
            channel,
            username: "ana".parse().expect("a valid name"),
            display_name: "Ana".to_owned(),
            title: "Now".to_owned(),
            category: Category::Coding,
            avatar: None,
            cover: None,
            live: Live { broadcast: BroadcastId(Uuid::nil()), started_at: Timestamp(0), signal, viewers: 0 },
        }
    }

    #[test]
    fn follows_a_broadcast_from_start_to_end() {
        let mut page = page();
        let started = Event::StreamStarted { stream: card(CHANNEL, Signal::Live) };
        assert_eq!(page.apply(at(1), &started), Applied::Changed);
        assert_eq!((page.title.as_str(), page.category), ("Now", Category::Coding));
        let counts = vec![ViewerCount { channel: CHANNEL, category: Category::Coding, viewers: 7 }];
        assert_eq!(page.apply(at(2), &Event::Viewers { counts }), Applied::Changed);
        assert_eq!(page.live.as_ref().map(|live| live.viewers), Some(7));
        let stream = card(CHANNEL, Signal::Interrupted);
        let interrupted = Event::StreamUpdated { stream, previous_category: Category::Coding };
        assert_eq!(page.apply(at(3), &interrupted), Applied::Changed);
        assert_eq!(page.live.as_ref().map(|live| live.signal), Some(Signal::Interrupted));
        let ended = Event::StreamEnded { channel: CHANNEL, category: Category::Coding };
        assert_eq!(page.apply(at(4), &ended), Applied::Changed);
        assert_eq!(page.live, None);
        assert_eq!(page.last_broadcast.map(|past| (past.title, past.ended_at)), Some(("Now".to_owned(), None)));
    }

    #[test]
    fn follows_changes_while_nothing_is_live() {
        let mut page = page();
        let (display_name, title) = ("Ana Lovelace".to_owned(), "Later".to_owned());
        let (category, presentation) = (Category::Innovation, None);
        let event = Event::ChannelUpdated { channel: CHANNEL, display_name, title, category, presentation };
        assert_eq!(page.apply(at(1), &event), Applied::Changed);
        assert_eq!((page.display_name.as_str(), page.title.as_str()), ("Ana Lovelace", "Later"));
        assert_eq!(page.category, Category::Innovation);
    }

    #[test]
    fn followers_come_and_go() {
        let mut page = page();
        assert_eq!(page.apply(at(1), &Event::FollowingChanged { channel: CHANNEL, is_following: true }), Applied::Changed);
        assert_eq!(page.follow.followers, 1);
        assert_eq!(page.apply(at(2), &Event::FollowersChanged { channel: CHANNEL, followers: 8 }), Applied::Changed);
        assert_eq!(page.follow, FollowState { is_following: true, followers: 8, is_own: false });
        let other = UserId(Uuid::from_u128(2));
        assert_eq!(page.apply(at(3), &Event::FollowersChanged { channel: other, followers: 1 }), Applied::Unchanged);
        assert_eq!(page.follow.followers, 8);
    }

    #[test]
    fn is_not_moved_by_other_channels() {
        let mut page = page();
        let other = UserId(Uuid::from_u128(2));
        let started = Event::StreamStarted { stream: card(other, Signal::Live) };
        assert_eq!(page.apply(at(1), &started), Applied::Unchanged);
        let ended = Event::StreamEnded { channel: other, category: Category::Coding };
        assert_eq!(page.apply(at(2), &ended), Applied::Unchanged);
        assert_eq!(page.live, None);
    }

    #[test]
    fn what_was_seen_already_changes_nothing() {
        let mut page = page();
        page.position = at(5);
        let started = Event::StreamStarted { stream: card(CHANNEL, Signal::Live) };
        assert_eq!(page.apply(at(5), &started), Applied::Unchanged);
        assert_eq!(page.apply(Position { epoch: 2, sequence: 9 }, &started), Applied::Incomplete);
        let mut older = page.clone();
        older.position = at(4);
        older.title = "Older".to_owned();
        page.replace(older);
        assert_eq!(page.title, "Before");
    }
}
