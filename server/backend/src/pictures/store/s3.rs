//! A bucket of an S3-compatible store.

use super::Bucket;
use crate::Result;
use object_store::{ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder, path::Path, prefix::PrefixStore};
use secrecy::{ExposeSecret, SecretString};
use std::{sync::Arc, time::Duration};

/// How long one attempt may take, and all of them together. Somebody waits for the picture.
const ATTEMPT: Duration = Duration::from_secs(5);
const TOGETHER: Duration = Duration::from_secs(8);

pub(super) fn open(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>> {
    let options = ClientOptions::new().with_timeout(ATTEMPT).with_connect_timeout(Duration::from_secs(2));
    let retries = RetryConfig { max_retries: 2, retry_timeout: TOGETHER, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_client_options(options)
        .with_retry(retries);
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    let exposed = |secret: &SecretString| secret.expose_secret().to_owned();
    if let Some(id) = &bucket.access_key_id {
        builder = builder.with_access_key_id(exposed(id));
    }
    if let Some(key) = &bucket.secret_access_key {
        builder = builder.with_secret_access_key(exposed(key));
    }
    Ok(Arc::new(PrefixStore::new(builder.build()?, Path::from(bucket.prefix.as_str()))))
}

#[cfg(test)]
mod tests {
    use crate::pictures::{
        Place, Store,
        store::{Bucket, Rendered},
    };
    use domain::{
        PictureId,
        picture::{PictureFile, PictureFormat},
    };
    use uuid::Uuid;

    #[expect(clippy::disallowed_methods, reason = "tests have no settings to read this from")]
    fn bucket() -> Bucket {
        let read = |name: &str| std::env::var(name).ok();
        Bucket {
            name: read("S3_TEST_BUCKET").expect("S3_TEST_BUCKET names a bucket"),
            prefix: format!("test/{}", Uuid::new_v4().simple()),
            endpoint: read("AWS_ENDPOINT_URL"),
            region: read("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
            access_key_id: read("AWS_ACCESS_KEY_ID").map(Into::into),
            secret_access_key: read("AWS_SECRET_ACCESS_KEY").map(Into::into),
        }
    }

    #[tokio::test]
    #[ignore = "needs an S3-compatible store"]
    async fn a_bucket_keeps_pictures_as_a_folder_does() {
        let store = Store::open(&Place::Bucket(bucket())).unwrap();
        let (id, file) = (PictureId(Uuid::new_v4()), |width| PictureFile { width, format: PictureFormat::Webp });
        assert_eq!(store.get(id, file(640)).await.unwrap(), None);
        let files = vec![(file(320), b"small".to_vec()), (file(640), b"large".to_vec())];
        store.put(Rendered { id, files, sizes: Vec::new() }).await.unwrap();
        assert_eq!(store.get(id, file(320)).await.unwrap().as_deref(), Some(b"small".as_slice()));
        assert_eq!(store.get(id, file(1280)).await.unwrap().as_deref(), Some(b"large".as_slice()));
        for _ in 0..2 {
            store.delete(id).await.unwrap();
        }
        assert_eq!(store.get(id, file(640)).await.unwrap(), None);
    }
}
