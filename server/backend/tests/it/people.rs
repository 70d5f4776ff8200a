//! Following, blocking and moderating: rules, counts, races, and that two people vanish for each other.

use backend::{
    Backend,
    media::MediaEvent,
    testing::{
        population::{Size, fill, person},
        test_backend,
    },
};
use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use domain::{
    Error as Domain, UserId,
    account::Viewer,
    community::{Circle, PeopleOrder, PeopleQuery},
    event::{Event, Topic, Update},
    follow::{FOLLOW_XP, FollowState},
    stream::StreamScope,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The one number that a statement answers with.
async fn number(backend: &Backend, statement: &str) -> i64 {
    let mut connection = backend.database.connection().await.unwrap();
    let row: Number = diesel::sql_query(statement).get_result(&mut connection).await.unwrap();
    row.n
}

async fn execute(backend: &Backend, statement: &str) {
    let mut connection = backend.database.connection().await.unwrap();
    diesel::sql_query(statement).execute(&mut connection).await.unwrap();
}

async fn xp(backend: &Backend, member: &Viewer) -> i64 {
    number(backend, &format!("SELECT xp AS n FROM stats WHERE user_id = '{}'", member.id)).await
}

fn refusal<T: std::fmt::Debug>(answer: backend::Result<T>) -> Domain {
    answer.unwrap_err().into_domain()
}

/// Makes channels live without media.
async fn go_live(backend: &Backend, members: &[&Viewer]) {
    for member in members {
        execute(
            backend,
            &format!(
                "WITH broadcast AS (INSERT INTO broadcasts (id, channel_id, title, category) \
                     SELECT gen_random_uuid(), user_id, title, category FROM channels WHERE user_id = '{}' RETURNING *) \
                 INSERT INTO live_streams (channel_id, broadcast_id, category, node_id, viewers) \
                 SELECT channel_id, id, category, gen_random_uuid(), 3 FROM broadcast",
                member.id
            ),
        )
        .await;
    }
}

fn query(circle: Circle) -> PeopleQuery {
    PeopleQuery { circle, search: String::new(), order: PeopleOrder::Newest, page: 1 }
}

/// The names in one of a member's lists.
async fn names(backend: &Backend, owner: &Viewer, circle: Circle) -> Vec<String> {
    let page = backend.community.page(owner, query(circle)).await.unwrap();
    page.people.into_iter().map(|known| known.person.username.to_string()).collect()
}

fn event(frame: &backend::events::Frame) -> Event {
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str::<Update>(json).unwrap().event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_counts_once_and_is_told() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    let mut channel = backend.events.hub().subscribe(vec![Topic::Channel(ana.id)], None);
    let state = backend.follows.follow(&ben, ana.id).await.unwrap();
    assert_eq!(state, FollowState { is_following: true, followers: 1, is_own: false });
    assert_eq!(backend.follows.follow(&ben, ana.id).await.unwrap(), state, "again is no more");
    assert_eq!(event(&channel.frames.try_recv().unwrap()), Event::FollowersChanged { channel: ana.id, followers: 1 });
    assert!(channel.frames.try_recv().is_err(), "what changed nothing is not told");
    let page = backend.channels.page("ana", Some(ben.id)).await.unwrap();
    assert_eq!(page.follow, state);
    assert_eq!(backend.channels.page("ana", None).await.unwrap().follow, FollowState { is_following: false, ..state });
    assert!(backend.channels.page("ana", Some(ana.id)).await.unwrap().follow.is_own);

    assert_eq!(backend.follows.unfollow(&ben, ana.id).await.unwrap().followers, 0);
    assert!(!backend.follows.unfollow(&ben, ana.id).await.unwrap().is_following);
    assert!(matches!(refusal(backend.follows.follow(&ana, ana.id).await), Domain::Invalid { .. }));
    let nobody = UserId(uuid::Uuid::nil());
    assert_eq!(refusal(backend.follows.follow(&ana, nobody).await), Domain::not_found("channel"));
}

#[tokio::test(flavor = "multi_thread")]
async fn experience_is_given_for_a_pair_once_ever() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    for _ in 0..3 {
        backend.follows.follow(&ben, ana.id).await.unwrap();
        backend.follows.unfollow(&ben, ana.id).await.unwrap();
    }
    assert_eq!(xp(&backend, &ben).await, FOLLOW_XP);
    let hurried = (0..8).map(|_| {
        let (backend, ana) = (backend.clone(), ana.clone());
        let ben = ben.id;
        tokio::spawn(async move { backend.follows.follow(&ana, ben).await.unwrap() })
    });
    for follow in hurried.collect::<Vec<_>>() {
        follow.await.unwrap();
    }
    assert_eq!(xp(&backend, &ana).await, FOLLOW_XP, "however many windows are open");
    backend.blocks.block(&ben, ana.id).await.unwrap();
    backend.blocks.unblock(&ben, ana.id).await.unwrap();
    backend.follows.follow(&ana, ben.id).await.unwrap();
    assert_eq!(xp(&backend, &ana).await, FOLLOW_XP, "a block does not start it over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_ends_what_was_between_both() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    backend.follows.follow(&ana, ben.id).await.unwrap();
    backend.follows.follow(&ben, ana.id).await.unwrap();
    backend.community.appoint(&ana, "ben").await.unwrap();
    backend.community.appoint(&ben, "@ana").await.unwrap();
    backend.blocks.block(&ana, ben.id).await.unwrap();
    backend.blocks.block(&ana, ben.id).await.unwrap();
    for (one, other) in [(&ana, &ben), (&ben, &ana)] {
        assert_eq!(backend.blocks.hidden(Some(one.id)).await.unwrap(), [other.id]);
        assert_eq!(refusal(backend.follows.follow(one, other.id).await), Domain::not_found("channel"));
        let refused = refusal(backend.community.appoint(one, other.username.as_str()).await);
        assert!(refused.problem_with("username").is_some(), "{refused:?}");
        assert!(names(&backend, one, Circle::Followers).await.is_empty());
        assert!(names(&backend, one, Circle::Moderators).await.is_empty());
    }
    assert_eq!(names(&backend, &ana, Circle::Blocked).await, ["ben"]);
    assert!(names(&backend, &ben, Circle::Blocked).await.is_empty(), "who is blocked is not told by whom");
    assert_eq!(number(&backend, "SELECT count(*) AS n FROM follows").await, 0);

    backend.blocks.unblock(&ben, ana.id).await.unwrap();
    assert_eq!(backend.blocks.hidden(Some(ben.id)).await.unwrap(), [ana.id], "only who blocked can take it back");
    backend.blocks.unblock(&ana, ben.id).await.unwrap();
    assert!(backend.blocks.hidden(Some(ben.id)).await.unwrap().is_empty());
    backend.follows.follow(&ben, ana.id).await.unwrap();
    assert!(matches!(refusal(backend.blocks.block(&ana, ana.id).await), Domain::Invalid { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_never_slips_past_a_block() {
    let backend = test_backend().await;
    for n in 0..8 {
        let (ana, _) = backend.member(&format!("ana{n}")).await;
        let (ben, _) = backend.member(&format!("ben{n}")).await;
        let follow = tokio::spawn({
            let (backend, ben, ana) = (backend.clone(), ben.clone(), ana.id);
            async move { backend.follows.follow(&ben, ana).await }
        });
        let block = tokio::spawn({
            let (backend, ana, ben) = (backend.clone(), ana.clone(), ben.id);
            async move { backend.blocks.block(&ana, ben).await }
        });
        let _followed_or_not = follow.await.unwrap();
        block.await.unwrap().unwrap();
    }
    assert_eq!(number(&backend, "SELECT count(*) AS n FROM follows").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_vanish_from_every_list() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _), (cleo, _)) =
        (backend.member("ana").await, backend.member("ben").await, backend.member("cleo").await);
    go_live(&backend, &[&ana, &ben]).await;
    for member in [&ana, &ben] {
        execute(
            &backend,
            &format!(
                "INSERT INTO schedule_entries (id, channel_id, title, category, starts_at) \
                 VALUES (gen_random_uuid(), '{}', 'Later', 'study', now() + interval '1 day')",
                member.id
            ),
        )
        .await;
    }
    backend.follows.follow(&cleo, ana.id).await.unwrap();
    backend.blocks.block(&ana, ben.id).await.unwrap();
    for (reader, n_seen) in [(Some(ana.id), 1), (Some(ben.id), 1), (Some(cleo.id), 2), (None, 2)] {
        let hidden = |channel: UserId| n_seen == 1 && Some(channel) != reader;
        let home = backend.streams.snapshot(StreamScope::Home, reader).await.unwrap();
        assert_eq!(home.rows.iter().map(|row| row.total).sum::<u32>(), n_seen, "{reader:?}");
        assert!(home.rows.iter().flat_map(|row| &row.streams).all(|card| !hidden(card.channel)));
        assert!(home.upcoming.iter().all(|lesson| !hidden(lesson.channel)) && !home.upcoming.is_empty());
        let scope = StreamScope::Category { category: domain::Category::Coding, page: 1 };
        assert_eq!(backend.streams.snapshot(scope, reader).await.unwrap().rows[0].total, n_seen);
        let chrome = backend.surroundings.of(reader).await.unwrap();
        assert!(chrome.recommended.iter().all(|channel| !hidden(channel.id) && Some(channel.id) != reader));
    }
    for (reader, name) in [(&ana, "ben"), (&ben, "ana")] {
        assert_eq!(refusal(backend.channels.page(name, Some(reader.id)).await), Domain::not_found("channel"));
        assert_eq!(refusal(backend.channels.id(name, Some(reader.id)).await), Domain::not_found("channel"));
    }
    assert!(backend.channels.page("ana", Some(cleo.id)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_side_bar_has_live_channels_first_and_nobody_twice() {
    let backend = test_backend().await;
    let (reader, _) = backend.member("reader").await;
    let mut members = Vec::new();
    for name in ["live_one", "live_two", "taught", "coming", "silent", "followed"] {
        members.push(backend.member(name).await.0);
    }
    let [live_one, live_two, taught, coming, _silent, followed] = &members[..] else { panic!("six members") };
    go_live(&backend, &[live_one, live_two, taught]).await;
    execute(&backend, &format!("DELETE FROM live_streams WHERE channel_id = '{}'", taught.id)).await;
    execute(&backend, &format!("UPDATE live_streams SET viewers = 9 WHERE channel_id = '{}'", live_two.id)).await;
    execute(
        &backend,
        &format!(
            "INSERT INTO schedule_entries (id, channel_id, title, category, starts_at) \
             VALUES (gen_random_uuid(), '{}', 'Later', 'study', now() + interval '1 day')",
            coming.id
        ),
    )
    .await;
    backend.follows.follow(&reader, followed.id).await.unwrap();
    let chrome = backend.surroundings.of(Some(reader.id)).await.unwrap();
    let names = |list: &[domain::chrome::SideChannel]| list.iter().map(|c| c.username.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&chrome.recommended), ["live_two", "live_one", "taught", "coming"]);
    assert_eq!(names(&chrome.following), ["followed"]);
    backend.follows.follow(&reader, live_one.id).await.unwrap();
    let chrome = backend.surroundings.of(Some(reader.id)).await.unwrap();
    assert_eq!(names(&chrome.following), ["live_one", "followed"]);
    assert_eq!(names(&chrome.recommended), ["live_two", "taught", "coming"]);
    let page = backend.follows.following(&reader, 1).await.unwrap();
    assert_eq!((page.live.len(), page.offline.len(), page.total, page.n_pages), (1, 1, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_what_is_recommended_to_everybody_gets_other_channels() {
    let backend = test_backend().await;
    fill(&backend.database, Size { users: 200, channels: 120, live: 60, follows: 100 }).await;
    // The n-th live stream has n viewers.
    let count = "UPDATE live_streams SET viewers = of.n FROM \
                 (SELECT channel_id, row_number() OVER (ORDER BY channel_id) AS n FROM live_streams) AS of \
                 WHERE live_streams.channel_id = of.channel_id";
    execute(&backend, count).await;
    let reader = person(200);
    for most in [55, 20, 15, 5, 0] {
        let follow = format!(
            "INSERT INTO follows (follower_id, channel_id) SELECT '{reader}', channel_id FROM live_streams WHERE viewers > {most} \
             ON CONFLICT DO NOTHING"
        );
        execute(&backend, &format!("DELETE FROM follows WHERE follower_id = '{reader}'")).await;
        execute(&backend, &follow).await;
        let chrome = backend.surroundings.of(Some(reader)).await.unwrap();
        let viewers: Vec<_> = chrome.recommended.iter().map(|channel| channel.viewers).collect();
        let expected: Vec<_> = (0..10).map(|n| (n < most).then(|| most - n)).collect();
        assert_eq!(viewers, expected, "who follows all with more than {most} viewers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_sorted_and_paged() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    execute(
        &backend,
        "INSERT INTO users (id, username, email, display_name, password_hash) \
         SELECT gen_random_uuid(), 'fan_' || n, n || '@example.org', 'Fan ' || lpad(n::text, 3, '0'), '' FROM generate_series(1, 120) AS n",
    )
    .await;
    execute(
        &backend,
        &format!(
            "INSERT INTO follows (follower_id, channel_id, created_at) \
             SELECT id, '{}', now() - (substr(username, 5) || ' minutes')::interval FROM users WHERE username LIKE 'fan\\_%'",
            ana.id
        ),
    )
    .await;
    let read = async |search: &str, order, page| {
        let query = PeopleQuery { search: search.to_owned(), order, page, ..query(Circle::Followers) };
        backend.community.page(&ana, query).await.unwrap()
    };
    let first = read("", PeopleOrder::Newest, 1).await;
    assert_eq!((first.total, first.n_pages, first.people.len()), (120, 3, 50));
    assert_eq!(first.people[0].person.username.as_str(), "fan_1");
    assert_eq!(read("", PeopleOrder::Oldest, 1).await.people[0].person.username.as_str(), "fan_120");
    let last = read("", PeopleOrder::Name, 99).await;
    assert_eq!((last.page, last.people.len()), (3, 20), "a page behind the last is the last");
    assert_eq!(read("FAN_12", PeopleOrder::Name, 1).await.total, 2, "a part of the name, in whatever case");
    assert_eq!(read("%", PeopleOrder::Name, 1).await.total, 0, "no wild card");
    assert_eq!(read("' OR true --", PeopleOrder::Name, 1).await.total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_owners_appoint_and_dismiss_for_their_own_channel() {
    let backend = test_backend().await;
    let ((ana, _), (ben, _), (cleo, _)) =
        (backend.member("ana").await, backend.member("ben").await, backend.member("cleo").await);
    backend.community.appoint(&ana, "BEN").await.unwrap();
    backend.community.appoint(&ana, "ben").await.unwrap();
    assert_eq!(names(&backend, &ana, Circle::Moderators).await, ["ben"]);
    assert!(
        backend.community.moderates(ben.id, ana.id).await.unwrap() && backend.community.moderates(ana.id, ana.id).await.unwrap()
    );
    assert!(
        !backend.community.moderates(ana.id, ben.id).await.unwrap()
            && !backend.community.moderates(cleo.id, ana.id).await.unwrap()
    );
    // Whoever asks, it is about the asker's own channel: nobody can name another.
    backend.community.dismiss(&cleo, ben.id).await.unwrap();
    backend.community.dismiss(&ben, ben.id).await.unwrap();
    assert_eq!(names(&backend, &ana, Circle::Moderators).await, ["ben"]);
    for name in ["ana", "nobody", "not a name", ""] {
        assert!(refusal(backend.community.appoint(&ana, name).await).problem_with("username").is_some(), "{name}");
    }
    backend.community.dismiss(&ana, ben.id).await.unwrap();
    assert!(names(&backend, &ana, Circle::Moderators).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_block_ends_playback_at_the_server_that_has_the_media() {
    let media = std::sync::Arc::new(backend::testing::NoMedia::default());
    let backend = backend::testing::backend_with_media(std::sync::Arc::<backend::testing::NoMedia>::clone(&media)).await;
    let ((ana, _), (ben, _)) = (backend.member("ana").await, backend.member("ben").await);
    let (reports, reported) = mpsc::channel(4);
    let stopped = CancellationToken::new();
    let following = tokio::spawn({
        let (broadcasts, stopped) = (backend.broadcasts.clone(), stopped.clone());
        async move { broadcasts.run(reported, stopped).await }
    });
    let mut streams = backend.events.hub().subscribe(vec![Topic::Streams], None);
    reports.send(MediaEvent::Started { channel: ana.id }).await.unwrap();
    let frame = tokio::time::timeout(std::time::Duration::from_secs(10), streams.frames.recv()).await.unwrap().unwrap();
    assert!(matches!(event(&frame), Event::StreamStarted { .. }));
    // As if the block was made at another server, which can only write it down.
    execute(&backend, &format!("INSERT INTO blocks (blocker_id, blocked_id) VALUES ('{}', '{}')", ana.id, ben.id)).await;
    backend.broadcasts.sweep().await.unwrap();
    assert!(media.sent_away.lock().unwrap().contains(&(ana.id, ben.id.0)));
    stopped.cancel();
    following.await.unwrap();
}
