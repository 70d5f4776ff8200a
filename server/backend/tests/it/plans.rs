//! No query of a page reads a whole table or sorts on disk, on a database as full as that of a large site.
//!
//! The services themselves run, and PostgreSQL writes down how it went about each of their queries (`auto_explain`). So
//! what is looked at is what is asked, and a query that is added later is looked at too.

use backend::{
    Backend,
    chat::{Draft, Visitor},
    database::Database,
    testing::{
        backend_on, client, database_settings,
        population::{Size, fill, person, viewer},
        server_log,
    },
};
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use domain::{
    Category, MessageId, NotificationId,
    chat::Emoji,
    community::{Circle, PeopleOrder, PeopleQuery},
    notification::{NewNotification, NotificationKind},
    search::SearchSection,
    stream::StreamScope,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek, SeekFrom, Write},
};
use uuid::Uuid;

/// What may read a whole table.
const ALLOWED: [&str; 3] = [
    // How many are live in each category, for all visitors together: 1 ms for 5,000 streams, and no index counts faster.
    "SELECT \"live_streams\".\"category\", COUNT(*) FROM \"live_streams\"",
    // The people around a channel, searched and sorted by name: of the most popular channel that is a quarter of all
    // members here, and only its owner asks.
    "FROM follows AS circle JOIN users",
    // What is live and no longer seen, once a second: 2 ms for 5,000 streams. An index on the time of the last sign of life
    // would make each of those signs four times as expensive: 150 ms instead of 35 ms for so many.
    "DELETE FROM \"live_streams\" WHERE ((\"live_streams\".\"interrupted_at\" <",
];

/// Tables below this may be read as a whole.
const SMALL: u32 = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn no_page_reads_a_whole_table_or_sorts_on_disk() {
    let settings = database_settings().await;
    let database = Database::new(&settings).unwrap();
    fill(&database, Size::chosen()).await;
    let big = big_tables(&database).await;
    assert!(big.len() >= 10, "{big:?}");
    write_down_plans(&database).await;
    let mut log = std::fs::File::open(server_log()).unwrap();
    let mut slowest = BTreeMap::new();
    let mut problems = BTreeSet::new();
    // A statement gets a plan of its own at first, and one for every value when it has been used for a while.
    for mode in ["force_custom_plan", "force_generic_plan"] {
        alter(&database, &format!("plan_cache_mode = {mode}")).await;
        log.seek(SeekFrom::End(0)).unwrap();
        visit_everything(&backend_on(&settings, backend::events::Events::local().unwrap())).await;
        let mut written = String::new();
        log.read_to_string(&mut written).unwrap();
        let plans = plans(&written);
        assert!(plans.len() > 100, "{mode}: {} plans were written down", plans.len());
        for plan in &plans {
            let query = plan["Query Text"].as_str().unwrap();
            let is_allowed = ALLOWED.iter().any(|allowed| query.contains(allowed));
            for problem in found_in(&plan["Plan"], &big).into_iter().filter(|_| !is_allowed) {
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

/// Does once what people do most.
async fn visit_everything(backend: &Backend) {
    let (popular, teacher, learner) = (person(1), viewer(1), viewer(7_777));
    for reader in [None, Some(&teacher), Some(&learner)] {
        let id = reader.map(|reader| reader.id);
        backend.streams.snapshot(StreamScope::Home, id).await.unwrap();
        for page in [1, 3] {
            backend.streams.snapshot(StreamScope::Category { category: Category::Study, page }, id).await.unwrap();
        }
        backend.surroundings.of(id).await.unwrap();
        backend.blocks.hidden(id).await.unwrap();
        for name in ["person1", "person9001"] {
            backend.channels.page(name, id).await.unwrap();
        }
        for term in ["person9001", "rust", "algebra with piano", "robtics", "e"] {
            backend.search.find(reader, term, None, 1).await.unwrap();
            backend.search.suggest(reader, term).await.unwrap();
            for section in SearchSection::ALL {
                backend.search.find(reader, term, Some(section), 2).await.unwrap();
            }
        }
        let visitor = Visitor { viewer: reader.cloned(), former: None, client: client() };
        for channel in [popular, person(9001)] {
            backend.chat.snapshot(&visitor, channel).await.unwrap();
            backend.chat.history(&visitor, channel, MessageId(Uuid::max())).await.unwrap();
        }
    }
    for member in [&teacher, &learner] {
        for page in [1, 2] {
            backend.follows.following(member, page).await.unwrap();
        }
        backend.follows.follow(member, person(2)).await.unwrap();
        backend.follows.unfollow(member, person(2)).await.unwrap();
        backend.notifications.page(member, None).await.unwrap();
        backend.notifications.page(member, Some(NotificationId(Uuid::max()))).await.unwrap();
        let new =
            NewNotification { kind: NotificationKind::Follower, actor: Some(person(3)), channel: None, words: String::new() };
        backend.notifications.notify(&[member.id], new).await;
        backend.notifications.mark_read(member, None).await.unwrap();
        for circle in Circle::ALL {
            for order in PeopleOrder::ALL {
                let query = PeopleQuery { circle, search: String::new(), order, page: 2 };
                backend.community.page(member, query).await.unwrap();
            }
        }
        backend.accounts.sessions(member).await.unwrap();
    }
    // Whatever the population says they wrote a moment ago.
    let mut connection = backend.database.connection().await.unwrap();
    let forget = format!("DELETE FROM chat_messages WHERE author = '{}'", learner.id);
    diesel::sql_query(forget).execute(&mut connection).await.unwrap();
    drop(connection);
    let visitor = Visitor { viewer: Some(learner.clone()), former: None, client: client() };
    let text = format!("Hello @person1 {}", Uuid::new_v4());
    let sent = backend.chat.send(&visitor, person(2), Draft { text: &text, ..Draft::default() }).await.unwrap();
    backend.chat.react(&visitor, sent.id, Emoji::ALL[0], true).await.unwrap();
    backend.chat.tell_reactions().await.unwrap();
    backend.chat.edit(&visitor, sent.id, &format!("{text}!")).await.unwrap();
    backend.chat.delete(&visitor, sent.id).await.unwrap();
    backend.blocks.block(&learner, person(8)).await.unwrap();
    backend.blocks.unblock(&learner, person(8)).await.unwrap();
    backend.channels.update_stream(&teacher, "Another title", "study").await.unwrap();
    backend.accounts.viewer_now(&"x".repeat(43)).await.unwrap();
    backend.broadcasts.place(popular).await.unwrap();
    // What happens by itself.
    backend.broadcasts.sweep().await.unwrap();
    backend.chat.release_due().await.unwrap();
    backend.chat.forget_time_outs().await.unwrap();
    backend.notifications.forget_old().await.unwrap();
    backend.accounts.forget_old_sessions().await.unwrap();
    backend.pictures.forget_unused().await.unwrap();
    backend.outbox.clear().await.unwrap();
    backend.outbox.relay().await.unwrap();
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

/// What is wrong with a part of a plan, and with the parts below it.
fn found_in(plan: &Value, big: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let table = plan["Relation Name"].as_str().unwrap_or_default();
    // One that was never begun costs nothing.
    let has_run = plan["Actual Loops"].as_u64().unwrap_or(0) > 0;
    if plan["Node Type"] == "Seq Scan" && big.contains(table) && has_run {
        problems.push(format!("reads all of {table}"));
    }
    if plan["Sort Space Type"] == "Disk" {
        problems.push("sorts on disk".to_owned());
    }
    if plan["Hash Batches"].as_u64().unwrap_or(0) > 1 {
        problems.push("hashes on disk".to_owned());
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        problems.extend(found_in(part, big));
    }
    problems
}
