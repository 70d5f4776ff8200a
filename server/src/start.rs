//! Puts a server together: database, events, media, services, routes; and takes it apart again.

use crate::{
    AppState, Reactor,
    config::Config,
    embedded_media::{self, EmbeddedMedia},
    http::performance::observe,
    router, serve,
};
use backend::{
    Backend, Error, Installation, Node, Result,
    cluster::Cluster,
    database::{self, Database},
    events::{BusSettings, Events},
    limits::Limits,
    media::MediaServer,
    pictures::Store,
    secrets::Secrets,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often what is over is cleared away.
const TIDY_INTERVAL: Duration = Duration::from_mins(1);
/// How long the first request may wait so that it is answered as quickly as the later ones.
const WARM_UP_TIME: Duration = Duration::from_secs(2);

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub backend: Backend,
    cluster: Option<Cluster>,
    media: media::MediaServer,
    draining: CancellationToken,
    serving: JoinHandle<()>,
    following: JoinHandle<()>,
    presence: JoinHandle<()>,
}

impl Server {
    /// Starts everything. Says what is missing when it cannot.
    pub async fn start(config: Config) -> Result<Self> {
        let io = |what| move |source| Error::Io { what, source };
        std::fs::create_dir_all(&config.data_folder).map_err(io("the data folder cannot be made"))?;
        let secrets = Secrets::load_or_create(&config.data_folder.join("secrets.toml"))?;
        let (cluster, settings) = connect(&config, &secrets).await?;
        database::migrate(&settings).await?;
        let database = Database::new(&settings)?;
        let id = Uuid::new_v4();
        let redis = config.redis_url.clone().map(|url| BusSettings { url, prefix: config.redis_prefix.clone() });
        let events = Events::shared(id, &database, redis.as_ref())?;
        let listener = serve::listen(config.address).map_err(|source| {
            tracing::error!(address = %config.address, "cannot listen");
            Error::Io { what: "the address is taken or not allowed (LEARNIFY_ADDRESS)", source }
        })?;
        let address = listener.local_addr().map_err(io("the address is unknown"))?;
        let (media, reported) =
            media::MediaServer::start(config.media.clone()).map_err(io("the media port is taken or not allowed (MEDIA_PORT)"))?;
        tracing::info!(candidates = ?media.local_candidates(), "media is sent and received here");

        let node = Node { id, address: config.node_address.clone().unwrap_or_else(|| format!("http://{address}")) };
        let limits = Limits::new(config.limit_factor);
        let embedded: Arc<dyn MediaServer> = Arc::new(EmbeddedMedia(media.clone()));
        let pictures = Store::open(&config.pictures)?;
        let installation =
            Installation { public_origin: &config.public_origin, pictures, cache: config.cache, redis: redis.as_ref() };
        let backend = Backend::new(database, events, limits, embedded, &secrets, node, installation)?;
        let draining = CancellationToken::new();
        let following = tokio::spawn({
            let (broadcasts, draining) = (backend.broadcasts.clone(), draining.clone());
            async move { broadcasts.run(embedded_media::events(reported), draining).await }
        });
        let run = Runner { backend: &backend, stopped: &draining };
        let presence = run.task(|backend, stopped| async move { backend.presence.run(stopped).await });
        run.task(|backend, stopped| async move { backend.chat.run(stopped).await });
        run.task(|backend, stopped| async move { backend.outbox.run(stopped).await });
        run.task(|backend, stopped| async move { backend.notifications.run(stopped).await });
        run.task(|backend, stopped| async move { backend.cache.run(stopped).await });
        run.task(tidy);
        match tokio::time::timeout(WARM_UP_TIME, backend.warm_up()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "what visitors ask for first could not be read ahead"),
            Err(_elapsed) => tracing::warn!("what visitors ask for first takes long to read"),
        }
        let state = AppState::new(backend.clone(), config, secrets.service_token.clone(), draining.clone());
        tokio::spawn(observe(state.clone()));
        let reactor = Reactor::start(backend.clone()).map_err(io("event streams cannot be served"))?;
        let serving = tokio::spawn(serve::serve(listener, router(state), Some(reactor), draining.clone()));
        Ok(Self { address, backend, cluster, media, draining, serving, following, presence })
    }

    /// Stops taking work, lets what runs finish, and stops what was started.
    pub async fn stop(self) -> Result<()> {
        self.draining.cancel();
        for task in [self.serving, self.following, self.presence] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server failed");
            }
        }
        self.media.shutdown().await;
        self.backend.database.close();
        match self.cluster {
            Some(cluster) => {
                tokio::task::spawn_blocking(|| cluster.stop()).await.map_err(|error| Error::Setting(error.to_string()))?
            }
            None => Ok(()),
        }
    }
}

/// The database that was named, or the private one.
async fn connect(config: &Config, secrets: &Secrets) -> Result<(Option<Cluster>, database::Settings)> {
    let (cluster, url) = if let Some(url) = &config.database_url {
        (None, url.clone())
    } else {
        let (folder, programs) = (config.data_folder.clone(), config.postgres_programs.clone());
        let password = secrets.database_password.clone();
        let start = move || Cluster::start(&folder, &programs, &password, true);
        let cluster = tokio::task::spawn_blocking(start).await.map_err(|error| Error::Setting(error.to_string()))??;
        let url = cluster.url("postgres", &secrets.database_password);
        (Some(cluster), url)
    };
    Ok((cluster, database::Settings { url, limits: config.database_limits }))
}

/// Starts what goes on until the server stops.
struct Runner<'a> {
    backend: &'a Backend,
    stopped: &'a CancellationToken,
}

impl Runner<'_> {
    fn task<F>(&self, task: impl FnOnce(Backend, CancellationToken) -> F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(task(self.backend.clone(), self.stopped.clone()))
    }
}

/// Clears away what is over.
async fn tidy(backend: Backend, stopped: CancellationToken) {
    let mut interval = tokio::time::interval(TIDY_INTERVAL);
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = interval.tick() => {}
        }
        backend.limits.forget_idle();
        if let Err(error) = backend.accounts.forget_old_sessions().await {
            tracing::warn!(%error, "old sessions could not be cleared away");
        }
        if let Err(error) = backend.notifications.forget_old().await {
            tracing::warn!(%error, "old notifications could not be cleared away");
        }
        if let Err(error) = backend.chat.forget_time_outs().await {
            tracing::warn!(%error, "time-outs that are over could not be cleared away");
        }
        if let Err(error) = backend.pictures.forget_unused().await {
            tracing::warn!(%error, "unused pictures could not be cleared away");
        }
    }
}
