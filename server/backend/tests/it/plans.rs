//! No query of a page reads a whole table or a whole index or sorts on disk, on a database as full as that of a large site.
//!
//! The services themselves run, and PostgreSQL writes down how it went about each of their queries (`auto_explain`). So
//! what is looked at is what is asked, and a query that is added later is looked at too. That includes what triggers and
//! foreign keys ask.

mod visits;

use backend::{
    database::Database,
    events::Events,
    testing::{
        backend_on, database_settings, is_full_size,
        population::{Size, fill},
        server_log,
    },
};
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek, SeekFrom, Write},
};
use visits::visit_everything;

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
    // What is live and found by a word or something like it: each of the channels that are live is looked at.
    ("live_streams", "FROM live_streams CROSS JOIN LATERAL (SELECT user_id, search"),
    // The signs of life of a server, every four seconds, and the last word of one that stops. The viewers are written far
    // more often, at every index.
    ("live_streams", "\"seen_at\" = now() WHERE"),
    ("live_streams", "SET \"interrupted_at\" = now() WHERE ((\"live_streams\".\"node_id\" ="),
    // Whether a picture is the preview of a stream, when pictures are cleared away. For the same reason there is no index.
    ("live_streams", "FROM pictures AS unused"),
    ("live_streams", "SET \"preview\" = NULL"),
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

/// Fills what the population leaves empty, as far as it is full in life: a row for each channel or member.
pub(crate) async fn fill_the_rest(database: &Database) {
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
    // An index without a condition is read as a whole too, unless something stops it soon. Where there are few members and as
    // many streams as ever, that may be right.
    let is_index_scan = plan["Node Type"].as_str().is_some_and(|kind| kind.starts_with("Index"));
    let is_bounded = ["Index Cond", "Order By"].iter().any(|part| !plan[*part].is_null());
    let rows = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
    let n_read: f64 = rows.iter().filter_map(|rows| plan[*rows].as_f64()).sum();
    if is_full_size() && is_index_scan && !is_bounded && watched.contains(table) && n_read > f64::from(SMALL) {
        problems.push(format!("reads all of an index of {table}"));
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
