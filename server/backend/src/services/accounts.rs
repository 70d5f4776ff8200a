//! Accounts and sessions.

use crate::{
    Error, Result,
    client::Client,
    database::Database,
    events::Events,
    limits::{Action, Caller, Limits},
    passwords::Passwords,
    repositories::{channels, owner_links, sessions, users},
    tokens::{random_token, token_hash},
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    Category, SessionId, UserId,
    account::{NewMember, SessionInfo, Viewer},
    channel::StreamTitle,
    error::Problems,
    event::{Event, Topic},
    user::Password,
};
use moka::future::Cache;
use std::time::Duration;
use uuid::Uuid;

/// The secret that a browser keeps. Only its hash is stored.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    /// 30 days, after which the session is over in any case.
    const MAX_AGE: u32 = 30 * 24 * 60 * 60;

    /// The name of the cookie. The prefix binds it to this host, and needs `Secure` (RFC 6265bis section 4.1.3.2).
    pub const fn cookie_name(is_secure: bool) -> &'static str {
        if is_secure { "__Host-sid" } else { "sid" }
    }

    /// The `Set-Cookie` that makes a browser keep it.
    pub fn to_cookie(&self, is_secure: bool) -> String {
        cookie(is_secure, &self.0, Self::MAX_AGE)
    }

    /// The `Set-Cookie` that makes a browser forget it.
    pub fn expired_cookie(is_secure: bool) -> String {
        cookie(is_secure, "", 0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn cookie(is_secure: bool, value: &str, max_age: u32) -> String {
    let (name, secure) = (SessionToken::cookie_name(is_secure), if is_secure { "; Secure" } else { "" });
    format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
}

/// Accounts and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    database: Database,
    events: Events,
    limits: Limits,
    passwords: Passwords,
    sessions: Cache<Vec<u8>, Option<Viewer>>,
}

impl Accounts {
    pub(crate) fn new(database: Database, events: Events, limits: Limits, remembered: Duration) -> Result<Self> {
        let sessions = Cache::builder().max_capacity(100_000).time_to_live(remembered).support_invalidation_closures().build();
        Ok(Self { database, events, limits, passwords: Passwords::new()?, sessions })
    }

    /// Creates an account with its channel, and signs in. `claim` is the token of an owner link.
    pub async fn sign_up(
        &self,
        username: &str,
        email: &str,
        password: &str,
        claim: Option<&str>,
        client: &Client,
    ) -> Result<SessionToken> {
        let member = NewMember::parse(username, email, password)?;
        refuse_common(&member.password, "password")?;
        self.limits.check(Action::SignUp, &Caller::Address(client.limit_key()))?;
        let NewMember { username, email, password } = member;
        let title: StreamTitle = format!("{username}'s lesson").parse().map_err(|_too_long| Error::Crypto("a default title"))?;
        let hash = self.passwords.hash(password).await?;
        let token = new_token()?;
        let id = UserId(Uuid::now_v7());
        let mut connection = self.database.connection().await?;
        let created = connection
            .transaction(async |connection| {
                users::insert(connection, id, &username, &email, &hash).await?;
                channels::insert(connection, id, &title, Category::Coding).await?;
                if let Some(claim) = claim {
                    take_claim(connection, id, claim).await?;
                }
                sessions::insert(connection, id, &token_hash(token.as_str()), &client.browser).await?;
                Ok::<_, Error>(())
            })
            .await;
        created.map_err(explain_duplicate)?;
        Ok(token)
    }

    /// Signs in with a username or an e-mail address. An unknown name and a wrong password are told apart by nothing.
    pub async fn sign_in(&self, name: &str, password: &str, client: &Client) -> Result<SessionToken> {
        let name = name.trim();
        let mut problems = Problems::default();
        let is_filled = |text: &str, message: &str| if text.is_empty() { Err(message.to_owned()) } else { Ok(()) };
        let filled = (
            problems.check("username", is_filled(name, "Enter your username or e-mail address.")),
            problems.check("password", is_filled(password, "Enter your password.")),
        );
        if filled != (Some(()), Some(())) {
            return Err(problems.into_error().into());
        }
        let account: String = name.to_lowercase().chars().take(254).collect();
        self.limits.check(Action::SignInFromAddress, &Caller::Address(client.limit_key()))?;
        self.limits.check(Action::SignInToAccount, &Caller::Account(account))?;
        let found = {
            let mut connection = self.database.connection().await?;
            users::credentials(&mut connection, name).await?
        };
        let (id, hash) = found.unzip();
        let is_right = self.passwords.verify(password.to_owned(), hash).await?;
        let Some(id) = id.filter(|_| is_right) else {
            tracing::info!(target: "audit", address = %client.address, "a sign-in was refused");
            return Err(domain::Error::WrongCredentials.into());
        };
        let token = new_token()?;
        let mut connection = self.database.connection().await?;
        sessions::insert(&mut connection, id, &token_hash(token.as_str()), &client.browser).await?;
        tracing::info!(target: "audit", user = %id, address = %client.address, "signed in");
        Ok(token)
    }

    /// The person behind a token, if its session is not over.
    pub async fn viewer(&self, token: &str) -> Result<Option<Viewer>> {
        let hash = token_hash(token);
        if let Some(known) = self.sessions.get(&hash).await {
            return Ok(known);
        }
        self.look_up(hash).await
    }

    /// The same without what is remembered, for when a session is known to have changed.
    pub async fn viewer_now(&self, token: &str) -> Result<Option<Viewer>> {
        self.look_up(token_hash(token)).await
    }

    async fn look_up(&self, hash: Vec<u8>) -> Result<Option<Viewer>> {
        let mut connection = self.database.connection().await?;
        let viewer = sessions::find(&mut connection, &hash).await?;
        self.sessions.insert(hash, viewer.clone()).await;
        Ok(viewer)
    }

    /// The browsers that are signed in as this person.
    pub async fn sessions(&self, viewer: &Viewer) -> Result<Vec<SessionInfo>> {
        let mut connection = self.database.connection().await?;
        Ok(sessions::list(&mut connection, viewer).await?)
    }

    /// Ends one of the viewer's sessions.
    pub async fn end_session(&self, viewer: &Viewer, session: SessionId) -> Result<()> {
        let mut connection = self.database.connection().await?;
        if !sessions::delete(&mut connection, viewer.id, session).await? {
            return Err(domain::Error::not_found("session").into());
        }
        self.forget_sessions(viewer.id);
        tracing::info!(target: "audit", user = %viewer.id, %session, "a session was ended");
        Ok(())
    }

    /// Changes the password. Every session ends; the token returned is a new one for the browser that asked.
    pub async fn change_password(&self, viewer: &Viewer, current: &str, new: &str, client: &Client) -> Result<SessionToken> {
        let new: Password = new.parse().map_err(|message: String| domain::Error::invalid("new_password", message))?;
        refuse_common(&new, "new_password")?;
        self.confirm_password(viewer, current, "current_password").await?;
        let hash = self.passwords.hash(new).await?;
        let token = new_token()?;
        let mut connection = self.database.connection().await?;
        connection
            .transaction(async |connection| {
                users::set_password_hash(connection, viewer.id, &hash).await?;
                replace_sessions(connection, viewer.id, &token, client).await
            })
            .await?;
        self.forget_sessions(viewer.id);
        tracing::info!(target: "audit", user = %viewer.id, "the password was changed");
        Ok(token)
    }

    /// Makes sure that it is the viewer who asks, and not somebody at their browser. `field` is the form's name for the password.
    pub(crate) async fn confirm_password(&self, viewer: &Viewer, password: &str, field: &str) -> Result<()> {
        let account = viewer.username.as_str().to_lowercase();
        self.limits.check(Action::SignInToAccount, &Caller::Account(account))?;
        let stored = {
            let mut connection = self.database.connection().await?;
            users::password_hash(&mut connection, viewer.id).await?
        };
        if !self.passwords.verify(password.to_owned(), stored).await? {
            return Err(domain::Error::invalid(field, "This is not your current password.").into());
        }
        Ok(())
    }

    /// Makes the viewer the owner of the site. Their rights changed, so their session does too.
    pub async fn claim_site(&self, viewer: &Viewer, claim: &str, client: &Client) -> Result<SessionToken> {
        let token = new_token()?;
        let mut connection = self.database.connection().await?;
        connection
            .transaction(async |connection| {
                take_claim(connection, viewer.id, claim).await?;
                Ok::<_, Error>(replace_sessions(connection, viewer.id, &token, client).await?)
            })
            .await?;
        self.forget_sessions(viewer.id);
        tracing::info!(target: "audit", user = %viewer.id, "became the owner");
        Ok(token)
    }

    /// A new one-time token for the owner link, or none when there is an owner.
    pub async fn owner_link(&self) -> Result<Option<String>> {
        let mut connection = self.database.connection().await?;
        if users::has_admin(&mut connection).await? {
            return Ok(None);
        }
        let token = random_token()?;
        connection.transaction(async |connection| owner_links::replace(connection, &token_hash(&token)).await).await?;
        Ok(Some(token))
    }

    /// Removes sessions that are over.
    pub async fn forget_old_sessions(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        Ok(sessions::delete_over(&mut connection).await?)
    }

    /// Makes every server ask the database again, and every open page of this person load anew.
    pub(crate) fn forget_sessions(&self, user: UserId) {
        self.look_anew(user);
        self.events.publish(&[Topic::Member(user)], &Event::SessionEnded);
    }

    /// Something about this person changed that every request is told.
    pub(crate) fn look_anew(&self, user: UserId) {
        let is_theirs = move |_: &Vec<u8>, viewer: &Option<Viewer>| viewer.as_ref().is_some_and(|viewer| viewer.id == user);
        if let Err(error) = self.sessions.invalidate_entries_if(is_theirs) {
            tracing::error!(%error, "sessions could not be taken out of the cache");
        }
    }
}

fn new_token() -> Result<SessionToken> {
    random_token().map(SessionToken)
}

/// Ends all sessions of a person and starts a new one.
async fn replace_sessions(
    connection: &mut AsyncPgConnection,
    user: UserId,
    token: &SessionToken,
    client: &Client,
) -> diesel::QueryResult<()> {
    sessions::delete_all(connection, user).await?;
    sessions::insert(connection, user, &token_hash(token.as_str()), &client.browser).await?;
    Ok(())
}

/// Uses an owner link up for this person.
async fn take_claim(connection: &mut AsyncPgConnection, user: UserId, claim: &str) -> Result<()> {
    if !owner_links::take(connection, &token_hash(claim)).await? {
        return Err(domain::Error::not_found("owner link").into());
    }
    Ok(users::make_admin(connection, user).await?)
}

/// Says which field is taken. The indexes decide, so two people who hurry cannot both win.
pub(crate) fn explain_duplicate(error: Error) -> Error {
    let Error::Database(query) = &error else { return error };
    if Error::violates(query, "users_username_key") {
        domain::Error::invalid("username", "This username is taken.").into()
    } else if Error::violates(query, "users_email_key") {
        domain::Error::invalid("email", "There is an account with this e-mail address already.").into()
    } else {
        error
    }
}

/// The passwords that attackers try first. Ten characters rule most of such lists out already.
const COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

fn refuse_common(password: &Password, field: &str) -> Result<()> {
    let lower = password.as_str().to_lowercase();
    if COMMON_PASSWORDS.lines().any(|common| common == lower) {
        return Err(domain::Error::invalid(field, "This password is one of the first that attackers try.").into());
    }
    Ok(())
}
