//! A panic in a handler becomes an answer, and a line in the log.

use crate::http::problem::Problem;
use axum::response::{IntoResponse, Response};
use std::any::Any;

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(crate) fn answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(message = message.unwrap_or("no message"), "a handler panicked");
    Problem(domain::Error::Internal).into_response()
}
