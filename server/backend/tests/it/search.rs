//! Searching: who is found by what, in which order, and by which way.

use backend::{Backend, testing::test_backend};
use diesel_async::RunQueryDsl;
use domain::{
    account::Viewer,
    search::{MAX_PAGE, OVERVIEW_LENGTH, PAGE_LENGTH, SearchResults, SearchSection},
};

async fn run(backend: &Backend, statement: &str) {
    let mut connection = backend.database.connection().await.unwrap();
    // A busy machine takes longer to fill a large table than anybody would wait for an answer.
    for statement in ["SET statement_timeout = 0", statement, "RESET statement_timeout"] {
        diesel::sql_query(statement).execute(&mut connection).await.unwrap();
    }
}

/// A member whose stream has a title.
async fn channel(backend: &Backend, name: &str, title: &str) -> Viewer {
    let (viewer, _) = backend.member(name).await;
    backend.channels.update_stream(&viewer, title, "study").await.unwrap();
    viewer
}

async fn go_live(backend: &Backend, viewer: &Viewer) {
    let (broadcast, channel) = (uuid::Uuid::new_v4(), viewer.id);
    run(
        backend,
        &format!(
            "INSERT INTO broadcasts (id, channel_id, title, category) VALUES ('{broadcast}', '{channel}', 'On air', 'study')"
        ),
    )
    .await;
    run(backend, &format!("INSERT INTO live_streams (channel_id, broadcast_id, category, node_id) VALUES ('{channel}', '{broadcast}', 'study', gen_random_uuid())")).await;
}

async fn find(backend: &Backend, term: &str) -> SearchResults {
    backend.search.find(None, term, None, 1).await.unwrap()
}

fn channels(results: &SearchResults) -> Vec<&str> {
    results.channels.items.iter().map(|hit| hit.username.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_case_nor_accents_matter() {
    let backend = test_backend().await;
    let ana = channel(&backend, "ana_knots", "Würfel für Anfänger").await;
    channel(&backend, "ben", "Ёлка и мир").await;
    run(&backend, &format!("UPDATE users SET display_name = 'Renée Ørsted', bio = 'Straße' WHERE id = '{}'", ana.id)).await;
    for term in ["wurfel", "WÜRFEL", "anf", "renee", "ÉE", "orsted", "strasse", "ana knots", "KNOTS wür", "  ana  "] {
        let expected: &[&str] = if term == "ÉE" { &[] } else { &["ana_knots"] };
        assert_eq!(channels(&find(&backend, term).await), expected, "{term}");
    }
    assert_eq!(channels(&find(&backend, "елка МИР").await), ["ben"]);
    for term in ["!", "& | !", "a:*b", "'", "\\", "%", "ana' | 'ben", "\u{1f389}"] {
        let found = find(&backend, term).await;
        assert!(found.is_similar || found.channels.items.len() <= 1, "{term}: nothing in a term is an operator");
    }
    for term in ["", "  ", "x".repeat(101).as_str()] {
        assert!(backend.search.find(None, term, None, 1).await.is_err(), "{term}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_live_comes_first_then_what_fits_best() {
    let backend = test_backend().await;
    let other = channel(&backend, "other", "About glass and more glass").await;
    channel(&backend, "glass", "Blowing").await;
    let live = channel(&backend, "third", "Cutting glass").await;
    assert_eq!(channels(&find(&backend, "glass").await)[0], "glass", "a name before a title");
    go_live(&backend, &live).await;
    let found = find(&backend, "glass").await;
    assert_eq!(channels(&found)[..2], ["third", "glass"]);
    assert_eq!(found.live.items.iter().map(|card| card.username.as_str()).collect::<Vec<_>>(), ["third"]);
    assert!(found.channels.items[0].signal.is_some() && found.channels.items[1].signal.is_none());

    // A channel is found by its new title at once, and no longer by the old one.
    backend.channels.update_stream(&other, "About wood", "study").await.unwrap();
    assert_eq!(channels(&find(&backend, "wood").await), ["other"]);
    assert_eq!(channels(&find(&backend, "glass").await), ["third", "glass"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_lessons_are_found_by_their_title() {
    let backend = test_backend().await;
    let ana = channel(&backend, "ana", "Today").await;
    let insert = async |title: &str, days: u32, end: &str| {
        run(
            &backend,
            &format!(
                "INSERT INTO broadcasts (id, channel_id, title, category, started_at, ended_at) \
             VALUES (gen_random_uuid(), '{}', '{title}', 'study', now() - interval '{days} days', {end})",
                ana.id
            ),
        )
        .await;
    };
    insert("Long division", 3, "now()").await;
    insert("Long division again", 1, "now()").await;
    insert("Short division", 0, "NULL").await;
    let found = find(&backend, "long DIVISION").await;
    let titles: Vec<&str> = found.past.items.iter().map(|lesson| lesson.title.as_str()).collect();
    assert_eq!(titles, ["Long division again", "Long division"], "the latest first among equals");
    assert!(found.channels.items.is_empty() && !found.is_similar);
    assert!(find(&backend, "short").await.is_empty(), "it is not over");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_blocked_each_other_do_not_find_each_other() {
    let backend = test_backend().await;
    let (ana, ben) = (channel(&backend, "ana", "Knots").await, channel(&backend, "ben", "Knots").await);
    go_live(&backend, &ana).await;
    go_live(&backend, &ben).await;
    run(&backend, "UPDATE broadcasts SET ended_at = now()").await;
    run(&backend, &format!("INSERT INTO blocks (blocker_id, blocked_id) VALUES ('{}', '{}')", ana.id, ben.id)).await;
    for (viewer, other) in [(&ana, "ben"), (&ben, "ana")] {
        for term in ["knots", "knotz", "air", other] {
            let found = backend.search.find(Some(viewer), term, None, 1).await.unwrap();
            assert!(!channels(&found).contains(&other), "{term}");
            assert!(found.live.items.iter().all(|card| card.username.as_str() != other), "{term}");
            assert!(found.past.items.iter().all(|lesson| lesson.username.as_str() != other), "{term}");
        }
        assert!(backend.search.suggest(Some(viewer), other).await.unwrap().is_empty());
    }
    assert_eq!(find(&backend, "knots").await.channels.items.len(), 2, "a guest finds both");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mistyped_is_found_by_likeness() {
    let backend = test_backend().await;
    channel(&backend, "ana", "Python basics").await;
    channel(&backend, "ben", "Watercolour").await;
    let found = find(&backend, "pythn").await;
    assert_eq!((channels(&found), found.is_similar), (vec!["ana"], true));
    let found = find(&backend, "watercolr").await;
    assert_eq!((channels(&found), found.is_similar), (vec!["ben"], true));
    assert!(find(&backend, "quantum").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_have_pages() {
    let backend = test_backend().await;
    run(
        &backend,
        "INSERT INTO users (id, username, email, display_name, password_hash) \
         SELECT gen_random_uuid(), 'many_' || n, n || '@example.org', 'Many ' || n, '' FROM generate_series(1, 50) AS n",
    )
    .await;
    run(&backend, "INSERT INTO channels (user_id, title, category) SELECT id, 'A title', 'study' FROM users").await;
    let overview = find(&backend, "many").await;
    assert_eq!((overview.channels.items.len(), overview.channels.has_more), (OVERVIEW_LENGTH as usize, true));
    let mut seen = std::collections::BTreeSet::new();
    for (page, length, has_more) in [(1, PAGE_LENGTH, true), (2, PAGE_LENGTH, true), (3, 2, false)] {
        let found = backend.search.find(None, "many", Some(SearchSection::Channels), page).await.unwrap();
        assert_eq!((found.channels.items.len(), found.channels.has_more), (length as usize, has_more), "page {page}");
        seen.extend(found.channels.items.into_iter().map(|hit| hit.channel));
    }
    assert_eq!(seen.len(), 50, "each once");
    for page in [0, 4, MAX_PAGE, u32::MAX] {
        let found = backend.search.find(None, "many", Some(SearchSection::Live), page).await.unwrap();
        assert!(found.is_empty(), "page {page}");
    }
    assert_eq!(backend.search.suggest(None, "man").await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_tables_are_searched_by_their_indexes() {
    let backend = test_backend().await;
    run(&backend, "INSERT INTO users (id, username, email, display_name, bio, password_hash) \
         SELECT gen_random_uuid(), 'user_' || n, n || '@example.org', 'Person ' || md5(n::text), 'Words ' || md5((n + 1)::text), '' \
         FROM generate_series(1, 20000) AS n").await;
    run(&backend, "INSERT INTO channels (user_id, title, category) SELECT id, 'Lesson ' || md5(username), 'study' FROM users")
        .await;
    run(
        &backend,
        "INSERT INTO broadcasts (id, channel_id, title, category, ended_at) \
         SELECT gen_random_uuid(), user_id, title || ' ' || n, 'study', now() FROM channels, generate_series(1, 2) AS n",
    )
    .await;
    for table in ["users", "channels", "broadcasts"] {
        run(&backend, &format!("ANALYZE {table}")).await;
    }
    // Often enough that the server could settle on a plan for every term.
    for round in 0..7 {
        for (term, index) in
            [("user_12345", "channels_search"), ("yser 12354", "channels_search_words"), ("bbfcd9b9f", "broadcasts_search")]
        {
            let plans = backend.search.plans(term).await.unwrap();
            let plan = plans.iter().find(|plan| plan.contains(&format!("Bitmap Index Scan on {index} ")));
            let plan = plan.unwrap_or_else(|| panic!("round {round}, {term}: {}", plans.join("\n\n")));
            assert!(!plan.contains("Seq Scan on channels") && !plan.contains("Seq Scan on broadcasts"), "round {round}: {plan}");
            assert!(!plan.contains("Seq Scan on users"), "round {round}: {plan}");
        }
    }
    // Either is refused when it takes longer than a search may.
    assert_eq!(channels(&find(&backend, "user 12345").await), ["user_12345"]);
    let common = backend.search.find(None, "lesson", Some(SearchSection::Past), 3).await.unwrap();
    assert_eq!(common.past.items.len(), PAGE_LENGTH as usize);
}
