//! Profiles and accounts over HTTP: forms without script, the export, and what others get to see.

use crate::harness::Site;
use axum::http::StatusCode;
use backend::testing::PASSWORD;

/// Text that would be a script somewhere, if anything ever took it for markup.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><script>alert(1)</script>",
    "'-alert(1)-'",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](javascript:alert(1))",
    "{{constructor.constructor('alert(1)')()}}",
    "]]><script>alert(1)</script>",
    "<!--<script>alert(1)</script>-->",
];

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_are_only_words() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    for hostile in HOSTILE {
        let name: String = hostile.chars().take(50).collect();
        for (name, bio) in [(name.as_str(), *hostile), ("Ana", &format!("a\n\n{hostile} b\n\n- {hostile}\n\n`{hostile}`"))] {
            let saved = ana.call("profiles/update_profile", &[("display_name", name), ("bio", bio)]).await;
            assert_eq!(saved.status, StatusCode::OK, "{hostile}");
            for path in ["/ana", "/settings", "/"] {
                let page = ana.get(path).await.text().await.to_lowercase();
                let in_tags =
                    |words: &str| page.split('<').filter_map(|tag| tag.split('>').next()).any(|tag| tag.contains(words));
                assert!(!in_tags("href=\"javascript:") && !in_tags("href=\"data:"), "{hostile} at {path}");
                for forbidden in ["<script>alert", "<img src=x", "<svg/", "<iframe", "<math"] {
                    let at = page.find(forbidden).map(|at| page[at.saturating_sub(80)..(at + 80).min(page.len())].to_owned());
                    assert_eq!(at, None, "{hostile} at {path}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bio_is_drawn_with_its_form() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let bio = "I **explain**, *slowly*.\n\n- one\n- two\n\n[More](https://example.org/?a=1&b=2)";
    ana.call("profiles/update_profile", &[("display_name", "Ana & Co"), ("bio", bio)]).await;
    ana.call(
        "profiles/update_social_links",
        &[
            ("order", "x,github"),
            ("github", "https://www.github.com/ana/"),
            ("youtube", ""),
            ("linkedin", ""),
            ("instagram", ""),
            ("x", "x.com/ana"),
            ("facebook", ""),
        ],
    )
    .await;
    let page = site.guest().get("/ANA").await.text().await;
    for part in [
        "<strong>explain</strong>",
        "<em>slowly</em>",
        "<li>one",
        "href=\"https://example.org/?a=1&amp;b=2\"",
        "rel=\"nofollow ugc noopener noreferrer\"",
        "Ana &amp; Co",
        "href=\"https://github.com/ana\"",
        "href=\"http://learnify.test/ana\" rel=\"canonical\"",
        "property=\"og:url\" content=\"http://learnify.test/ana\"",
        "content=\"http://learnify.test/social.png\"",
        "content=\"summary_large_image\"",
        "content=\"I explain, slowly.\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.find("https://x.com/ana\"").unwrap() < page.find("https://github.com/ana").unwrap(), "in their order");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_the_settings_are_pages() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    for (path, expected) in [
        ("/settings", 200),
        ("/settings/channel", 200),
        ("/settings/chat", 200),
        ("/settings/notifications", 200),
        ("/settings/account", 200),
        ("/settings/nothing", 404),
    ] {
        assert_eq!(ana.get(path).await.status, expected, "{path}");
    }
    let answer = site.guest().get("/settings/account").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/sign-in?next=/settings/account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_say_what_happened_without_script() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let fields = [("display_name", "Ana Lovelace"), ("bio", "")];
    let answer = ana.submit("profiles/update_profile", &fields, "http://127.0.0.1:3000/settings").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/settings?saved=profile"));
    assert!(ana.get("/settings?saved=profile").await.text().await.contains("Your profile is saved."));
    let fields = [("display_name", ""), ("bio", "")];
    let answer = ana.submit("profiles/update_profile", &fields, "http://127.0.0.1:3000/settings").await;
    let back = answer.header("location").to_owned();
    let path = back.strip_prefix("http://127.0.0.1:3000").unwrap_or(&back).to_owned();
    assert!(ana.get(&path).await.text().await.contains("A name has 1 to 50 characters."), "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_a_file_for_its_member() {
    let site = Site::new().await;
    let mut ana = site.member("Ana").await;
    let answer = ana.get("/api/export").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"learnify-Ana.json\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json().await["account"][0]["email"], "Ana@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_signed_out_and_gone() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let before = ana.clone();
    let fields = [("username", "ana"), ("delete_password", PASSWORD)];
    let answer = ana.submit("personal_data/delete_account", &fields, "http://127.0.0.1:3000/settings/account").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/"));
    assert!(ana.cookies.is_empty());
    assert_eq!(before.clone().get("/settings").await.status, StatusCode::FOUND);
    let gone = site.guest().get("/ana").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let (gone, unknown) = (gone.text().await, site.guest().get("/nobody").await.text().await);
    let visible = |page: &str| page.split("<main").nth(1).unwrap().split("</main>").next().unwrap().to_owned();
    assert_eq!(visible(&gone), visible(&unknown), "nothing tells the two apart");
}
