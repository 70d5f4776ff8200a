//! Profiles: what members say about themselves, and where else they can be found.

use crate::{
    Error, Result,
    database::Database,
    events::{Events, Letter},
    markdown,
    repositories::{channels, live_streams, social_links, users},
    services::{channels::write_change, outbox},
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    UserId,
    account::Viewer,
    channel::Presentation,
    event::{Event, Topic},
    profile::{Bio, OwnProfile, Profile},
    rich_text::RichText,
    social::{Network, parse_links},
};

/// Profiles. Cheap to clone.
#[derive(Clone)]
pub struct Profiles {
    database: Database,
    events: Events,
}

impl Profiles {
    pub(crate) fn new(database: Database, events: Events) -> Self {
        Self { database, events }
    }

    /// The viewer's own profile, as they typed it.
    pub async fn own(&self, viewer: &Viewer) -> Result<OwnProfile> {
        let mut connection = self.database.connection().await?;
        let found = users::profile(&mut connection, viewer.id).await?;
        let (display_name, bio, _avatar) = found.ok_or_else(|| domain::Error::not_found("profile"))?;
        let links = social_links::list(&mut connection, viewer.id).await?;
        Ok(OwnProfile { display_name, bio, links })
    }

    /// Sets name and bio. Every open page that shows the name shows the new one.
    pub async fn update(&self, viewer: &Viewer, display_name: &str, bio: &str) -> Result<()> {
        let Profile { display_name, bio } = Profile::parse(display_name, bio)?;
        let mut connection = self.database.connection().await?;
        let letters = connection
            .transaction(async |connection| {
                users::set_profile(connection, viewer.id, display_name.as_str(), bio.as_str()).await?;
                let is_live = live_streams::find(connection, viewer.id).await?.is_some();
                let change = if is_live { Some(write_change(connection, viewer.id, None).await?) } else { None };
                Ok::<_, Error>([change, write_presentation(connection, viewer.id).await?])
            })
            .await?;
        for letter in letters.into_iter().flatten() {
            self.events.send(letter);
        }
        Ok(())
    }

    /// Sets the viewer's links: `typed` tells what stands in the field of each network, `order` how they are to be ordered.
    pub async fn update_links(&self, viewer: &Viewer, order: &str, typed: impl Fn(Network) -> String) -> Result<()> {
        let links = parse_links(order, typed)?;
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                social_links::replace(connection, viewer.id, &links).await?;
                write_presentation(connection, viewer.id).await
            })
            .await?;
        self.events.send_all(letter.into_iter().collect());
        Ok(())
    }

    /// A bio as others would read it.
    pub fn preview(&self, bio: &str) -> Result<RichText> {
        let bio: Bio = bio.parse().map_err(|message: String| domain::Error::invalid("bio", message))?;
        Ok(markdown::rich_text(bio.as_str()))
    }
}

/// Puts into the outbox what the owner of a channel says about themselves now; nothing if they are gone.
pub(super) async fn write_presentation(connection: &mut AsyncPgConnection, owner: UserId) -> Result<Option<Letter>> {
    let (profile, facts) = (users::profile(connection, owner).await?, channels::facts(connection, owner).await?);
    let (Some((display_name, bio, avatar)), Some((_, title, category))) = (profile, facts) else { return Ok(None) };
    let links = social_links::list(connection, owner).await?;
    match serde_json::to_string(&Presentation { avatar, bio: markdown::rich_text(&bio), links }) {
        Ok(presentation) => {
            let presentation = Some(presentation);
            let event = Event::ChannelUpdated { channel: owner, display_name, title, category, presentation };
            outbox::write(connection, &[Topic::Channel(owner)], event).await.map(Some)
        }
        Err(error) => {
            tracing::error!(%error, "what somebody says about themselves cannot be encoded");
            Ok(None)
        }
    }
}
