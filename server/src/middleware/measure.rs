//! How long answers take, counted for the administrators' page.

use super::limit;
use crate::AppState;
use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use backend::{limits::Action, performance::RequestKind};
use std::time::Instant;

/// Measures until the head of the answer is there.
pub(crate) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(kind) = kind(request.method(), request.uri().path()) else { return next.run(request).await };
    let began = Instant::now();
    let response = next.run(request).await;
    state.backend.performance.count(kind, began.elapsed());
    response
}

/// What is measured: what somebody waits for. Nobody waits for the end of an upload or of an event stream like that.
fn kind(method: &Method, path: &str) -> Option<RequestKind> {
    if path.starts_with("/api/app/") {
        return Some(RequestKind::Api);
    }
    match limit::action(method, path) {
        Some(Action::Page | Action::Search) => Some(RequestKind::Page),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::kind;
    use axum::http::Method;
    use backend::performance::RequestKind;

    #[test]
    fn pages_and_server_functions_are_measured() {
        for (method, path, expected) in [
            (Method::GET, "/", Some(RequestKind::Page)),
            (Method::GET, "/search", Some(RequestKind::Page)),
            (Method::GET, "/api/app/api/search/search", Some(RequestKind::Api)),
            (Method::POST, "/api/app/api/accounts/sign_in", Some(RequestKind::Api)),
            (Method::GET, "/api/stream-updates", None),
            (Method::POST, "/api/pictures/avatar", None),
            (Method::GET, "/livez", None),
            (Method::GET, "/pkg/learnify.abc.wasm", None),
        ] {
            assert_eq!(kind(&method, path), expected, "{method} {path}");
        }
    }
}
