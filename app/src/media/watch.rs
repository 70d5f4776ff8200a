//! Watching a channel by WHEP.

use super::{
    Refusal,
    peer::{Draft, Peer, Purpose},
    sdp::with_stereo_opus,
};
use crate::{
    backoff::Backoff,
    dom::{self, Listener, sleep},
};
use futures::future::select;
use js_sys::Promise;
use std::{cell::RefCell, pin::pin, rc::Rc};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlVideoElement, MediaStream, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcTrackEvent};

/// What the server answers where nothing is live.
const NOT_FOUND: u16 = 404;

/// How the picture stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// No picture yet.
    Joining,
    Playing,
    /// The connection holds, but the picture stands still.
    Stalled,
    /// The connection was lost and is being made anew.
    Lost,
    /// What was watched is not live any more, as far as the server knows. It may come back.
    Absent,
    /// The server will not let us, for this reason.
    Refused(String),
}

/// Where a stream is shown, and who is told how it stands. Both may change while it goes on.
pub(crate) struct Screen {
    video: RefCell<HtmlVideoElement>,
    stream: RefCell<Option<MediaStream>>,
    tell: RefCell<Box<dyn Fn(Link)>>,
}

impl Screen {
    pub(super) fn new(video: HtmlVideoElement, tell: impl Fn(Link) + 'static) -> Self {
        Self { video: RefCell::new(video), stream: RefCell::new(None), tell: RefCell::new(Box::new(tell)) }
    }

    pub(super) fn move_to(&self, video: HtmlVideoElement, tell: impl Fn(Link) + 'static) {
        let former = self.video.replace(video);
        former.set_src_object(None);
        drop(self.tell.replace(Box::new(tell)));
        self.show();
    }

    fn video(&self) -> HtmlVideoElement {
        self.video.borrow().clone()
    }

    fn tell(&self, link: Link) {
        (self.tell.borrow())(link);
    }

    /// Shows a stream from now on.
    fn take(&self, stream: &MediaStream) {
        self.stream.replace(Some(stream.clone()));
        self.show();
    }

    fn show(&self) {
        let (video, stream) = (self.video(), self.stream.borrow().clone());
        if video.src_object() != stream {
            video.set_src_object(stream.as_ref());
        }
        if let Ok(playing) = video.play() {
            dom::let_run(playing);
        }
    }
}

/// Shows the channel's stream on `screen`, and rejoins whenever the connection is lost. Returns only when refused for good.
pub(super) async fn watch(username: &str, screen: &Rc<Screen>) {
    let endpoint = format!("/whep/{username}");
    let mut backoff = Backoff::default();
    screen.tell(Link::Joining);
    let mut has_joined = false;
    loop {
        let mut wait = None;
        match join_stream(&endpoint, screen).await {
            Ok((mut peer, _tracks)) => {
                has_joined = true;
                let joined = dom::now();
                let picture = async {
                    next_frame(&screen.video()).await;
                    screen.tell(Link::Playing);
                    std::future::pending::<()>().await;
                };
                select(pin!(peer.until_lost(|| {})), pin!(picture)).await;
                screen.tell(Link::Lost);
                if dom::now() - joined > 20_000.0 {
                    backoff.reset();
                }
            }
            Err(refusal) if refusal.may_pass() => {
                wait = refusal.retry_after_seconds;
                if has_joined && refusal.status == NOT_FOUND {
                    screen.tell(Link::Absent);
                }
            }
            Err(refusal) => {
                screen.tell(Link::Refused(refusal.message));
                return;
            }
        }
        let jittered = backoff.next(js_sys::Math::random());
        sleep(jittered.max(wait.unwrap_or(0).saturating_mul(1000))).await;
    }
}

async fn join_stream(endpoint: &str, screen: &Rc<Screen>) -> Result<(Peer, Listener), Refusal> {
    let draft = Draft::new()?;
    let connection = draft.connection().ok_or_else(|| Refusal::local("The connection is closed."))?;
    let receive_only = RtcRtpTransceiverInit::new();
    receive_only.set_direction(RtcRtpTransceiverDirection::Recvonly);
    for kind in ["video", "audio"] {
        connection.add_transceiver_with_str_and_init(kind, &receive_only);
    }
    let tracks = show_tracks(connection, screen)?;
    Ok((draft.offer(Purpose::Watching, endpoint, with_stereo_opus).await?, tracks))
}

/// Shows whatever tracks arrive.
fn show_tracks(connection: &web_sys::RtcPeerConnection, screen: &Rc<Screen>) -> Result<Listener, Refusal> {
    let stream = MediaStream::new().map_err(|_error| Refusal::local("This browser cannot play live streams."))?;
    let screen = Rc::clone(screen);
    Ok(Listener::new(connection, "track", move |event| {
        let Ok(event) = event.dyn_into::<RtcTrackEvent>() else { return };
        let receiver = event.receiver();
        // The least delay that the line allows: one name for each family of browsers.
        dom::set_property(&receiver, "jitterBufferTarget", 0);
        dom::set_property(&receiver, "playoutDelayHint", 0);
        stream.add_track(&event.track());
        // Only now, so that the last frame of a lost connection stays until there is something to take its place.
        screen.take(&stream);
    }))
}

/// Resolves when the next frame is shown. For a stream without picture, when it plays.
pub(crate) async fn next_frame(video: &HtmlVideoElement) {
    let wait_for =
        |subscribe: &dyn Fn(&js_sys::Function)| JsFuture::from(Promise::new(&mut |resolve, _reject| subscribe(&resolve)));
    match dom::method(video, "requestVideoFrameCallback") {
        Some(request) => {
            let frame = wait_for(&|resolve| {
                let _handle = request.call1(video, resolve);
            });
            let sound = async {
                let _playing = wait_for(&|resolve| once(video, "playing", resolve)).await;
                // A picture, if there is one, is known by then; it tells by its first frame.
                sleep(1000).await;
                if video.video_width() > 0 {
                    std::future::pending::<()>().await;
                }
            };
            select(frame, pin!(sound)).await;
        }
        None => {
            let _time = wait_for(&|resolve| once(video, "timeupdate", resolve)).await;
        }
    }
}

fn once(video: &HtmlVideoElement, kind: &str, resolve: &js_sys::Function) {
    let options = web_sys::AddEventListenerOptions::new();
    options.set_once(true);
    let _is_added: Result<(), JsValue> =
        video.add_event_listener_with_callback_and_add_event_listener_options(kind, resolve, &options);
}
