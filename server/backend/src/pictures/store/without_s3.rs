//! What stands here when the program is built without S3.

use super::Bucket;
use crate::{Error, Result};
use object_store::ObjectStore;
use std::sync::Arc;

pub(super) fn open(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>> {
    Err(Error::Setting(format!(
        "PICTURES_URL names the bucket {}, but this program was built without S3. Build it with the feature s3.",
        bucket.name
    )))
}
