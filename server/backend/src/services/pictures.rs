//! Pictures: taken from their owners, shown to everybody, and cleared away when nothing shows them.

use crate::{
    Error, Result,
    accounts::Accounts,
    database::Database,
    events::Events,
    pictures::{AvifQueue, Rendered, Store, UploadError, Workshop},
    repositories::{live_streams, pictures},
    services::{channels::write_change, profiles},
};
use bytes::Bytes;
use diesel_async::AsyncConnection;
use domain::{
    PictureId, UserId,
    account::Viewer,
    picture::{PictureFile, PictureKind},
};

/// Pictures whose files are deleted within one transaction.
const FORGOTTEN_TOGETHER: i64 = 10;

/// Pictures. Cheap to clone.
#[derive(Clone)]
pub struct Pictures {
    database: Database,
    events: Events,
    accounts: Accounts,
    workshop: Workshop,
    avif: AvifQueue,
    store: Store,
}

impl Pictures {
    pub(crate) fn new(database: Database, events: Events, accounts: Accounts, store: Store) -> Self {
        let avif = AvifQueue::new(database.clone(), store.clone());
        Self { database, events, accounts, workshop: Workshop::new(), avif, store }
    }

    /// Takes a picture that the viewer chose for themselves or for their stream.
    pub async fn upload(&self, viewer: &Viewer, kind: PictureKind, file: Bytes) -> Result<PictureId, UploadError> {
        self.take(viewer, kind, file).await?.ok_or_else(|| Error::from(domain::Error::not_found("channel")).into())
    }

    /// Takes a frame of what the viewer sends. None when they are not live, or no longer.
    pub async fn preview(&self, viewer: &Viewer, file: Bytes) -> Result<Option<PictureId>, UploadError> {
        let is_live = {
            let mut connection = self.database.connection().await?;
            pictures::is_live(&mut connection, viewer.id).await?
        };
        if is_live { self.take(viewer, PictureKind::Preview, file).await } else { Ok(None) }
    }

    async fn take(&self, viewer: &Viewer, kind: PictureKind, file: Bytes) -> Result<Option<PictureId>, UploadError> {
        let mut rendered = self.workshop.render(viewer.id, kind, file).await?;
        let id = rendered.id;
        let sizes = std::mem::take(&mut rendered.sizes);
        self.keep(viewer.id, kind, rendered).await?;
        let is_shown = self.show(viewer.id, kind, Some(id)).await?;
        // A frame of a stream is replaced before it would be worth it.
        if is_shown && kind != PictureKind::Preview {
            self.avif.add(id, sizes);
        }
        Ok(is_shown.then_some(id))
    }

    /// Takes the picture of the viewer, or the one they chose for their stream, away.
    pub async fn remove(&self, viewer: &Viewer, kind: PictureKind) -> Result<()> {
        self.show(viewer.id, kind, None).await?;
        Ok(())
    }

    /// One size of a picture, in one format. AVIF may come later than the others, or never.
    pub async fn file(&self, id: PictureId, file: PictureFile) -> Result<Option<Bytes>> {
        self.store.get(id, file).await
    }

    /// Clears away what nothing shows any more. Answers how many pictures there were.
    pub async fn forget_unused(&self) -> Result<usize> {
        let mut n_forgotten = 0;
        loop {
            let n = self.forget_some().await?;
            n_forgotten += n;
            if n == 0 {
                return Ok(n_forgotten);
            }
        }
    }

    /// A few at a time: a store that is far away takes long, and the rows are locked meanwhile.
    async fn forget_some(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        connection
            .transaction(async |connection| {
                let unused = pictures::delete_unused(connection, FORGOTTEN_TOGETHER).await?;
                // Before the commit: whoever brings the same picture again waits until its files are gone.
                // Should the process die in between, the rows are still there and the files are removed the next time.
                for id in &unused {
                    self.store.delete(*id).await?;
                }
                Ok::<_, Error>(unused.len())
            })
            .await
    }

    /// The row comes first, so that no file is ever without one.
    async fn keep(&self, owner: UserId, kind: PictureKind, rendered: Rendered) -> Result<()> {
        let mut connection = self.database.connection().await?;
        pictures::insert(&mut connection, rendered.id, owner, kind).await?;
        drop(connection);
        self.store.put(rendered).await
    }

    /// Puts a picture in its place, or takes it from there. False when there is no such place.
    async fn show(&self, owner: UserId, kind: PictureKind, id: Option<PictureId>) -> Result<bool> {
        let mut connection = self.database.connection().await?;
        let (is_set, letters) = connection
            .transaction(async |connection| {
                let is_to_be_told = match (kind, id) {
                    (PictureKind::Avatar, id) => pictures::set_avatar(connection, owner, id).await?.then_some(true),
                    (PictureKind::Thumbnail, id) => pictures::set_thumbnail(connection, owner, id).await?.then_some(true),
                    (PictureKind::Preview, Some(id)) => pictures::set_preview(connection, owner, id).await?,
                    (PictureKind::Preview, None) => None,
                };
                // What a person looks like is told below; what a stream looks like shows on its page, live or not.
                let is_told = is_to_be_told == Some(true)
                    && (kind != PictureKind::Avatar || live_streams::find(connection, owner).await?.is_some());
                let mut letters = Vec::new();
                if is_told {
                    letters.push(write_change(connection, owner, None).await?);
                }
                if is_to_be_told.is_some() && kind == PictureKind::Avatar {
                    letters.extend(profiles::write_presentation(connection, owner).await?);
                }
                Ok::<_, Error>((is_to_be_told.is_some(), letters))
            })
            .await?;
        if is_set && kind == PictureKind::Avatar {
            self.accounts.look_anew(owner);
        }
        self.events.send_all(letters);
        Ok(is_set)
    }
}
