//! After each mutation nobody is shown what was before it, here or at another server.

use super::pair::{Pair, see};
use crate::listener::PATIENCE;
use backend::{
    Backend,
    chat::{Draft, Visitor},
    media::MediaEvent,
    testing::{PASSWORD, client, redis::Redis, sample_picture},
};
use domain::{event::Topic, picture::PictureKind};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Media at a server, which the test speaks for.
pub(super) struct Media {
    reports: mpsc::Sender<MediaEvent>,
    stopped: CancellationToken,
}

impl Media {
    pub(super) fn at(backend: &Backend) -> Self {
        let (reports, reported) = mpsc::channel(16);
        let stopped = CancellationToken::new();
        let (broadcasts, token) = (backend.broadcasts.clone(), stopped.clone());
        tokio::spawn(async move { broadcasts.run(reported, token).await });
        Self { reports, stopped }
    }

    /// Reports something, and waits until the server says something about it.
    pub(super) async fn report(&self, backend: &Backend, event: MediaEvent) {
        let mut told = backend.events.hub().subscribe(vec![Topic::Streams], None);
        self.reports.send(event).await.unwrap();
        tokio::time::timeout(PATIENCE, told.frames.recv()).await.expect("it is told").unwrap();
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.stopped.cancel();
    }
}

/// Has every publisher seem to be gone for long, and waits until a server has looked and says something about it.
async fn let_time_pass(backend: &Backend) {
    let mut told = backend.events.hub().subscribe(vec![Topic::Streams], None);
    let mut connection = backend.database.connection().await.unwrap();
    let earlier = "UPDATE live_streams SET interrupted_at = now() - interval '1 minute'";
    diesel_async::RunQueryDsl::execute(diesel::sql_query(earlier), &mut connection).await.unwrap();
    tokio::time::timeout(PATIENCE, told.frames.recv()).await.expect("it is told").unwrap();
}

async fn after_each_mutation(redis: Option<&Redis>) {
    let (mut pair, ana, ben) = Box::pin(Pair::new(redis)).await;
    let here = pair.here.clone();
    let upload = async |kind, seed| {
        here.pictures.upload(&ana, kind, sample_picture(seed)).await.map_err(|error| error.to_string()).unwrap();
    };

    here.channels.update_stream(&ana, "Before it starts", "study").await.unwrap();
    pair.show_the_new_state("title and category, not live").await;
    here.profiles.update(&ana, "Ana Lovelace", "I **explain**.").await.unwrap();
    pair.show_the_new_state("name and bio, not live").await;
    here.profiles.update_links(&ana, "", |network| format!("{}/ana", network.hosts()[0])).await.unwrap();
    pair.show_the_new_state("links").await;
    upload(PictureKind::Avatar, 1).await;
    pair.show_the_new_state("a portrait, not live").await;
    upload(PictureKind::Thumbnail, 2).await;
    pair.show_the_new_state("a stream's picture, not live").await;
    here.pictures.remove(&ana, PictureKind::Avatar).await.unwrap();
    pair.show_the_new_state("no portrait").await;

    here.follows.follow(&ben, ana.id).await.unwrap();
    pair.show_the_new_state("a follower").await;
    here.follows.unfollow(&ben, ana.id).await.unwrap();
    pair.show_the_new_state("a follower less").await;
    here.follows.follow(&ben, ana.id).await.unwrap();
    pair.show_the_new_state("a follower again").await;
    here.blocks.block(&ana, ben.id).await.unwrap();
    pair.show_the_new_state("a follower who was blocked").await;
    here.blocks.unblock(&ana, ben.id).await.unwrap();
    let visitor = Visitor { viewer: Some(ben.clone()), former: None, client: client() };
    here.chat.send(&visitor, ben.id, Draft { text: "Hello", ..Draft::default() }).await.unwrap();
    pair.seen = see(&pair.truth).await;
    pair.show_the_same("experience").await;

    let media = Media::at(&here);
    media.report(&here, MediaEvent::Started { channel: ana.id }).await;
    pair.show_the_new_state("a stream that starts").await;
    here.channels.update_stream(&ana, "While it runs", "coding").await.unwrap();
    pair.show_the_new_state("title and category, live").await;
    here.profiles.update(&ana, "Ada", "").await.unwrap();
    pair.show_the_new_state("name and bio, live").await;
    upload(PictureKind::Avatar, 3).await;
    pair.show_the_new_state("a portrait, live").await;
    here.pictures.remove(&ana, PictureKind::Thumbnail).await.unwrap();
    pair.show_the_new_state("no picture of the stream, live").await;
    here.pictures.preview(&ana, sample_picture(4)).await.map_err(|error| error.to_string()).unwrap().expect("it is shown");
    pair.show_the_new_state("a frame of the stream").await;
    media.report(&here, MediaEvent::Interrupted { channel: ana.id }).await;
    pair.show_the_new_state("a publisher that is gone").await;
    media.report(&here, MediaEvent::Started { channel: ana.id }).await;
    pair.show_the_new_state("a publisher that is back").await;
    here.broadcasts.end(ana.id).await.unwrap();
    pair.show_the_new_state("a stream that ends").await;
    media.report(&here, MediaEvent::Started { channel: ana.id }).await;
    pair.show_the_new_state("a stream that starts again").await;
    let_time_pass(&here).await;
    pair.show_the_new_state("a publisher that did not come back").await;

    here.personal_data.delete(&ben, "ben", PASSWORD).await.unwrap();
    pair.show_the_new_state("an account that is deleted").await;
    here.personal_data.delete(&ana, "ana", PASSWORD).await.unwrap();
    pair.show_the_new_state("the account of who taught").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_mutation_this_server_and_another_read_the_new_state() {
    Box::pin(after_each_mutation(Some(&Redis::running()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_mutation_without_redis_too() {
    Box::pin(after_each_mutation(None)).await;
}
