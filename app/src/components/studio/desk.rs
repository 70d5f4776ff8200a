//! The state of the studio, and what its buttons do.

use super::draft::Draft;
use crate::{
    dom::{Listener, Slot},
    media::{
        capture::{Captured, Choice, Source, capture},
        devices::{Devices, devices},
        publish::{Progress, replace},
    },
};
use leptos::{prelude::*, task::spawn_local};
use web_sys::{MediaStream, RtcPeerConnection};

/// A captured picture. The browser may end it by itself: a camera is unplugged, a shared screen is withdrawn.
pub(super) struct Take {
    captured: Captured,
    _ended: Option<Listener>,
}

#[derive(Clone, Copy)]
pub(crate) struct Desk {
    /// Where the picture comes from; nothing until it has been chosen.
    pub(super) source: RwSignal<Option<Source>>,
    pub(super) camera: RwSignal<Option<String>>,
    pub(super) microphone: RwSignal<Option<String>>,
    pub(super) devices: RwSignal<Devices>,
    take: Slot<Take>,
    /// Counts the takes, for what has to follow them.
    pub(super) n_takes: RwSignal<u32>,
    /// Whether the browser is asking the user.
    pub(super) is_asking: RwSignal<bool>,
    pub(super) is_on_air: RwSignal<bool>,
    pub(super) was_on_air: RwSignal<bool>,
    pub(super) progress: RwSignal<Option<Progress>>,
    /// A sentence on what went wrong.
    pub(super) problem: RwSignal<Option<String>>,
    connection: Slot<RtcPeerConnection>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let desk = Self {
            source: RwSignal::new(None),
            camera: RwSignal::new(None),
            microphone: RwSignal::new(None),
            devices: RwSignal::new(Devices::default()),
            take: Slot::new(),
            n_takes: RwSignal::new(0),
            is_asking: RwSignal::new(false),
            is_on_air: RwSignal::new(false),
            was_on_air: RwSignal::new(false),
            progress: RwSignal::new(None),
            problem: RwSignal::new(None),
            connection: Slot::new(),
        };
        on_cleanup(move || desk.take.set(None));
        desk
    }

    /// The picture as it is now.
    pub(super) fn picture(self) -> Option<MediaStream> {
        self.take.get().map(|take| take.captured.stream().clone())
    }

    pub(super) fn has_sound(self) -> bool {
        self.take.get().is_some_and(|take| take.captured.has_sound())
    }

    /// Shows another picture; on air it takes the place of the former one at once.
    pub(super) fn choose(self, source: Source) {
        spawn_local(self.shoot(source));
    }

    /// Sends the picture under the title that stands in the form. Without a picture, that of the camera.
    pub(super) fn go_live(self, draft: Draft) {
        spawn_local(async move {
            self.is_asking.set(true);
            let saved = draft.save().await;
            self.is_asking.try_set(false);
            if let Err(error) = saved {
                self.problem.try_set(Some(error.to_string()));
                return;
            }
            if self.picture().is_none() {
                self.shoot(Source::Camera).await;
            }
            if self.picture().is_some() {
                self.problem.try_set(None);
                self.is_on_air.try_set(true);
            }
        });
    }

    pub(super) fn end(self) {
        self.is_on_air.try_set(false);
        self.progress.try_set(None);
    }

    /// Remembers the open connection, so that a change of the picture can be sent over it.
    pub(super) fn hold(self, connection: Option<RtcPeerConnection>) {
        self.connection.set(connection);
    }

    async fn shoot(self, source: Source) {
        let former = self.source.try_get_untracked().flatten();
        self.is_asking.try_set(true);
        self.problem.try_set(None);
        self.source.try_set(Some(source));
        let camera = self.camera.try_get_untracked().flatten();
        let microphone = self.microphone.try_get_untracked().flatten();
        let captured = capture(&Choice { source, camera, microphone }).await;
        // The page may have been left meanwhile: then the capture is dropped, and the camera with it.
        let Some(()) = self.is_asking.try_update(|is_asking| *is_asking = false) else { return };
        match captured {
            Ok(captured) => {
                self.keep(captured);
                let found = devices().await;
                self.devices.try_set(found);
                if let (Some(connection), Some(picture)) = (self.connection.get(), self.picture()) {
                    replace(&connection, &picture).await;
                }
            }
            Err(problem) => {
                // A screen that was not picked leaves the camera as it is.
                self.source.set(former.filter(|_| self.picture().is_some()));
                self.problem.set(Some(problem.to_string()));
            }
        }
    }

    fn keep(self, captured: Captured) {
        let ended = captured.picture().map(|track| Listener::new(&track, "ended", move |_event| self.lose_picture()));
        self.take.set(Some(Take { captured, _ended: ended }));
        self.n_takes.update(|n| *n += 1);
    }

    fn lose_picture(self) {
        let lost = match self.source.get_untracked() {
            Some(Source::Screen) => "The screen is no longer shared. Choose a picture to go on.",
            _ => "The camera is gone. Connect it again, or choose another picture.",
        };
        self.take.set(None);
        self.source.set(None);
        self.n_takes.update(|n| *n += 1);
        self.problem.set(Some(lost.to_owned()));
    }
}
