//! No query of a page reads a whole table or sorts on disk, on a database as full as that of a large site.
//!
//! The services themselves run, and PostgreSQL writes down how it went about each of their queries (`auto_explain`). So
//! what is looked at is what is asked, and a query that is added later is looked at too. That includes what triggers and
//! foreign keys ask.

use crate::listener::{PATIENCE, event};
use backend::{
    Backend,
    chat::{Draft, Visitor},
    database::Database,
    events::Events,
    media::MediaEvent,
    testing::{
        PASSWORD, backend_on, client, database_settings,
        population::{Size, fill, person, viewer},
        sample_picture, server_log,
    },
};
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use domain::{
    Category, LogEntryId, MessageId, NotificationId,
    account::Viewer,
    chat::{ChatModes, ChatSettings, Emoji},
    community::{Circle, PeopleOrder, PeopleQuery},
    event::Topic,
    notification::{NewNotification, NotificationKind, NotificationSettings},
    picture::PictureKind,
    search::SearchSection,
    stream::StreamScope,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek, SeekFrom, Write},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What may read whole tables and use the disk: the people around a channel, searched and sorted by name. Of the most popular
/// channel that is a quarter of all members here, and only its owner asks.
const HEAVY: &str = "FROM follows AS circle JOIN users";

/// Which table may be read as a whole by which statements.
const ALLOWED: [(&str, &str); 11] = [
    // How many are live in each category, for all visitors together: 1 ms for 5,000 streams, and no index counts faster.
    ("live_streams", "SELECT \"live_streams\".\"category\", COUNT(*) FROM \"live_streams\""),
    // How many are live in one of few categories: until the table is vacuumed, the rows of an eighth lie on all of its pages.
    ("live_streams", "SELECT COUNT(*) FROM \"live_streams\" WHERE ((\"live_streams\".\"category\" = $1)"),
    // What is live and no longer seen, once a second: 2 ms for 5,000 streams. An index on the time of the last sign of life
    // would make each of those signs four times as expensive: 150 ms instead of 35 ms for so many.
    ("live_streams", "DELETE FROM \"live_streams\" WHERE ((\"live_streams\".\"interrupted_at\" <"),
    // Which of the channels that somebody follows are live. Whoever follows hundreds is compared with all that is live,
    // which are a hundred pages.
    ("live_streams", "\"follows\".\"follower_id\" = "),
    ("live_streams", "FROM follows LEFT JOIN live_streams"),
    // The signs of life of a server, every four seconds, and the last word of one that stops. The viewers are written far
    // more often, at every index.
    ("live_streams", "\"seen_at\" = now() WHERE"),
    ("live_streams", "SET \"interrupted_at\" = now() WHERE ((\"live_streams\".\"node_id\" ="),
    // Whether a picture is the preview of a stream, when pictures are cleared away. For the same reason there is no index.
    ("live_streams", "FROM pictures AS unused"),
    ("live_streams", "SET \"preview\" = NULL"),
    // Who owns the site: asked when a server starts, and when somebody deletes their account.
    ("users", "(\"users\".\"role\" = "),
    // Where the other servers stand, when a server starts.
    ("bus_messages", "GROUP BY \"bus_messages\".\"origin\""),
];

/// Tables below this may be read as a whole.
const SMALL: u32 = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn no_page_reads_a_whole_table_or_sorts_on_disk() {
    let settings = database_settings().await;
    let database = Database::new(&settings).unwrap();
    // As many are live as in the full size: of a twentieth of them, reading all would be right.
    fill(&database, Size { live: Size::FULL.live, ..Size::chosen() }).await;
    fill_the_rest(&database).await;
    let big = big_tables(&database).await;
    assert!(big.len() >= 20 && big.contains("live_streams"), "{big:?}");
    write_down_plans(&database).await;
    let mut log = std::fs::File::open(server_log()).unwrap();
    let mut slowest = BTreeMap::new();
    let mut problems = BTreeSet::new();
    // A statement gets a plan of its own at first, and one for every value when it has been used for a while.
    for mode in ["force_custom_plan", "force_generic_plan"] {
        alter(&database, &format!("plan_cache_mode = {mode}")).await;
        log.seek(SeekFrom::End(0)).unwrap();
        visit_everything(&backend_on(&settings, Events::local().unwrap())).await;
        let mut written = String::new();
        log.read_to_string(&mut written).unwrap();
        let plans = plans(&written);
        assert!(plans.len() > 100, "{mode}: {} plans were written down", plans.len());
        for plan in &plans {
            let query = plan["Query Text"].as_str().unwrap();
            let watched: BTreeSet<&str> = big.iter().map(String::as_str).filter(|table| !may_read(query, table)).collect();
            for problem in found_in(&plan["Plan"], &watched).into_iter().filter(|_| !query.contains(HEAVY)) {
                problems.insert(format!("{problem}, {mode}: {query}"));
            }
            let blocks =
                plan["Plan"]["Shared Hit Blocks"].as_u64().unwrap() + plan["Plan"]["Shared Read Blocks"].as_u64().unwrap();
            slowest.insert((blocks, query.to_owned()), mode);
        }
    }
    let mut told = String::from("What reads the most pages of 8 kB:\n");
    for ((blocks, query), mode) in slowest.iter().rev().take(12) {
        let beginning: String = query.chars().take(180).collect();
        told = format!("{told}{blocks:>7}  {mode}: {beginning}\n");
    }
    std::io::stdout().write_all(told.as_bytes()).unwrap();
    assert!(problems.is_empty(), "{}", problems.into_iter().collect::<Vec<_>>().join("\n\n"));
}

/// Does once what people and servers do.
async fn visit_everything(backend: &Backend) {
    let (teacher, learner) = (viewer(1), viewer(7_777));
    Box::pin(talk_to_another_server(backend)).await;
    for reader in [None, Some(&teacher), Some(&learner)] {
        Box::pin(look_around(backend, reader)).await;
    }
    for member in [&teacher, &learner] {
        Box::pin(use_membership(backend, member)).await;
    }
    // Whoever follows hundreds, or is followed by thousands, takes a good part of all members away. Most do not.
    backend.personal_data.export(&learner).await.unwrap();
    backend.channels.update_stream(&teacher, "Another title", "study").await.unwrap();
    Box::pin(write(backend, &learner)).await;
    Box::pin(teach(backend, &[&teacher, &learner])).await;
    Box::pin(clear_up(backend)).await;
}

/// What servers without Redis tell each other.
async fn talk_to_another_server(backend: &Backend) {
    let servers = [Uuid::new_v4(), Uuid::new_v4()];
    for id in servers {
        backend.sql(&format!("INSERT INTO nodes (id, address) VALUES ('{id}', 'http://127.0.0.1:1')")).await;
    }
    let [ours, theirs] = servers.map(|id| Events::shared(id, &backend.database, None).unwrap());
    let mut reader = theirs.hub().subscribe(vec![Topic::Streams], None);
    let heard = async {
        loop {
            ours.publish(&[Topic::Streams], &event(0));
            if let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(700), reader.frames.recv()).await {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the servers hear each other");
}

/// The pages that everybody reads.
async fn look_around(backend: &Backend, reader: Option<&Viewer>) {
    let id = reader.map(|reader| reader.id);
    backend.streams.snapshot(StreamScope::Home, id).await.unwrap();
    for page in [1, 3] {
        backend.streams.snapshot(StreamScope::Category { category: Category::Study, page }, id).await.unwrap();
    }
    backend.surroundings.of(id).await.unwrap();
    backend.blocks.hidden(id).await.unwrap();
    for name in ["person1", "person9001"] {
        backend.channels.page(name, id).await.unwrap();
        backend.channels.id(name, id).await.unwrap();
    }
    for term in ["person9001", "rust", "algebra with piano", "robtics", "e"] {
        backend.search.find(reader, term, None, 1).await.unwrap();
        backend.search.suggest(reader, term).await.unwrap();
        for section in SearchSection::ALL {
            backend.search.find(reader, term, Some(section), 2).await.unwrap();
        }
    }
    // A guest was signed in before.
    let former = reader.is_none().then(|| person(7_777));
    let visitor = Visitor { viewer: reader.cloned(), former, client: client() };
    for channel in [person(1), person(9001)] {
        backend.chat.snapshot(&visitor, channel).await.unwrap();
        backend.chat.history(&visitor, channel, MessageId(Uuid::max())).await.unwrap();
        backend.broadcasts.place(channel).await.unwrap();
    }
    backend.broadcasts.place_of_node(Uuid::new_v4()).await.unwrap();
    backend.accounts.viewer_now(&"x".repeat(43)).await.unwrap();
}

/// What members do about others, and their own pages.
async fn use_membership(backend: &Backend, member: &Viewer) {
    for page in [1, 2] {
        backend.follows.following(member, page).await.unwrap();
    }
    backend.follows.follow(member, person(2)).await.unwrap();
    backend.follows.unfollow(member, person(2)).await.unwrap();
    backend.blocks.block(member, person(8)).await.unwrap();
    backend.blocks.unblock(member, person(8)).await.unwrap();
    backend.notifications.page(member, None).await.unwrap();
    backend.notifications.page(member, Some(NotificationId(Uuid::max()))).await.unwrap();
    let new = NewNotification { kind: NotificationKind::Follower, actor: Some(person(3)), channel: None, words: String::new() };
    backend.notify(&[member.id], new).await;
    backend.notifications.mark_read(member, Some(NotificationId(Uuid::max()))).await.unwrap();
    backend.notifications.mark_read(member, None).await.unwrap();
    backend.notifications.settings(member).await.unwrap();
    for circle in Circle::ALL {
        for order in PeopleOrder::ALL {
            let query = PeopleQuery { circle, search: String::new(), order, page: 2 };
            backend.community.page(member, query).await.unwrap();
        }
    }
    backend.accounts.sessions(member).await.unwrap();
    backend.channels.own(member).await.unwrap();
    backend.profiles.own(member).await.unwrap();
    backend.chat.settings(member).await.unwrap();
    let visitor = Visitor { viewer: Some(member.clone()), former: None, client: client() };
    for before in [None, Some(LogEntryId(Uuid::max()))] {
        backend.chat.moderation_log(&visitor, member.id, before).await.unwrap();
    }
}

/// A message from being written to being deleted.
async fn write(backend: &Backend, learner: &Viewer) {
    // Whatever the population says they wrote a moment ago.
    backend.sql(&format!("DELETE FROM chat_messages WHERE author = '{}'", learner.id)).await;
    let visitor = Visitor { viewer: Some(learner.clone()), former: None, client: client() };
    let text = format!("Hello @person1 {}", Uuid::new_v4());
    let sent = backend.chat.send(&visitor, person(2), Draft { text: &text, ..Draft::default() }).await.unwrap();
    backend.chat.react(&visitor, sent.id, Emoji::ALL[0], true).await.unwrap();
    backend.chat.tell_reactions().await.unwrap();
    backend.chat.react(&visitor, sent.id, Emoji::ALL[0], false).await.unwrap();
    backend.chat.edit(&visitor, sent.id, &format!("{text}!")).await.unwrap();
    backend.chat.delete(&visitor, sent.id).await.unwrap();
}

/// An account with a channel, from signing up to its deletion, with which goes all that leads to it.
async fn teach(backend: &Backend, followers: &[&Viewer; 2]) {
    const EMAIL: &str = "somebody@example.org";
    const NEW_PASSWORD: &str = "another password of this test";
    let (host, _) = backend.member("host_of_plans").await;
    for follower in followers {
        backend.follows.follow(follower, host.id).await.unwrap();
    }
    backend.profiles.update(&host, "A host", "I **explain**.").await.unwrap();
    backend.profiles.update_links(&host, "", |network| format!("{}/host", network.hosts()[0])).await.unwrap();
    for kind in [PictureKind::Avatar, PictureKind::Thumbnail] {
        backend.pictures.remove(&host, kind).await.unwrap();
    }
    let settings = NotificationSettings { muted: vec![NotificationKind::Follower] };
    backend.notifications.set_settings(&host, &settings).await.unwrap();

    let (media, running) = go_live(backend, &host).await;
    Box::pin(keep_order(backend, &host, followers[1])).await;
    // The server stops.
    drop(media);
    running.await.unwrap();
    backend.broadcasts.end(host.id).await.unwrap();

    let key = backend.stream_keys.reveal(&host).await.unwrap();
    assert_eq!(backend.stream_keys.channel(&key).await.unwrap(), host.id);
    backend.stream_keys.rotate(&host).await.unwrap();
    backend.accounts.change_password(&host, PASSWORD, NEW_PASSWORD, &client()).await.unwrap();
    backend.personal_data.change_email(&host, EMAIL, NEW_PASSWORD).await.unwrap();
    assert_eq!(backend.personal_data.email(&host).await.unwrap(), EMAIL);
    for name in [host.username.as_str(), EMAIL] {
        let token = backend.accounts.sign_in(name, NEW_PASSWORD, &client()).await.unwrap();
        let viewer = backend.accounts.viewer(token.as_str()).await.unwrap().unwrap();
        backend.accounts.end_session(&host, viewer.session).await.unwrap();
    }
    backend.personal_data.delete(&host, host.username.as_str(), NEW_PASSWORD).await.unwrap();
}

/// What a server does that follows the media of a channel, until its viewers are counted and its followers told.
async fn go_live(backend: &Backend, host: &Viewer) -> (mpsc::Sender<MediaEvent>, JoinHandle<()>) {
    let (media, reported) = mpsc::channel(16);
    let broadcasts = backend.broadcasts.clone();
    let running = tokio::spawn(async move { broadcasts.run(reported, CancellationToken::new()).await });
    let channel = host.id;
    let started = MediaEvent::Started { channel };
    for event in [started, MediaEvent::Interrupted { channel }, started, MediaEvent::Viewers { channel, viewers: 3 }] {
        media.send(event).await.unwrap();
    }
    let node = backend.broadcasts.node();
    for query in [
        format!("SELECT 'counted' AS found FROM live_streams WHERE channel_id = '{channel}' AND viewers = 3"),
        // It has given a sign of life.
        format!("SELECT address AS found FROM nodes WHERE id = '{node}'"),
        format!("SELECT 'told' AS found WHERE NOT EXISTS (SELECT FROM untold_notifications WHERE actor_id = '{channel}')"),
    ] {
        let found = async {
            while backend.texts(&query).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{query}"));
    }
    for seed in [1, 2] {
        backend.pictures.preview(host, sample_picture(seed)).await.map_err(|error| error.to_string()).unwrap();
    }
    (media, running)
}

/// What an owner does about their chat and those who write there.
async fn keep_order(backend: &Backend, host: &Viewer, member: &Viewer) {
    let (chat, channel) = (&backend.chat, host.id);
    let visitor = |viewer: Option<&Viewer>| Visitor { viewer: viewer.cloned(), former: None, client: client() };
    let (owner, visiting, guest) = (visitor(Some(host)), visitor(Some(member)), visitor(None));
    let with = |modes| ChatSettings { modes, ..ChatSettings::default() };
    chat.set(host, &with(ChatModes { allows_guests: true, ..ChatModes::default() })).await.unwrap();
    chat.set_slow(&owner, channel, "5").await.unwrap();
    backend.community.appoint(host, "person2").await.unwrap();
    assert!(backend.community.moderates(person(2), channel).await.unwrap());

    let draft = |text| Draft { text, ..Draft::default() };
    let question = chat.send(&visiting, channel, draft("What is a group?")).await.unwrap();
    let answer = Draft { reply_to: Some(question.id), ..draft("A set that you can compute in, @person7777.") };
    chat.send(&owner, channel, answer).await.unwrap();
    let other = chat.send(&guest, channel, Draft { guest_name: Some("Zoe"), ..draft("And a ring?") }).await.unwrap();
    chat.pin(&owner, question.id).await.unwrap();
    chat.snapshot(&visiting, channel).await.unwrap();
    chat.unpin(&owner, channel).await.unwrap();
    chat.delete(&owner, question.id).await.unwrap();
    for author in [question.author.id, other.author.id] {
        chat.time_out(&owner, channel, author, 10).await.unwrap();
        chat.time_out(&owner, channel, author, 0).await.unwrap();
        chat.clear(&owner, channel, author).await.unwrap();
    }

    chat.set(host, &with(ChatModes { held_seconds: 60, ..ChatModes::default() })).await.unwrap();
    chat.send(&visiting, channel, draft("Thank you, @host_of_plans!")).await.unwrap();
    backend.sql("UPDATE chat_messages SET visible_at = now() WHERE NOT is_released").await;
    chat.release_due().await.unwrap();
    backend.community.dismiss(host, person(2)).await.unwrap();
}

/// What happens by itself.
async fn clear_up(backend: &Backend) {
    backend.broadcasts.sweep().await.unwrap();
    backend.chat.release_due().await.unwrap();
    backend.chat.forget_time_outs().await.unwrap();
    backend.notifications.forget_old().await.unwrap();
    backend.accounts.forget_old_sessions().await.unwrap();
    backend.accounts.owner_link().await.unwrap();
    assert!(backend.pictures.forget_unused().await.unwrap() > 0, "those of a deleted account");
    backend.outbox.clear().await.unwrap();
    backend.outbox.relay().await.unwrap();
    backend.notifications.relay().await.unwrap();
}

/// Fills what the population leaves empty, as far as it is full in life: a row for each channel or member.
async fn fill_the_rest(database: &Database) {
    let mut connection = database.connection().await.unwrap();
    for statement in [
        // As the population does: every row is right.
        "SET session_replication_role = replica; SET statement_timeout = 0",
        "INSERT INTO stream_keys (channel_id, id, sealed, blind_index) \
         SELECT user_id, gen_random_uuid(), '', sha256(user_id::text::bytea) FROM channels",
        "INSERT INTO chat_settings (channel_id) SELECT user_id FROM channels",
        "INSERT INTO chat_pins (channel_id, message_id) \
         SELECT DISTINCT ON (channel_id) channel_id, id FROM chat_messages ORDER BY channel_id, id",
        "INSERT INTO chat_timeouts (channel_id, author, until_at) \
         SELECT user_id, gen_random_uuid(), now() + interval '1 hour' FROM channels",
        "INSERT INTO moderation_log (channel_id, actor_id, action) SELECT channel_id, channel_id, 'delete' FROM chat_messages",
        "INSERT INTO notification_mutes (member_id, kind) SELECT id, 'appointed' FROM users",
        "INSERT INTO pictures (id, owner_id, kind, unused_since) \
         SELECT gen_random_uuid(), user_id, 'thumbnail', NULL FROM channels",
        // What three busy servers say in half a minute.
        "INSERT INTO bus_messages (origin, sequence, message) \
         SELECT lpad(to_hex(n % 3), 32, '0')::uuid, 1 + n / 3, '{}' FROM generate_series(0, 5999) AS n",
        "RESET session_replication_role",
        "VACUUM ANALYZE stream_keys, chat_settings, chat_pins, chat_timeouts, moderation_log, notification_mutes, pictures, \
         bus_messages",
        "RESET statement_timeout",
    ] {
        connection.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

async fn alter(database: &Database, setting: &str) {
    let mut connection = database.connection().await.unwrap();
    let statement = format!("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting}', current_database()); END $$");
    diesel::sql_query(statement).execute(&mut connection).await.unwrap();
}

/// From the next connection on every plan of this database goes into the log of the server.
async fn write_down_plans(database: &Database) {
    let mut connection = database.connection().await.unwrap();
    let loaded = connection.batch_execute("LOAD 'auto_explain'").await;
    loaded.expect("auto_explain comes with PostgreSQL (Debian: in the package of the server)");
    drop(connection);
    for setting in [
        "session_preload_libraries = auto_explain",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_buffers = on",
        "auto_explain.log_timing = off",
        // Those of triggers and functions too, and of foreign keys.
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_format = json",
        "jit = off",
    ] {
        alter(database, setting).await;
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn big_tables(database: &Database) -> BTreeSet<String> {
    let mut connection = database.connection().await.unwrap();
    let statement = format!(
        "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND reltuples > {SMALL} AND relnamespace = 'public'::regnamespace"
    );
    let names: Vec<Name> = diesel::sql_query(statement).load(&mut connection).await.unwrap();
    names.into_iter().map(|row| row.name).collect()
}

/// The plans in a log: after a line that announces one, its lines are indented.
fn plans(log: &str) -> Vec<Value> {
    let mut plans = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if line.ends_with("plan:") {
            let mut json = String::new();
            while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
                json.push_str(more);
            }
            plans.push(serde_json::from_str(&json).unwrap());
        }
    }
    plans
}

/// Whether a statement may read all of a table, however big that is.
fn may_read(query: &str, table: &str) -> bool {
    ALLOWED.iter().any(|(of, words)| *of == table && query.contains(words))
}

/// What is wrong with a part of a plan, and with the parts below it. `watched` is what it may not read as a whole.
fn found_in(plan: &Value, watched: &BTreeSet<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    let table = plan["Relation Name"].as_str().unwrap_or_default();
    // One that was never begun costs nothing.
    let has_run = plan["Actual Loops"].as_u64().unwrap_or(0) > 0;
    if plan["Node Type"] == "Seq Scan" && watched.contains(table) && has_run {
        problems.push(format!("reads all of {table}"));
    }
    if plan["Sort Space Type"] == "Disk" {
        problems.push("sorts on disk".to_owned());
    }
    if plan["Hash Batches"].as_u64().unwrap_or(0) > 1 {
        problems.push("hashes on disk".to_owned());
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        problems.extend(found_in(part, watched));
    }
    problems
}
