//! Searching: what may be asked, and what is found.

use crate::{
    BroadcastId, Category, PictureId, Timestamp, UserId,
    event::{Event, Position},
    stream::{Signal, StreamCard},
    stream_list::Applied,
    user::Username,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a page of one section shows at most.
pub const PAGE_LENGTH: u32 = 24;

/// What each section shows at most where all of them stand together.
pub const OVERVIEW_LENGTH: u32 = 6;

/// The last page that can be asked for; what lies behind it is found with another word.
pub const MAX_PAGE: u32 = 40;

/// Suggestions at once.
pub const SUGGESTIONS: u32 = 8;

/// 1 to 100 characters of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm(String);

impl SearchTerm {
    pub const MAX: usize = 100;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SearchTerm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Type what you are looking for.".to_owned());
        }
        if text.chars().count() > Self::MAX {
            return Err(format!("A search has at most {} characters.", Self::MAX));
        }
        // PostgreSQL keeps no zero byte, and nobody looks for the others.
        Ok(Self(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()))
    }
}

impl fmt::Display for SearchTerm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What kind of thing is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchSection {
    /// Streams that are live now.
    Live,
    /// Channels, live or not.
    Channels,
    /// Broadcasts that are over.
    Past,
}

impl SearchSection {
    pub const ALL: [Self; 3] = [Self::Live, Self::Channels, Self::Past];

    /// The name in addresses.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Channels => "channels",
            Self::Past => "past",
        }
    }

    /// The name that people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "Live now",
            Self::Channels => "Channels",
            Self::Past => "Past lessons",
        }
    }
}

impl FromStr for SearchSection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|section| section.slug() == text).ok_or_else(|| "There is no such section.".to_owned())
    }
}

/// A channel that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelHit {
    pub channel: UserId,
    pub username: Username,
    pub display_name: String,
    pub title: String,
    pub category: Category,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    /// Whether it is live, and whether picture arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
}

/// A broadcast that was found, and is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastLesson {
    pub broadcast: BroadcastId,
    pub username: Username,
    pub display_name: String,
    pub title: String,
    pub category: Category,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    pub started_at: Timestamp,
}

/// A part of what was found, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hits<T> {
    pub items: Vec<T>,
    /// Whether there is more than these.
    pub has_more: bool,
}

impl<T> Default for Hits<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_more: false }
    }
}

impl<T> Hits<T> {
    /// Of one row more than fits, what fits.
    pub fn of(mut items: Vec<T>, limit: usize) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self { items, has_more }
    }
}

/// What was found, read at `position`. A section that was not asked for is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResults {
    pub position: Position,
    pub live: Hits<StreamCard>,
    pub channels: Hits<ChannelHit>,
    pub past: Hits<PastLesson>,
    /// Whether nothing was found as it was typed, and this is what looks like it.
    pub is_similar: bool,
}

impl SearchResults {
    pub fn is_empty(&self) -> bool {
        self.live.items.is_empty() && self.channels.items.is_empty() && self.past.items.is_empty()
    }
}

/// How results stay current: what is live comes, changes and goes; what was found is not searched for again.
impl SearchResults {
    /// Applies an event. One at or before the results' own position has been seen already and changes nothing.
    pub fn apply(&mut self, position: Position, event: &Event) -> Applied {
        if let Err(applied) = self.position.advance(position) {
            return applied;
        }
        match event {
            Event::StreamStarted { stream } | Event::StreamUpdated { stream, .. } => self.update(stream),
            Event::StreamEnded { channel, .. } => self.end(*channel),
            Event::Viewers { counts } => {
                let mut applied = Applied::Unchanged;
                for card in &mut self.live.items {
                    if let Some(count) = counts.iter().find(|count| count.channel == card.channel) {
                        card.live.viewers = count.viewers;
                        applied = Applied::Changed;
                    }
                }
                applied
            }
            _ => Applied::Unchanged,
        }
    }

    fn update(&mut self, stream: &StreamCard) -> Applied {
        let mut applied = Applied::Unchanged;
        if let Some(card) = self.live.items.iter_mut().find(|card| card.channel == stream.channel) {
            card.clone_from(stream);
            applied = Applied::Changed;
        }
        if let Some(hit) = self.channels.items.iter_mut().find(|hit| hit.channel == stream.channel) {
            hit.title.clone_from(&stream.title);
            hit.category = stream.category;
            hit.avatar = stream.avatar;
            hit.signal = Some(stream.live.signal);
            applied = Applied::Changed;
        }
        applied
    }

    fn end(&mut self, channel: UserId) -> Applied {
        let before = self.live.items.len();
        self.live.items.retain(|card| card.channel != channel);
        let hit = self.channels.items.iter_mut().find(|hit| hit.channel == channel && hit.signal.is_some());
        let is_changed = hit.map(|hit| hit.signal = None).is_some() || self.live.items.len() < before;
        if is_changed { Applied::Changed } else { Applied::Unchanged }
    }
}

/// A channel that somebody may mean who is still typing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    pub username: Username,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    pub is_live: bool,
}

#[cfg(test)]
mod tests {
    use super::{ChannelHit, Hits, SearchResults, SearchSection, SearchTerm};
    use crate::{
        BroadcastId, Category, Timestamp, UserId,
        event::{Event, Position, ViewerCount},
        stream::{Live, Signal, StreamCard},
        stream_list::Applied,
    };
    use uuid::Uuid;

    const CHANNEL: UserId = UserId(Uuid::from_u128(1));

    fn at(sequence: u64) -> Position {
        Position { epoch: 1, sequence }
    }

    fn card() -> StreamCard {
        StreamCard {
            channel: CHANNEL,
            username: "ana".parse().expect("a valid name"),
            display_name: "Ana".to_owned(),
            title: "Knots".to_owned(),
            category: Category::Study,
            avatar: None,
            cover: None,
            live: Live { broadcast: BroadcastId(Uuid::nil()), started_at: Timestamp(0), signal: Signal::Live, viewers: 0 },
        }
    }

    #[test]
    fn what_was_found_comes_and_goes_live() {
        let hit = ChannelHit {
            channel: CHANNEL,
            username: "ana".parse().expect("a valid name"),
            display_name: "Ana".to_owned(),
            title: "Before".to_owned(),
            category: Category::Coding,
            avatar: None,
            signal: None,
        };
        let mut results = SearchResults {
            position: at(0),
            live: Hits::of(vec![card()], 6),
            channels: Hits::of(vec![hit], 6),
            past: Hits::default(),
            is_similar: false,
        };
        assert_eq!(results.apply(at(1), &Event::StreamStarted { stream: card() }), Applied::Changed);
        let hit = |results: &SearchResults| results.channels.items[0].clone();
        assert_eq!((hit(&results).title.as_str(), hit(&results).signal), ("Knots", Some(Signal::Live)));
        let counts = vec![ViewerCount { channel: CHANNEL, category: Category::Study, viewers: 7 }];
        assert_eq!(results.apply(at(2), &Event::Viewers { counts }), Applied::Changed);
        assert_eq!(results.live.items[0].live.viewers, 7);
        let ended = Event::StreamEnded { channel: CHANNEL, category: Category::Study };
        assert_eq!(results.apply(at(2), &ended), Applied::Unchanged, "seen already");
        assert_eq!(results.apply(at(3), &ended), Applied::Changed);
        assert_eq!((results.live.items.len(), hit(&results).signal), (0, None));
        assert_eq!(results.apply(at(4), &ended), Applied::Unchanged);
        assert_eq!(results.apply(Position { epoch: 2, sequence: 9 }, &ended), Applied::Incomplete);
    }

    #[test]
    fn terms_are_short_and_not_blank() {
        for (text, expected) in
            [(" Ana ", Some("Ana")), ("a", Some("a")), ("a\u{0}b\nc", Some("a b c")), ("", None), (" \t ", None)]
        {
            assert_eq!(text.parse::<SearchTerm>().ok().as_ref().map(SearchTerm::as_str), expected, "{text:?}");
        }
        assert!("é".repeat(100).parse::<SearchTerm>().is_ok());
        assert!("é".repeat(101).parse::<SearchTerm>().is_err());
    }

    #[test]
    fn one_row_too_many_tells_of_more() {
        assert_eq!(Hits::of(vec![1, 2, 3], 2), Hits { items: vec![1, 2], has_more: true });
        assert_eq!(Hits::of(vec![1, 2], 2), Hits { items: vec![1, 2], has_more: false });
    }

    #[test]
    fn sections_read_back_as_written() {
        for section in SearchSection::ALL {
            assert_eq!(section.slug().parse(), Ok(section));
        }
        assert!("everything".parse::<SearchSection>().is_err());
    }
}
