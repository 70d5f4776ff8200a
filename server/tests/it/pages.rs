//! Pages as the server renders them: real content, right status.

use crate::harness::Site;
use axum::http::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_their_status() {
    let site = Site::new().await;
    site.member("ana").await;
    for (path, expected) in [
        ("/", 200),
        ("/category/study", 200),
        ("/category/cooking", 404),
        ("/ana", 200),
        ("/ANA", 200),
        ("/nobody", 404),
        ("/no/such/page", 404),
        ("/sign-in", 200),
        ("/sign-up", 200),
        ("/dashboard", 302),
        ("/settings", 302),
        ("/following", 302),
        ("/notifications", 302),
        ("/dashboard/community", 302),
        ("/admin", 302),
    ] {
        let answer = site.guest().get(path).await;
        assert_eq!(answer.status, expected, "{path}");
        if expected == 302 {
            assert!(answer.header("location").starts_with("/sign-in?next="), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_on_its_page() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    ana.call("channels/update_stream", &[("title", "Knots & </title><script>alert(1)</script>"), ("category", "creativity")])
        .await;
    let page = site.guest().get("/ana").await.text().await;
    assert!(page.contains("Knots &amp; &lt;/title&gt;&lt;script&gt;"), "text is escaped");
    let at = page.find("<script>alert").map(|at| page[at.saturating_sub(120)..(at + 60).min(page.len())].to_owned());
    assert_eq!(at, None);
    assert!(page.contains("Creativity &amp; Arts"));
    assert!(page.contains("og:title"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_key_is_in_no_page() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let key = ana.call("channels/reveal_stream_key", &[]).await.json().await;
    let key = key.as_str().unwrap();
    assert!(key.starts_with("live_"));
    for path in ["/", "/ana", "/dashboard", "/settings"] {
        let answer = ana.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text().await.contains(key), "{path}");
    }
}
