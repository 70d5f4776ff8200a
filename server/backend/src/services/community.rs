//! The people around one's own channel, and who moderates it.

use crate::{
    Error, Result,
    chat::tell_standing,
    database::Database,
    events::Events,
    repositories::{blocks, channels, community, moderators, untold_notifications::Audience},
    services::notifications::{self, Notifications},
};
use diesel_async::AsyncConnection;
use domain::{
    UserId,
    account::Viewer,
    block::may_appoint,
    community::{PeoplePage, PeopleQuery},
    notification::{NewNotification, NotificationKind},
    user::Username,
};

/// The community of a channel. Cheap to clone.
#[derive(Clone)]
pub struct Community {
    database: Database,
    events: Events,
    notifications: Notifications,
}

impl Community {
    pub(crate) fn new(database: Database, events: Events, notifications: Notifications) -> Self {
        Self { database, events, notifications }
    }

    /// One page of the people around the viewer's channel.
    pub async fn page(&self, viewer: &Viewer, query: PeopleQuery) -> Result<PeoplePage> {
        let mut connection = self.database.connection().await?;
        Ok(community::page(&mut connection, viewer.id, &query.bounded()).await?)
    }

    /// Makes somebody a moderator of the viewer's channel. Doing so again changes nothing.
    pub async fn appoint(&self, viewer: &Viewer, username: &str) -> Result<()> {
        let unknown = || domain::Error::invalid("username", "There is nobody of this name.");
        let name: Username =
            username.trim().trim_start_matches('@').parse().map_err(|_not_a_name: String| Error::Domain(unknown()))?;
        let mut connection = self.database.connection().await?;
        let found = channels::find_by_username(&mut connection, &name).await?;
        let (owner, member) = (viewer.id, found.ok_or_else(unknown)?.id);
        let news = connection
            .transaction(async |connection| {
                blocks::lock_pair(connection, owner, member).await?;
                let is_blocked = blocks::exists_between(connection, owner, member).await?;
                may_appoint(owner, member, is_blocked).map_err(|error| match error {
                    domain::Error::NotFound { .. } => unknown(),
                    error => error,
                })?;
                if moderators::count(connection, owner).await? >= moderators::MOST {
                    let full = format!("A channel has at most {} moderators.", moderators::MOST);
                    return Err(Error::Domain(domain::Error::invalid("username", full)));
                }
                if !moderators::insert(connection, owner, member).await? {
                    return Ok(None);
                }
                let new = NewNotification {
                    kind: NotificationKind::Appointed,
                    actor: Some(owner),
                    channel: None,
                    words: String::new(),
                };
                notifications::write(connection, &Audience::Members(vec![member]), new).await.map(Some)
            })
            .await?;
        drop(connection);
        if let Some(news) = news {
            tracing::info!(target: "audit", user = %owner, %member, "a moderator was appointed");
            self.notifications.tell([news]).await;
            tell_standing(&self.events, owner, member);
        }
        Ok(())
    }

    /// Whether somebody may moderate a channel: its owner, and whom they appointed.
    pub async fn moderates(&self, member: UserId, channel: UserId) -> Result<bool> {
        if member == channel {
            return Ok(true);
        }
        let mut connection = self.database.connection().await?;
        Ok(moderators::is_moderator(&mut connection, channel, member).await?)
    }

    /// Takes the office from a moderator of the viewer's channel. Doing so again changes nothing.
    pub async fn dismiss(&self, viewer: &Viewer, member: UserId) -> Result<()> {
        let mut connection = self.database.connection().await?;
        if moderators::delete(&mut connection, viewer.id, member).await? {
            tracing::info!(target: "audit", user = %viewer.id, %member, "a moderator was dismissed");
            tell_standing(&self.events, viewer.id, member);
        }
        Ok(())
    }
}
