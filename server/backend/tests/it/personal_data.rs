//! What members may do with everything that is stored about them.

use backend::{
    Error,
    events::Events,
    limits::Limits,
    testing::{PASSWORD, backend_with, client, database_settings, test_backend},
};
use domain::{
    Error as Domain,
    event::{Event, Topic, Update},
};
use std::{num::NonZeroU32, time::Duration};

fn refusal<T>(result: Result<T, Error>) -> Domain {
    match result {
        Err(error) => error.into_domain(),
        Ok(_) => panic!("it should have been refused"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_changed_with_the_password() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    backend.member("ben").await;
    let change = async |email: &str, password: &str| backend.personal_data.change_email(&ana, email, password).await;
    assert!(refusal(change("nonsense", PASSWORD).await).problem_with("email").is_some());
    assert!(refusal(change("new@example.org", "not this one").await).problem_with("email_password").is_some());
    assert!(refusal(change("BEN@example.org", PASSWORD).await).problem_with("email").is_some(), "it is taken");
    assert_eq!(backend.personal_data.email(&ana).await.unwrap(), "ana@example.org");
    change("new@example.org", PASSWORD).await.unwrap();
    assert_eq!(backend.personal_data.email(&ana).await.unwrap(), "new@example.org");
    backend.accounts.sign_in("new@example.org", PASSWORD, &client()).await.unwrap();
    assert_eq!(refusal(backend.accounts.sign_in("ana@example.org", PASSWORD, &client()).await), Domain::WrongCredentials);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_everything_but_secrets() {
    let backend = test_backend().await;
    let (ana, token) = backend.member("ana").await;
    backend.member("ben").await;
    let key = backend.stream_keys.reveal(&ana).await.unwrap();
    backend.profiles.update(&ana, "Ana Lovelace", "I explain.").await.unwrap();
    backend.profiles.update_links(&ana, "", |network| format!("{}/ana", network.hosts()[0])).await.unwrap();
    let data = backend.personal_data.export(&ana).await.unwrap();
    assert_eq!(data["account"][0]["email"], "ana@example.org");
    assert_eq!(data["account"][0]["bio"], "I explain.");
    assert_eq!(data["social_links"].as_array().map(Vec::len), Some(6));
    assert_eq!(data["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["stream_keys"].as_array().map(Vec::len), Some(1));
    let text = serde_json::to_string(&data).unwrap();
    for secret in [token.as_str(), &key, "password", "sealed", "token_hash", "argon2", "ben@example.org"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(
        backend.forgotten_in_exports().await,
        Vec::<String>::new(),
        "every table about members is in it, or is not for a reason"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_few() {
    let limits = Limits::new(NonZeroU32::MIN);
    let backend = backend_with(&database_settings().await, Events::local().unwrap(), limits);
    let (ana, _) = backend.member("ana").await;
    for _ in 0..5 {
        backend.personal_data.export(&ana).await.unwrap();
    }
    assert!(matches!(refusal(backend.personal_data.export(&ana).await), Domain::RateLimited { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_nothing() {
    let backend = test_backend().await;
    let (ana, token) = backend.member("ana").await;
    let other = backend.accounts.sign_in("ana", PASSWORD, &client()).await.unwrap();
    let (ben, ben_token) = backend.member("ben").await;
    backend.stream_keys.reveal(&ana).await.unwrap();
    backend.profiles.update_links(&ana, "", |network| format!("{}/ana", network.hosts()[0])).await.unwrap();
    let mut told = backend.events.hub().subscribe(vec![Topic::Member(ana.id)], None);

    let delete = async |name: &str, password: &str| backend.personal_data.delete(&ana, name, password).await;
    assert!(refusal(delete("ben", PASSWORD).await).problem_with("username").is_some());
    assert!(refusal(delete("ana", "not this one").await).problem_with("delete_password").is_some());
    assert!(backend.accounts.viewer(token.as_str()).await.unwrap().is_some(), "nothing has happened yet");
    delete("ANA", PASSWORD).await.unwrap();

    assert_eq!(backend.traces_of(ana.id).await, Vec::<String>::new());
    for ended in [&token, &other] {
        assert_eq!(backend.accounts.viewer(ended.as_str()).await.unwrap(), None);
    }
    let frame = tokio::time::timeout(Duration::from_secs(10), told.frames.recv()).await.unwrap().unwrap();
    let text = std::str::from_utf8(&frame.bytes).unwrap().to_owned();
    let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert_eq!(serde_json::from_str::<Update>(json).unwrap().event, Event::SessionEnded);
    assert!(backend.accounts.viewer(ben_token.as_str()).await.unwrap().is_some());
    assert!(!backend.traces_of(ben.id).await.is_empty());
    backend.member("ana").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let link = backend.accounts.owner_link().await.unwrap().unwrap();
    backend.accounts.claim_site(&ana, &link, &client()).await.unwrap();
    let refused = refusal(backend.personal_data.delete(&ana, "ana", PASSWORD).await);
    assert!(refused.to_string().contains("only owner"), "{refused}");
    assert!(!backend.traces_of(ana.id).await.is_empty());
}
