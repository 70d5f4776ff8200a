//! What is said over the event connection: events, the topics they belong to, and positions in the stream of them.

mod reader;

use crate::{Category, UserId, stream::StreamCard, stream_list::Applied};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Something that happened. Facts and identifiers, never markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    StreamStarted {
        stream: StreamCard,
    },
    /// Title, category or signal changed. `previous_category` lets a list of another category let go of it.
    StreamUpdated {
        stream: StreamCard,
        previous_category: Category,
    },
    StreamEnded {
        channel: UserId,
        category: Category,
    },
    /// Unique viewers of several streams, all that changed within one interval.
    Viewers {
        counts: Vec<ViewerCount>,
    },
    /// The name, the title or the category of a channel that is not live, or what its owner says about themselves.
    ChannelUpdated {
        channel: UserId,
        display_name: String,
        title: String,
        category: Category,
        /// A [`crate::channel::Presentation`] as JSON, which only the page of the channel can read, when that changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        presentation: Option<String>,
    },
    /// Something changed in a chat: a [`crate::chat::ChatChange`] as JSON, which only pages with a chat can read.
    Chat {
        channel: UserId,
        /// The member whose words it brings, if it brings any.
        author: Option<UserId>,
        change: String,
    },
    /// How many follow a channel now.
    FollowersChanged {
        channel: UserId,
        followers: u32,
    },
    /// How many people have the page of a channel open.
    PresenceChanged {
        channel: UserId,
        present: u32,
    },
    /// The member who reads this follows a channel, or no longer does.
    FollowingChanged {
        channel: UserId,
        is_following: bool,
    },
    /// Somebody was hidden from the member who reads this, or is no longer. Their connections say `resync` instead.
    BlocksChanged,
    /// The member who reads this was told something, or has read it.
    Notified {
        unread: u32,
    },
    /// The server of this connection took a new sample of its figures.
    Sampled,
    /// Stands where something happened that this reader may not see, so that no sequence has a gap. For readers of
    /// everything it also stands where what was read before may be out of date, whatever it is about.
    Hidden,
    /// The session that reads this was ended; the page must be loaded anew.
    SessionEnded,
}

impl Event {
    /// Everybody it is about. Who is hidden from one of them is not told.
    pub fn people(&self) -> Vec<UserId> {
        match self {
            Self::StreamStarted { stream } | Self::StreamUpdated { stream, .. } => vec![stream.channel],
            Self::StreamEnded { channel, .. }
            | Self::ChannelUpdated { channel, .. }
            | Self::FollowersChanged { channel, .. }
            | Self::PresenceChanged { channel, .. }
            | Self::FollowingChanged { channel, .. } => vec![*channel],
            Self::Chat { channel, author, .. } => author.iter().chain([channel]).copied().collect(),
            Self::Viewers { counts } => counts.iter().map(|count| count.channel).collect(),
            Self::BlocksChanged | Self::Notified { .. } | Self::Sampled | Self::Hidden | Self::SessionEnded => Vec::new(),
        }
    }

    /// What a reader is told from whom some people are hidden.
    #[must_use]
    pub fn without(self, is_hidden: impl Fn(UserId) -> bool) -> Self {
        match self {
            Self::Viewers { counts } => {
                Self::Viewers { counts: counts.into_iter().filter(|count| !is_hidden(count.channel)).collect() }
            }
            event if event.people().into_iter().any(is_hidden) => Self::Hidden,
            event => event,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerCount {
    pub channel: UserId,
    pub category: Category,
    pub viewers: u32,
}

/// Whom an event concerns. The text form is the one used in addresses and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Topic {
    /// Every live stream.
    Streams,
    /// The live streams of one category.
    Category(Category),
    /// One channel.
    Channel(UserId),
    /// The chat of one channel.
    Chat(UserId),
    /// One member, private to them.
    Member(UserId),
    /// How the server of this connection is doing, for administrators.
    Performance,
    /// Everything, for administrators and trusted services.
    All,
}

impl Topic {
    /// The channel whose own topic it is. To who is hidden from its owner, it is silent.
    pub const fn owner(self) -> Option<UserId> {
        match self {
            Self::Channel(channel) | Self::Chat(channel) => Some(channel),
            Self::Streams | Self::Category(_) | Self::Member(_) | Self::Performance | Self::All => None,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Streams => formatter.write_str("streams"),
            Self::Category(category) => write!(formatter, "category:{category}"),
            Self::Channel(channel) => write!(formatter, "channel:{channel}"),
            Self::Chat(channel) => write!(formatter, "chat:{channel}"),
            Self::Member(member) => write!(formatter, "member:{member}"),
            Self::Performance => formatter.write_str("performance"),
            Self::All => formatter.write_str("*"),
        }
    }
}

/// The text names no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a topic")]
pub struct UnknownTopic;

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let topic = match text.split_once(':') {
            None if text == "streams" => Some(Self::Streams),
            None if text == "performance" => Some(Self::Performance),
            None if text == "*" => Some(Self::All),
            Some(("category", slug)) => slug.parse().ok().map(Self::Category),
            Some(("channel", id)) => id.parse().ok().map(Self::Channel),
            Some(("chat", id)) => id.parse().ok().map(Self::Chat),
            Some(("member", id)) => id.parse().ok().map(Self::Member),
            _ => None,
        };
        topic.ok_or(UnknownTopic)
    }
}

impl TryFrom<String> for Topic {
    type Error = UnknownTopic;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.to_string()
    }
}

/// A place in the stream of events of one server process: the id of an event, and the moment of a snapshot.
///
/// `epoch` names the process's event history; positions of different epochs cannot be compared.
/// The text form, sixteen hexadecimal digits and a decimal number with a colon between, is the SSE `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position {
    pub epoch: u64,
    pub sequence: u64,
}

impl Position {
    /// Moves what stands here on to an event. Nothing moves when the event was seen already, or belongs to another epoch
    /// so that what came between is not known; the error is what the event then does to what stands here.
    ///
    /// # Errors
    /// [`Applied::Unchanged`] or [`Applied::Incomplete`].
    pub fn advance(&mut self, to: Self) -> Result<(), Applied> {
        if to.epoch != self.epoch {
            return Err(Applied::Incomplete);
        }
        if to.sequence <= self.sequence {
            return Err(Applied::Unchanged);
        }
        *self = to;
        Ok(())
    }

    /// The earlier of the two, for what is put together from reads at both. Positions of different epochs cannot be
    /// compared: then it is the other one, from which no reader can continue if the epoch is over.
    #[must_use]
    pub fn not_after(self, other: Self) -> Self {
        if self.is_before(other) { self } else { other }
    }

    /// Whether it is certainly earlier: positions of different epochs cannot be compared.
    pub fn is_before(self, other: Self) -> bool {
        self.epoch == other.epoch && self.sequence < other.sequence
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}:{}", self.epoch, self.sequence)
    }
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, sequence) = text.split_once(':').ok_or(InvalidPosition)?;
        let digits = |part: &str, radix: u32| !part.is_empty() && part.chars().all(|c| c.is_digit(radix));
        if epoch.len() != 16 || !digits(epoch, 16) || sequence.len() > 20 || !digits(sequence, 10) {
            return Err(InvalidPosition);
        }
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_overflow| InvalidPosition)?;
        let sequence = sequence.parse().map_err(|_overflow| InvalidPosition)?;
        Ok(Self { epoch, sequence })
    }
}

impl TryFrom<String> for Position {
    type Error = InvalidPosition;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

/// An event on the wire. Its position travels as the SSE `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The topics it was published to, each with the sequence it has there: one more than the topic's last.
    pub topics: Vec<TopicSequence>,
    pub event: Event,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSequence {
    pub topic: Topic,
    pub sequence: u64,
}

/// What a heartbeat carries: where the subscribed topics stand, so that a silent gap shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub position: Position,
    pub topics: Vec<TopicSequence>,
}

/// Topics of one event connection at most, besides the member's own.
pub const MAX_TOPICS: usize = 32;

/// Seconds between heartbeats, however much else is said.
pub const HEARTBEAT_SECONDS: u64 = 15;

/// Seconds of silence after which a reader gives the connection up and makes a new one.
pub const SILENCE_SECONDS: u64 = 35;

#[cfg(test)]
mod tests {
    use super::{Event, Position, Topic, ViewerCount};
    use crate::{Category, UserId, stream_list::Applied};
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn topics_read_back_as_written() {
        let id = UserId(Uuid::from_u128(7));
        for topic in [
            Topic::Streams,
            Topic::Category(Category::Study),
            Topic::Channel(id),
            Topic::Chat(id),
            Topic::Member(id),
            Topic::Performance,
            Topic::All,
        ] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for text in ["", "stream", "category:", "category:math", "channel:1", "streams:", "**", "member:*"] {
            assert!(text.parse::<Topic>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_about_a_hidden_person_is_not_told() {
        let (ana, ben) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let is_hidden = |person| person == ana;
        let ended = |channel| Event::StreamEnded { channel, category: Category::Study };
        assert_eq!(ended(ana).without(is_hidden), Event::Hidden);
        assert_eq!(ended(ben).without(is_hidden), ended(ben));
        let count = |channel| ViewerCount { channel, category: Category::Study, viewers: 3 };
        let counts = Event::Viewers { counts: vec![count(ana), count(ben)] };
        assert_eq!(counts.without(is_hidden), Event::Viewers { counts: vec![count(ben)] });
        assert_eq!(Event::Notified { unread: 1 }.without(is_hidden), Event::Notified { unread: 1 });
    }

    #[test]
    fn positions_are_parsed_strictly() {
        let position = Position { epoch: 0xab, sequence: 42 };
        assert_eq!(position.to_string(), "00000000000000ab:42");
        assert_eq!("00000000000000ab:42".parse(), Ok(position));
        for text in [
            "",
            ":",
            "ab:42",
            "00000000000000ab:",
            "00000000000000ab:-1",
            "00000000000000ab:+1",
            "+0000000000000ab:1",
            "00000000000000ab:99999999999999999999",
            "00000000000000ab:1:2",
            "00000000000000ag:1",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_position_advances_once_and_within_its_epoch() {
        let at = |epoch, sequence| Position { epoch, sequence };
        for (to, expected, after) in [
            (at(1, 6), Ok(()), at(1, 6)),
            (at(1, 5), Err(Applied::Unchanged), at(1, 5)),
            (at(1, 4), Err(Applied::Unchanged), at(1, 5)),
            (at(2, 9), Err(Applied::Incomplete), at(1, 5)),
        ] {
            let mut position = at(1, 5);
            assert_eq!((position.advance(to), position), (expected, after), "{to}");
            assert_eq!(at(1, 5).is_before(to), expected.is_ok(), "{to}");
        }
    }

    proptest! {
        #[test]
        fn any_position_reads_back(epoch: u64, sequence: u64) {
            let position = Position { epoch, sequence };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = text.parse::<Position>();
            let _ = text.parse::<Topic>();
        }
    }
}
