//! The embedded WebRTC server behind the verbs that the services know.

use async_trait::async_trait;
use backend::media::{Answer, Audience, MediaEvent, MediaLoad, MediaServer, Refusal};
use domain::UserId;
use media::{StreamId, ViewerId};
use std::net::IpAddr;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Events that may wait for the services; the media server itself keeps the last word of each stream.
const QUEUE_LENGTH: usize = 256;

pub(crate) struct EmbeddedMedia(pub(crate) media::MediaServer);

#[async_trait]
impl MediaServer for EmbeddedMedia {
    async fn publish(&self, channel: UserId, offer: &str, host: Option<IpAddr>) -> Result<Answer, Refusal> {
        self.0.publish(StreamId(channel.0), offer, host).await.map(answer).map_err(refusal)
    }

    async fn watch(&self, channel: UserId, audience: Audience, offer: &str, host: Option<IpAddr>) -> Result<Answer, Refusal> {
        let Audience { viewer, is_counted } = audience;
        self.0.watch(StreamId(channel.0), ViewerId(viewer), is_counted, offer, host).await.map(answer).map_err(refusal)
    }

    async fn close(&self, session: &str) -> bool {
        match session.parse() {
            Ok(session) => self.0.close(session).await,
            Err(media::ParseSessionIdError) => false,
        }
    }

    async fn close_viewer(&self, channel: UserId, viewer: Uuid) {
        self.0.close_viewer(StreamId(channel.0), ViewerId(viewer)).await;
    }

    async fn close_stream(&self, channel: UserId) {
        self.0.close_stream(StreamId(channel.0)).await;
    }

    fn load(&self) -> MediaLoad {
        let media::Totals { publishers, viewers, .. } = self.0.totals();
        MediaLoad { publishers, viewers }
    }
}

fn answer(answer: media::Answer) -> Answer {
    Answer { session: answer.session.to_string(), sdp: answer.sdp }
}

fn refusal(error: media::Error) -> Refusal {
    match error {
        media::Error::MalformedOffer => Refusal::MalformedOffer,
        media::Error::UnsupportedCodec => Refusal::UnsupportedCodec,
        media::Error::NotLive => Refusal::NotLive,
        media::Error::PublisherLimit | media::Error::ViewerLimit => Refusal::Full,
        media::Error::Stopped => Refusal::Unavailable,
    }
}

/// Translates what the media server reports.
pub(crate) fn events(mut reported: mpsc::Receiver<media::Event>) -> mpsc::Receiver<MediaEvent> {
    let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
    tokio::spawn(async move {
        while let Some(event) = reported.recv().await {
            let event = match event {
                media::Event::Started { stream } => MediaEvent::Started { channel: UserId(stream.0) },
                media::Event::Interrupted { stream } => MediaEvent::Interrupted { channel: UserId(stream.0) },
                media::Event::Viewers { stream, viewers } => MediaEvent::Viewers { channel: UserId(stream.0), viewers },
            };
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    receiver
}
