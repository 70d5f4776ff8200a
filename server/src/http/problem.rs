//! A refusal as an HTTP response: the status, the sentence and, where waiting helps, for how long.

use crate::middleware::headers::RETRY_AFTER;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A domain error on its way out. The response also carries it as an extension.
#[derive(Debug, Clone)]
pub(crate) struct Problem(pub(crate) domain::Error);

impl From<domain::Error> for Problem {
    fn from(error: domain::Error) -> Self {
        Self(error)
    }
}

impl From<backend::Error> for Problem {
    fn from(error: backend::Error) -> Self {
        Self(error.into_domain())
    }
}

impl From<backend::media::Refusal> for Problem {
    fn from(refusal: backend::media::Refusal) -> Self {
        use backend::media::Refusal;
        let message = refusal.to_string();
        Self(match refusal {
            Refusal::MalformedOffer | Refusal::UnsupportedCodec => domain::Error::invalid("offer", message),
            Refusal::NotLive => domain::Error::not_found("live stream"),
            Refusal::Full | Refusal::Unavailable => domain::Error::Unavailable,
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let retry_after = match self.0 {
            domain::Error::RateLimited { retry_after_seconds } => Some(HeaderValue::from(retry_after_seconds)),
            domain::Error::Unavailable => Some(RETRY_AFTER),
            _ => None,
        };
        let body = serde_json::json!({ "kind": self.0.kind(), "message": self.0.to_string(), "error": self.0 });
        let mut response = (status, Json(body)).into_response();
        response.extensions_mut().insert(self.clone());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(retry_after) = retry_after {
            headers.insert(header::RETRY_AFTER, retry_after);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
