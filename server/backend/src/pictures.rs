//! What becomes of a picture on its way from a file to the object store: recognised, decoded within limits, turned upright,
//! cut to its ratio, and encoded anew in several sizes. The file itself, with whatever else it carried, is kept nowhere.

mod avif;
mod decode;
mod encode;
mod signature;
mod store;

pub(crate) use avif::AvifQueue;
pub use store::{Bucket, Place, Store};

use crate::{Error, Result};
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use domain::{
    PictureId, UserId,
    picture::{PictureFile, PictureKind, Refusal},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use uuid::{Builder, Uuid};

/// Pictures worked on at once. Each may need some 300 MB and a whole core.
const AT_ONCE: usize = 2;
/// How long somebody waits for their turn and for the work together.
const TIME: Duration = Duration::from_secs(10);

/// A picture as it is kept.
pub(crate) struct Rendered {
    pub(crate) id: PictureId,
    pub(crate) files: Vec<(PictureFile, Vec<u8>)>,
    /// What a format that takes longer is made of.
    pub(crate) sizes: Vec<encode::Pixels>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The file is at fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<diesel::result::Error> for UploadError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Does the work, some pictures at a time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Workshop {
    places: Arc<Semaphore>,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Makes all sizes of a picture.
    pub(crate) async fn render(&self, owner: UserId, kind: PictureKind, file: Bytes) -> Result<Rendered, UploadError> {
        // No need to wait for a turn with what is no picture at all.
        signature::format_of(&file)?;
        let busy = || UploadError::Failed(domain::Error::Unavailable.into());
        let work = async {
            let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_closed| busy())?;
            let task = tokio::task::spawn_blocking(move || {
                let rendered = render(owner, kind, &file);
                // A decoder cannot be called off: whoever stopped waiting for it must not make room for another.
                drop(place);
                rendered
            });
            task.await.map_err(|error| {
                tracing::error!(%error, "a picture brought its decoder down");
                UploadError::Refused(Refusal::Unreadable)
            })?
        };
        tokio::time::timeout(TIME, work).await.unwrap_or_else(|_elapsed| Err(busy()))
    }
}

fn render(owner: UserId, kind: PictureKind, file: &[u8]) -> Result<Rendered, UploadError> {
    let image = decode::decode(file)?;
    let sizes = encode::sizes(kind, &image)?;
    let files = encode::encode(&sizes)?;
    let largest = files.last().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
    Ok(Rendered { id: id(owner, kind, largest), files, sizes })
}

/// A picture is named after what it shows, so it can be cached for good. The owner is part of it: what one person
/// removes must not be another's, and nobody learns from a name that somebody else has the same picture.
fn id(owner: UserId, kind: PictureKind, content: &[u8]) -> PictureId {
    let mut hash = Context::new(&SHA256);
    hash.update(owner.0.as_bytes());
    hash.update(kind.slug().as_bytes());
    hash.update(content);
    let digest = hash.finish();
    let mut bytes = [0; 16];
    for (byte, digit) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *digit;
    }
    // RFC 9562 section 5.8: a UUID of one's own making.
    let id: Uuid = Builder::from_custom_bytes(bytes).into_uuid();
    PictureId(id)
}

#[cfg(test)]
mod tests;
