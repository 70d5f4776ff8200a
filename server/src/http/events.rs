//! `GET /api/stream-updates`: the event stream of a browser (WHATWG HTML, server-sent events).
//!
//! The first event is a heartbeat when the stream continues where the reader left off, and `resync` when it cannot.
//! To a member nothing is said about people who are hidden from them; when those change, there is another `resync`.

pub(crate) mod publish;

use super::problem::Problem;
use crate::{AppState, config::EventConnections};
use axum::{
    Extension,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Response, header},
    response::IntoResponse,
};
use backend::{
    accounts::SessionToken,
    client::Client,
    events::{Frame, Start, Subscription},
};
use bytes::Bytes;
use domain::{
    UserId,
    account::{Role, Viewer},
    event::{HEARTBEAT_SECONDS, Heartbeat, MAX_TOPICS, Position, Topic},
};
use futures::{Stream, stream};
use serde::Deserialize;
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// How long a connection lives, give or take a tenth, so that not all end at once.
const LIFETIME: Duration = Duration::from_hours(1);
/// Over how long readers come back when a server stops, in milliseconds.
const DRAIN_SPREAD: u64 = 5000;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    #[serde(default)]
    topics: String,
    after: Option<String>,
}

pub(crate) async fn get(
    State(state): State<AppState>,
    Query(parameters): Query<Parameters>,
    viewer: Option<Extension<Viewer>>,
    token: Option<Extension<SessionSecret>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(domain::Error::Forbidden.into());
    }
    let viewer = viewer.map(|viewer| viewer.0);
    let topics = authorize(&parameters.topics, viewer.as_ref())?;
    if state.draining.is_cancelled() {
        return Err(domain::Error::Unavailable.into());
    }
    let place = state.connections.enter(client.limit_key(), viewer.as_ref().map(|viewer| viewer.id))?;
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()).or(parameters.after.as_deref());
    // Whatever is not a position is no position: the reader starts anew, which is always right.
    let after = after.and_then(|text| text.parse::<Position>().ok());
    let mut subscription = state.backend.events.hub().subscribe(topics, after);
    if let Some(viewer) = &viewer {
        subscription.hide(state.backend.blocks.hidden(Some(viewer.id)).await?);
    }
    let session = viewer.zip(token.map(|token| token.0));
    let body = Body::from_stream(event_stream(state, subscription, session, place));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The session token of a request, so that a long connection can look whether it is still good.
#[derive(Clone)]
pub(crate) struct SessionSecret(pub(crate) Arc<str>);

/// The topics that were asked for, and the viewer's own; an unknown or forbidden one is an error, not an omission.
fn authorize(text: &str, viewer: Option<&Viewer>) -> Result<Vec<Topic>, domain::Error> {
    let mut topics = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let topic: Topic = part.parse().map_err(|_unknown| domain::Error::invalid("topics", "There is no such topic."))?;
        let is_allowed = match topic {
            Topic::Streams | Topic::Category(_) | Topic::Channel(_) | Topic::Chat(_) => true,
            Topic::Member(member) => viewer.is_some_and(|viewer| viewer.id == member),
            Topic::All => viewer.is_some_and(|viewer| viewer.role == Role::Admin),
        };
        if !is_allowed {
            return Err(domain::Error::Forbidden);
        }
        topics.push(topic);
        if topics.len() > MAX_TOPICS {
            return Err(domain::Error::invalid("topics", format!("At most {MAX_TOPICS} topics.")));
        }
    }
    topics.extend(viewer.map(|viewer| Topic::Member(viewer.id)));
    Ok(topics)
}

struct Connection {
    state: AppState,
    subscription: Subscription,
    session: Option<(Viewer, SessionSecret)>,
    ready: VecDeque<Bytes>,
    heartbeat: Interval,
    ends_at: Instant,
    draining: CancellationToken,
    is_over: bool,
    _place: Place,
}

fn event_stream(
    state: AppState,
    mut subscription: Subscription,
    session: Option<(Viewer, SessionSecret)>,
    place: Place,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    let beginning = Start::Resync { from: subscription.heartbeat() };
    let mut ready = VecDeque::new();
    match std::mem::replace(&mut subscription.start, beginning) {
        Start::Continues { from, missed } => {
            ready.push_back(named("heartbeat", &from));
            ready.extend(missed.iter().map(|frame| subscription.bytes(frame)));
        }
        Start::Resync { from } => ready.push_back(named("resync", &from)),
    }
    let mut heartbeat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECONDS));
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let draining = state.draining.clone();
    let ends_at = Instant::now() + LIFETIME.mul_f64(0.9 + 0.2 * random_fraction());
    let connection =
        Connection { state, subscription, session, ready, heartbeat, ends_at, draining, is_over: false, _place: place };
    stream::unfold(connection, async |mut connection| connection.next().await.map(|bytes| (Ok(bytes), connection)))
}

impl Connection {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if self.is_over {
                return None;
            }
            tokio::select! {
                biased;
                () = self.draining.cancelled() => return Some(self.leave(random_millis(DRAIN_SPREAD))),
                () = tokio::time::sleep_until(self.ends_at) => return Some(self.leave(random_millis(1000))),
                frame = self.subscription.frames.recv() => match frame {
                    // Too slow, or the hub lost continuity: the reader comes back and says where it stands.
                    None => return Some(self.leave(random_millis(1000))),
                    Some(frame) if self.subscription.is_outdated_by(&frame) => return Some(self.begin_anew().await),
                    Some(frame) => {
                        if self.concerns(&frame).await {
                            self.heartbeat.reset();
                            return Some(self.subscription.bytes(&frame));
                        }
                    }
                },
                _ = self.heartbeat.tick() => {
                    if !self.is_signed_in_still().await {
                        return Some(self.leave(0));
                    }
                    if !self.hides_the_right_people().await {
                        return Some(self.begin_anew().await);
                    }
                    return Some(named("heartbeat", &self.subscription.heartbeat()));
                }
            }
        }
    }

    /// The end of some session of this member is passed on only to the connections of that session.
    async fn concerns(&mut self, frame: &Frame) -> bool {
        if !frame.ends_session {
            return true;
        }
        let has_ended = !self.is_signed_in_still().await;
        self.is_over |= has_ended;
        has_ended
    }

    /// When the database cannot say, a session counts as it did.
    async fn is_signed_in_still(&self) -> bool {
        let Some((viewer, token)) = &self.session else { return true };
        match self.state.backend.accounts.viewer_now(&token.0).await {
            Ok(now) => now.is_some_and(|now| now.session == viewer.session),
            Err(_unknown) => true,
        }
    }

    /// Whether nobody was hidden or shown unnoticed, as happens while the servers cannot tell each other.
    async fn hides_the_right_people(&self) -> bool {
        let Some((viewer, _)) = &self.session else { return true };
        match self.state.backend.blocks.hidden(Some(viewer.id)).await {
            Ok(hidden) => self.subscription.hides(&hidden),
            Err(_unknown) => true,
        }
    }

    /// Hides the people who are to be hidden now, and makes the reader take new snapshots without them.
    async fn begin_anew(&mut self) -> Bytes {
        let viewer = self.session.as_ref().map(|(viewer, _)| viewer.id);
        match self.state.backend.blocks.hidden(viewer).await {
            Ok(hidden) => {
                self.subscription.hide(hidden);
                self.heartbeat.reset();
                named("resync", &self.subscription.heartbeat())
            }
            // Nothing is said until it is known of whom.
            Err(_unknown) => self.leave(random_millis(1000)),
        }
    }

    /// Asks the reader to come back.
    fn leave(&mut self, retry_ms: u64) -> Bytes {
        self.is_over = true;
        format!("event: reconnect\nretry: {}\ndata: {{\"retry_ms\":{retry_ms}}}\n\n", retry_ms.max(500)).into()
    }
}

fn named(name: &str, heartbeat: &Heartbeat) -> Bytes {
    let json = serde_json::to_string(heartbeat).unwrap_or_default();
    format!("event: {name}\nid: {}\ndata: {json}\n\n", heartbeat.position).into()
}

/// Between 0 and 1, for spreading: not a secret.
fn random_fraction() -> f64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from(u32::try_from(low & 0xffff_ffff).unwrap_or(0)) / f64::from(u32::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a small positive number"
)]
fn random_millis(most: u64) -> u64 {
    (random_fraction() * most as f64) as u64
}

/// Who has how many connections open. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connections {
    limits: EventConnections,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    addresses: HashMap<IpAddr, usize>,
    members: HashMap<UserId, usize>,
}

/// One open connection; it gives its place back when dropped.
struct Place {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
    member: Option<UserId>,
}

impl Connections {
    pub(crate) fn new(limits: EventConnections) -> Self {
        Self { limits, open: Arc::default() }
    }

    /// Connections that are open now.
    pub(super) fn n_open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    fn enter(&self, address: IpAddr, member: Option<UserId>) -> Result<Place, domain::Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.limits.total {
            return Err(domain::Error::Unavailable);
        }
        let from_address = open.addresses.get(&address).copied().unwrap_or(0);
        let of_member = member.and_then(|member| open.members.get(&member).copied()).unwrap_or(0);
        if from_address >= self.limits.per_address || of_member >= self.limits.per_member {
            return Err(domain::Error::RateLimited { retry_after_seconds: 10 });
        }
        open.total += 1;
        *open.addresses.entry(address).or_default() += 1;
        if let Some(member) = member {
            *open.members.entry(member).or_default() += 1;
        }
        Ok(Place { open: Arc::clone(&self.open), address, member })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        leave(&mut open.addresses, &self.address);
        if let Some(member) = &self.member {
            leave(&mut open.members, member);
        }
    }
}

fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// The token in a request's cookie, if there is one that can be one.
pub(crate) fn session_token(headers: &HeaderMap, is_secure: bool) -> Option<Arc<str>> {
    let jar = axum_extra::extract::CookieJar::from_headers(headers);
    let token = jar.get(SessionToken::cookie_name(is_secure))?.value();
    (token.len() == 43).then(|| token.into())
}
