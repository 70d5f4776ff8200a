//! A site for one test, and browsers that visit it.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use backend::{Backend, events::Events, limits::Limits, testing};
use bytes::Bytes;
use domain::event::HEARTBEAT_SECONDS;
use futures::StreamExt;
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use server::{AppState, PeerAddress, Reactor, config::Config, router, serve::serve};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a test waits for something that must happen: longer than a quiet connection says nothing.
pub const PATIENCE: Duration = Duration::from_secs(HEARTBEAT_SECONDS + 10);

pub struct Site {
    pub backend: Backend,
    pub draining: CancellationToken,
    way: Way,
}

/// How requests reach a site.
#[derive(Clone)]
enum Way {
    Router(Router),
    /// Over TCP, through the accept loop, a connection for each request.
    Socket(SocketAddr, Box<Client<HttpConnector, Body>>),
}

impl Site {
    pub async fn new() -> Self {
        Self::with(|config| config).await
    }

    /// A site whose settings differ from the defaults.
    pub async fn with(change: impl FnOnce(Config) -> Config) -> Self {
        let settings = testing::database_settings().await;
        Self::on(testing::backend_on(&settings, Events::local().unwrap()), change)
    }

    /// A site that is reached over TCP, as it is by browsers.
    pub async fn on_socket(change: impl FnOnce(Config) -> Config) -> Self {
        let settings = testing::database_settings().await;
        let (backend, state, draining) = Self::parts(testing::backend_on(&settings, Events::local().unwrap()), change);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let reactor = Reactor::start(backend.clone()).unwrap();
        tokio::spawn(serve(listener, router(state), Some(reactor), draining.clone()));
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(HttpConnector::new());
        Self { backend, draining, way: Way::Socket(address, Box::new(client)) }
    }

    /// One of each, for what must hold on both ways.
    pub async fn both_ways(change: impl Fn(Config) -> Config) -> [Self; 2] {
        [Box::pin(Self::with(&change)).await, Box::pin(Self::on_socket(&change)).await]
    }

    /// The same with the rate limits that hold in production.
    pub async fn limited(change: impl FnOnce(Config) -> Config) -> Self {
        let limits = Limits::new(std::num::NonZeroU32::MIN);
        Self::on(testing::backend_with(&testing::database_settings().await, Events::local().unwrap(), limits), change)
    }

    /// A site with these services.
    pub fn on(backend: Backend, change: impl FnOnce(Config) -> Config) -> Self {
        let (backend, state, draining) = Self::parts(backend, change);
        Self { backend, draining, way: Way::Router(router(state)) }
    }

    fn parts(backend: Backend, change: impl FnOnce(Config) -> Config) -> (Backend, AppState, CancellationToken) {
        // Every request is to show what it does by itself.
        let config = Config { page_lifetime: Duration::ZERO, ..Config::read(&|_| None).unwrap() };
        let config = change(config);
        let draining = CancellationToken::new();
        let state = AppState::new(backend.clone(), config, "a service token".to_owned().into(), draining.clone());
        (backend, state, draining)
    }

    /// Where it is reached over TCP.
    pub fn address(&self) -> SocketAddr {
        match &self.way {
            Way::Socket(address, _) => *address,
            Way::Router(_) => panic!("it is not reached over TCP"),
        }
    }

    /// A browser without a session.
    pub fn guest(&self) -> Browser {
        Browser { way: self.way.clone(), cookies: BTreeMap::new(), headers: HeaderMap::new() }
    }

    /// A browser of a new member.
    pub async fn member(&self, name: &str) -> Browser {
        let (_, token) = self.backend.member(name).await;
        let mut browser = self.guest();
        browser.cookies.insert("__Host-sid".to_owned(), token.as_str().to_owned());
        browser
    }
}

/// Keeps cookies, as browsers do, and speaks from the site's own pages.
#[derive(Clone)]
pub struct Browser {
    way: Way,
    pub cookies: BTreeMap<String, String>,
    headers: HeaderMap,
}

impl Browser {
    /// The same browser with a header on every request.
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut browser = self.clone();
        browser.headers.insert(name, value.parse().unwrap());
        browser
    }

    pub async fn request(&mut self, method: Method, path: &str, media_type: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:3000");
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let mut request = request.extension(PeerAddress(Ipv4Addr::LOCALHOST.into())).body(body.into()).unwrap();
        request.headers_mut().extend(self.headers.clone());
        let response = match &self.way {
            Way::Router(router) => router.clone().oneshot(request).await.unwrap(),
            Way::Socket(address, client) => {
                *request.uri_mut() = format!("http://{address}{path}").parse().unwrap();
                client.request(request).await.unwrap().map(Body::new)
            }
        };
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer::new(response)
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.request(Method::GET, path, None, Body::empty()).await
    }

    /// Calls a server function that changes something, as the application in the browser does.
    pub async fn call(&mut self, function: &str, fields: &[(&str, &str)]) -> Answer {
        let form = "application/x-www-form-urlencoded";
        self.with("accept", "application/json").forward_cookies(self, function, form, fields).await
    }

    /// Sends a form without script.
    pub async fn submit(&mut self, function: &str, fields: &[(&str, &str)], page: &str) -> Answer {
        let form = "application/x-www-form-urlencoded";
        let browser = self.with("accept", "text/html").with("referer", page);
        browser.forward_cookies(self, function, form, fields).await
    }

    async fn forward_cookies(mut self, original: &mut Self, function: &str, form: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.request(Method::POST, &function_path(function), Some(form), encode(fields)).await;
        original.cookies = self.cookies;
        answer
    }

    pub async fn read(&mut self, function: &str, query: &str) -> Answer {
        self.get(&format!("{}?{query}", function_path(function))).await
    }

    pub async fn offer(&mut self, path: &str, sdp: &str) -> Answer {
        self.request(Method::POST, path, Some("application/sdp"), sdp.to_owned()).await
    }
}

/// Where a server function is called: `accounts/sign_in` for example.
pub fn function_path(function: &str) -> String {
    format!("/api/app/api/{function}")
}

/// Fields as a form sends them.
pub fn encode(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let keep = |byte: u8| byte.is_ascii_alphanumeric();
        text.bytes()
            .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Body,
}

impl Answer {
    pub fn new(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub async fn bytes(self) -> Vec<u8> {
        self.body.collect().await.unwrap().to_bytes().into()
    }

    pub async fn text(self) -> String {
        String::from_utf8(self.bytes().await).unwrap()
    }

    pub async fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The answer as an event stream.
    pub fn events(self) -> EventReader {
        assert_eq!(self.status, StatusCode::OK);
        EventReader {
            body: StreamExt::boxed(self.body.into_data_stream()),
            text: String::new(),
            last_id: String::new(),
            patience: PATIENCE,
        }
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerSentEvent {
    pub name: String,
    pub id: String,
    pub data: String,
    pub retry_ms: Option<u64>,
}

pub struct EventReader {
    body: futures::stream::BoxStream<'static, Result<Bytes, axum::Error>>,
    text: String,
    /// The last position that an event named; those without one happen there too.
    last_id: String,
    patience: Duration,
}

impl EventReader {
    /// A connection that is closed.
    pub fn ended() -> Self {
        Self { body: StreamExt::boxed(futures::stream::empty()), text: String::new(), last_id: String::new(), patience: PATIENCE }
    }

    /// The same, which fails after so long without a word.
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The next event. None at the end of the stream, whether it was ended or broke.
    pub async fn next(&mut self) -> Option<ServerSentEvent> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let mut parsed =
                    ServerSentEvent { name: "message".to_owned(), id: self.last_id.clone(), ..ServerSentEvent::default() };
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => name.clone_into(&mut parsed.name),
                        Some(("id", id)) => id.clone_into(&mut parsed.id),
                        Some(("data", data)) => parsed.data.push_str(data),
                        Some(("retry", millis)) => parsed.retry_ms = millis.parse().ok(),
                        _ => {}
                    }
                }
                let n_read = self.text.len() - rest.len();
                self.text.drain(..n_read);
                self.last_id.clone_from(&parsed.id);
                return Some(parsed);
            }
            let chunk = tokio::time::timeout(self.patience, self.body.next()).await.expect("an event in time")?.ok()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
