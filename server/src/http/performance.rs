//! How the server is doing: `GET /api/performance` for its owners, and `GET /metrics` for Prometheus.
//!
//! `/metrics` exists only where `METRICS_TOKEN` is set, and wants it as bearer token: behind a reverse proxy everybody comes
//! from this machine, so the address says nothing about who asks.

use super::{bearer::bears, problem::Problem};
use crate::AppState;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use backend::{
    cache::{Namespace, Numbers},
    database::PoolUse,
    media::MediaLoad,
    performance::{EventConnections, Latencies, RequestKind},
};
use domain::account::{Role, Viewer};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};

/// The version of the text format (Prometheus, exposition formats).
const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

#[derive(Serialize)]
pub(crate) struct Performance {
    uptime_seconds: u64,
    cache: BTreeMap<&'static str, Kept>,
    /// The same of all servers, as they last said; null without a Redis that answers.
    cache_everywhere: Option<BTreeMap<&'static str, Kept>>,
    /// Whether what is kept is there for other servers, too.
    is_cache_shared: bool,
    database: Pool,
    /// Whether events reach the other servers without a detour.
    is_bus_connected: bool,
    /// Open event connections.
    event_connections: usize,
    /// Streams that are published here, and people who watch here.
    streams: u64,
    viewers: u64,
}

#[derive(Serialize)]
struct Kept {
    hits: u64,
    misses: u64,
    stale: u64,
    reads: u64,
    refreshes: u64,
    shared: u64,
    failures: u64,
    saved_seconds: f64,
}

#[derive(Serialize)]
struct Pool {
    size: usize,
    open: usize,
    idle: usize,
    waiting: usize,
}

pub(crate) async fn get(State(state): State<AppState>, viewer: Option<Extension<Viewer>>) -> Result<Json<Performance>, Problem> {
    let Extension(viewer) = viewer.ok_or(domain::Error::Unauthenticated)?;
    if viewer.role != Role::Admin {
        return Err(domain::Error::Forbidden.into());
    }
    Ok(Json(Performance::of(&state)))
}

pub(crate) async fn metrics(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = state.config.metrics_token.as_ref().ok_or_else(|| domain::Error::not_found("page"))?;
    if !bears(&headers, token) {
        return Err(domain::Error::Unauthenticated.into());
    }
    let mut text = Performance::of(&state).text();
    text.latencies(|kind| state.backend.performance.latencies(kind));
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], text.0)
        .into_response())
}

/// Takes samples of how the server is doing, until it stops taking new work.
pub(crate) async fn observe(state: AppState) {
    let AppState { backend, config, connections, draining, .. } = state;
    let most = config.event_connections.total;
    backend.performance.run(|| EventConnections { open: connections.n_open(), most }, draining).await;
}

impl Performance {
    fn of(state: &AppState) -> Self {
        let backend = &state.backend;
        let named = |numbers: Vec<(Namespace, Numbers)>| {
            numbers.into_iter().map(|(namespace, numbers)| (namespace.name(), numbers.into())).collect()
        };
        let PoolUse { size, open, idle, waiting } = backend.database.pool();
        let MediaLoad { publishers, viewers } = backend.broadcasts.media_load();
        Self {
            uptime_seconds: state.started.elapsed().as_secs(),
            cache: named(backend.cache.numbers()),
            cache_everywhere: backend.cache.numbers_everywhere().map(named),
            is_cache_shared: backend.cache.is_shared(),
            database: Pool { size, open, idle, waiting },
            is_bus_connected: backend.events.is_connected(),
            event_connections: state.connections.n_open(),
            streams: publishers,
            viewers,
        }
    }

    /// The same as text for Prometheus.
    fn text(&self) -> Text {
        let mut text = Text(String::new());
        text.family("learnify_uptime_seconds", "gauge", "Since this server started.");
        text.value("learnify_uptime_seconds", "", self.uptime_seconds);
        let counters: [Counter; 8] = [
            ("hits_total", "Fresh values given away, also as a whole page.", |kept| float(kept.hits)),
            ("misses_total", "Questions that waited for a read or a page.", |kept| float(kept.misses)),
            ("stale_total", "Values given away that were not fresh.", |kept| float(kept.stale)),
            ("reads_total", "Reads of the database.", |kept| float(kept.reads)),
            ("refreshes_total", "Reads that nobody waited for.", |kept| float(kept.refreshes)),
            ("shared_total", "Values found in Redis.", |kept| float(kept.shared)),
            ("failures_total", "Reads that failed.", |kept| float(kept.failures)),
            ("saved_seconds_total", "Time of reads that were not needed.", |kept| kept.saved_seconds),
        ];
        for (name, help, count) in counters {
            let mut counter = |name: String, kept: &BTreeMap<_, _>| {
                text.family(&name, "counter", help);
                for (namespace, kept) in kept {
                    text.value(&name, &format!("{{namespace=\"{namespace}\"}}"), count(kept));
                }
            };
            counter(format!("learnify_cache_{name}"), &self.cache);
            if let Some(everywhere) = &self.cache_everywhere {
                counter(format!("learnify_cache_everywhere_{name}"), everywhere);
            }
        }
        let Pool { size, open, idle, waiting } = self.database;
        for (name, help, value) in [
            ("cache_shared", "1 while values are kept in Redis.", usize::from(self.is_cache_shared)),
            ("database_connections_max", "Connections to the database at most.", size),
            ("database_connections", "Connections to the database.", open),
            ("database_connections_idle", "Connections that nobody uses.", idle),
            ("database_waiting", "Requests that wait for a connection.", waiting),
            ("bus_connected", "1 while events reach other servers without a detour.", usize::from(self.is_bus_connected)),
            ("event_connections", "Open event connections.", self.event_connections),
        ] {
            let name = format!("learnify_{name}");
            text.family(&name, "gauge", help);
            text.value(&name, "", value);
        }
        for (name, help, value) in
            [("streams", "Streams published here.", self.streams), ("viewers", "Viewers connected here.", self.viewers)]
        {
            let name = format!("learnify_{name}");
            text.family(&name, "gauge", help);
            text.value(&name, "", value);
        }
        text
    }
}

impl From<Numbers> for Kept {
    fn from(numbers: Numbers) -> Self {
        let Numbers { hits, misses, stale, reads, refreshes, shared, failures, saved } = numbers;
        Self { hits, misses, stale, reads, refreshes, shared, failures, saved_seconds: saved.as_secs_f64() }
    }
}

/// A name, what it counts, and the count.
type Counter = (&'static str, &'static str, fn(&Kept) -> f64);

/// Lines of the text format.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn value(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        self.line(format_args!("{name}{labels} {value}\n"));
    }

    fn latencies(&mut self, of: impl Fn(RequestKind) -> Latencies) {
        let name = "learnify_request_duration_seconds";
        self.family(name, "histogram", "Until the head of the answer, of pages and of server functions (api).");
        for (kind, latencies) in [("page", of(RequestKind::Page)), ("api", of(RequestKind::Api))] {
            let Latencies { below, n, sum } = latencies;
            let bounded = below.map(|(bound, count)| (bound.as_secs_f64().to_string(), count));
            for (bound, count) in bounded.into_iter().chain([("+Inf".to_owned(), n)]) {
                self.value(&format!("{name}_bucket"), &format!("{{kind=\"{kind}\",le=\"{bound}\"}}"), count);
            }
            let labels = format!("{{kind=\"{kind}\"}}");
            self.value(&format!("{name}_sum"), &labels, sum.as_secs_f64());
            self.value(&format!("{name}_count"), &labels, n);
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Memory takes everything.
        let _written = self.0.write_fmt(line);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53, and the format knows only floats")]
const fn float(count: u64) -> f64 {
    count as f64
}
