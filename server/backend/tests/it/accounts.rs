//! Signing up, in and out, and what a password change does.

use backend::{
    Error,
    events::Events,
    limits::Limits,
    testing::{PASSWORD, backend_with, client, database_settings, test_backend},
};
use domain::{Error as Domain, account::Role};
use std::num::NonZeroU32;

fn refusal<T>(result: Result<T, Error>) -> Domain {
    match result {
        Err(error) => error.into_domain(),
        Ok(_) => panic!("it should have been refused"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_has_a_channel_and_a_session() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("Ana").await;
    assert_eq!(ana.role, Role::Member);
    let page = backend.channels.page("aNA", None).await.unwrap();
    assert_eq!((page.channel, page.username.as_str(), page.live), (ana.id, "Ana", None));
    let sessions = backend.accounts.sessions(&ana).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].is_current);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_addresses_are_taken_once() {
    let backend = test_backend().await;
    backend.member("ana").await;
    let again = async |name: &str, email: &str| refusal(backend.accounts.sign_up(name, email, PASSWORD, None, &client()).await);
    assert!(again("ANA", "other@example.org").await.problem_with("username").is_some());
    assert!(again("ben", "Ana@Example.org").await.problem_with("email").is_some());
    assert!(again("admin", "x@example.org").await.problem_with("username").is_some());
    let common = refusal(backend.accounts.sign_up("carl", "c@example.org", "Password1234", None, &client()).await);
    assert!(common.problem_with("password").is_some());
    assert_eq!(refusal(backend.channels.page("ben", None).await), Domain::not_found("channel"), "nothing half-made");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_hurry_cannot_both_have_a_name() {
    let backend = test_backend().await;
    let (us, emails) = (client(), ["one@example.org", "two@example.org"]);
    let sign_up = |email| backend.accounts.sign_up("ana", email, PASSWORD, None, &us);
    let (one, two) = futures::join!(sign_up(emails[0]), sign_up(emails[1]));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|is_ok| **is_ok).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_needs_the_right_password() {
    let backend = test_backend().await;
    let (ana, first) = backend.member("ana").await;
    for name in ["ana", "ANA", " ana ", "ana@example.org", "Ana@example.ORG"] {
        let token = backend.accounts.sign_in(name, PASSWORD, &client()).await.unwrap();
        assert_ne!(token.as_str(), first.as_str());
        assert_eq!(backend.accounts.viewer(token.as_str()).await.unwrap().map(|viewer| viewer.id), Some(ana.id));
    }
    assert_eq!(refusal(backend.accounts.sign_in("ana", "wrong password", &client()).await), Domain::WrongCredentials);
    assert_eq!(refusal(backend.accounts.sign_in("nobody", PASSWORD, &client()).await), Domain::WrongCredentials);
    assert!(refusal(backend.accounts.sign_in("", "", &client()).await).problem_with("password").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_not_guessed_at_for_long() {
    let limits = Limits::new(NonZeroU32::MIN);
    let backend = backend_with(&database_settings().await, Events::local().unwrap(), limits);
    backend.member("ana").await;
    for _ in 0..5 {
        assert_eq!(refusal(backend.accounts.sign_in("Ana", "a guess", &client()).await), Domain::WrongCredentials);
    }
    let refused = refusal(backend.accounts.sign_in("ana", PASSWORD, &client()).await);
    assert!(matches!(refused, Domain::RateLimited { .. }), "{refused:?}");
    assert_eq!(refusal(backend.accounts.sign_in("ben", "a guess", &client()).await), Domain::WrongCredentials);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_over() {
    let backend = test_backend().await;
    let (ana, token) = backend.member("ana").await;
    let other = backend.accounts.sign_in("ana", PASSWORD, &client()).await.unwrap();
    backend.accounts.end_session(&ana, ana.session).await.unwrap();
    assert_eq!(backend.accounts.viewer(token.as_str()).await.unwrap(), None);
    assert!(backend.accounts.viewer(other.as_str()).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_the_sessions_of_others() {
    let backend = test_backend().await;
    let (ana, ana_token) = backend.member("ana").await;
    let (ben, _) = backend.member("ben").await;
    assert_eq!(refusal(backend.accounts.end_session(&ben, ana.session).await), Domain::not_found("session"));
    assert!(backend.accounts.viewer(ana_token.as_str()).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_old_session() {
    let backend = test_backend().await;
    let (ana, old) = backend.member("ana").await;
    let other = backend.accounts.sign_in("ana", PASSWORD, &client()).await.unwrap();
    let change = async |current: &str, new: &str| backend.accounts.change_password(&ana, current, new, &client()).await;
    assert!(refusal(change("not this one", "another password").await).problem_with("current_password").is_some());
    assert!(refusal(change(PASSWORD, "short").await).problem_with("new_password").is_some());
    let new = change(PASSWORD, "another password").await.unwrap();
    for ended in [&old, &other] {
        assert_eq!(backend.accounts.viewer(ended.as_str()).await.unwrap(), None);
    }
    assert!(backend.accounts.viewer(new.as_str()).await.unwrap().is_some());
    assert_eq!(refusal(backend.accounts.sign_in("ana", PASSWORD, &client()).await), Domain::WrongCredentials);
    backend.accounts.sign_in("ana", "another password", &client()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_link_works_once() {
    let backend = test_backend().await;
    let (ana, _) = backend.member("ana").await;
    let (ben, _) = backend.member("ben").await;
    let older = backend.accounts.owner_link().await.unwrap().unwrap();
    let link = backend.accounts.owner_link().await.unwrap().unwrap();
    assert!(matches!(refusal(backend.accounts.claim_site(&ana, &older, &client()).await), Domain::NotFound { .. }));
    let token = backend.accounts.claim_site(&ana, &link, &client()).await.unwrap();
    assert_eq!(backend.accounts.viewer(token.as_str()).await.unwrap().map(|viewer| viewer.role), Some(Role::Admin));
    assert!(matches!(refusal(backend.accounts.claim_site(&ben, &link, &client()).await), Domain::NotFound { .. }));
    assert_eq!(backend.accounts.owner_link().await.unwrap(), None, "there is an owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_link_that_fails_leaves_no_account() {
    let backend = test_backend().await;
    let result = backend.accounts.sign_up("ana", "ana@example.org", PASSWORD, Some("no such link"), &client()).await;
    assert!(matches!(refusal(result), Domain::NotFound { .. }));
    assert_eq!(refusal(backend.channels.page("ana", None).await), Domain::not_found("channel"));
}
