//! Where the files of pictures are: in a folder or in an S3-compatible store, behind one interface.

#[cfg(feature = "s3")]
mod s3;
#[cfg(not(feature = "s3"))]
#[path = "store/without_s3.rs"]
mod s3;

use super::Rendered;
use crate::{Error, Result};
use bytes::Bytes;
use domain::{
    PictureId,
    picture::{AVATAR_WIDTHS, COVER_WIDTHS, PictureFile, PictureFormat},
};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use secrecy::SecretString;
use std::{fs, path::PathBuf, sync::Arc};

/// What the operator chose for the files.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder, which is made if it is missing. Servers on several machines must share it.
    Folder(PathBuf),
    Bucket(Bucket),
}

/// A part of an S3-compatible store.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub name: String,
    /// What every name begins with; may be empty.
    pub prefix: String,
    /// Where the store is, unless it is that of Amazon. May be plain http, within a private network.
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key_id: Option<SecretString>,
    pub secret_access_key: Option<SecretString>,
}

/// The files. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
}

impl Store {
    /// Opens the place. Whether a bucket can be reached shows when it is used.
    pub fn open(place: &Place) -> Result<Self> {
        match place {
            Place::Folder(folder) => Self::in_folder(folder),
            Place::Bucket(bucket) => Ok(Self { objects: s3::open(bucket)? }),
        }
    }

    fn in_folder(folder: &std::path::Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| Error::Io { what: "the folder of the pictures cannot be made", source })?;
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true);
        Ok(Self { objects: Arc::new(objects) })
    }

    /// Stores every size of a picture. Each is there as a whole or not at all.
    pub(crate) async fn put(&self, picture: Rendered) -> Result<()> {
        for (file, bytes) in picture.files {
            self.put_file(picture.id, file, bytes).await?;
        }
        Ok(())
    }

    /// Stores one size in one format.
    pub(crate) async fn put_file(&self, id: PictureId, file: PictureFile, bytes: Vec<u8>) -> Result<()> {
        self.objects.put(&path(id, file), PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// The file of a size, or of the next smaller one: a picture is kept in no size larger than it was.
    pub(crate) async fn get(&self, id: PictureId, file: PictureFile) -> Result<Option<Bytes>> {
        let kin = if AVATAR_WIDTHS.contains(&file.width) { AVATAR_WIDTHS } else { COVER_WIDTHS };
        for width in kin.into_iter().rev().filter(|width| *width <= file.width) {
            match self.objects.get(&path(id, PictureFile { width, ..file })).await {
                Ok(found) => return Ok(Some(found.bytes().await?)),
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Removes a picture. What is not there is removed already.
    pub(crate) async fn delete(&self, id: PictureId) -> Result<()> {
        let widths = AVATAR_WIDTHS.into_iter().chain(COVER_WIDTHS);
        let files = widths.flat_map(|width| PictureFormat::ALL.map(|format| PictureFile { width, format }));
        let deletions = files.map(async |file| match self.objects.delete(&path(id, file)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        });
        futures::future::try_join_all(deletions).await?;
        Ok(())
    }
}

/// Spread over folders, since few file systems like a hundred thousand names in one.
fn path(id: PictureId, file: PictureFile) -> Path {
    let name = id.0.simple().to_string();
    let shelf = name.get(..2).unwrap_or_default().to_owned();
    Path::from_iter([shelf, name, file.to_string()])
}
