//! The axum process: the whole site as one value.

// A page is one nested type; the default depth is less than the deepest page has.
#![recursion_limit = "512"]

mod build;
pub mod config;
pub mod demo;
mod embedded_media;
mod http;
mod middleware;
pub mod serve;
pub mod start;
pub mod telemetry;

pub use http::events::reactor::Reactor;
pub use middleware::client::PeerAddress;

use app::root::{App, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    http::{HeaderValue, StatusCode, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::Response,
    routing::{get, post},
};
use backend::Backend;
use config::Config;
use http::{events::Connections, node_client::NodeClient, signalling};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::provide_context, prelude::use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list};
use middleware::{headers::PagePolicy, kept_pages::KeptPages};
use secrecy::SecretString;
use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::{
    CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer, services::ServeDir,
    services::ServeFile, timeout::TimeoutLayer,
};

/// What every request may need. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    backend: Backend,
    config: Arc<Config>,
    leptos: LeptosOptions,
    build: Arc<str>,
    connections: Connections,
    kept_pages: KeptPages,
    node_client: NodeClient,
    /// Cancelled when the server stops taking new work.
    draining: CancellationToken,
    started: Instant,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl AppState {
    pub fn new(backend: Backend, config: Config, service_token: SecretString, draining: CancellationToken) -> Self {
        let connections = Connections::new(config.event_connections, backend.presence.clone());
        let kept_pages = KeptPages::new(config.page_lifetime);
        let hashes = build::hashes();
        let leptos = LeptosOptions::builder()
            .output_name("learnify")
            .site_root(config.site_root.to_string_lossy().into_owned())
            .site_pkg_dir("pkg")
            .hash_files(hashes.is_some())
            .reload_port(config.reload_port.unwrap_or_default().into())
            .build();
        let (config, node_client) = (Arc::new(config), NodeClient::new(service_token));
        let build = build::id(hashes.as_deref());
        Self { backend, config, leptos, build, connections, kept_pages, node_client, draining, started: Instant::now() }
    }
}

/// Until when the head of an answer must be there. Streams that follow may take longer. See also `middleware::pace`.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Until when a picture must be here and be worked on; a slow connection may need most of it.
const UPLOAD_TIME: Duration = Duration::from_secs(90);
/// The largest body that is neither a session description nor a picture.
const MAX_BODY: usize = 256 * 1024;

/// How well answers are compressed that nobody keeps, in gzip's levels. Six, the usual one, makes a page seven percent smaller
/// and takes three times as long. Brotli's lowest levels save no more, and take long to get their memory.
const COMPRESSION: i32 = 3;

/// The pages there are. While they are listed, no page in the whole process gets its data, so that is done once, before the
/// first router serves any.
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// Every route of the site.
pub fn router(state: AppState) -> Router {
    let pages = PAGES.clone();
    let context = context(&state);
    let shell = {
        let build = Arc::clone(&state.build);
        move |options| shell(options, Arc::clone(&build))
    };
    let document = {
        let (options, shell) = (state.leptos.clone(), shell.clone());
        move || shell(options.clone())
    };
    let media = Router::new()
        .route("/whip", post(http::whip::post))
        .route("/whip/sessions/{node}/{session}", axum::routing::delete(signalling::delete).patch(signalling::patch))
        .route("/whep/{username}", post(http::whep::post))
        .route("/whep/sessions/{node}/{session}", axum::routing::delete(signalling::delete).patch(signalling::patch))
        .route("/internal/whep/{channel}", post(http::whep::post_internal))
        .layer(DefaultBodyLimit::max(signalling::MAX_OFFER));
    let publishing = post(http::events::publish::post).layer(DefaultBodyLimit::max(http::events::publish::MAX_PUBLICATION));
    let routes = Router::new()
        .route("/livez", get(http::health::livez))
        .route("/readyz", get(http::health::readyz))
        .route("/api/health", get(http::health::health))
        .route("/metrics", get(http::performance::metrics))
        .route("/api/performance", get(http::performance::get))
        .route("/api/export", get(http::personal_data::export))
        .route("/api/stream-updates", get(http::events::get).merge(publishing))
        .route("/pictures/{id}/{file}", get(http::pictures::get))
        .merge(media)
        .merge(files(&state.config))
        .leptos_routes_with_context(&state, pages, context.clone(), document)
        .fallback(leptos_axum::file_and_error_handler_with_context::<AppState, _>(context, shell))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIME))
        .merge(uploads());
    // Two stacks: one long one makes a type that takes the compiler minutes.
    let inner = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), middleware::measure::count))
        .layer(from_fn_with_state(state.clone(), middleware::client::identify))
        .layer(from_fn_with_state(state.clone(), middleware::limit::enforce))
        .layer(from_fn_with_state(state.clone(), middleware::kept_pages::give))
        .layer(from_fn_with_state(state.clone(), middleware::chrome::read))
        .layer(from_fn(middleware::pace::require));
    let outer = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), middleware::headers::set))
        .layer(from_fn(middleware::redirects::keep_local))
        .layer(from_fn(middleware::functions::speak))
        .layer(CatchPanicLayer::custom(middleware::panic::answer))
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(COMPRESSION)))
        .layer(csrf(&state.config));
    routes.layer(inner).layer(outer).with_state(state)
}

/// Where pictures arrive, with a size and a time of their own.
fn uploads() -> Router<AppState> {
    let preview = Router::new()
        .route("/api/pictures/preview", post(http::pictures::post_preview))
        .layer(DefaultBodyLimit::max(http::pictures::MAX_PREVIEW));
    Router::new()
        .route("/api/pictures/{kind}", post(http::pictures::post).delete(http::pictures::delete))
        .route("/api/pictures/{kind}/remove", post(http::pictures::post_remove))
        .layer(DefaultBodyLimit::max(http::pictures::MAX_UPLOAD))
        .merge(preview)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, UPLOAD_TIME))
}

/// What pages and server functions find in their context. On a page it also sets the policy, which needs its nonce.
fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let backend = state.backend.clone();
    let policy = PagePolicy::of(&state.config);
    move || {
        provide_context(backend.clone());
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&policy.with(&nonce))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// The files of the site. Those in `pkg` have a hash in their name and never change.
fn files(config: &Config) -> Router<AppState> {
    let serve = |folder: &str| ServeDir::new(config.site_root.join(folder)).precompressed_br().precompressed_gzip();
    let keep = |lifetime: &'static str| {
        map_response(move |mut response: Response| {
            if response.status().is_success() {
                response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
            }
            std::future::ready(response)
        })
    };
    let hashed = Router::new().nest_service("/pkg", serve("pkg")).layer(keep("public, max-age=31536000, immutable"));
    let fonts = Router::new().nest_service("/fonts", serve("fonts")).layer(keep("public, max-age=2592000"));
    let top: Vec<String> = std::fs::read_dir(&config.site_root)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !matches!(name.rsplit('.').next(), Some("br" | "gz")))
        .collect();
    let top = top.into_iter().fold(Router::new(), |router, name| {
        router.route_service(&format!("/{name}"), ServeFile::new(config.site_root.join(&name)))
    });
    hashed.merge(fonts).merge(top.layer(keep("public, max-age=3600")))
}

/// Refuses what another site's page makes a browser send. Requests of other programs pass: they carry no cookie of ours.
fn csrf(config: &Config) -> CsrfLayer {
    CsrfLayer::new().add_trusted_origin(&config.public_origin).unwrap_or_else(|error| {
        tracing::warn!(%error, "PUBLIC_ORIGIN cannot be trusted as an origin");
        CsrfLayer::new()
    })
}
