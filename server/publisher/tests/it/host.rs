//! As much of a server as WHIP and WHEP need.

use std::net::SocketAddr;

use http::{Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use media::{Config, Error, Event, MediaServer, StreamId, ViewerId};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use uuid::Uuid;

/// One stream, its key, and everybody may watch.
pub(crate) struct Host {
    pub(crate) server: MediaServer,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) stream: StreamId,
    address: SocketAddr,
}

impl Host {
    pub(crate) async fn new(key: &'static str) -> Self {
        let (server, events) = MediaServer::start(Config::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = StreamId(Uuid::from_u128(1));
        let media = server.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let media = media.clone();
                let answer = service_fn(move |request| respond(media.clone(), stream, key, request));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(connection), answer));
            }
        });
        Self { server, events, stream, address }
    }

    pub(crate) fn url(&self, path: &str) -> Uri {
        format!("http://{}{path}", self.address).parse().unwrap()
    }
}

async fn respond(
    media: MediaServer,
    stream: StreamId,
    key: &str,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, http::Error> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let authorized = head.headers.get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Bearer {key}"));
    let offer = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let answer = match (head.method, path) {
        (Method::POST, "/whip") if !authorized => return text(StatusCode::UNAUTHORIZED, "wrong key"),
        (Method::POST, "/whip") => media.publish(stream, &offer, None).await,
        (Method::POST, "/whep") => media.watch(stream, ViewerId(Uuid::from_u128(7)), true, &offer, None).await,
        (Method::DELETE, path) => {
            let session = path.strip_prefix("/session/").and_then(|session| session.parse().ok());
            let closed = match session {
                Some(session) => media.close(session).await,
                None => false,
            };
            return text(if closed { StatusCode::OK } else { StatusCode::NOT_FOUND }, "");
        }
        _ => return text(StatusCode::NOT_FOUND, ""),
    };
    match answer {
        Ok(answer) => Response::builder()
            .status(StatusCode::CREATED)
            .header(header::CONTENT_TYPE, "application/sdp")
            .header(header::LOCATION, format!("/session/{}", answer.session))
            .body(Full::from(answer.sdp)),
        Err(error @ Error::NotLive) => text(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error) => text(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

fn text(status: StatusCode, text: &str) -> Result<Response<Full<Bytes>>, http::Error> {
    Response::builder().status(status).body(Full::from(text.to_owned()))
}
