//! Where the files of pictures are: a folder, behind the interface of an object store.

use super::Rendered;
use crate::{Error, Result};
use bytes::Bytes;
use domain::{
    PictureId,
    picture::{AVATAR_WIDTHS, COVER_WIDTHS, PictureFile, PictureFormat},
};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use std::{fs, sync::Arc};

/// The files. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
}

impl Store {
    /// A folder, which is made if it is missing. Servers on several machines must share it.
    pub fn in_folder(folder: &std::path::Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| Error::Io { what: "the folder of the pictures cannot be made", source })?;
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true);
        Ok(Self { objects: Arc::new(objects) })
    }

    /// Stores every size of a picture. Each is there as a whole or not at all.
    pub(crate) async fn put(&self, picture: Rendered) -> Result<()> {
        for (file, bytes) in picture.files {
            self.objects.put(&path(picture.id, file), PutPayload::from(bytes)).await?;
        }
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
        for width in AVATAR_WIDTHS.into_iter().chain(COVER_WIDTHS) {
            for format in PictureFormat::ALL {
                match self.objects.delete(&path(id, PictureFile { width, format })).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

/// Spread over folders, since few file systems like a hundred thousand names in one.
fn path(id: PictureId, file: PictureFile) -> Path {
    let name = id.0.simple().to_string();
    let shelf = name.get(..2).unwrap_or_default().to_owned();
    Path::from_iter([shelf, name, file.to_string()])
}
