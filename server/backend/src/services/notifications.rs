//! Notifications: what members are told, live and later.

use crate::{
    Result,
    database::Database,
    events::{Events, Letter},
    repositories::{notifications, users},
    services::outbox,
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    NotificationId, UserId,
    account::Viewer,
    event::{Event, Topic},
    notification::{NOTIFICATIONS_PAGE, NewNotification, NotificationPage, NotificationSettings, shortened},
};

/// Followers whose open pages are told at once that a channel is live. Of the others each next page says so.
const TOLD_LIVE: usize = 10_000;
/// Members whose unread notifications are counted together.
const COUNTED_TOGETHER: usize = 500;

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

    /// Tells members something, those who want to hear it. Call it after the commit of what is told.
    ///
    /// What goes wrong here is logged and does not undo the operation that it is about.
    pub async fn notify(&self, members: &[UserId], new: NewNotification) {
        let tell = async {
            let new = NewNotification { words: shortened(&new.words), ..new };
            let mut connection = self.database.connection().await?;
            let letters = connection
                .transaction(async |connection| {
                    users::lock(connection, members).await?;
                    let told = notifications::insert(connection, members, &new).await?;
                    write(connection, &told).await
                })
                .await?;
            self.events.send_all(letters);
            Ok(())
        };
        log_failure(tell.await);
    }

    /// Tells the followers of a channel that it is live.
    pub(crate) async fn notify_followers(&self, channel: UserId, title: &str) {
        let tell = async {
            let mut connection = self.database.connection().await?;
            let mut told = notifications::insert_for_followers(&mut connection, channel, &shortened(title)).await?;
            told.truncate(TOLD_LIVE);
            self.announce(&mut connection, &told).await
        };
        log_failure(tell.await);
    }

    /// The viewer's notifications, the newest first, or those before one of them.
    pub async fn page(&self, viewer: &Viewer, before: Option<NotificationId>) -> Result<NotificationPage> {
        let mut connection = self.database.connection().await?;
        let mut list = notifications::list(&mut connection, viewer.id, before, NOTIFICATIONS_PAGE + 1).await?;
        let has_more = list.len() > NOTIFICATIONS_PAGE;
        list.truncate(NOTIFICATIONS_PAGE);
        let older = list.last().filter(|_| has_more).map(|notification| notification.id);
        let unread = notifications::unread(&connection, &[viewer.id]).await?;
        let unread = unread.first().map_or(0, |(_, unread)| *unread);
        Ok(NotificationPage { notifications: list, unread, older })
    }

    /// Notes that the viewer has read everything up to a notification, or everything.
    pub async fn mark_read(&self, viewer: &Viewer, through: Option<NotificationId>) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let letters = connection
            .transaction(async |connection| {
                users::lock(connection, &[viewer.id]).await?;
                let is_changed = notifications::mark_read(connection, viewer.id, through).await?;
                if is_changed { write(connection, &[viewer.id]).await } else { Ok(Vec::new()) }
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

    /// Removes what is older than anybody looks.
    pub async fn forget_old(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        Ok(notifications::delete_old(&mut connection).await?)
    }

    /// Tells many at once, past the outbox: should it be lost, the next page of each says the same.
    async fn announce(&self, connection: &mut AsyncPgConnection, told: &[UserId]) -> Result<()> {
        for some in told.chunks(COUNTED_TOGETHER) {
            for (member, unread) in notifications::unread(connection, some).await? {
                self.events.publish(&[Topic::Member(member)], &Event::Notified { unread });
            }
        }
        Ok(())
    }
}

/// Puts into the outbox how much each of these members has not read.
async fn write(connection: &mut AsyncPgConnection, members: &[UserId]) -> Result<Vec<Letter>> {
    let unread = notifications::unread(connection, members).await?;
    let event = |(member, unread)| (vec![Topic::Member(member)], Event::Notified { unread });
    outbox::write_all(connection, unread.into_iter().map(event)).await
}

fn log_failure(outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "members were not notified");
    }
}
