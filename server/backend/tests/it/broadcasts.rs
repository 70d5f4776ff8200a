//! A broadcast from its first media to its end, with the absences in between, as lists and events show it.

use backend::{
    Backend,
    broadcasts::Place,
    events::Events,
    media::MediaEvent,
    testing::{backend_on, database_settings, test_backend},
};
use diesel_async::RunQueryDsl;
use domain::{
    Category, UserId,
    event::{Event, Topic, Update},
    stream::{Signal, StreamScope, StreamSnapshot},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Services that follow a media server, which the test speaks for.
struct Following {
    backend: Backend,
    media: mpsc::Sender<MediaEvent>,
    updates: backend::events::Subscription,
    stopped: CancellationToken,
    task: JoinHandle<()>,
}

impl Following {
    fn new(backend: Backend) -> Self {
        let (media, reported) = mpsc::channel(16);
        let stopped = CancellationToken::new();
        let task = tokio::spawn({
            let (broadcasts, stopped) = (backend.broadcasts.clone(), stopped.clone());
            async move { broadcasts.run(reported, stopped).await }
        });
        let updates = backend.events.hub().subscribe(vec![Topic::Streams], None);
        Self { backend, media, updates, stopped, task }
    }

    async fn report(&self, event: MediaEvent) {
        self.media.send(event).await.expect("the services follow");
    }

    async fn next(&mut self) -> Event {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(10), self.updates.frames.recv()).await;
        let frame = frame.expect("an event in time").expect("the hub goes on");
        let text = std::str::from_utf8(&frame.bytes).unwrap();
        let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        serde_json::from_str::<Update>(json).unwrap().event
    }

    async fn stop(self) {
        self.stopped.cancel();
        self.task.await.unwrap();
    }
}

async fn home(backend: &Backend) -> StreamSnapshot {
    backend.streams.snapshot(StreamScope::Home, None).await.unwrap()
}

fn n_live(snapshot: &StreamSnapshot) -> usize {
    snapshot.rows.iter().map(|row| row.streams.len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_an_account_ends_what_runs() {
    let mut following = Following::new(test_backend().await);
    let (ana, _) = following.backend.member("ana").await;
    following.report(MediaEvent::Started { channel: ana.id }).await;
    assert!(matches!(following.next().await, Event::StreamStarted { .. }));
    following.backend.personal_data.delete(&ana, "ana", backend::testing::PASSWORD).await.unwrap();
    assert_eq!(following.next().await, Event::StreamEnded { channel: ana.id, category: Category::Coding });
    assert_eq!(n_live(&home(&following.backend).await), 0);
    following.report(MediaEvent::Started { channel: ana.id }).await;
    following.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_broadcast_is_remembered() {
    let mut following = Following::new(test_backend().await);
    let (ana, _) = following.backend.member("ana").await;
    following.report(MediaEvent::Started { channel: ana.id }).await;
    let Event::StreamStarted { stream } = following.next().await else { panic!("it started") };
    following.backend.broadcasts.end(ana.id).await.unwrap();
    following.backend.channels.update_stream(&ana, "Another title", "study").await.unwrap();
    let last = following.backend.channels.page("ana", None).await.unwrap().last_broadcast.unwrap();
    assert_eq!((last.title.as_str(), last.started_at), ("ana's lesson", stream.live.started_at));
    assert!(last.ended_at.is_some_and(|ended_at| ended_at >= last.started_at));
    following.stop().await;
}

/// Makes the grace window of everything be over.
async fn let_time_pass(backend: &Backend) {
    let mut connection = backend.database.connection().await.unwrap();
    let earlier =
        "UPDATE live_streams SET seen_at = seen_at - interval '1 minute', interrupted_at = interrupted_at - interval '1 minute'";
    diesel::sql_query(earlier).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn media_makes_it_live_and_an_absence_does_not_end_it() {
    let mut following = Following::new(test_backend().await);
    let backend = following.backend.clone();
    let (ana, _) = backend.member("ana").await;
    let channel = ana.id;
    let before = backend.events.position();

    following.report(MediaEvent::Started { channel }).await;
    let Event::StreamStarted { stream } = following.next().await else { panic!("not started") };
    assert_eq!((stream.channel, stream.live.signal), (channel, Signal::Live));
    let snapshot = home(&backend).await;
    assert_eq!(snapshot.hero.as_ref(), Some(&stream));
    assert!(snapshot.position.sequence > before.sequence);
    assert_eq!(backend.broadcasts.place(channel).await.unwrap(), Some(Place::Here));

    following.report(MediaEvent::Interrupted { channel }).await;
    let Event::StreamUpdated { stream: gone, .. } = following.next().await else { panic!("not updated") };
    assert_eq!(gone.live.signal, Signal::Interrupted);
    following.report(MediaEvent::Started { channel }).await;
    let Event::StreamUpdated { stream: back, .. } = following.next().await else { panic!("not updated") };
    assert_eq!(back, stream, "the same broadcast, with the same start");
    assert_eq!(backend.n_broadcasts(channel).await, 1);

    following.report(MediaEvent::Interrupted { channel }).await;
    following.next().await;
    let_time_pass(&backend).await;
    assert_eq!(following.next().await, Event::StreamEnded { channel, category: Category::Coding });
    assert_eq!(n_live(&home(&backend).await), 0);

    following.report(MediaEvent::Started { channel }).await;
    assert!(matches!(following.next().await, Event::StreamStarted { .. }));
    assert_eq!(backend.n_broadcasts(channel).await, 2);
    following.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_died_leaves_nothing_live() {
    let settings = database_settings().await;
    let dead = Following::new(backend_on(&settings, Events::local().unwrap()));
    let (ana, _) = dead.backend.member("ana").await;
    let mut dead = dead;
    dead.report(MediaEvent::Started { channel: ana.id }).await;
    dead.next().await;
    dead.task.abort();

    let mut other = Following::new(backend_on(&settings, Events::local().unwrap()));
    assert_eq!(n_live(&home(&other.backend).await), 1, "its publisher may come back here");
    let_time_pass(&other.backend).await;
    assert!(matches!(other.next().await, Event::StreamEnded { channel, .. } if channel == ana.id));
    assert_eq!(n_live(&home(&other.backend).await), 0);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_may_return_at_another_server() {
    let settings = database_settings().await;
    let mut first = Following::new(backend_on(&settings, Events::local().unwrap()));
    let mut second = Following::new(backend_on(&settings, Events::local().unwrap()));
    let (ana, _) = first.backend.member("ana").await;
    first.report(MediaEvent::Started { channel: ana.id }).await;
    first.next().await;
    second.report(MediaEvent::Started { channel: ana.id }).await;
    assert!(matches!(second.next().await, Event::StreamUpdated { .. }));
    // The first server's late word about its lost publisher must not interrupt the stream that moved on.
    first.report(MediaEvent::Interrupted { channel: ana.id }).await;
    first.stop().await;
    let snapshot = home(&second.backend).await;
    assert_eq!(snapshot.hero.unwrap().live.signal, Signal::Live);
    assert_eq!(second.backend.n_broadcasts(ana.id).await, 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_are_told_once_for_all_and_never_for_what_is_not_live() {
    let mut following = Following::new(test_backend().await);
    let backend = following.backend.clone();
    let mut channels = Vec::new();
    for name in ["ana", "ben"] {
        let (member, _) = backend.member(name).await;
        channels.push(member.id);
        following.report(MediaEvent::Started { channel: member.id }).await;
        following.next().await;
    }
    for (channel, viewers) in channels.iter().zip([7, 3]) {
        following.report(MediaEvent::Viewers { channel: *channel, viewers }).await;
    }
    following.report(MediaEvent::Viewers { channel: UserId(uuid::Uuid::nil()), viewers: 9 }).await;
    let mut told = std::collections::BTreeMap::new();
    while told.len() < 2 {
        let Event::Viewers { counts } = following.next().await else { panic!("not viewers") };
        told.extend(counts.into_iter().map(|count| (count.channel, count.viewers)));
    }
    assert_eq!(told, channels.iter().copied().zip([7, 3]).collect());
    let snapshot = home(&backend).await;
    assert_eq!(snapshot.hero.unwrap().channel, channels[0]);
    assert_eq!(snapshot.rows.iter().map(|row| row.total).sum::<u32>(), 2);
    following.stop().await;
}

/// Waits until a channel is shown with so many viewers.
async fn shows(backend: &Backend, channel: UserId, viewers: u32) {
    let shown = async {
        loop {
            let snapshot = home(backend).await;
            let mut streams = snapshot.rows.iter().flat_map(|row| &row.streams);
            if streams.any(|stream| stream.channel == channel && stream.live.viewers == viewers) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let shown = tokio::time::timeout(std::time::Duration::from_secs(10), shown).await;
    shown.unwrap_or_else(|_| panic!("{viewers} viewers of {channel}"));
}

/// F41 and F42 as far as they concern who counts: the server that has the media, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn f41_viewers_are_counted_where_the_stream_is() {
    let settings = database_settings().await;
    let mut first = Following::new(backend_on(&settings, Events::local().unwrap()));
    let mut second = Following::new(backend_on(&settings, Events::local().unwrap()));
    let (ana, _) = first.backend.member("ana").await;
    let (ben, _) = first.backend.member("ben").await;
    for channel in [ana.id, ben.id] {
        first.report(MediaEvent::Started { channel }).await;
        first.next().await;
    }
    first.report(MediaEvent::Viewers { channel: ana.id, viewers: 7 }).await;
    shows(&second.backend, ana.id, 7).await;
    // The publisher comes back at the other server, and the viewers follow one by one.
    second.report(MediaEvent::Started { channel: ana.id }).await;
    let Event::StreamUpdated { stream, .. } = second.next().await else { panic!("not updated") };
    assert_eq!(stream.live.viewers, 0);
    second.report(MediaEvent::Viewers { channel: ana.id, viewers: 2 }).await;
    shows(&first.backend, ana.id, 2).await;
    first.report(MediaEvent::Viewers { channel: ana.id, viewers: 9 }).await;
    first.report(MediaEvent::Viewers { channel: ben.id, viewers: 3 }).await;
    shows(&second.backend, ben.id, 3).await;
    shows(&second.backend, ana.id, 2).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn title_and_category_move_a_live_stream() {
    let mut following = Following::new(test_backend().await);
    let backend = following.backend.clone();
    let (ana, _) = backend.member("ana").await;
    following.report(MediaEvent::Started { channel: ana.id }).await;
    following.next().await;
    backend.channels.update_stream(&ana, "Integrals by hand", "study").await.unwrap();
    let Event::StreamUpdated { stream, previous_category } = following.next().await else { panic!("not updated") };
    assert_eq!(
        (stream.title.as_str(), stream.category, previous_category),
        ("Integrals by hand", Category::Study, Category::Coding)
    );
    let study = backend.streams.snapshot(StreamScope::Category { category: Category::Study, page: 1 }, None).await.unwrap();
    assert_eq!(n_live(&study), 1);
    let refused = backend.channels.update_stream(&ana, "x", "cooking").await.unwrap_err().into_domain();
    assert!(refused.problem_with("title").is_some() && refused.problem_with("category").is_some());
    following.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_server_opens_the_grace_window() {
    let mut following = Following::new(test_backend().await);
    let backend = following.backend.clone();
    let (ana, _) = backend.member("ana").await;
    following.report(MediaEvent::Started { channel: ana.id }).await;
    following.next().await;
    following.stop().await;
    assert_eq!(home(&backend).await.hero.unwrap().live.signal, Signal::Interrupted);
}
