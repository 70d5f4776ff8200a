//! `GET /api/stream-updates`: the event stream of a browser (WHATWG HTML, server-sent events).
//!
//! The first event is a heartbeat when the stream continues where the reader left off, and `resync` when it cannot; after it a
//! page of another build of the site is told so (`outdated`).
//! To a member nothing is said about people who are hidden from them; when those change, there is another `resync`.

mod patience;
pub(crate) mod publish;
pub(crate) mod reactor;
mod standing;
mod words;

use super::{bearer::bears, guest::guest, problem::Problem};
use crate::{AppState, Reactor, config::EventConnections, serve::handover::Handover};
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
    presence::{Presence, Visit, Visitor},
};
use bytes::Bytes;
use domain::{
    SessionId, UserId,
    account::{Role, Viewer},
    event::{HEARTBEAT_SECONDS, MAX_TOPICS, Position, Topic},
};
use futures::{Stream, stream};
use patience::{PATIENCE, patiently};
use serde::Deserialize;
use standing::Standing;
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use words::Reason;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    #[serde(default)]
    topics: String,
    after: Option<String>,
    /// The build of the site that the reader's page is of.
    #[serde(default)]
    build: String,
}

pub(crate) async fn get(
    State(state): State<AppState>,
    Query(parameters): Query<Parameters>,
    viewer: Option<Extension<Viewer>>,
    token: Option<Extension<SessionSecret>>,
    Extension(client): Extension<Client>,
    handover: Option<Extension<(Handover, Reactor)>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(domain::Error::Forbidden.into());
    }
    let viewer = viewer.map(|viewer| viewer.0);
    let is_service = state.config.publish_token.as_ref().is_some_and(|token| bears(&headers, token));
    let topics = authorize(&parameters.topics, viewer.as_ref(), is_service)?;
    if state.draining.is_cancelled() {
        return Err(domain::Error::Unavailable.into());
    }
    let (visitor, new_guest) = if let Some(viewer) = &viewer {
        (Visitor::Member(viewer.id), None)
    } else {
        let (guest, cookie) = guest(&headers, &client);
        // Only where it is counted does a guest need a name.
        (Visitor::Guest(guest), cookie.filter(|_| topics.iter().any(|topic| matches!(topic, Topic::Channel(_)))))
    };
    let session = viewer.as_ref().map(|viewer| viewer.session);
    let place = state.connections.enter(client.limit_key(), visitor, session, &topics)?;
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()).or(parameters.after.as_deref());
    // Whatever is not a position is no position: the reader starts anew, which is always right.
    let after = after.and_then(|text| text.parse::<Position>().ok());
    let viewer_id = viewer.as_ref().map(|viewer| viewer.id);
    let standing = Standing(viewer.zip(token.map(|token| token.0)).map(Box::new));
    let is_of_another_build = !parameters.build.is_empty() && *parameters.build != *state.build;
    // People are hidden after joining, so that a change since then is among the frames.
    let is_handed_over = handover.is_some();
    let body = if let Some(Extension((handover, reactor))) = handover {
        let mut arrival = reactor.join(topics, after, standing, place);
        arrival.note_build(is_of_another_build);
        if viewer_id.is_some() {
            arrival.hide(state.backend.blocks.hidden(viewer_id).await?);
        }
        handover.body(arrival)
    } else {
        let mut subscription = state.backend.events.hub().subscribe(topics, after);
        if viewer_id.is_some() {
            subscription.hide(state.backend.blocks.hidden(viewer_id).await?);
        }
        let seat = Arc::clone(&place.seat);
        let words = event_stream(state, subscription, standing, place, is_of_another_build);
        Body::from_stream(patiently(words, PATIENCE, seat))
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if is_handed_over {
        // Nobody reads a next request from that socket.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    headers.extend(new_guest.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// The session token of a request, so that a long connection can look whether it is still good.
#[derive(Clone)]
pub(crate) struct SessionSecret(pub(crate) Arc<str>);

/// The topics that were asked for, and the viewer's own; an unknown or forbidden one is an error, not an omission.
/// Trusted services, and who has the site in their hands, may read everything.
fn authorize(text: &str, viewer: Option<&Viewer>, is_service: bool) -> Result<Vec<Topic>, domain::Error> {
    let mut topics = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let topic: Topic = part.parse().map_err(|_unknown| domain::Error::invalid("topics", "There is no such topic."))?;
        let is_allowed = match topic {
            Topic::Streams | Topic::Category(_) | Topic::Channel(_) | Topic::Chat(_) => true,
            Topic::Member(member) => viewer.is_some_and(|viewer| viewer.id == member),
            Topic::Performance | Topic::All => is_service || viewer.is_some_and(|viewer| viewer.role == Role::Admin),
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
    standing: Standing,
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
    standing: Standing,
    place: Place,
    is_of_another_build: bool,
) -> impl Stream<Item = Bytes> {
    let beginning = Start::Resync { from: subscription.heartbeat() };
    let start = std::mem::replace(&mut subscription.start, beginning);
    let mut ready = VecDeque::from([words::first(&start, subscription.spread_ms(), is_of_another_build)]);
    if let Start::Continues { missed, .. } = start {
        ready.extend(missed.iter().map(|frame| subscription.bytes(frame)));
    }
    let mut heartbeat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECONDS));
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let draining = state.draining.clone();
    let ends_at = Instant::now() + place.lifetime;
    let connection =
        Connection { state, subscription, standing, ready, heartbeat, ends_at, draining, is_over: false, _place: place };
    stream::unfold(connection, async |mut connection| connection.next().await.map(|bytes| (bytes, connection)))
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
                () = self.draining.cancelled() => return Some(self.leave(Reason::Stopping)),
                () = tokio::time::sleep_until(self.ends_at) => return Some(self.leave(Reason::Lifetime)),
                frame = self.subscription.frames.recv() => match frame {
                    // Too slow, or the hub lost continuity: the reader comes back and says where it stands.
                    None => return Some(self.leave(Reason::Behind)),
                    Some(frame) if self.subscription.is_outdated_by(&frame) => return Some(self.begin_anew().await),
                    Some(frame) => {
                        if self.concerns(&frame).await {
                            return Some(self.subscription.bytes(&frame));
                        }
                    }
                },
                _ = self.heartbeat.tick() => {
                    if !self.standing.is_signed_in_still(&self.state.backend).await {
                        return Some(self.leave(Reason::Session));
                    }
                    if !self.hides_the_right_people().await {
                        return Some(self.begin_anew().await);
                    }
                    return Some(words::heartbeat(&self.subscription));
                }
            }
        }
    }

    /// The end of some session of this member is passed on only to the connections of that session.
    async fn concerns(&mut self, frame: &Frame) -> bool {
        if !frame.ends_session {
            return true;
        }
        let has_ended = !self.standing.is_signed_in_still(&self.state.backend).await;
        self.is_over |= has_ended;
        has_ended
    }

    /// Whether nobody was hidden or shown unnoticed, as happens while the servers cannot tell each other.
    async fn hides_the_right_people(&self) -> bool {
        if self.standing.is_guest() {
            return true;
        }
        self.standing.hidden(&self.state.backend).await.is_none_or(|hidden| self.subscription.hides(&hidden))
    }

    /// Hides the people who are to be hidden now, and makes the reader take new snapshots without them.
    async fn begin_anew(&mut self) -> Bytes {
        match self.standing.hidden(&self.state.backend).await {
            Some(hidden) => {
                self.subscription.hide(hidden);
                self.heartbeat.reset();
                words::anew(&self.subscription)
            }
            // Nothing is said until it is known of whom.
            None => self.leave(Reason::Unavailable),
        }
    }

    /// Asks the reader to come back.
    fn leave(&mut self, reason: Reason) -> Bytes {
        self.is_over = true;
        words::reconnect(reason)
    }
}

/// Who has how many connections open. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connections {
    limits: EventConnections,
    presence: Presence,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    held: HashMap<Holder, usize>,
}

/// Whose connections are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Address(IpAddr),
    Member(UserId),
    Session(SessionId),
}

/// One reader who is there.
struct Place {
    seat: Arc<Seat>,
    /// How long it may be held.
    lifetime: Duration,
    _visit: Visit,
}

/// One open connection among those that are counted. It is given back when dropped.
struct Seat {
    open: Arc<Mutex<Open>>,
    holders: [Option<Holder>; 3],
}

impl Connections {
    pub(crate) fn new(limits: EventConnections, presence: Presence) -> Self {
        Self { limits, presence, open: Arc::default() }
    }

    /// Connections that are open now.
    pub(super) fn n_open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    fn enter(
        &self,
        address: IpAddr,
        visitor: Visitor,
        session: Option<SessionId>,
        topics: &[Topic],
    ) -> Result<Place, domain::Error> {
        let member = if let Visitor::Member(member) = visitor { Some(Holder::Member(member)) } else { None };
        let holders = [Some(Holder::Address(address)), member, session.map(Holder::Session)];
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.limits.total {
            return Err(domain::Error::Unavailable);
        }
        let is_full = |holder: &Holder| open.held.get(holder).is_some_and(|held| *held >= self.limit(*holder));
        if holders.iter().flatten().any(is_full) {
            return Err(domain::Error::RateLimited { retry_after_seconds: 10 });
        }
        open.total += 1;
        for holder in holders.into_iter().flatten() {
            *open.held.entry(holder).or_default() += 1;
        }
        let visit = self.presence.enter(topics, visitor);
        let lifetime = words::about(self.limits.lifetime);
        let seat = Arc::new(Seat { open: Arc::clone(&self.open), holders });
        Ok(Place { seat, lifetime, _visit: visit })
    }

    /// The most connections that one may hold.
    fn limit(&self, holder: Holder) -> usize {
        match holder {
            Holder::Address(_) => self.limits.per_address,
            Holder::Member(_) => self.limits.per_member,
            Holder::Session(_) => self.limits.per_session,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        for holder in self.holders.into_iter().flatten() {
            if let Entry::Occupied(mut held) = open.held.entry(holder) {
                *held.get_mut() -= 1;
                if *held.get() == 0 {
                    held.remove();
                }
            }
        }
    }
}

/// The token in a request's cookie, if there is one that can be one.
pub(crate) fn session_token(headers: &HeaderMap, is_secure: bool) -> Option<Arc<str>> {
    let jar = axum_extra::extract::CookieJar::from_headers(headers);
    let token = jar.get(SessionToken::cookie_name(is_secure))?.value();
    (token.len() == 43).then(|| token.into())
}
