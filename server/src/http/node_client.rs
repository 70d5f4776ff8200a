//! Requests from one server to another, for the sessions that are there.

use crate::http::{bearer::bears, problem::Problem};
use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Response, header},
};
use http_body_util::{BodyExt, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// No answer of another server is longer.
const MAX_ANSWER: usize = 256 * 1024;

/// Marks a request that comes from a server, which must not be passed on again.
pub(super) const FORWARDED: &str = "x-learnify-forwarded";

/// Speaks to the other servers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct NodeClient {
    client: Client<HttpConnector, Body>,
    token: SecretString,
}

impl NodeClient {
    pub(crate) fn new(token: SecretString) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(2)));
        Self { client: Client::builder(TokioExecutor::new()).build(connector), token }
    }

    /// Whether a request comes from one of the servers.
    pub(super) fn is_from_server(&self, headers: &HeaderMap) -> bool {
        bears(headers, &self.token)
    }

    /// Sends a request and gives the answer back as it came, with the headers that matter.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<Response<Body>, Problem> {
        let unavailable = || Problem(domain::Error::Unavailable);
        let mut request =
            Request::builder().method(method).uri(url).body(Body::from(body)).map_err(|_malformed| unavailable())?;
        *request.headers_mut() = headers;
        let token = format!("Bearer {}", self.token.expose_secret());
        let token = header::HeaderValue::from_str(&token).map_err(|_malformed| unavailable())?;
        request.headers_mut().insert(header::AUTHORIZATION, token);
        request.headers_mut().insert(FORWARDED, header::HeaderValue::from_static("1"));
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| error.to_string())?;
            let (parts, body) = response.into_parts();
            let bytes = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| error.to_string())?.to_bytes();
            let mut answer = Response::new(Body::from(bytes));
            *answer.status_mut() = parts.status;
            for name in [header::CONTENT_TYPE, header::LOCATION, header::RETRY_AFTER, header::ETAG] {
                if let Some(value) = parts.headers.get(&name) {
                    answer.headers_mut().insert(name, value.clone());
                }
            }
            Ok::<_, String>(answer)
        };
        match tokio::time::timeout(Duration::from_secs(5), exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                tracing::warn!(%error, url, "another server does not answer");
                Err(unavailable())
            }
            Err(_elapsed) => {
                tracing::warn!(url, "another server does not answer in time");
                Err(unavailable())
            }
        }
    }
}
