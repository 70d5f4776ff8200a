//! Who may do what: a row for every server function and route, and none that is missing.

use crate::harness::{Browser, Site};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use std::collections::BTreeSet;

/// A server function, a request to it that a member may make, and what a guest gets for the same.
struct Row {
    path: &'static str,
    method: Method,
    body: &'static str,
    guest: u16,
    member: u16,
}

const fn row(path: &'static str, method: Method, body: &'static str, guest: u16, member: u16) -> Row {
    Row { path, method, body, guest, member }
}

const NOBODY_AS_CHANNEL: &str = "channel=00000000-0000-0000-0000-000000000000";
const NOBODY_AS_PERSON: &str = "person=00000000-0000-0000-0000-000000000000";

/// `session` names nobody's session, so that a member's own stays for the rows that follow.
const FUNCTIONS: &[Row] = &[
    row("/api/app/api/accounts/current_viewer", Method::GET, "", 200, 200),
    row("/api/app/api/accounts/sign_up", Method::POST, "username=a&email=b&password=c", 422, 422),
    row("/api/app/api/accounts/sign_in", Method::POST, "username=nobody&password=nothing", 401, 401),
    row("/api/app/api/accounts/sessions", Method::GET, "", 401, 200),
    row("/api/app/api/accounts/end_session", Method::POST, "session=00000000-0000-0000-0000-000000000000", 401, 404),
    row("/api/app/api/accounts/change_password", Method::POST, "current_password=x&new_password=y", 401, 422),
    row("/api/app/api/accounts/claim_site", Method::POST, "claim=x", 401, 404),
    row("/api/app/api/streams/stream_snapshot", Method::GET, "scope=home", 200, 200),
    row("/api/app/api/channels/channel_page", Method::GET, "username=ana", 200, 200),
    row("/api/app/api/channels/own_channel", Method::GET, "", 401, 200),
    row("/api/app/api/channels/update_stream", Method::POST, "title=A+title&category=study", 401, 200),
    row("/api/app/api/channels/reveal_stream_key", Method::POST, "", 401, 200),
    row("/api/app/api/channels/rotate_stream_key", Method::POST, "", 401, 200),
    row("/api/app/api/chrome/chrome", Method::GET, "", 200, 200),
    row("/api/app/api/follows/follow", Method::POST, NOBODY_AS_CHANNEL, 401, 404),
    row("/api/app/api/follows/unfollow", Method::POST, NOBODY_AS_CHANNEL, 401, 200),
    row("/api/app/api/follows/following", Method::GET, "page=1", 401, 200),
    row("/api/app/api/blocks/block", Method::POST, NOBODY_AS_PERSON, 401, 404),
    row("/api/app/api/blocks/unblock", Method::POST, NOBODY_AS_PERSON, 401, 200),
    row("/api/app/api/community/community", Method::GET, "circle=followers&search=&order=newest&page=1", 401, 200),
    row("/api/app/api/community/appoint_moderator", Method::POST, "username=nobody", 401, 422),
    row("/api/app/api/community/dismiss_moderator", Method::POST, "member=00000000-0000-0000-0000-000000000000", 401, 200),
    row("/api/app/api/notifications/notifications", Method::GET, "", 401, 200),
    row("/api/app/api/notifications/mark_notifications_read", Method::POST, "", 401, 200),
    row("/api/app/api/notifications/notification_settings", Method::GET, "", 401, 200),
    row("/api/app/api/notifications/set_notification_settings", Method::POST, "live=on", 401, 200),
    row("/api/app/api/profiles/own_profile", Method::GET, "", 401, 200),
    row("/api/app/api/profiles/preview_bio", Method::GET, "bio=A+**bio**", 401, 200),
    row("/api/app/api/profiles/update_profile", Method::POST, "display_name=A+name&bio=A+bio", 401, 200),
    row(
        "/api/app/api/profiles/update_social_links",
        Method::POST,
        "order=x&github=&youtube=&linkedin=&instagram=&x=x.com/ana&facebook=",
        401,
        200,
    ),
    row("/api/app/api/personal_data/own_email", Method::GET, "", 401, 200),
    row("/api/app/api/personal_data/change_email", Method::POST, "email=a&email_password=x", 401, 422),
    row("/api/app/api/personal_data/delete_account", Method::POST, "username=nobody&delete_password=x", 401, 422),
    row("/api/app/api/chat/chat_snapshot", Method::GET, "channel=00000000-0000-0000-0000-000000000000", 404, 404),
    row(
        "/api/app/api/chat/chat_history",
        Method::GET,
        "channel=00000000-0000-0000-0000-000000000000&before=00000000-0000-0000-0000-000000000000",
        404,
        404,
    ),
    row("/api/app/api/chat/send_message", Method::POST, "channel=00000000-0000-0000-0000-000000000000&text=x", 404, 404),
    row("/api/app/api/chat/edit_message", Method::POST, "message=00000000-0000-0000-0000-000000000000&text=x", 401, 404),
    row("/api/app/api/chat/delete_message", Method::POST, "message=00000000-0000-0000-0000-000000000000", 401, 404),
    row(
        "/api/app/api/chat/clear_messages",
        Method::POST,
        "channel=00000000-0000-0000-0000-000000000000&author=guest:00000000-0000-0000-0000-000000000000",
        401,
        404,
    ),
    row(
        "/api/app/api/chat/time_out",
        Method::POST,
        "channel=00000000-0000-0000-0000-000000000000&author=guest:00000000-0000-0000-0000-000000000000&minutes=1",
        401,
        404,
    ),
    row("/api/app/api/chat/pin_message", Method::POST, "message=00000000-0000-0000-0000-000000000000", 401, 404),
    row("/api/app/api/chat/unpin_message", Method::POST, "channel=00000000-0000-0000-0000-000000000000", 401, 404),
    row("/api/app/api/chat/react", Method::POST, "message=00000000-0000-0000-0000-000000000000&emoji=like&is_on=true", 401, 404),
    row("/api/app/api/chat/chat_settings", Method::GET, "", 401, 200),
    row("/api/app/api/chat/set_chat", Method::POST, "is_enabled=on&slow_seconds=0&held_seconds=0&banned_words=", 401, 200),
    row("/api/app/api/chat/set_slow_mode", Method::POST, "channel=00000000-0000-0000-0000-000000000000&seconds=0", 401, 404),
    row("/api/app/api/chat/moderation_log", Method::GET, "channel=00000000-0000-0000-0000-000000000000", 401, 404),
    row("/api/app/api/performance/performance", Method::GET, "", 401, 403),
    row("/api/app/api/performance/empty_cache", Method::POST, "", 401, 403),
    row("/api/app/api/search/search", Method::GET, "term=ana&page=1", 200, 200),
    row("/api/app/api/search/search_suggestions", Method::GET, "term=ana", 200, 200),
    row("/api/app/api/accounts/sign_out", Method::POST, "", 200, 200),
];

/// The server functions that may be called with GET. None of them changes anything.
const READS: &[&str] = &[
    "current_viewer",
    "sessions",
    "stream_snapshot",
    "channel_page",
    "own_channel",
    "chrome",
    "following",
    "community",
    "notifications",
    "notification_settings",
    "own_profile",
    "preview_bio",
    "own_email",
    "chat_snapshot",
    "chat_history",
    "chat_settings",
    "moderation_log",
    "performance",
    "search",
    "search_suggestions",
];

/// Routes that are no pages, with what a guest gets for a request that is otherwise in order.
const ROUTES: &[(&str, Method, u16)] = &[
    ("/livez", Method::GET, 200),
    ("/readyz", Method::GET, 200),
    ("/api/health", Method::GET, 200),
    ("/api/export", Method::GET, 401),
    ("/api/performance", Method::GET, 401),
    ("/metrics", Method::GET, 404),
    ("/api/stream-updates?topics=streams", Method::GET, 200),
    ("/api/stream-updates?topics=chat:00000000-0000-0000-0000-000000000000", Method::GET, 200),
    ("/api/stream-updates?topics=performance", Method::GET, 403),
    ("/api/stream-updates?topics=*", Method::GET, 403),
    ("/api/stream-updates", Method::POST, 404),
    ("/whip", Method::POST, 401),
    ("/whip/sessions/00000000-0000-0000-0000-000000000000/x", Method::DELETE, 404),
    ("/whep/ana", Method::POST, 415),
    ("/whep/sessions/00000000-0000-0000-0000-000000000000/x", Method::DELETE, 404),
    ("/api/pictures/avatar", Method::POST, 401),
    ("/api/pictures/thumbnail", Method::POST, 401),
    ("/api/pictures/preview", Method::POST, 401),
    ("/api/pictures/avatar", Method::DELETE, 401),
    ("/api/pictures/avatar/remove", Method::POST, 401),
    ("/pictures/00000000-0000-0000-0000-000000000000/64.webp", Method::GET, 404),
    ("/internal/whep/00000000-0000-0000-0000-000000000000", Method::POST, 404),
];

async fn send(browser: &mut Browser, row: &Row) -> StatusCode {
    let answer = if row.method == Method::GET {
        browser.get(&format!("{}?{}", row.path, row.body)).await
    } else {
        browser.request(row.method.clone(), row.path, Some("application/x-www-form-urlencoded"), row.body).await
    };
    answer.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_server_function_has_a_row() {
    let site = Site::new().await;
    drop(site);
    let listed: BTreeSet<(String, String)> =
        server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())).collect();
    let known: BTreeSet<(String, String)> = FUNCTIONS.iter().map(|row| (row.path.to_owned(), row.method.to_string())).collect();
    assert_eq!(listed, known);
    let reads: BTreeSet<&str> =
        FUNCTIONS.iter().filter(|row| row.method == Method::GET).filter_map(|row| row.path.rsplit('/').next()).collect();
    assert_eq!(reads, READS.iter().copied().collect(), "what can be read with GET");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_gets_what_is_theirs() {
    let site = Site::new().await;
    let mut member = site.member("ana").await;
    let mut guest = site.guest();
    for row in FUNCTIONS {
        assert_eq!(send(&mut guest, row).await, row.guest, "a guest at {}", row.path);
        assert_eq!(send(&mut member, row).await, row.member, "a member at {}", row.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_at_other_routes() {
    let site = Site::new().await;
    site.member("ana").await;
    for (path, method, expected) in ROUTES {
        let answer = site.guest().request(method.clone(), path, None, Body::empty()).await;
        assert_eq!(answer.status, *expected, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_cannot_make_a_browser_change_anything() {
    let site = Site::new().await;
    let member = site.member("ana").await;
    let hostile: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://sibling.127.0.0.1:3000")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for headers in hostile {
        let mut browser = headers.iter().fold(member.clone(), |browser, (name, value)| {
            let name: &'static str = name;
            browser.with(name, value)
        });
        for row in FUNCTIONS.iter().filter(|row| row.method == Method::POST) {
            assert_eq!(send(&mut browser, row).await, StatusCode::FORBIDDEN, "{headers:?} at {}", row.path);
            let answer = browser.request(Method::POST, row.path, Some("text/plain"), row.body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?} as text at {}", row.path);
        }
        assert_eq!(browser.offer("/whip", "v=0\r\n").await.status, StatusCode::FORBIDDEN);
    }
    let mut own = member.with("sec-fetch-site", "same-origin");
    for row in FUNCTIONS {
        assert_eq!(send(&mut own, row).await, row.member, "{}", row.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_are_refused() {
    let site = Site::new().await;
    for (method, path) in [
        (Method::TRACE, "/"),
        (Method::PUT, "/whip"),
        (Method::GET, "/whip"),
        (Method::POST, "/livez"),
        (Method::DELETE, "/whep/ana"),
    ] {
        let status = site.guest().request(method.clone(), path, None, Body::empty()).await.status;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
    }
}
