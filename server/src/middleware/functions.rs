//! What is refused before a server function is reached is said as the function would say it: to its caller in the page as
//! the error that it decodes, and to a form without script by leading back to the form with the sentence.

use crate::http::problem::Problem;
use app::error::ApiError;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER, ServerFnUrlError};

/// Where all server functions are.
const PREFIX: &str = "/api/app/";

pub(crate) async fn speak(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let form = page_of_form(request.headers());
    let response = next.run(request).await;
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if !is_error || response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let Some(error) = error_of(&response) else { return response };
    match form.and_then(|page| ServerFnUrlError::new(&path, error.clone()).to_url(&page).ok()) {
        Some(back) => (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response(),
        None => said(&path, &error, &response),
    }
}

/// The page that a form without script came from.
fn page_of_form(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text(header::ACCEPT).filter(|accepted| accepted.contains("text/html"))?;
    text(header::REFERER).map(ToOwned::to_owned)
}

/// What went wrong, as far as the answer says. None of what another site sent, to whom nothing is explained.
fn error_of(response: &Response) -> Option<ApiError> {
    if let Some(Problem(error)) = response.extensions().get() {
        return Some(ApiError::Domain(error.clone()));
    }
    match response.status() {
        StatusCode::FORBIDDEN => None,
        StatusCode::SERVICE_UNAVAILABLE => Some(domain::Error::Unavailable.into()),
        StatusCode::INTERNAL_SERVER_ERROR => Some(domain::Error::Internal.into()),
        _ => Some(ApiError::Malformed),
    }
}

fn said(path: &str, error: &ApiError, refused: &Response) -> Response {
    let parts = error.ser();
    let (status, mut headers) = (refused.status(), refused.headers().clone());
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(parts.content_type));
    if let Ok(path) = HeaderValue::from_str(path) {
        headers.insert(SERVER_FN_ERROR_HEADER, path);
    }
    (status, headers, parts.body).into_response()
}
