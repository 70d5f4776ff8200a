//! A way to Redis on which nothing may come through any more, and nobody says so.

use backend::{events::BusSettings, testing::redis::Redis};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A way, over a port of its own.
pub(crate) struct Way {
    address: SocketAddr,
    /// How often it was cut. Connections that are made later are well.
    n_cuts: Arc<AtomicU32>,
}

impl Way {
    pub(crate) async fn to(redis: &Redis) -> Self {
        let there = redis.url().trim_start_matches("redis://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, n_cuts) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
        let cuts = Arc::clone(&n_cuts);
        tokio::spawn(async move {
            loop {
                let (here, there) = (listener.accept().await.unwrap().0, TcpStream::connect(&there).await.unwrap());
                let ((asks, told), (answers, asked)) = (here.into_split(), there.into_split());
                tokio::spawn(Self::carry(asks, asked, Arc::clone(&cuts)));
                tokio::spawn(Self::carry(answers, told, Arc::clone(&cuts)));
            }
        });
        Self { address, n_cuts }
    }

    async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, n_cuts: Arc<AtomicU32>) {
        let (n_before, mut bytes) = (n_cuts.load(Ordering::Relaxed), vec![0; 64 * 1024]);
        while let Ok(n @ 1..) = from.read(&mut bytes).await {
            if n_cuts.load(Ordering::Relaxed) != n_before {
                // Neither side is told.
                std::future::pending::<()>().await;
            }
            if to.write_all(&bytes[..n]).await.is_err() {
                return;
            }
        }
    }

    /// Nothing comes through any more on the connections that there are.
    pub(crate) fn cut(&self) {
        self.n_cuts.fetch_add(1, Ordering::Relaxed);
    }

    /// How a server goes this way.
    pub(crate) fn settings(&self, redis: &Redis) -> BusSettings {
        BusSettings { url: format!("redis://{}", self.address).into(), ..redis.settings() }
    }
}
