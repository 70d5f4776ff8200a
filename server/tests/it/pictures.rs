//! Pictures over HTTP: who may bring them, what is refused and how, and what is said of those that are served.

use crate::harness::{Answer, Browser, Site};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use backend::testing::sample_picture;
use domain::picture::MAX_BYTES;
use std::time::Duration;

async fn upload(browser: &mut Browser, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
    browser.request(Method::POST, path, Some(media_type), body).await
}

const FORM: &str = "multipart/form-data; boundary=frontier";

fn form(file: &[u8], name: &str) -> Vec<u8> {
    let head = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n"
    );
    [head.as_bytes(), file, b"\r\n--frontier--\r\n"].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_served_for_good_and_acts_as_nothing_else() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let answer = upload(&mut ana, "/api/pictures/avatar", "image/png", sample_picture(1)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = answer.json().await["picture"].as_str().unwrap().to_owned();
    assert_eq!(ana.read("accounts/current_viewer", "").await.json().await["avatar"], id.as_str());

    for (file, media_type) in [("64.webp", "image/webp"), ("256.jpg", "image/jpeg")] {
        for browser in [site.guest(), ana.clone()] {
            let answer = browser.with("accept", "text/html").get(&format!("/pictures/{id}/{file}")).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header("content-type"), media_type);
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("content-security-policy"), "sandbox; default-src 'none'");
        }
    }
    let other = "00000000-0000-0000-0000-000000000000";
    for path in [
        format!("/pictures/{id}/65.webp"),
        format!("/pictures/{id}/320.webp"),
        format!("/pictures/{id}/64.png"),
        format!("/pictures/{id}/..%2f64.webp"),
        format!("/pictures/{id}/%00"),
        format!("/pictures/{other}/64.webp"),
        "/pictures/..%2f..%2fsecrets.toml/64.webp".to_owned(),
    ] {
        assert_eq!(site.guest().get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_avif_gets_it_as_soon_as_it_is_made() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let answer = upload(&mut ana, "/api/pictures/avatar", "image/png", sample_picture(1)).await;
    let id = answer.json().await["picture"].as_str().unwrap().to_owned();
    let mut modern = site.guest().with("accept", "image/avif,image/webp,*/*;q=0.8");
    let made = async {
        loop {
            let answer = modern.get(&format!("/pictures/{id}/128.webp")).await;
            assert_eq!((answer.status, answer.header("vary")), (StatusCode::OK, "accept"));
            if answer.header("content-type") == "image/avif" {
                return answer;
            }
            assert_eq!(answer.header("content-type"), "image/webp");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_mins(1), made).await.expect("it is made");
    assert_eq!(answer.bytes().await.get(4..12), Some(b"ftypavif".as_slice()));
    let mut former = site.guest().with("accept", "image/webp,*/*;q=0.8");
    assert_eq!(former.get(&format!("/pictures/{id}/128.webp")).await.header("content-type"), "image/webp");
    assert_eq!(modern.get(&format!("/pictures/{id}/128.jpg")).await.header("content-type"), "image/jpeg");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_status_and_its_sentence() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let whole = sample_picture(1);
    let large = vec![0xff; MAX_BYTES as usize + 1];
    let huge = vec![0xff; 2 * MAX_BYTES as usize];
    let cases: [(&str, Vec<u8>, u16, &str); 10] = [
        ("image/png", large.clone(), 413, "too large"),
        ("image/png", huge.clone(), 413, "too large"),
        (FORM, form(&large, "a.png"), 413, "too large"),
        (FORM, form(&huge, "a.png"), 413, "too large"),
        ("image/gif", b"GIF89a".to_vec(), 415, "JPEG, PNG or WebP"),
        ("image/png", b"<svg/>".to_vec(), 415, "JPEG, PNG or WebP"),
        (FORM, form(b"<!DOCTYPE html>", "a.png"), 415, "JPEG, PNG or WebP"),
        ("image/png", whole[..whole.len() / 2].to_vec(), 422, "damaged"),
        (FORM, form(b"", ""), 422, "Choose a picture"),
        (FORM, b"--frontier--\r\n".to_vec(), 422, "Choose a picture"),
    ];
    for (media_type, body, status, words) in cases {
        let length = body.len();
        let answer = upload(&mut ana, "/api/pictures/thumbnail", media_type, body).await;
        assert_eq!(answer.status.as_u16(), status, "{media_type} {length}");
        let problem = answer.json().await;
        assert_eq!(problem["error"]["invalid"]["problems"][0]["field"], "thumbnail");
        assert!(problem["message"].as_str().unwrap().contains(words), "{problem}");
    }
    let no_type = ana.request(Method::POST, "/api/pictures/avatar", None, whole.clone()).await;
    assert_eq!(no_type.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let malformed = upload(&mut ana, "/api/pictures/avatar", "multipart/form-data", whole.clone()).await;
    assert_eq!(malformed.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let cut = form(&whole, "a.png")[..500].to_vec();
    assert!(upload(&mut ana, "/api/pictures/avatar", FORM, cut).await.status.is_client_error());
    assert!(ana.read("accounts/current_viewer", "").await.json().await["avatar"].is_null(), "nothing is half-made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_script_is_answered_with_its_page() {
    let site = Site::new().await;
    let ana = site.member("ana").await;
    let mut browser = ana.with("accept", "text/html,application/xhtml+xml");
    for (body, location) in [
        (form(&sample_picture(1), "C:\\fakepath\\../me.png"), "/settings?avatar=saved#avatar"),
        (form(b"<svg/>", "me.png"), "/settings?avatar=wrong-type#avatar"),
        (form(b"", ""), "/settings?avatar=missing#avatar"),
    ] {
        let answer = upload(&mut browser, "/api/pictures/avatar", FORM, body).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, location));
    }
    let page = browser.get("/settings?avatar=wrong-type").await.text().await;
    assert!(page.contains("This is not a picture that we can use."));
    assert!(page.contains("/256.webp 256w"), "the picture is in the page");
    let answer = upload(&mut browser, "/api/pictures/avatar/remove", FORM, form(b"", "")).await;
    assert_eq!(answer.header("location"), "/settings?avatar=removed#avatar");
    assert!(!browser.get("/settings").await.text().await.contains("/256.webp 256w"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_members_bring_pictures_and_only_their_own() {
    let site = Site::new().await;
    let (mut ana, mut ben) = (site.member("ana").await, site.member("ben").await);
    let picture = sample_picture(1);
    for path in ["/api/pictures/avatar", "/api/pictures/thumbnail", "/api/pictures/preview"] {
        assert_eq!(
            upload(&mut site.guest(), path, "image/png", picture.clone()).await.status,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
        let mut hostile = ana.with("sec-fetch-site", "cross-site");
        assert_eq!(upload(&mut hostile, path, "image/png", picture.clone()).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(site.guest().request(Method::DELETE, "/api/pictures/avatar", None, Body::empty()).await.status, 401);
    assert_eq!(upload(&mut ana, "/api/pictures/banner", "image/png", picture.clone()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(upload(&mut ana, "/api/pictures/preview", "image/png", picture.clone()).await.status, StatusCode::NO_CONTENT);

    upload(&mut ana, "/api/pictures/thumbnail", "image/png", picture).await;
    assert_eq!(ben.request(Method::DELETE, "/api/pictures/thumbnail", None, Body::empty()).await.status, StatusCode::NO_CONTENT);
    assert!(ana.read("channels/own_channel", "").await.json().await["thumbnail"].is_string(), "it took Ben's, who has none");
    assert_eq!(ana.request(Method::DELETE, "/api/pictures/thumbnail", None, Body::empty()).await.status, StatusCode::NO_CONTENT);
    assert!(ana.read("channels/own_channel", "").await.json().await["thumbnail"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_stops_coming_is_given_up() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let beginning = futures::stream::iter([Ok::<_, std::convert::Infallible>("GIF")]);
    let body = Body::from_stream(futures::StreamExt::chain(beginning, futures::stream::pending()));
    let answer = upload(&mut ana, "/api/pictures/avatar", "image/png", body).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
}
