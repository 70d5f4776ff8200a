//! What stands around a page is read before the page is rendered, so that its first HTML has it.

use super::limit;
use crate::AppState;
use axum::{
    extract::{Request, State},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use backend::limits::Action;
use domain::account::Viewer;
use std::time::Duration;

/// How long a page waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn read(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let mut status = None;
    if limit::action(request.method(), request.uri().path()) == Some(Action::Page) {
        let reader = request.extensions().get::<Viewer>().map(|viewer| viewer.id);
        // A page without it is a page still, and asks for it when it is open.
        match tokio::time::timeout(PATIENCE, state.backend.surroundings.answer(reader)).await {
            Ok(Ok(answer)) => {
                status = answer.cache_status().and_then(|status| HeaderValue::from_str(&status).ok());
                request.extensions_mut().insert(answer.value);
            }
            Ok(Err(error)) => {
                let _logged = error.into_domain();
            }
            Err(_elapsed) => tracing::warn!("a page goes out without its side bar: the database takes too long"),
        }
    }
    let mut response = next.run(request).await;
    if let Some(status) = status {
        // What the page itself says of its data comes first.
        response.headers_mut().entry("cache-status").or_insert(status);
    }
    response
}
