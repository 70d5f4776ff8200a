//! AVIF: a good part smaller than WebP, and fifty times the work. So it is made after a picture is shown already, one
//! picture after the other, and whoever comes earlier gets WebP. What a stop interrupts stays WebP.

use super::{encode::Pixels, store::Store};
use crate::{Error, Result, database::Database, repositories::pictures};
use domain::{
    PictureId,
    picture::{PictureFile, PictureFormat},
};
use fast_image_resize::images::Image;
use image::{ExtendedColorType, ImageEncoder, codecs::avif::AvifEncoder};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Pictures that wait at most; each takes some 4 MB of memory. Further ones stay as they are.
const WAITING: usize = 16;
/// From 1, the best, to 10. Below this an edge of 1280 pixels takes several seconds.
const SPEED: u8 = 9;
/// Of a hundred, by eye the same as WebP's 80.
const QUALITY: u8 = 65;

/// Makes AVIF of pictures, one after the other. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AvifQueue {
    database: Database,
    store: Store,
    places: Arc<Semaphore>,
    bench: Arc<Semaphore>,
}

impl AvifQueue {
    pub(crate) fn new(database: Database, store: Store) -> Self {
        Self { database, store, places: Arc::new(Semaphore::new(WAITING)), bench: Arc::new(Semaphore::new(1)) }
    }

    /// Begins as soon as there is time, and stores each size when it is made.
    pub(crate) fn add(&self, id: PictureId, sizes: Vec<Pixels>) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::info!(%id, "too many pictures wait to become AVIF; this one stays WebP");
            return;
        };
        let queue = self.clone();
        tokio::spawn(async move {
            let Ok(_turn) = queue.bench.acquire().await else { return };
            if let Err(error) = queue.make(id, sizes).await {
                tracing::warn!(%id, %error, "a picture did not become AVIF");
            }
            drop(place);
        });
    }

    /// The largest size first: who asks for one that is not there is given the next smaller one, and keeps it.
    async fn make(&self, id: PictureId, sizes: Vec<Pixels>) -> Result<()> {
        for (width, pixels) in sizes.into_iter().rev() {
            let encoding = tokio::task::spawn_blocking(move || encode(&pixels));
            // Nobody waits for it, and the picture is there without it.
            let Ok(Some(bytes)) = encoding.await else { return Err(Error::from(domain::Error::Unavailable)) };
            self.store.put_file(id, PictureFile { width, format: PictureFormat::Avif }, bytes).await?;
            let mut connection = self.database.connection().await?;
            if !pictures::is_kept(&mut connection, id).await? {
                // Its owner took it away for good meanwhile, and whoever cleared it away may have been here before.
                return self.store.delete(id).await;
            }
        }
        Ok(())
    }
}

fn encode(pixels: &Image<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = AvifEncoder::new_with_speed_quality(&mut bytes, SPEED, QUALITY).with_num_threads(Some(1));
    encoder.write_image(pixels.buffer(), pixels.width(), pixels.height(), ExtendedColorType::Rgb8).ok()?;
    Some(bytes)
}
