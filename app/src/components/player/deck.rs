//! The player's picture and sound, and what can be done to them.

use super::{keys::Command, mini::Sound};
use crate::{
    document, dom,
    media::watch::Link,
    state::{THEATRE_COOKIE, use_session},
};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlVideoElement;

/// Where this browser keeps the volume.
const VOLUME_KEY: &str = "player-volume";
/// The loudest, in percent.
const FULL_VOLUME: u32 = 100;
/// How much an arrow key changes the volume, in percent.
const VOLUME_STEP: u32 = 10;

/// The state of one player. Everything that acts on it does so in the browser only.
#[derive(Clone, Copy)]
pub(crate) struct Deck {
    pub(crate) frame: NodeRef<html::Div>,
    pub(crate) video: NodeRef<html::Video>,
    pub(crate) key_list: NodeRef<html::Dialog>,
    pub(crate) link: RwSignal<Link>,
    pub(crate) is_muted: RwSignal<bool>,
    /// In percent.
    pub(crate) volume: RwSignal<u32>,
    pub(crate) is_paused: RwSignal<bool>,
    /// Whether the browser can show the picture in a window of its own.
    pub(crate) can_float: RwSignal<bool>,
    /// Whether the player is as wide as the page.
    pub(crate) is_theatre: RwSignal<bool>,
}

impl Deck {
    pub(crate) fn new() -> Self {
        Self {
            frame: NodeRef::new(),
            video: NodeRef::new(),
            key_list: NodeRef::new(),
            link: RwSignal::new(Link::Joining),
            // With sound no browser would let it play before a click.
            is_muted: RwSignal::new(true),
            volume: RwSignal::new(FULL_VOLUME),
            is_paused: RwSignal::new(false),
            can_float: RwSignal::new(false),
            is_theatre: use_session().is_theatre,
        }
    }

    /// Finds out what the browser can do and what it remembers.
    pub(crate) fn prepare(self) {
        if let Some(volume) = dom::remembered(VOLUME_KEY).and_then(|volume| volume.parse::<u32>().ok()) {
            self.volume.set(volume.min(FULL_VOLUME));
        }
        let document = web_sys::window().and_then(|window| window.document());
        let can_float = document.and_then(|document| dom::property(&document, "pictureInPictureEnabled"));
        self.can_float.set(can_float.is_some_and(|can_float| can_float.is_truthy()));
    }

    /// Makes the element as loud as the settings say.
    pub(crate) fn apply_sound(self) {
        let (is_muted, volume) = (self.is_muted.get(), self.volume.get());
        if let Some(video) = self.video.get() {
            video.set_muted(is_muted);
            video.set_volume(f64::from(volume) / f64::from(FULL_VOLUME));
        }
    }

    pub(crate) fn perform(self, command: Command) {
        match command {
            Command::TogglePlay => self.toggle_play(),
            Command::ToggleSound => self.set_sound(self.is_muted.get_untracked()),
            Command::ToggleFullScreen => self.toggle_full_screen(),
            Command::TogglePictureInPicture => self.toggle_picture_in_picture(),
            Command::ToggleTheatre => self.toggle_theatre(),
            Command::Louder => self.set_volume(self.volume.get_untracked() + VOLUME_STEP),
            Command::Softer => self.set_volume(self.volume.get_untracked().saturating_sub(VOLUME_STEP)),
            Command::ShowKeys => self.show_keys(),
        }
    }

    pub(crate) fn set_sound(self, is_on: bool) {
        self.is_muted.set(!is_on);
        if is_on && self.volume.get_untracked() == 0 {
            self.set_volume(FULL_VOLUME / 2);
        }
    }

    /// Sets the volume. Who turns it up wants to hear something.
    pub(crate) fn set_volume(self, volume: u32) {
        let volume = volume.min(FULL_VOLUME);
        self.volume.set(volume);
        self.is_muted.set(volume == 0);
        dom::remember(VOLUME_KEY, &volume.to_string());
    }

    /// How loud it is.
    pub(super) fn sound(self) -> Sound {
        let volume = self.volume.try_get_untracked().unwrap_or(FULL_VOLUME);
        let is_muted = self.is_muted.try_get_untracked().unwrap_or(true);
        Sound { is_muted, volume: f64::from(volume) / f64::from(FULL_VOLUME) }
    }

    /// Shows that a stream goes on which played elsewhere on the page before.
    pub(super) fn resume(self, is_muted: bool) {
        self.is_muted.set(is_muted);
        self.link.set(Link::Playing);
    }

    fn toggle_play(self) {
        let Some(video) = self.video.get_untracked() else { return };
        if video.paused() {
            play(&video);
        } else {
            // The element says "pause", which sets the state. A live stream goes on at its present moment.
            let _is_paused = video.pause();
        }
    }

    fn toggle_full_screen(self) {
        let (Some(frame), Some(video)) = (self.frame.get_untracked(), self.video.get_untracked()) else { return };
        let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
        if document.fullscreen_element().is_some() {
            document.exit_fullscreen();
        } else if dom::method(&frame, "requestFullscreen").is_some() {
            let _is_asked = frame.request_fullscreen();
        } else if let Some(enter) = dom::method(&video, "webkitEnterFullscreen") {
            // Phones by Apple show only the picture itself in full screen.
            let _is_asked = enter.call0(&video);
        }
    }

    fn toggle_theatre(self) {
        self.is_theatre.update(|is_theatre| *is_theatre = !*is_theatre);
        document::keep_setting(THEATRE_COOKIE, if self.is_theatre.get_untracked() { "on" } else { "off" });
    }

    fn toggle_picture_in_picture(self) {
        let Some(video) = self.video.get_untracked().filter(|_| self.can_float.get_untracked()) else { return };
        let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
        let is_floating = dom::property(&document, "pictureInPictureElement").is_some();
        let toggled = if is_floating {
            dom::method(&document, "exitPictureInPicture").map(|exit| exit.call0(&document))
        } else {
            dom::method(&video, "requestPictureInPicture").map(|request| request.call0(&video))
        };
        if let Some(promise) = toggled.and_then(Result::ok).and_then(|promise| promise.dyn_into().ok()) {
            dom::let_run(promise);
        }
    }

    fn show_keys(self) {
        if let Some(dialog) = self.key_list.get_untracked() {
            let _is_shown = dialog.show_modal();
        }
    }
}

/// Plays, if the browser lets us.
pub(crate) fn play(video: &HtmlVideoElement) {
    if let Ok(playing) = video.play() {
        dom::let_run(playing);
    }
}
