//! How often anybody may ask, per group of routes.

use crate::{AppState, http::problem::Problem};
use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use backend::{
    client::Client,
    limits::{Action, Caller},
};
use domain::account::Viewer;

pub(crate) async fn enforce(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(action) = action(request.method(), request.uri().path()) else { return next.run(request).await };
    let caller = match (request.extensions().get::<Viewer>(), request.extensions().get::<Client>()) {
        (Some(viewer), _) => Caller::Member(viewer.id),
        (None, Some(client)) => Caller::Address(client.limit_key()),
        (None, None) => return next.run(request).await,
    };
    match state.backend.limits.check(action, &caller) {
        Ok(()) => next.run(request).await,
        Err(error) => Problem(error).into_response(),
    }
}

/// The limit that a request counts towards. Files and health checks cost next to nothing and are free.
pub(super) fn action(method: &Method, path: &str) -> Option<Action> {
    if path == "/api/stream-updates" && method == Method::GET {
        return Some(Action::EventConnection);
    }
    if path == "/api/stream-updates" && method == Method::POST {
        return Some(Action::Publish);
    }
    if path == "/whip" || path.starts_with("/whep/") && method == Method::POST {
        return Some(Action::Offer);
    }
    if path == "/search" || path == "/api/app/api/search/search" {
        return Some(Action::Search);
    }
    if let Some(kind) = path.strip_prefix("/api/pictures/").filter(|_| method == Method::POST) {
        return Some(if kind == "preview" { Action::Preview } else { Action::Upload });
    }
    if path.starts_with("/internal/") || matches!(path, "/livez" | "/readyz" | "/api/health") {
        return None;
    }
    if path == "/metrics" {
        return Some(Action::Read);
    }
    match (method.is_safe(), path.starts_with("/api/")) {
        (true, true) => Some(Action::Read),
        (true, false) => (!path.rsplit('/').next().is_some_and(|name| name.contains('.'))).then_some(Action::Page),
        (false, _) if path.starts_with("/api/app/api/chat/") => Some(Action::Chat),
        (false, _) => Some(Action::Write),
    }
}

#[cfg(test)]
mod tests {
    use super::action;
    use axum::http::Method;
    use backend::limits::Action;

    #[test]
    fn routes_fall_into_groups() {
        for (method, path, expected) in [
            (Method::GET, "/", Some(Action::Page)),
            (Method::GET, "/ana", Some(Action::Page)),
            (Method::GET, "/pkg/learnify.abc.wasm", None),
            (Method::GET, "/livez", None),
            (Method::GET, "/metrics", Some(Action::Read)),
            (Method::GET, "/api/performance", Some(Action::Read)),
            (Method::GET, "/api/stream-updates", Some(Action::EventConnection)),
            (Method::POST, "/api/stream-updates", Some(Action::Publish)),
            (Method::GET, "/search", Some(Action::Search)),
            (Method::GET, "/api/app/api/search/search", Some(Action::Search)),
            (Method::GET, "/api/app/api/search/search_suggestions", Some(Action::Read)),
            (Method::GET, "/pictures/0/640.webp", None),
            (Method::POST, "/api/pictures/avatar", Some(Action::Upload)),
            (Method::POST, "/api/pictures/preview", Some(Action::Preview)),
            (Method::DELETE, "/api/pictures/avatar", Some(Action::Write)),
            (Method::GET, "/api/app/api/streams/stream_snapshot", Some(Action::Read)),
            (Method::POST, "/api/app/api/accounts/sign_in", Some(Action::Write)),
            (Method::POST, "/api/app/api/chat/send_message", Some(Action::Chat)),
            (Method::POST, "/whip", Some(Action::Offer)),
            (Method::POST, "/whep/ana", Some(Action::Offer)),
            (Method::DELETE, "/whep/sessions/a/b", Some(Action::Write)),
        ] {
            assert_eq!(action(&method, path), expected, "{method} {path}");
        }
    }
}
