//! Accounts over HTTP: cookies, statuses, and forms without script.

use crate::harness::Site;
use axum::http::StatusCode;
use backend::testing::PASSWORD;

const ANA: &[(&str, &str)] = &[("username", "ana"), ("email", "ana@example.org"), ("password", PASSWORD)];

#[tokio::test(flavor = "multi_thread")]
async fn signing_up_in_and_out() {
    let site = Site::new().await;
    let mut browser = site.guest();
    let answer = browser.call("accounts/sign_up", ANA).await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.header("set-cookie");
    for attribute in ["__Host-sid=", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(answer.json().await, "/dashboard");
    assert_eq!(browser.read("accounts/current_viewer", "").await.json().await["username"], "ana");

    let before = browser.clone();
    let answer = browser.call("accounts/sign_out", &[]).await;
    assert!(answer.header("clear-site-data").contains("storage"));
    assert!(!browser.cookies.contains_key("__Host-sid"));
    let mut replayed = before;
    assert!(replayed.read("accounts/current_viewer", "").await.json().await.is_null(), "the old cookie is dead");
    assert_eq!(replayed.read("channels/own_channel", "").await.status, StatusCode::UNAUTHORIZED);

    let fields = [("username", "ana"), ("password", PASSWORD), ("next", "//evil.example")];
    assert_eq!(browser.call("accounts/sign_in", &fields).await.json().await, "/");
    assert!(browser.cookies.contains_key("__Host-sid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_status_and_their_field() {
    let site = Site::new().await;
    site.member("ana").await;
    let mut browser = site.guest();
    let answer = browser.call("accounts/sign_up", &[("username", "a"), ("email", "b"), ("password", "c")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let json = answer.json().await;
    assert_eq!(json["domain"]["invalid"]["problems"].as_array().unwrap().len(), 3);
    let answer = browser.call("accounts/sign_in", &[("username", "ana"), ("password", "wrong")]).await;
    assert_eq!(
        (answer.status, answer.json().await),
        (StatusCode::UNAUTHORIZED, serde_json::json!({"domain": "wrong_credentials"}))
    );
    let answer = browser.call("accounts/sign_in", &[("username", "ana")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "a field is missing");
    assert!(browser.cookies.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_work_without_script() {
    let site = Site::new().await;
    let mut browser = site.guest();
    let answer = browser.submit("accounts/sign_up", ANA, "http://127.0.0.1:3000/sign-up").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/dashboard"));
    let answer = browser.submit("accounts/sign_out", &[], "http://127.0.0.1:3000/").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/"));
    let wrong = [("username", "ana"), ("password", "wrong")];
    let answer = browser.submit("accounts/sign_in", &wrong, "http://127.0.0.1:3000/sign-in").await;
    assert_eq!(answer.status, StatusCode::FOUND);
    let back = answer.header("location").to_owned();
    let path = back.strip_prefix("http://127.0.0.1:3000").unwrap_or(&back).to_owned();
    assert!(path.starts_with("/sign-in?"), "{back}");
    assert!(!path.contains("wrong&"), "the password is not in the address");
    let page = browser.get(&path).await.text().await;
    assert!(page.contains("The username or password is not right."));
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_lead_to_this_site_only() {
    let site = Site::new().await;
    site.member("ana").await;
    for target in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: x=y"] {
        let fields = [("username", "ana"), ("password", PASSWORD), ("next", target)];
        let answer = site.guest().submit("accounts/sign_in", &fields, "http://127.0.0.1:3000/sign-in").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/"), "{target:?}");
    }
    let answer = site.guest().submit("accounts/sign_in", &[("username", "x"), ("password", "y")], "https://evil.example/").await;
    assert!(!answer.header("location").contains("evil.example"), "a foreign page is not led back to");
}
