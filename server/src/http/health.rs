//! Whether the process lives, and whether it can serve.

use crate::AppState;
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};

/// The process answers. Nothing else is looked at, so that a database outage restarts no server.
pub(crate) async fn livez() -> &'static str {
    "ok"
}

/// The server can do its work. Redis does not count: without it events stay within this server.
pub(crate) async fn readyz(State(state): State<AppState>) -> impl IntoResponse {
    let is_ready = !state.draining.is_cancelled() && state.backend.database.is_ready();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": is_ready })))
}

/// Both, and whether events reach the other servers.
pub(crate) async fn health(State(state): State<AppState>) -> impl IntoResponse {
    let database = state.backend.database.is_ready();
    let events = state.backend.events.is_connected();
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = match (database, events) {
        (true, true) => "ok",
        (true, false) => "degraded",
        (false, _) => "unavailable",
    };
    (status, Json(serde_json::json!({ "status": word })))
}
