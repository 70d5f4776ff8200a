//! `POST /api/stream-updates`: what trusted services tell the readers of event streams.
//!
//! A service bears `PUBLISH_TOKEN`. It may say what any reader of the topics may hear, and nothing that steers connections:
//! a mistake in a service must show as a refusal there, not as a broken page here.

use crate::{
    AppState,
    http::{bearer::bears, problem::Problem},
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use domain::{
    Error,
    channel::{Presentation, StreamTitle},
    chat::ChatChange,
    event::{Event, Topic},
    profile::DisplayName,
    stream::StreamCard,
};
use serde::Deserialize;
use std::str::FromStr;

/// The longest publication. A thousand of them may be kept per topic.
pub(crate) const MAX_PUBLICATION: usize = 16 * 1024;
/// Topics of one publication at most.
const MAX_TOPICS: usize = 8;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publication {
    topics: Vec<Topic>,
    event: Event,
}

/// Answers 202 when the event is on its way.
pub(crate) async fn post(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Problem> {
    // Where no service is trusted there is nothing to ask for.
    let token = state.config.publish_token.as_ref().ok_or_else(|| Error::not_found("page"))?;
    if !bears(&headers, token) {
        return Err(Error::Unauthenticated.into());
    }
    let publication = Publication::read(&headers, &body)?;
    state.backend.events.publish(&publication.topics, &publication.event);
    Ok(StatusCode::ACCEPTED)
}

impl Publication {
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Error> {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Error::invalid("body", "The body must be application/json."));
        }
        let publication: Self = serde_json::from_slice(body)
            .map_err(|error| Error::invalid("body", format!("The body is not a publication: {error}")))?;
        publication.check()?;
        Ok(publication)
    }

    fn check(&self) -> Result<(), Error> {
        let Self { topics, event } = self;
        if !(1..=MAX_TOPICS).contains(&topics.len()) {
            return Err(Error::invalid("topics", format!("There must be 1 to {MAX_TOPICS} topics.")));
        }
        for (index, topic) in topics.iter().enumerate() {
            if topics.iter().take(index).any(|earlier| earlier == topic) {
                return Err(Error::invalid("topics", format!("{topic} is named twice.")));
            }
            if !belongs(event, *topic) {
                return Err(Error::invalid("topics", format!("This event is not for the readers of {topic}.")));
            }
        }
        if is_sound(event) { Ok(()) } else { Err(Error::invalid("event", "What the event says cannot be shown.")) }
    }
}

/// Whether the readers of a topic may hear an event, and expect it there.
fn belongs(event: &Event, topic: Topic) -> bool {
    match event {
        // They steer the connections of this server, or tell of it.
        Event::Hidden | Event::SessionEnded | Event::BlocksChanged | Event::Sampled => false,
        Event::Notified { .. } | Event::FollowingChanged { .. } => matches!(topic, Topic::Member(_)),
        Event::Chat { channel, .. } => topic == Topic::Chat(*channel),
        Event::ChannelUpdated { channel, .. }
        | Event::FollowersChanged { channel, .. }
        | Event::PresenceChanged { channel, .. } => topic == Topic::Channel(*channel),
        Event::StreamStarted { stream } => {
            [Topic::Streams, Topic::Channel(stream.channel), Topic::Category(stream.category)].contains(&topic)
        }
        Event::StreamUpdated { stream, previous_category } => [
            Topic::Streams,
            Topic::Channel(stream.channel),
            Topic::Category(stream.category),
            Topic::Category(*previous_category),
        ]
        .contains(&topic),
        Event::StreamEnded { channel, category } => {
            [Topic::Streams, Topic::Channel(*channel), Topic::Category(*category)].contains(&topic)
        }
        Event::Viewers { counts } => match topic {
            Topic::Streams => true,
            Topic::Category(category) => counts.iter().all(|count| count.category == category),
            Topic::Channel(channel) => counts.iter().all(|count| count.channel == channel),
            Topic::Chat(_) | Topic::Member(_) | Topic::Performance | Topic::All => false,
        },
    }
}

/// Whether its words obey the rules that they would obey if a member had entered them, and its inner JSON can be read.
fn is_sound(event: &Event) -> bool {
    match event {
        Event::StreamStarted { stream: StreamCard { title, display_name, .. } }
        | Event::StreamUpdated { stream: StreamCard { title, display_name, .. }, .. } => is_named(title, display_name),
        Event::ChannelUpdated { title, display_name, presentation, .. } => {
            is_named(title, display_name)
                && presentation.as_ref().is_none_or(|json| serde_json::from_str::<Presentation>(json).is_ok())
        }
        Event::Chat { change, .. } => serde_json::from_str::<ChatChange>(change).is_ok(),
        Event::Viewers { counts } => !counts.is_empty(),
        _ => true,
    }
}

fn is_named(title: &str, display_name: &str) -> bool {
    StreamTitle::from_str(title).is_ok() && DisplayName::from_str(display_name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::belongs;
    use domain::{
        Category, UserId,
        event::{Event, Topic, ViewerCount},
    };
    use uuid::Uuid;

    /// Of all topics that there could be, which may hear an event.
    fn topics_of(event: &Event) -> Vec<String> {
        let (own, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let mut topics = vec![Topic::All, Topic::Performance, Topic::Streams];
        topics.extend(Category::ALL.map(Topic::Category));
        for id in [own, other] {
            topics.extend([Topic::Channel(id), Topic::Chat(id), Topic::Member(id)]);
        }
        let name = |topic: &Topic| topic.to_string().replace(&own.to_string(), "own").replace(&other.to_string(), "other");
        topics.iter().filter(|topic| belongs(event, **topic)).map(name).collect()
    }

    #[test]
    fn each_event_has_its_topics() {
        let channel = UserId(Uuid::from_u128(1));
        let count = ViewerCount { channel, category: Category::Study, viewers: 1 };
        for (event, expected) in [
            (Event::StreamEnded { channel, category: Category::Study }, vec!["streams", "category:study", "channel:own"]),
            (Event::Viewers { counts: vec![count] }, vec!["streams", "category:study", "channel:own"]),
            (Event::FollowersChanged { channel, followers: 1 }, vec!["channel:own"]),
            (Event::PresenceChanged { channel, present: 1 }, vec!["channel:own"]),
            (Event::Chat { channel, author: None, change: String::new() }, vec!["chat:own"]),
            (Event::Notified { unread: 1 }, vec!["member:own", "member:other"]),
            (Event::FollowingChanged { channel, is_following: true }, vec!["member:own", "member:other"]),
            (Event::Hidden, vec![]),
            (Event::SessionEnded, vec![]),
            (Event::BlocksChanged, vec![]),
            (Event::Sampled, vec![]),
        ] {
            assert_eq!(topics_of(&event), expected, "{event:?}");
        }
    }
}
