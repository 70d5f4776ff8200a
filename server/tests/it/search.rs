//! The page of a search as the server renders it.

use crate::harness::Site;
use axum::http::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn results_are_in_the_first_html() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    ana.call("channels/update_stream", &[("title", "Würfel <b>& mehr</b>"), ("category", "study")]).await;
    let page = site.guest().get("/search?term=wurfel").await;
    assert_eq!(page.status, StatusCode::OK);
    let page = page.text().await;
    assert!(page.contains("href=\"/ana\"") && page.contains("Würfel &lt;b&gt;&amp; mehr&lt;/b&gt;"));
    let page = site.guest().get("/search?term=%3Cscript%3Ealert(1)%3C/script%3E").await.text().await;
    assert!(page.contains("Nothing found for") && !page.contains("<script>alert"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_term_goes_home() {
    let site = Site::new().await;
    for path in ["/search", "/search?term=", "/search?term=%20%20"] {
        let answer = site.guest().get(path).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_questions_have_an_answer() {
    let site = Site::new().await;
    let long = "x".repeat(101);
    for (path, expected) in [
        ("/search?term=a&in=nonsense&page=-1".to_owned(), StatusCode::OK),
        ("/search?term=a&in=past&page=99999999999999".to_owned(), StatusCode::OK),
        ("/search?term=%00%27%22%5C".to_owned(), StatusCode::OK),
        (format!("/search?term={long}"), StatusCode::OK),
    ] {
        assert_eq!(site.guest().get(&path).await.status, expected, "{path}");
    }
    let answer = site.guest().read("search/search", &format!("term={long}&page=1")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for query in ["term=a&page=1&section=everything", "term=a", "page=1", "term=a&page=-1"] {
        assert!(site.guest().read("search/search", query).await.status.is_client_error(), "{query}");
    }
}
