//! A measurement: how many home pages a server gives out in a second, and how long the slowest hundredth takes.
//!
//! `make bench-pages` runs it. Three servers stand on one full database: one that keeps pages, one that keeps what visitors
//! read, and one that keeps nothing; they take turns, so that what else the machine does meets both. Server and load share the machine, so only the
//! ratio means something elsewhere. It ends with one line of JSON.

#![allow(clippy::unwrap_used, reason = "what fails here is the measurement")]

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use backend::{
    Backend, cache,
    database::Database,
    events::Events,
    testing::{
        backend_that_keeps, database_settings,
        population::{self, Size},
    },
};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::json;
use server::{AppState, config::Config, router, serve};
use std::{
    io::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Browsers that ask one page after the other.
const BROWSERS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// A middle number of this many rounds is told, with the smallest and the largest.
const MIDDLE: usize = ROUNDS / 2;

struct Site {
    name: &'static str,
    address: SocketAddr,
    /// The cookie of a member.
    cookie: String,
}

/// One round: pages in a second, and milliseconds of the slowest hundredth.
#[derive(Clone, Copy)]
struct Measured {
    per_second: f64,
    p99_millis: f64,
}

#[tokio::main]
async fn main() {
    let settings = database_settings().await;
    say("filling a database …");
    population::fill(&Database::new(&settings).unwrap(), Size::chosen()).await;
    let stopped = CancellationToken::new();
    let mut sites = Vec::new();
    for (name, kept, page_lifetime) in [
        ("page kept", cache::Settings::default(), Duration::from_secs(1)),
        ("kept", cache::Settings::default(), Duration::ZERO),
        ("read each time", cache::Settings::NONE, Duration::ZERO),
    ] {
        let backend = backend_that_keeps(&settings, Events::local().unwrap(), kept, None);
        sites.push(Box::pin(start(name, backend, page_lifetime, &stopped)).await);
    }
    let mut report = serde_json::Map::new();
    for who in ["visitor", "member"] {
        let mut rounds = vec![Vec::new(); sites.len()];
        for _ in 0..ROUNDS {
            for (site, rounds) in sites.iter().zip(&mut rounds) {
                rounds.push(round(site, (who == "member").then_some(site.cookie.as_str())).await);
            }
        }
        for (site, rounds) in sites.iter().zip(rounds) {
            let [low, middle, high] = spread(rounds.iter().map(|round| round.per_second));
            let [p_low, p_middle, p_high] = spread(rounds.iter().map(|round| round.p99_millis));
            say(&format!(
                "{who:8} {:15} {middle:7.0} pages/s ({low:.0} to {high:.0}), p99 {p_middle:6.1} ms ({p_low:.1} to {p_high:.1})",
                site.name
            ));
            report.insert(
                format!("{who}, {}", site.name),
                json!({ "pages_per_second": [low, middle, high], "p99_millis": [p_low, p_middle, p_high] }),
            );
        }
    }
    stopped.cancel();
    say(&serde_json::Value::Object(report).to_string());
}

async fn start(name: &'static str, backend: Backend, page_lifetime: Duration, stopped: &CancellationToken) -> Site {
    let (_, token) = backend.member(&name.replace(' ', "_")).await;
    let config = Config { page_lifetime, ..Config::read(&|_| None).unwrap() };
    let state = AppState::new(backend, config, "a service token".to_owned().into(), stopped.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve::serve(listener, router(state), None, stopped.clone()));
    Site { name, address, cookie: format!("__Host-sid={}", token.as_str()) }
}

async fn round(site: &Site, cookie: Option<&str>) -> Measured {
    let until = Instant::now() + ROUND;
    let mut browsers = Vec::new();
    for _ in 0..BROWSERS {
        let (url, cookie) = (format!("http://{}/", site.address), cookie.map(str::to_owned));
        browsers.push(tokio::spawn(async move {
            let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
            let mut took = Vec::new();
            while Instant::now() < until {
                let mut request = Request::get(&url);
                if let Some(cookie) = &cookie {
                    request = request.header(header::COOKIE, cookie);
                }
                let began = Instant::now();
                let answer = client.request(request.body(Body::empty()).unwrap()).await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK);
                answer.into_body().collect().await.unwrap();
                took.push(began.elapsed());
            }
            took
        }));
    }
    let mut took = Vec::new();
    for browser in browsers {
        took.extend(browser.await.unwrap());
    }
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    let n = u32::try_from(took.len()).unwrap();
    Measured { per_second: f64::from(n) / ROUND.as_secs_f64(), p99_millis: p99.as_secs_f64() * 1000.0 }
}

/// The smallest, the middle and the largest.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |n: usize| values.get(n).copied().unwrap_or_default();
    [at(0), at(MIDDLE), at(ROUNDS - 1)]
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}
