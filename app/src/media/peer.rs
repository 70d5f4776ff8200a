//! One peer connection to the server, from the offer to the end.

use super::signaling::{self, Refusal};
use crate::dom::{self, Listener, sleep};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::{Either, FutureExt, LocalBoxFuture, pending, select},
};
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RtcPeerConnection, RtcPeerConnectionState as State, RtcSdpType, RtcSessionDescription, RtcSessionDescriptionInit};

/// How long a connection may take to come about, in milliseconds. Over a bad line it takes two seconds.
const CONNECT_MILLIS: u32 = 12_000;
/// How long an interruption of the network may last. WebRTC often finds another way by itself.
const DISCONNECTED_MILLIS: u32 = 5000;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Watching,
    Publishing,
}

/// An answered connection. Closed, and ended at the server, when dropped.
pub(super) struct Peer {
    connection: RtcPeerConnection,
    purpose: Purpose,
    location: String,
    states: UnboundedReceiver<State>,
    _listeners: Vec<Listener>,
}

/// A connection that has not been offered yet. Closed when dropped, unless it became a [`Peer`].
pub(super) struct Draft(Option<RtcPeerConnection>);

impl Draft {
    pub(super) fn new() -> Result<Self, Refusal> {
        let connection = RtcPeerConnection::new().map_err(|_error| Refusal::local("This browser does not support WebRTC."))?;
        Ok(Self(Some(connection)))
    }

    pub(super) fn connection(&self) -> Option<&RtcPeerConnection> {
        self.0.as_ref()
    }

    /// Offers the connection. There is no wait for candidates: the server learns our addresses from our first packets.
    pub(super) async fn offer(mut self, purpose: Purpose, endpoint: &str, change: fn(&str) -> String) -> Result<Peer, Refusal> {
        let failed = || Refusal::local("This browser could not set up the connection.");
        let connection = self.connection().ok_or_else(failed)?;
        let (states, received) = unbounded();
        let mut listeners = vec![state_listener(connection, states.clone())];
        let offer = JsFuture::from(connection.create_offer()).await.map_err(|_error| failed())?;
        let offer = change(&RtcSessionDescription::from(offer).sdp());
        let description = describe(RtcSdpType::Offer, &offer);
        JsFuture::from(connection.set_local_description(&description)).await.map_err(|_error| failed())?;
        let answer = signaling::exchange(endpoint, offer).await?;
        let connection = self.0.take().ok_or_else(failed)?;
        listeners.extend(leave_listener(&connection, answer.location.clone(), states));
        // From here on dropping it also ends the session at the server.
        let peer = Peer { connection, purpose, location: answer.location, states: received, _listeners: listeners };
        let description = describe(RtcSdpType::Answer, &answer.sdp);
        JsFuture::from(peer.connection.set_remote_description(&description)).await.map_err(|_error| failed())?;
        Ok(peer)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.close();
        }
    }
}

fn describe(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let description = RtcSessionDescriptionInit::new(kind);
    description.set_sdp(sdp);
    description
}

fn state_listener(connection: &RtcPeerConnection, states: UnboundedSender<State>) -> Listener {
    let watched = connection.clone();
    Listener::new(connection, "connectionstatechange", move |_event| {
        let _is_open = states.unbounded_send(watched.connection_state());
    })
}

/// A page that is left drops nothing, so the server is told by a request that outlives the page.
fn leave_listener(connection: &RtcPeerConnection, location: String, states: UnboundedSender<State>) -> Option<Listener> {
    let (window, connection) = (web_sys::window()?, connection.clone());
    Some(Listener::new(&window, "pagehide", move |_event| {
        if let Some(ended) = signaling::end(&location) {
            dom::let_run(ended);
        }
        connection.close();
        let _is_open = states.unbounded_send(State::Closed);
    }))
}

impl Peer {
    pub(super) fn connection(&self) -> &RtcPeerConnection {
        &self.connection
    }

    /// Resolves when the connection is of no use any more. Calls `connected` each time it is found to work.
    pub(super) async fn until_lost(&mut self, connected: impl Fn()) {
        let mut patience: LocalBoxFuture<'_, ()> = sleep(CONNECT_MILLIS).boxed_local();
        loop {
            match select(self.states.next(), patience).await {
                Either::Left((Some(State::Connected), _)) => {
                    connected();
                    patience = pending().boxed_local();
                }
                Either::Left((Some(State::Disconnected), _)) => patience = sleep(DISCONNECTED_MILLIS).boxed_local(),
                Either::Left((Some(State::Failed | State::Closed) | None, _)) | Either::Right(_) => return,
                Either::Left((Some(_), rest)) => patience = rest,
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Closing says goodbye over a connection that stands, which is enough for a viewer. A publisher says by request
        // that it means to end, or the server would wait for it to come back; and it says so before it falls silent.
        let needs_request = match self.connection.connection_state() {
            State::New | State::Connecting => true,
            State::Connected => self.purpose == Purpose::Publishing,
            _ => false,
        };
        let connection = self.connection.clone();
        let ended = needs_request.then(|| signaling::end(&self.location)).flatten();
        match ended {
            Some(ended) => spawn_local(async move {
                let _answer = JsFuture::from(ended).await;
                connection.close();
            }),
            None => connection.close(),
        }
    }
}
