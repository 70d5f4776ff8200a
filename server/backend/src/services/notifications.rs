//! Notifications: what members are told, live and later.
//!
//! As with the outbox, what is to be told is committed together with what happened, told after the commit, and told by any
//! server if the one that wrote it crashed meanwhile. Members are told in a transaction of its own, so that what happened
//! neither waits for them nor is undone by what goes wrong there.

use crate::{
    Error, Result,
    database::Database,
    events::{Events, Letter},
    repositories::{
        notifications,
        untold_notifications::{self, Audience},
        users,
    },
    services::outbox,
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    NotificationId, UserId,
    account::Viewer,
    event::{Event, Topic},
    notification::{NOTIFICATIONS_PAGE, NewNotification, NotificationPage, NotificationSettings, shortened},
};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often this server looks for what was left behind.
const RELAY_INTERVAL: Duration = Duration::from_secs(1);
/// What is told at once of that.
const RELAYED: i64 = 100;
/// Followers whose open pages are told at once that a channel is live. Of the others each next page says so.
const TOLD_LIVE: usize = 10_000;
/// Members whose unread notifications are counted together.
const COUNTED_TOGETHER: usize = 500;

/// What members are not told yet. It is told whether or not this is used, only later.
#[derive(Debug)]
#[must_use]
pub(crate) struct News(Uuid);

/// Notifications. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    database: Database,
    events: Events,
}

impl Notifications {
    pub(crate) fn new(database: Database, events: Events) -> Self {
        Self { database, events }
    }

    /// Follows the clock until `stopped`. One task per server runs this.
    pub async fn run(&self, stopped: CancellationToken) {
        let mut interval = tokio::time::interval(RELAY_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = interval.tick() => {}
            }
            if let Err(error) = self.relay().await {
                tracing::warn!(%error, "what members are not told yet could not be read; it is tried again");
            }
        }
    }

    /// Tells members what was written for them, after the commit of that.
    ///
    /// What goes wrong here is logged and does not undo the operation that it is about: they are told a while later.
    pub(crate) async fn tell(&self, news: impl IntoIterator<Item = News>) {
        for News(id) in news {
            if let Err(error) = self.tell_one(id).await {
                tracing::warn!(%error, "members are not told yet; it is tried again");
            }
        }
    }

    /// Tells what was left behind, and answers how much that was.
    pub async fn relay(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        let due = untold_notifications::claim(&mut connection, RELAYED).await?;
        drop(connection);
        let n = due.len();
        self.tell(due.into_iter().map(News)).await;
        Ok(n)
    }

    async fn tell_one(&self, id: Uuid) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let letters = connection
            .transaction(async |connection| match untold_notifications::lock(connection, id).await? {
                None => Ok(Some(Vec::new())),
                Some(Audience::Members(members)) => {
                    users::lock(connection, &members).await?;
                    let told = notifications::insert(connection, id).await?;
                    untold_notifications::delete(connection, id).await?;
                    write_unread(connection, &told).await.map(Some)
                }
                Some(Audience::Followers) => {
                    notifications::insert_for_followers(connection, id).await?;
                    Ok::<_, Error>(None)
                }
            })
            .await?;
        if let Some(letters) = letters {
            self.events.send_all(letters);
        } else {
            // So many letters would hold up those of others. Should this server crash here, another does it again.
            let told = notifications::told(&mut connection, id, TOLD_LIVE).await?;
            self.announce(&mut connection, &told).await?;
            untold_notifications::delete(&mut connection, id).await?;
        }
        Ok(())
    }

    /// The viewer's notifications, the newest first, or those before one of them.
    pub async fn page(&self, viewer: &Viewer, before: Option<NotificationId>) -> Result<NotificationPage> {
        let mut connection = self.database.connection().await?;
        let mut list = notifications::list(&mut connection, viewer.id, before, NOTIFICATIONS_PAGE + 1).await?;
        let has_more = list.len() > NOTIFICATIONS_PAGE;
        list.truncate(NOTIFICATIONS_PAGE);
        let older = list.last().filter(|_| has_more).map(|notification| notification.id);
        let unread = notifications::unread(&connection, viewer.id).await?;
        Ok(NotificationPage { notifications: list, unread, older })
    }

    /// Notes that the viewer has read everything up to a notification, or everything.
    pub async fn mark_read(&self, viewer: &Viewer, through: Option<NotificationId>) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let letters = connection
            .transaction(async |connection| {
                users::lock(connection, &[viewer.id]).await?;
                let is_changed = notifications::mark_read(connection, viewer.id, through).await?;
                if is_changed { write_unread(connection, &[viewer.id]).await } else { Ok(Vec::new()) }
            })
            .await?;
        self.events.send_all(letters);
        Ok(())
    }

    /// What the viewer wants to be told about.
    pub async fn settings(&self, viewer: &Viewer) -> Result<NotificationSettings> {
        let mut connection = self.database.connection().await?;
        Ok(NotificationSettings { muted: notifications::muted(&mut connection, viewer.id).await? })
    }

    /// Sets what the viewer wants to be told about.
    pub async fn set_settings(&self, viewer: &Viewer, settings: &NotificationSettings) -> Result<()> {
        let mut connection = self.database.connection().await?;
        connection.transaction(async |connection| notifications::set_muted(connection, viewer.id, &settings.muted).await).await?;
        Ok(())
    }

    /// Removes what is older than anybody looks, and what nobody could be told for a day.
    pub async fn forget_old(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        let n_untold = untold_notifications::delete_old(&mut connection).await?;
        if n_untold > 0 {
            tracing::error!(n_untold, "members could not be told something for a day, and are told no more");
        }
        Ok(notifications::delete_old(&mut connection).await?)
    }

    /// Tells many at once, past the outbox.
    async fn announce(&self, connection: &mut AsyncPgConnection, told: &[UserId]) -> Result<()> {
        for some in told.chunks(COUNTED_TOGETHER) {
            let unread = notifications::unread_of_each(connection, some).await?;
            let events = unread.into_iter().map(notified).collect::<Vec<_>>();
            self.events.publish_all(&events);
        }
        Ok(())
    }
}

/// Notes, in the transaction of what happened, what members are to be told of it: those who want to hear it.
pub(crate) async fn write(connection: &mut AsyncPgConnection, audience: &Audience, new: NewNotification) -> Result<News> {
    let new = NewNotification { words: shortened(&new.words), ..new };
    Ok(News(untold_notifications::insert(connection, audience, &new).await?))
}

/// Puts into the outbox how much each of these members has not read.
async fn write_unread(connection: &mut AsyncPgConnection, members: &[UserId]) -> Result<Vec<Letter>> {
    let unread = notifications::unread_of_each(connection, members).await?;
    outbox::write_all(connection, unread.into_iter().map(notified)).await
}

/// How much a member has not read, to that member alone.
fn notified((member, unread): (UserId, u32)) -> (Vec<Topic>, Event) {
    (vec![Topic::Member(member)], Event::Notified { unread })
}
