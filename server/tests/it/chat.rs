//! Chat over HTTP: what is hostile in it stays text, what is not allowed is refused, and it works without script.

use crate::harness::{Browser, Site};
use axum::http::StatusCode;
use serde_json::Value;

/// What people write who want a page to do something.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><script>alert(1)</script>",
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "https://good.example\" onmouseover=\"alert(1)",
    "https://good.example/<script>alert(1)</script>",
    "https://good.example@evil.example/",
    "data:text/html,<script>alert(1)</script>",
    "`<b>code</b>`",
    "```<iframe srcdoc='<script>alert(1)</script>'></iframe>```",
    "@<b>ana</b>",
    ":<b>smile</b>:",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<style>*{display:none}</style>",
    "<a href=javascript:alert(1)>x</a>",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "\u{202e}evil\u{202c} \u{0}\u{8}",
];

async fn channel_of(browser: &mut Browser) -> String {
    let page = browser.read("channels/own_channel", "").await.json().await;
    page["page"]["channel"].as_str().unwrap().to_owned()
}

async fn say(browser: &mut Browser, channel: &str, text: &str) -> Value {
    let answer = browser.call("chat/send_message", &[("channel", channel), ("text", text)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{text:?}");
    answer.json().await
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_stay_words() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let channel = channel_of(&mut ana).await;
    let before = site.guest().get("/ana").await.text().await;
    let count = |page: &str, tag: &str| page.to_lowercase().matches(tag).count();
    for (n, text) in HOSTILE.iter().enumerate() {
        let mut writer = site.member(&format!("writer{n}")).await;
        let sent = say(&mut writer, &channel, text).await;
        writer.call("chat/pin_message", &[("message", sent["id"].as_str().unwrap())]).await;
        ana.call("chat/pin_message", &[("message", sent["id"].as_str().unwrap())]).await;
    }
    let page = site.guest().get("/ana").await.text().await;
    // The data that comes with the page is in scripts of our own, one for each part of the page.
    for tag in ["<script>alert", "<img src=x", "<svg/onload", "<iframe", "<style>*", "<b>", "<a href=javascript"] {
        assert_eq!(count(&page, tag), 0, "{tag}");
    }
    for tag in ["<iframe", "<style", "<object", "<embed", "<form"] {
        assert_eq!(count(&page, tag), count(&before, tag), "{tag}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    for tag in page.split("<a ").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        assert!(!tag.contains("javascript:") && !tag.contains("onmouseover"), "{tag}");
        if tag.contains("good.example") {
            assert!(tag.contains("rel=\"nofollow ugc noopener noreferrer\""), "{tag}");
        }
    }
    assert!(!page.contains("href=\"https://good.example@evil"));
    assert!(!page.contains('\u{202e}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_script_reads_and_writes() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let channel = channel_of(&mut ana).await;
    let mut ben = site.member("ben").await;
    let page = "http://127.0.0.1:3000/ana";
    let answer = ben.submit("chat/send_message", &[("channel", &channel), ("text", "no script here")], page).await;
    assert_eq!((answer.status, answer.header("location").trim_end_matches('?')), (StatusCode::FOUND, "/ana"));
    assert!(site.guest().get("/ana").await.text().await.contains("no script here"));

    let answer = ben.submit("chat/send_message", &[("channel", &channel), ("text", "  ")], page).await;
    let back = answer.header("location").to_owned();
    assert!(back.starts_with("/ana?"), "{back}");
    assert!(ben.get(&back).await.text().await.contains("Write something first."));
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_read_and_are_shown_the_way_in() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let channel = channel_of(&mut ana).await;
    say(&mut ana, &channel, "welcome").await;
    let mut guest = site.guest();
    let page = guest.get("/ana").await.text().await;
    assert!(page.contains("welcome") && page.contains("/sign-in?next=/ana"));
    let fields = [("channel", channel.as_str()), ("text", "hello"), ("guest_name", "Zoe")];
    assert_eq!(guest.call("chat/send_message", &fields).await.status, StatusCode::UNAUTHORIZED);
    let modes =
        [("is_enabled", "on"), ("allows_guests", "on"), ("slow_seconds", "0"), ("held_seconds", "0"), ("banned_words", "")];
    assert_eq!(ana.call("chat/set_chat", &modes).await.status, StatusCode::OK);
    assert!(guest.get("/ana").await.text().await.contains("name=\"guest_name\""));
    assert_eq!(guest.call("chat/send_message", &fields).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_may_do_what_is_theirs() {
    let site = Site::new().await;
    let mut owner = site.member("owner1").await;
    let channel = channel_of(&mut owner).await;
    let (mut author, mut other, mut guest) = (site.member("author").await, site.member("other").await, site.guest());
    let sent = say(&mut author, &channel, "mine").await;
    let (message, author_id) = (sent["id"].as_str().unwrap(), sent["author"]["id"]["member"].as_str().unwrap());
    let author_id = format!("member:{author_id}");
    let against: &[(&str, &[(&str, &str)])] = &[
        ("chat/edit_message", &[("message", message), ("text", "changed")]),
        ("chat/delete_message", &[("message", message)]),
        ("chat/pin_message", &[("message", message)]),
        ("chat/unpin_message", &[("channel", &channel)]),
        ("chat/time_out", &[("channel", &channel), ("author", &author_id), ("minutes", "10")]),
        ("chat/clear_messages", &[("channel", &channel), ("author", &author_id)]),
        ("chat/set_slow_mode", &[("channel", &channel), ("seconds", "10")]),
    ];
    for (function, fields) in against {
        assert_eq!(guest.call(function, fields).await.status, StatusCode::UNAUTHORIZED, "a guest at {function}");
        assert_eq!(other.call(function, fields).await.status, StatusCode::FORBIDDEN, "a stranger at {function}");
    }
    let log = format!("channel={channel}");
    assert_eq!(author.read("chat/moderation_log", &log).await.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.call("chat/edit_message", against[0].1).await.status, StatusCode::FORBIDDEN, "not even the owner");
    for (function, fields) in &against[2..] {
        assert_eq!(owner.call(function, fields).await.status, StatusCode::OK, "the owner at {function}");
    }
    assert_eq!(owner.read("chat/moderation_log", &log).await.status, StatusCode::OK);
    assert_eq!(owner.call("chat/delete_message", &[("message", message)]).await.status, StatusCode::NOT_FOUND, "it was cleared");
    let react = [("message", message), ("emoji", "hate"), ("is_on", "true")];
    assert_eq!(author.call("chat/react", &react).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn banned_words_are_the_owners_secret() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let channel = channel_of(&mut ana).await;
    let modes = [("is_enabled", "on"), ("slow_seconds", "0"), ("held_seconds", "0"), ("banned_words", "xyzzyword")];
    ana.call("chat/set_chat", &modes).await;
    let mut ben = site.member("ben").await;
    assert!(!ben.get("/ana").await.text().await.contains("xyzzyword"));
    let snapshot = ben.read("chat/chat_snapshot", &format!("channel={channel}")).await.text().await;
    assert!(!snapshot.contains("xyzzyword"));
    assert!(ana.read("chat/chat_settings", "").await.text().await.contains("xyzzyword"));
    assert!(!ben.read("chat/chat_settings", "").await.text().await.contains("xyzzyword"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_out_is_told_apart_until_the_browser_is_closed() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let channel = format!("channel={}", channel_of(&mut ana).await);
    let (ben, _) = site.backend.member("ben").await;
    let block = format!(
        "INSERT INTO blocks (blocker_id, blocked_id) SELECT user_id, '{}' FROM channels WHERE user_id <> '{}'",
        ben.id, ben.id
    );
    site.backend.sql(&block).await;
    let mut browser = site.guest();
    let fields = [("username", "ben"), ("password", backend::testing::PASSWORD)];
    browser.call("accounts/sign_in", &fields).await;
    assert_eq!(browser.read("chat/chat_snapshot", &channel).await.status, StatusCode::NOT_FOUND);
    let answer = browser.call("accounts/sign_out", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(browser.read("chat/chat_snapshot", &channel).await.status, StatusCode::NOT_FOUND);
    assert!(!browser.cookies["__Host-former"].contains(&ben.id.to_string()), "only this site can read it");
    browser.cookies.clear();
    assert_eq!(browser.read("chat/chat_snapshot", &channel).await.status, StatusCode::OK);
    browser.cookies.insert("__Host-former".to_owned(), "v1.1.forged.mark".to_owned());
    assert_eq!(browser.read("chat/chat_snapshot", &channel).await.status, StatusCode::OK);
}
