//! Pictures from their upload to the day when nothing shows them any more.

use backend::{
    Backend,
    chat::{Draft, Visitor},
    pictures::UploadError,
    testing::{client, sample_picture, test_backend},
};
use bytes::Bytes;
use diesel_async::RunQueryDsl;
use domain::{
    PictureId, UserId,
    account::Viewer,
    community::{Circle, PeopleOrder, PeopleQuery},
    event::{Event, Topic, Update},
    picture::{PictureFile, PictureFormat, PictureKind, Refusal},
    stream::StreamScope,
};

async fn run(backend: &Backend, statement: &str) {
    let mut connection = backend.database.connection().await.unwrap();
    diesel::sql_query(statement).execute(&mut connection).await.unwrap();
}

async fn let_time_pass(backend: &Backend) {
    run(backend, "UPDATE pictures SET unused_since = unused_since - interval '1 hour'").await;
}

/// Makes a channel live, as media would.
async fn go_live(backend: &Backend, channel: UserId) {
    let broadcast = uuid::Uuid::new_v4();
    run(
        backend,
        &format!(
            "INSERT INTO broadcasts (id, channel_id, title, category) VALUES ('{broadcast}', '{channel}', 'A title', 'coding')"
        ),
    )
    .await;
    run(backend, &format!("INSERT INTO live_streams (channel_id, broadcast_id, category, node_id) VALUES ('{channel}', '{broadcast}', 'coding', gen_random_uuid())")).await;
}

async fn file(backend: &Backend, id: PictureId, width: u32) -> Option<Bytes> {
    backend.pictures.file(id, PictureFile { width, format: PictureFormat::Webp }).await.unwrap()
}

async fn upload(backend: &Backend, viewer: &Viewer, kind: PictureKind, seed: u8) -> PictureId {
    backend.pictures.upload(viewer, kind, sample_picture(seed)).await.map_err(|error| error.to_string()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_picture_takes_the_place_of_the_former() {
    let backend = test_backend().await;
    let (ana, token) = backend.member("ana").await;
    let first = upload(&backend, &ana, PictureKind::Avatar, 1).await;
    let viewer = backend.accounts.viewer(token.as_str()).await.unwrap().unwrap();
    assert_eq!(viewer.avatar, Some(first), "the next request knows it");
    assert_eq!(backend.channels.page("ana", None).await.unwrap().avatar, Some(first));
    assert!(file(&backend, first, 64).await.unwrap().starts_with(b"RIFF"));

    let second = upload(&backend, &ana, PictureKind::Avatar, 2).await;
    assert_ne!(first, second);
    assert_eq!(backend.pictures.forget_unused().await.unwrap(), 0, "open pages may still show it");
    let_time_pass(&backend).await;
    assert_eq!(backend.pictures.forget_unused().await.unwrap(), 1);
    assert!(file(&backend, first, 64).await.is_none());
    assert!(file(&backend, second, 64).await.is_some());

    backend.pictures.remove(&ana, PictureKind::Avatar).await.unwrap();
    assert_eq!(backend.channels.page("ana", None).await.unwrap().avatar, None);
    let again = upload(&backend, &ana, PictureKind::Avatar, 2).await;
    assert_eq!(again, second, "a picture is named after what it shows");
    let_time_pass(&backend).await;
    assert_eq!(backend.pictures.forget_unused().await.unwrap(), 0, "it is shown again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_stands_wherever_its_owner_does() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    let picture = Some(upload(&backend, &ana, PictureKind::Avatar, 1).await);
    backend.follows.follow(&ana, ben.id).await.unwrap();
    let query = PeopleQuery { circle: Circle::Followers, search: String::new(), order: PeopleOrder::Newest, page: 1 };
    assert_eq!(backend.community.page(&ben, query).await.unwrap().people[0].person.avatar, picture);
    let told = backend.notifications.page(&ben, None).await.unwrap().notifications;
    assert_eq!(told[0].actor.as_ref().unwrap().avatar, picture);

    backend.follows.follow(&ben, ana.id).await.unwrap();
    assert_eq!(backend.follows.following(&ben, 1).await.unwrap().offline[0].avatar, picture);
    assert_eq!(backend.surroundings.of(Some(ben.id)).await.unwrap().following[0].avatar, picture);
    go_live(&backend, ana.id).await;
    assert_eq!(backend.surroundings.of(None).await.unwrap().recommended[0].avatar, picture);

    let visitor = Visitor { viewer: Some(ana), former: None, client: client() };
    let sent = backend.chat.send(&visitor, ben.id, Draft { text: "Hello", ..Draft::default() }).await.unwrap();
    assert_eq!(sent.author.avatar, picture);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_picture_is_not_anothers() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    let of_ana = upload(&backend, &ana, PictureKind::Avatar, 1).await;
    let of_ben = upload(&backend, &ben, PictureKind::Avatar, 1).await;
    assert_ne!(of_ana, of_ben);
    run(&backend, &format!("DELETE FROM users WHERE id = '{}'", ana.id)).await;
    assert_eq!(backend.pictures.forget_unused().await.unwrap(), 1, "with the account go its pictures");
    assert!(file(&backend, of_ana, 256).await.is_none());
    assert!(file(&backend, of_ben, 256).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_is_not_kept_is_the_next_smaller_one() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    // The sample is 400 wide: it is kept up to the size that holds all of it.
    let id = upload(&backend, &ana, PictureKind::Thumbnail, 1).await;
    assert_eq!(file(&backend, id, 1280).await, file(&backend, id, 640).await);
    assert_ne!(file(&backend, id, 640).await, file(&backend, id, 320).await);
    assert_eq!(file(&backend, id, 64).await, None, "a stream's picture is no person's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_stream_shows_its_own_frame_until_its_streamer_chooses() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    assert_eq!(backend.pictures.preview(&ana, sample_picture(1)).await.map_err(|error| error.to_string()), Ok(None), "not live");
    go_live(&backend, ana.id).await;
    let mut updates = backend.events.hub().subscribe(vec![Topic::Streams], None);
    let mut next_cover = async || {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(10), updates.frames.recv()).await.unwrap().unwrap();
        let text = std::str::from_utf8(&frame.bytes).unwrap();
        let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let Event::StreamUpdated { stream, .. } = serde_json::from_str::<Update>(json).unwrap().event else { panic!("{text}") };
        (stream.cover, stream.avatar)
    };
    let preview =
        async |seed: u8| backend.pictures.preview(&ana, sample_picture(seed)).await.map_err(|error| error.to_string()).unwrap();

    let first = preview(1).await;
    assert_eq!(next_cover().await, (first, None));
    let second = preview(2).await;
    assert_eq!(backend.streams.snapshot(StreamScope::Home, None).await.unwrap().hero.unwrap().cover, second);
    let chosen = upload(&backend, &ana, PictureKind::Thumbnail, 3).await;
    assert_eq!(next_cover().await, (Some(chosen), None), "open pages are not told of every frame");
    preview(4).await;
    let own = backend.channels.own(&ana).await.unwrap();
    assert_eq!((own.thumbnail, own.page.cover), (Some(chosen), Some(chosen)));
    backend.pictures.remove(&ana, PictureKind::Thumbnail).await.unwrap();
    let (shown, _) = next_cover().await;
    assert!(shown.is_some() && shown != Some(chosen), "the frame is back");

    let_time_pass(&backend).await;
    assert_eq!(backend.pictures.forget_unused().await.unwrap(), 3, "two former frames and what was chosen");
    assert!(file(&backend, shown.unwrap(), 640).await.is_some(), "what is shown stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_changes_nothing() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let id = upload(&backend, &ana, PictureKind::Avatar, 1).await;
    let whole = sample_picture(2);
    for (file, expected) in [
        (Bytes::new(), Refusal::Missing),
        (Bytes::from_static(b"<svg/>"), Refusal::WrongType),
        (whole.slice(..whole.len() / 2), Refusal::Unreadable),
    ] {
        let refused = backend.pictures.upload(&ana, PictureKind::Avatar, file).await;
        assert!(matches!(refused, Err(UploadError::Refused(refusal)) if refusal == expected), "{expected:?}");
    }
    assert_eq!(backend.channels.page("ana", None).await.unwrap().avatar, Some(id));
}
