//! Wrong input: a clear refusal, and nothing half-made.

use crate::harness::{Site, function_path};
use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode},
    routing::post,
};
use domain::stream::StreamScope;
use serde_json::json;
use std::net::Ipv4Addr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn offers_that_are_none() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let key = ana.call("channels/reveal_stream_key", &[]).await.json().await.as_str().unwrap().to_owned();
    let encoder = site.guest().with("authorization", &format!("Bearer {key}"));
    let wrong = site.guest().with("authorization", "Bearer live_nonsense");
    let basic = site.guest().with("authorization", "Basic YTpi");

    assert_eq!(wrong.clone().offer("/whip", "v=0\r\n").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(basic.clone().offer("/whip", "v=0\r\n").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(encoder.clone().offer("/whip", "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(encoder.clone().offer("/whip", "hello").await.status, StatusCode::BAD_REQUEST);
    let large = format!("v=0\r\n{}", "a".repeat(100_000));
    assert_eq!(encoder.clone().offer("/whip", &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let json = encoder.clone().request(Method::POST, "/whip", Some("application/json"), "{}").await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(site.guest().offer("/whep/nobody", "v=0\r\n").await.status, StatusCode::NOT_FOUND);
    let offline = site.guest().offer("/whep/ana", "v=0\r\n").await;
    assert_eq!((offline.status, offline.json().await["kind"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));

    let home = site.backend.streams.snapshot(StreamScope::Home, None).await.unwrap();
    assert!(home.hero.is_none(), "nothing is live");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_replaced_is_refused() {
    let site = Site::new().await;
    let mut ana = site.member("ana").await;
    let old = ana.call("channels/reveal_stream_key", &[]).await.json().await.as_str().unwrap().to_owned();
    let new = ana.call("channels/rotate_stream_key", &[]).await.json().await.as_str().unwrap().to_owned();
    let publish =
        async |key: &str| site.guest().with("authorization", &format!("Bearer {key}")).offer("/whip", "hello").await.status;
    assert_eq!(publish(&old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(publish(&new).await, StatusCode::BAD_REQUEST, "the key is right, the offer is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_large_or_not_understood() {
    let site = Site::new().await;
    let path = function_path("accounts/sign_in");
    let form = Some("application/x-www-form-urlencoded");
    let large = format!("username=a&password={}", "x".repeat(1_000_000));
    let answer = site.guest().request(Method::POST, &path, form, large).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    for body in ["%%%", "username[]=a", "\u{0}", "username=a&username=b&password=c"] {
        let answer = site.guest().request(Method::POST, &path, form, body).await;
        assert!(answer.status.is_client_error(), "{body:?}: {}", answer.status);
    }
    for query in ["", "scope=nonsense", "scope[category][category]=study&scope[category][page]=-1", "scope=home&scope=home"] {
        let answer = site.guest().read("streams/stream_snapshot", query).await;
        assert!(answer.status.is_client_error(), "{query:?}: {}", answer.status);
    }
    let page =
        site.guest().read("streams/stream_snapshot", "scope[category][category]=study&scope[category][page]=4000000000").await;
    assert_eq!(page.status, StatusCode::OK, "there is nothing on it");
    let unknown = site.guest().request(Method::POST, "/api/app/api/accounts/make_admin", form, Body::empty()).await;
    assert!(unknown.status.is_client_error(), "{}", unknown.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_still_gets_the_answer() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let router = Router::new().route("/", post(async || StatusCode::PAYLOAD_TOO_LARGE));
    let serving = tokio::spawn(server::serve::serve(listener, router, None, stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let size = 4 * 1024 * 1024;
    let head = format!("POST / HTTP/1.1\r\nHost: learnify.test\r\nContent-Length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // More than the system keeps for a connection, so it goes only if somebody reads it.
    stream.write_all(&vec![b'x'; size]).await.expect("the server reads on");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer, and then the end");
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    stop.cancel();
    serving.await.unwrap();
}

/// Whatever refuses it, the page understands why, and a form without script comes back with a sentence.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_before_a_function_is_said_as_the_function_would() {
    let site = Site::limited(|config| config).await;
    let mut ana = site.member("ana").await;
    let fields = [("title", "A title"), ("category", "study")];
    let mut refused = None;
    for _ in 0..1000 {
        let answer = ana.call("channels/update_stream", &fields).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a limit");
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert_eq!(refused.header("serverfnerror"), function_path("channels/update_stream"));
    assert_eq!(refused.json().await, json!({ "domain": { "rate_limited": { "retry_after_seconds": seconds } } }));

    let page = "http://127.0.0.1:3000/dashboard";
    let back = ana.submit("channels/update_stream", &fields, page).await;
    assert_eq!(back.status, StatusCode::FOUND);
    let back = back.header("location").to_owned();
    assert!(back.starts_with("/dashboard?"), "{back}");
    assert!(ana.get(&back).await.text().await.contains("Too many"), "the sentence is on the page");

    let large = format!("title={}&category=study", "x".repeat(1_000_000));
    let path = function_path("channels/update_stream");
    let form = Some("application/x-www-form-urlencoded");
    let answer = site.member("ben").await.request(Method::POST, &path, form, large).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    assert!(answer.header("serverfnerror") == path, "a page can read what it is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused_with_the_time_to_wait() {
    let site = Site::new().await;
    let mut refused = None;
    for _ in 0..30_000 {
        let answer = site.guest().request(Method::DELETE, "/whip/sessions/x/y", None, Body::empty()).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(refused.json().await["kind"], "rate_limited");
}
