//! Security headers on every kind of response.

use crate::harness::Site;
use axum::{body::Body, http::Method};

#[tokio::test(flavor = "multi_thread")]
async fn every_response_carries_them() {
    let site = Site::new().await;
    let requests = [
        (Method::GET, "/"),
        (Method::GET, "/nobody"),
        (Method::GET, "/a/b/c/d"),
        (Method::GET, "/livez"),
        (Method::GET, "/pkg/missing.js"),
        (Method::GET, "/api/app/api/streams/stream_snapshot?scope=home"),
        (Method::GET, "/api/app/api/accounts/sessions"),
        (Method::POST, "/whip"),
        (Method::PUT, "/whip"),
    ];
    for (method, path) in requests {
        let answer = site.guest().request(method, path, None, Body::empty()).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "strict-origin-when-cross-origin", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_a_new_nonce_each_time() {
    let site = Site::new().await;
    let mut nonces = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let answer = site.guest().get("/").await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let policy = answer.header("content-security-policy").to_owned();
        assert!(policy.contains("'strict-dynamic'") && policy.contains("'wasm-unsafe-eval'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let page = answer.text().await;
        for script in page.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "<script{tag}>");
        }
        assert!(!page.contains(" style=\""), "styles in attributes are blocked");
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_dashboard_may_use_the_camera() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    assert!(ana.get("/dashboard").await.header("permissions-policy").contains("camera=(self)"));
    for path in ["/", "/ana", "/settings"] {
        assert!(ana.get(path).await.header("permissions-policy").contains("camera=()"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_kept_to_where_it_is_used() {
    let site =
        Site::with(|config| server::config::Config { public_origin: "https://learn.example.org".to_owned(), ..config }).await;
    let answer = site.guest().get("/").await;
    assert!(answer.header("strict-transport-security").contains("max-age=63072000"));
    assert!(answer.header("content-security-policy").contains("upgrade-insecure-requests"));
}
