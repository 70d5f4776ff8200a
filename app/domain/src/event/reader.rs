//! Reads events.
//!
//! A derived reader has a part for each kind of event, and every page would have to download all of them: 5 kB.
//! This one reads the fields of any kind, and then asks which are there.

use super::{Event, ViewerCount};
use crate::{Category, UserId, stream::StreamCard};
use serde::{
    Deserialize, Deserializer,
    de::{EnumAccess, Error, VariantAccess, Visitor},
};
use std::fmt;

/// The fields of all kinds. A chat's author and a presentation may be missing from an event that has them, and no others.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    stream: Option<StreamCard>,
    previous_category: Option<Category>,
    channel: Option<UserId>,
    category: Option<Category>,
    counts: Option<Vec<ViewerCount>>,
    display_name: Option<String>,
    title: Option<String>,
    presentation: Option<String>,
    author: Option<UserId>,
    change: Option<String>,
    /// The one number of a kind that has one; a field for each would be one more to download.
    #[serde(rename = "followers", alias = "present", alias = "unread")]
    number: Option<u32>,
    is_following: Option<bool>,
}

impl Fields {
    /// The event of this kind, unless a field of it is missing or there is no such kind.
    fn event(self, kind: &str) -> Option<Event> {
        Some(match kind {
            "stream_started" => Event::StreamStarted { stream: self.stream? },
            "stream_updated" => Event::StreamUpdated { stream: self.stream?, previous_category: self.previous_category? },
            "stream_ended" => Event::StreamEnded { channel: self.channel?, category: self.category? },
            "viewers" => Event::Viewers { counts: self.counts? },
            "channel_updated" => Event::ChannelUpdated {
                channel: self.channel?,
                display_name: self.display_name?,
                title: self.title?,
                category: self.category?,
                presentation: self.presentation,
            },
            "chat" => Event::Chat { channel: self.channel?, author: self.author, change: self.change? },
            "followers_changed" => Event::FollowersChanged { channel: self.channel?, followers: self.number? },
            "presence_changed" => Event::PresenceChanged { channel: self.channel?, present: self.number? },
            "following_changed" => Event::FollowingChanged { channel: self.channel?, is_following: self.is_following? },
            "notified" => Event::Notified { unread: self.number? },
            _ => return None,
        })
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Event", &[], Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Event;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Event, A::Error> {
        let (kind, content) = access.variant::<String>()?;
        let event = match kind.as_str() {
            "blocks_changed" => Event::BlocksChanged,
            "sampled" => Event::Sampled,
            "hidden" => Event::Hidden,
            "session_ended" => Event::SessionEnded,
            kind => {
                let fields: Fields = content.newtype_variant()?;
                return fields.event(kind).ok_or_else(|| Error::custom("not an event"));
            }
        };
        content.unit_variant()?;
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, StreamCard, ViewerCount};
    use crate::{
        BroadcastId, Category, Timestamp, UserId,
        stream::{Live, Signal},
    };
    use uuid::Uuid;

    /// One of each kind. The match makes a new kind fail to compile until it is here and can be read.
    fn all() -> Vec<Event> {
        let channel = UserId(Uuid::from_u128(1));
        let stream = StreamCard {
            channel,
            username: "ana".parse().expect("it is a username"),
            display_name: "Ana".to_owned(),
            title: "Rust".to_owned(),
            category: Category::Coding,
            avatar: None,
            cover: None,
            live: Live {
                broadcast: BroadcastId(Uuid::from_u128(2)),
                started_at: Timestamp(0),
                signal: Signal::Interrupted,
                viewers: 3,
            },
        };
        let count = ViewerCount { channel, category: Category::Study, viewers: 3 };
        let chat = |author| Event::Chat { channel, author, change: "{}".to_owned() };
        let updated = |presentation| Event::ChannelUpdated {
            channel,
            display_name: "Ana".to_owned(),
            title: "Rust".to_owned(),
            category: Category::Coding,
            presentation,
        };
        let is_listed = |event: &Event| match event {
            Event::StreamStarted { .. }
            | Event::StreamUpdated { .. }
            | Event::StreamEnded { .. }
            | Event::Viewers { .. }
            | Event::ChannelUpdated { .. }
            | Event::Chat { .. }
            | Event::FollowersChanged { .. }
            | Event::PresenceChanged { .. }
            | Event::FollowingChanged { .. }
            | Event::BlocksChanged
            | Event::Notified { .. }
            | Event::Sampled
            | Event::Hidden
            | Event::SessionEnded => true,
        };
        let events = vec![
            Event::StreamStarted { stream: stream.clone() },
            Event::StreamUpdated { stream, previous_category: Category::Study },
            Event::StreamEnded { channel, category: Category::Study },
            Event::Viewers { counts: vec![count] },
            updated(None),
            updated(Some("{}".to_owned())),
            chat(None),
            chat(Some(channel)),
            Event::FollowersChanged { channel, followers: 4 },
            Event::PresenceChanged { channel, present: 6 },
            Event::FollowingChanged { channel, is_following: true },
            Event::BlocksChanged,
            Event::Notified { unread: 5 },
            Event::Sampled,
            Event::Hidden,
            Event::SessionEnded,
        ];
        assert!(events.iter().all(is_listed));
        events
    }

    #[test]
    fn every_kind_reads_back_as_written() {
        for event in all() {
            let json = serde_json::to_string(&event).expect("an event is plain data");
            assert_eq!(serde_json::from_str::<Event>(&json).expect(&json), event);
        }
    }

    #[test]
    fn what_lacks_a_field_or_is_unknown_is_refused() {
        for json in [
            "{}",
            "\"stream_started\"",
            "\"nothing\"",
            "{\"nothing\":{}}",
            "{\"notified\":{}}",
            "{\"notified\":{\"unread\":-1}}",
            "{\"hidden\":{}}",
            "{\"stream_ended\":{\"channel\":\"x\",\"category\":\"study\"}}",
            "{\"notified\":{\"unread\":1},\"hidden\":null}",
        ] {
            assert!(serde_json::from_str::<Event>(json).is_err(), "{json}");
        }
    }
}
