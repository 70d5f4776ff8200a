//! Following channels.

use crate::{
    Error, Result,
    database::Database,
    events::{Events, Letter},
    repositories::{blocks, channels, follows, live_streams, untold_notifications::Audience},
    services::{
        notifications::{self, Notifications},
        outbox,
    },
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    UserId,
    account::Viewer,
    event::{Event, Topic},
    follow::{FOLLOWING_LIVE, FOLLOWING_PAGE, FollowState, FollowingPage, may_follow},
    notification::{NewNotification, NotificationKind},
};

/// The last page of followed channels that can be asked for.
const LAST_PAGE: u32 = 1000;

/// Follows. Cheap to clone.
#[derive(Clone)]
pub struct Follows {
    database: Database,
    events: Events,
    notifications: Notifications,
}

impl Follows {
    pub(crate) fn new(database: Database, events: Events, notifications: Notifications) -> Self {
        Self { database, events, notifications }
    }

    /// Makes the viewer follow a channel. Doing so again changes nothing.
    pub async fn follow(&self, viewer: &Viewer, channel: UserId) -> Result<FollowState> {
        let follower = viewer.id;
        let mut connection = self.database.connection().await?;
        let (news, followers, letters) = connection
            .transaction(async |connection| {
                blocks::lock_pair(connection, follower, channel).await?;
                may_follow(follower, channel, blocks::exists_between(connection, follower, channel).await?)?;
                if !channels::lock(connection, channel).await? {
                    return Err(Error::Domain(domain::Error::not_found("channel")));
                }
                let is_new = follows::insert(connection, follower, channel).await?;
                let is_first = is_new && follows::reward_first(connection, follower, channel).await?;
                let news = if is_first {
                    let new = NewNotification {
                        kind: NotificationKind::Follower,
                        actor: Some(follower),
                        channel: None,
                        words: String::new(),
                    };
                    Some(notifications::write(connection, &Audience::Members(vec![channel]), new).await?)
                } else {
                    None
                };
                let followers = follows::count(connection, channel).await?;
                let letters = if is_new { write(connection, follower, channel, true, followers).await? } else { Vec::new() };
                Ok((news, followers, letters))
            })
            .await?;
        drop(connection);
        self.events.send_all(letters);
        self.notifications.tell(news).await;
        Ok(FollowState { is_following: true, followers, is_own: false })
    }

    /// Makes the viewer follow a channel no longer. Doing so again changes nothing.
    pub async fn unfollow(&self, viewer: &Viewer, channel: UserId) -> Result<FollowState> {
        let mut connection = self.database.connection().await?;
        let (followers, letters) = connection
            .transaction(async |connection| {
                channels::lock(connection, channel).await?;
                let was_following = follows::delete(connection, viewer.id, channel).await?;
                let followers = follows::count(connection, channel).await?;
                let letters =
                    if was_following { write(connection, viewer.id, channel, false, followers).await? } else { Vec::new() };
                Ok::<_, Error>((followers, letters))
            })
            .await?;
        drop(connection);
        self.events.send_all(letters);
        Ok(FollowState { is_following: false, followers, is_own: viewer.id == channel })
    }

    /// The channels that the viewer follows: those that are live, and one page of the others.
    pub async fn following(&self, viewer: &Viewer, page: u32) -> Result<FollowingPage> {
        let position = self.events.position();
        let mut connection = self.database.connection().await?;
        let hidden = blocks::hidden_for(&mut connection, viewer.id).await?;
        let live = live_streams::followed(&mut connection, viewer.id, FOLLOWING_LIVE, &hidden).await?;
        let page = page.clamp(1, LAST_PAGE);
        let offset = usize::try_from(page - 1).unwrap_or(0) * FOLLOWING_PAGE;
        let (offline, n_offline) = follows::offline(&mut connection, viewer.id, FOLLOWING_PAGE, offset, &hidden).await?;
        let total = follows::n_followed(&connection, viewer.id, &hidden).await?;
        let n_pages = n_offline.div_ceil(u32::try_from(FOLLOWING_PAGE).unwrap_or(u32::MAX)).max(1);
        Ok(FollowingPage { position, live, offline, total, page, n_pages })
    }
}

/// Puts into the outbox what both sides are told.
async fn write(
    connection: &mut AsyncPgConnection,
    follower: UserId,
    channel: UserId,
    is_following: bool,
    followers: u32,
) -> Result<Vec<Letter>> {
    let events = [
        (vec![Topic::Member(follower)], Event::FollowingChanged { channel, is_following }),
        (vec![Topic::Channel(channel)], Event::FollowersChanged { channel, followers }),
    ];
    outbox::write_all(connection, events).await
}
