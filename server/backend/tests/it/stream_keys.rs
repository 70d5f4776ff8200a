//! Stream keys: one per channel, unreadable at rest, useless after rotation.

use backend::testing::test_backend;
use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use domain::Error as Domain;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_names_its_channel_until_it_is_replaced() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let (ben, _) = backend.member("ben").await;
    let (first, second) = futures::join!(backend.stream_keys.reveal(&ana), backend.stream_keys.reveal(&ana));
    let key = first.unwrap();
    assert_eq!(key, second.unwrap(), "two first looks see one key");
    assert_ne!(key, backend.stream_keys.reveal(&ben).await.unwrap());
    assert_eq!(backend.stream_keys.channel(&key).await.unwrap(), ana.id);

    let new = backend.stream_keys.rotate(&ana).await.unwrap();
    assert_eq!(backend.stream_keys.channel(&new).await.unwrap(), ana.id);
    for refused in [key.as_str(), "", "live_", "nonsense", &"live_x".repeat(100)] {
        assert_eq!(backend.stream_keys.channel(refused).await.unwrap_err().into_domain(), Domain::Unauthenticated);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_does_not_hold_it() {
    let backend = test_backend().await;
    let (ana, token) = backend.member("ana").await;
    let key = backend.stream_keys.reveal(&ana).await.unwrap();
    let mut connection = backend.database.connection().await.unwrap();
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT stream_keys::text AS row FROM stream_keys UNION ALL SELECT sessions::text FROM sessions UNION ALL SELECT users::text FROM users",
    )
    .load(&mut connection)
    .await
    .unwrap();
    assert!(rows.len() >= 3);
    for Row { row } in rows {
        assert!(!row.contains(&key) && !row.contains(token.as_str()), "{row}");
    }
}
