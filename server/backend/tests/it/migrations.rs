//! The schema can be built, taken down and built again, and is what diesel was told.

use crate::plans::fill_the_rest;
use backend::{
    database::{self, Database, MIGRATIONS, Settings},
    testing::{
        empty_database,
        population::{Size, fill},
        test_database,
    },
};
use diesel::migration::MigrationSource;
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::MigrationHarness;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn go_up_and_down_and_up_again() {
    let settings = empty_database().await;
    database::migrate(&settings).await.unwrap();
    database::migrate(&settings).await.expect("nothing is left to do");
    let connection = AsyncPgConnection::establish(settings.url.expose_secret()).await.unwrap();
    let revert = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(connection);
        harness.revert_all_migrations(MIGRATIONS).map(|reverted| reverted.len()).map_err(|error| error.to_string())
    });
    assert!(revert.await.unwrap().unwrap() >= 4);
    let mut connection = AsyncPgConnection::establish(settings.url.expose_secret()).await.unwrap();
    let left: Vec<Column> = diesel::sql_query(
        "SELECT table_name::text AS name FROM information_schema.tables \
         WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'",
    )
    .load(&mut connection)
    .await
    .unwrap();
    assert!(left.is_empty(), "{:?}", left.iter().map(|table| &table.name).collect::<Vec<_>>());
    database::migrate(&settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_the_database_are_in_the_order_in_which_they_are_made() {
    let database = test_database().await;
    let mut connection = database.connection().await.unwrap();
    let made = "SELECT new_id()::text AS name FROM generate_series(1, 1000)";
    let mut made: Vec<Column> = diesel::sql_query(made).load(&mut connection).await.unwrap();
    let now = "SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') AS name";
    made.extend(diesel::sql_query(now).load::<Column>(&mut connection).await.unwrap());
    let made: Vec<String> = made.into_iter().map(|id| id.name.replace('-', "")).collect();
    let (now, made) = made.split_last().unwrap();
    for id in made {
        let kind = (&id[12..13], id[16..17].parse::<u8>().map_or(true, |variant| variant >= 8));
        assert_eq!(kind, ("7", true), "{id} is a UUID of version 7");
    }
    let millis = |id: &str| u64::from_str_radix(&id[..12], 16).unwrap();
    assert!((millis(now).saturating_sub(10_000)..=millis(now)).contains(&millis(&made[0])), "{} and {now}", made[0]);
    // The first 60 bits are the time, in quarters of a microsecond.
    assert!(made.iter().map(|id| &id[..15]).is_sorted());
    assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
}

/// Takes back the last migrations, so many of them.
async fn revert(settings: &Settings, n: usize) {
    let connection = AsyncPgConnection::establish(settings.url.expose_secret()).await.unwrap();
    let revert = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(connection);
        for _ in 0..n {
            harness.revert_last_migration(MIGRATIONS).map_err(|error| error.to_string())?;
        }
        Ok::<_, String>(())
    });
    revert.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn go_down_and_up_again_with_rows_in_the_tables() {
    let settings = empty_database().await;
    database::migrate(&settings).await.unwrap();
    let database = Database::new(&settings).unwrap();
    let size = Size { users: 500, channels: 100, live: 10, follows: 1000 };
    fill(&database, size).await;
    fill_the_rest(&database).await;
    let n = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).unwrap().len();
    // All but the one that makes the people.
    for n_reverted in 1..n {
        revert(&settings, n_reverted).await;
        database::migrate(&settings).await.unwrap_or_else(|error| panic!("the last {n_reverted} again: {error}"));
    }
    let mut connection = database.connection().await.unwrap();
    let rows: Vec<Column> = diesel::sql_query("SELECT username AS name FROM users").load(&mut connection).await.unwrap();
    assert_eq!(rows.len(), 500);
}

/// F49: a migration does not keep the site waiting for as long as something keeps it from a table.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_of_a_table_in_use_gives_way_and_is_tried_again() {
    let settings = empty_database().await;
    database::migrate(&settings).await.unwrap();
    let n = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).unwrap().len();
    // Down to the one that makes the chat: the next changes the people and the channels.
    revert(&settings, n - 6).await;
    let mut reader = AsyncPgConnection::establish(settings.url.expose_secret()).await.unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM users").await.unwrap();
    let migrating = tokio::spawn({
        let settings = settings.clone();
        async move { database::migrate(&settings).await }
    });
    let mut watcher = AsyncPgConnection::establish(settings.url.expose_secret()).await.unwrap();
    let waiting = "SELECT 'one' AS name FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while diesel::sql_query(waiting).load::<Column>(&mut watcher).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Whoever comes now stands behind the migration, until that gives way.
    let read = diesel::sql_query("SELECT username AS name FROM users").load::<Column>(&mut watcher);
    tokio::time::timeout(std::time::Duration::from_secs(20), read).await.expect("an answer").unwrap();
    assert!(!migrating.is_finished());
    reader.batch_execute("COMMIT").await.unwrap();
    migrating.await.unwrap().unwrap();
}

/// An index of a table in use is built beside what goes on there, however often that is in its way.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_built_while_its_table_is_written_to() {
    let settings = empty_database().await;
    database::migrate(&settings).await.unwrap();
    fill(&Database::new(&settings).unwrap(), Size { users: 500, channels: 100, live: 10, follows: 1000 }).await;
    let n = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).unwrap().len();
    // Down to the outbox: the next make the indexes of sessions.
    revert(&settings, n - 11).await;
    let open = || async { AsyncPgConnection::establish(settings.url.expose_secret()).await.unwrap() };
    let (mut writer, mut watcher) = (open().await, open().await);
    writer.batch_execute("BEGIN; UPDATE sessions SET last_seen_at = now()").await.unwrap();
    let servers = [(); 2].map(|()| {
        let settings = settings.clone();
        tokio::spawn(async move { database::migrate(&settings).await })
    });
    // It had to give way, and what it left there is of no use to anybody.
    let left = "SELECT 'one' AS name FROM pg_index WHERE indexrelid = to_regclass('sessions_seen') AND NOT indisvalid \
                AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)";
    while diesel::sql_query(left).load::<Column>(&mut watcher).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    watcher
        .batch_execute(
            "SET lock_timeout = '1s'; INSERT INTO sessions (id, user_id, token_hash, browser) \
         SELECT gen_random_uuid(), id, gen_random_uuid()::text::bytea, '' FROM users LIMIT 1",
        )
        .await
        .expect("nobody is kept waiting");
    writer.batch_execute("COMMIT").await.unwrap();
    for server in servers {
        server.await.unwrap().unwrap();
    }
    let valid = "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indisvalid \
                 AND indexrelid IN (to_regclass('sessions_seen'), to_regclass('sessions_created'))";
    assert_eq!(diesel::sql_query(valid).load::<Column>(&mut watcher).await.unwrap().len(), 2);
}

/// Who is deleted takes along what leads to them, and is not looked for there row by row.
#[tokio::test(flavor = "multi_thread")]
async fn every_foreign_key_has_an_index() {
    let database = test_database().await;
    let mut connection = database.connection().await.unwrap();
    let without = "SELECT conrelid::regclass || ': ' || pg_get_constraintdef(pg_constraint.oid) AS name FROM pg_constraint \
         WHERE contype = 'f' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid \
             AND (indpred IS NULL OR pg_get_expr(indpred, indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$') \
             AND (SELECT array_agg(attnum ORDER BY attnum) FROM unnest(conkey) AS attnum) \
               = (SELECT array_agg(attnum ORDER BY attnum) FROM unnest((indkey::smallint[])[0:cardinality(conkey) - 1]) AS attnum))";
    let without: Vec<Column> = diesel::sql_query(without).load(&mut connection).await.unwrap();
    let without: Vec<_> = without.into_iter().map(|key| key.name).collect();
    // There are no more of them than live streams, and their viewers are written all the time, at every index.
    assert_eq!(without, ["live_streams: FOREIGN KEY (preview) REFERENCES pictures(id) ON DELETE SET NULL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_those_that_diesel_knows() {
    let database = test_database().await;
    let mut connection = database.connection().await.unwrap();
    let stored: Vec<Column> = diesel::sql_query(
        "SELECT table_name || '.' || column_name || (CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END) AS name \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'",
    )
    .load(&mut connection)
    .await
    .unwrap();
    let stored: BTreeSet<String> = stored.into_iter().map(|column| column.name).collect();

    let schema = include_str!("../../src/schema.rs");
    let mut known = BTreeSet::new();
    let mut table = "";
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            table = name;
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ").filter(|_| line.ends_with(',')) {
            let mark = if kind.starts_with("Nullable") { "?" } else { "" };
            known.insert(format!("{table}.{column}{mark}"));
        }
    }
    assert_eq!(stored, known);
}
