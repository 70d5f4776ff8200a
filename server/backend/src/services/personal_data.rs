//! What members may do with everything that is stored about them: change how they are reached, take it away, delete it.

use crate::{
    Error, Result,
    accounts::Accounts,
    broadcasts::Broadcasts,
    database::Database,
    events::Events,
    limits::{Action, Caller, Limits},
    repositories::{personal_data, users},
    services::{broadcasts::end_within, outbox},
};
use diesel_async::AsyncConnection;
use domain::{
    account::Viewer,
    error::Problems,
    event::{Event, Topic},
    user::Email,
};
use serde_json::{Map, Value};

/// Personal data. Cheap to clone.
#[derive(Clone)]
pub struct PersonalData {
    database: Database,
    events: Events,
    limits: Limits,
    accounts: Accounts,
    broadcasts: Broadcasts,
}

impl PersonalData {
    pub(crate) fn new(database: Database, events: Events, limits: Limits, accounts: Accounts, broadcasts: Broadcasts) -> Self {
        Self { database, events, limits, accounts, broadcasts }
    }

    /// The address that mail reaches the viewer at. Nobody else is told it.
    pub async fn email(&self, viewer: &Viewer) -> Result<String> {
        let mut connection = self.database.connection().await?;
        Ok(users::email(&mut connection, viewer.id).await?.ok_or(domain::Error::Unauthenticated)?)
    }

    /// Changes that address. It is a way to sign in, so the password is asked for.
    pub async fn change_email(&self, viewer: &Viewer, email: &str, password: &str) -> Result<()> {
        let email: Email = email.parse().map_err(|message: String| domain::Error::invalid("email", message))?;
        self.accounts.confirm_password(viewer, password, "email_password").await?;
        let mut connection = self.database.connection().await?;
        let changed = users::set_email(&mut connection, viewer.id, &email).await;
        changed.map_err(|error| crate::accounts::explain_duplicate(error.into()))?;
        tracing::info!(target: "audit", user = %viewer.id, "the e-mail address was changed");
        Ok(())
    }

    /// Everything that is stored about the viewer, without secrets.
    pub async fn export(&self, viewer: &Viewer) -> Result<Map<String, Value>> {
        self.limits.check(Action::Export, &Caller::Member(viewer.id))?;
        let mut connection = self.database.connection().await?;
        let data = personal_data::export(&mut connection, viewer.id).await?;
        tracing::info!(target: "audit", user = %viewer.id, "took their data away");
        Ok(data)
    }

    /// Deletes the account with everything that belongs to it, and ends what runs. It cannot be undone, so the password
    /// is asked for, and the username as it is written.
    pub async fn delete(&self, viewer: &Viewer, username: &str, password: &str) -> Result<()> {
        let mut problems = Problems::default();
        let is_meant = username.trim().eq_ignore_ascii_case(viewer.username.as_str());
        let meant = if is_meant { Ok(()) } else { Err(format!("Type {} to delete this account.", viewer.username)) };
        if problems.check("username", meant).is_none() {
            return Err(problems.into_error().into());
        }
        self.accounts.confirm_password(viewer, password, "delete_password").await?;
        let mut connection = self.database.connection().await?;
        let (ended, gone) = connection
            .transaction(async |connection| {
                if users::lock_admins(connection).await? == [viewer.id] {
                    let message = "You are the only owner of this site, so this account cannot be deleted.";
                    return Err(domain::Error::invalid("account", message).into());
                }
                let ended = end_within(connection, viewer.id).await?;
                if !users::delete(connection, viewer.id).await? {
                    return Err(domain::Error::Unauthenticated.into());
                }
                // Nobody is told what happened, only that what was known of this channel, and of all, is out of date.
                let topics = [Topic::Streams, Topic::Channel(viewer.id)];
                Ok::<_, Error>((ended, outbox::write(connection, &topics, Event::Hidden).await?))
            })
            .await?;
        drop(connection);
        self.broadcasts.close_ended(viewer.id, ended).await;
        self.events.send(gone);
        self.accounts.forget_sessions(viewer.id);
        tracing::info!(target: "audit", user = %viewer.id, "the account was deleted");
        Ok(())
    }
}
