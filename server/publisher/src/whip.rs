//! The HTTP half of WHIP (RFC 9725) and WHEP: an offer for an answer, and the end of a session.
//!
//! Plain `http` only: this program runs next to the server, or in a test.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A server that has not answered by then is not there.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than any answer needs.
const MAX_ANSWER: usize = 256 * 1024;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum WhipError {
    /// The server said no.
    #[error("{status}: {text}")]
    Refused {
        /// The status of its response.
        status: StatusCode,
        /// The beginning of its body, on one line.
        text: String,
    },
    /// The server could not be reached, or broke off.
    #[error("cannot reach the server: {0}")]
    Unreachable(String),
    /// It answered with something that is not WHIP.
    #[error("not a WHIP answer: {0}")]
    Protocol(&'static str),
}

impl WhipError {
    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error() || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
            Self::Protocol(_) => false,
        }
    }
}

/// An accepted offer.
#[derive(Debug)]
pub struct Accepted {
    /// The SDP answer.
    pub answer: String,
    /// What ends the session.
    pub resource: Uri,
}

/// What proves that somebody may publish, or watch. Neither logs nor error messages show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self(key)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A WHIP or WHEP endpoint and the permission to use it.
#[derive(Clone)]
pub struct Endpoint {
    client: Client<HttpConnector, Full<Bytes>>,
    url: Uri,
    authorization: Option<HeaderValue>,
}

impl Endpoint {
    /// `key` goes as a bearer token; one with characters that a header cannot carry is refused here.
    pub fn new(url: Uri, key: Option<&Key>) -> Result<Self, WhipError> {
        let authorization = match key {
            None => None,
            Some(Key(key)) => {
                let mut value = HeaderValue::try_from(format!("Bearer {key}"))
                    .or(Err(WhipError::Protocol("the key cannot be sent in a header")))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Self { client: Client::builder(TokioExecutor::new()).build_http(), url, authorization })
    }

    /// Offers a session.
    pub async fn offer(&self, sdp: &str) -> Result<Accepted, WhipError> {
        let response = self.send(Method::POST, self.url.clone(), sdp).await?;
        let status = response.status();
        let location = response.headers().get(LOCATION).cloned();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| WhipError::Unreachable(error.to_string()))?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        if status != StatusCode::CREATED {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
            return Err(WhipError::Refused { status, text });
        }
        let location = location.as_ref().and_then(|location| location.to_str().ok());
        let resource = location.and_then(|location| resolve(&self.url, location));
        Ok(Accepted { answer: text, resource: resource.ok_or(WhipError::Protocol("no usable Location"))? })
    }

    /// Ends a session. A server that has ended it already is right, too.
    pub async fn end(&self, resource: &Uri) -> Result<(), WhipError> {
        self.send(Method::DELETE, resource.clone(), "").await.map(drop)
    }

    async fn send(&self, method: Method, uri: Uri, sdp: &str) -> Result<Response<Incoming>, WhipError> {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(sdp.as_bytes())));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        if !sdp.is_empty() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
        }
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        match tokio::time::timeout(PATIENCE, self.client.request(request)).await {
            Ok(response) => response.map_err(|error| WhipError::Unreachable(sources(&error))),
            Err(_) => Err(WhipError::Unreachable("no answer in time".to_owned())),
        }
    }
}

/// An error with its causes: the outermost of them says little.
fn sources(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The URL that a `Location` means (RFC 3986, section 5.2, as far as servers use it).
fn resolve(base: &Uri, location: &str) -> Option<Uri> {
    if let Ok(absolute) = location.parse::<Uri>()
        && absolute.scheme().is_some()
    {
        return Some(absolute);
    }
    let path = if location.starts_with('/') {
        location.to_owned()
    } else {
        let (directory, _) = base.path().rsplit_once('/')?;
        format!("{directory}/{location}")
    };
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved() {
        let base = Uri::from_static("http://host:1/whip?x=1");
        let resolved = |location| resolve(&base, location).map(|uri| uri.to_string());
        assert_eq!(resolved("/whip/7").as_deref(), Some("http://host:1/whip/7"));
        assert_eq!(resolved("sessions/7").as_deref(), Some("http://host:1/sessions/7"));
        assert_eq!(resolved("http://other/7").as_deref(), Some("http://other/7"));
    }

    #[test]
    fn only_some_refusals_are_worth_another_try() {
        let refused = |code| WhipError::Refused { status: StatusCode::from_u16(code).unwrap(), text: String::new() };
        assert!(refused(503).is_temporary() && refused(429).is_temporary());
        assert!(!refused(401).is_temporary() && !refused(404).is_temporary() && !refused(409).is_temporary());
    }

    #[test]
    fn a_key_must_fit_a_header() {
        let url = Uri::from_static("http://host/whip");
        assert!(Endpoint::new(url.clone(), Some(&Key("line\nbreak".to_owned()))).is_err());
        assert!(Endpoint::new(url, Some(&Key("key".to_owned()))).is_ok());
    }
}
