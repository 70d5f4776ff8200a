//! Camera, screen and microphone.

use crate::dom;
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DisplayMediaStreamConstraints, MediaDevices, MediaStream, MediaStreamConstraints, MediaStreamTrack};

/// Where the picture comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Camera,
    Screen,
}

/// What to capture. A device that is not named is the browser's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) source: Source,
    pub(crate) camera: Option<String>,
    pub(crate) microphone: Option<String>,
}

/// Why there is no picture. The text is for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error(
        "The browser gives out camera and screen only over https or on this very computer. Open this page by its https address."
    )]
    Insecure,
    #[error(
        "The browser was not allowed to use it. Allow camera and microphone for this page, next to its address, and try again."
    )]
    NotAllowed,
    #[error("No camera was found. Connect one, or share your screen.")]
    NoDevice,
    #[error("Another program is using the camera or the microphone. Close it and try again.")]
    InUse,
    #[error("This browser cannot share the screen.")]
    Unsupported,
    #[error("The camera could not be started. Try another one.")]
    Other,
}

impl Problem {
    /// Reads the name that the browser gives the failure.
    fn from_name(name: &str) -> Self {
        match name {
            "NotAllowedError" | "SecurityError" => Self::NotAllowed,
            "NotFoundError" | "OverconstrainedError" => Self::NoDevice,
            "NotReadableError" | "AbortError" => Self::InUse,
            "NotSupportedError" | "TypeError" => Self::Unsupported,
            _ => Self::Other,
        }
    }

    fn from_js(error: &JsValue) -> Self {
        Self::from_name(&dom::property(error, "name").and_then(|name| name.as_string()).unwrap_or_default())
    }
}

/// A picture, and sound if there is any. Camera and microphone are let go when it is dropped.
pub(crate) struct Captured {
    stream: MediaStream,
}

impl Captured {
    pub(crate) fn stream(&self) -> &MediaStream {
        &self.stream
    }

    pub(crate) fn picture(&self) -> Option<MediaStreamTrack> {
        self.stream.get_video_tracks().get(0).dyn_into().ok()
    }

    pub(crate) fn has_sound(&self) -> bool {
        self.stream.get_audio_tracks().length() > 0
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        tracks(&self.stream.get_tracks()).for_each(|track| track.stop());
    }
}

/// Asks for what was chosen. The browser may ask the user, who may say no.
pub(crate) async fn capture(choice: &Choice) -> Result<Captured, Problem> {
    let devices = media_devices()?;
    match choice.source {
        Source::Camera => camera(&devices, choice).await,
        Source::Screen => screen(&devices, choice).await,
    }
}

/// The browser's devices. They are hidden from pages that others could have changed on the way.
pub(super) fn media_devices() -> Result<MediaDevices, Problem> {
    let navigator = web_sys::window().ok_or(Problem::Other)?.navigator();
    dom::property(&navigator, "mediaDevices").map(JsCast::unchecked_into).ok_or(Problem::Insecure)
}

async fn camera(devices: &MediaDevices, choice: &Choice) -> Result<Captured, Problem> {
    let picture = video_constraints(choice.camera.as_deref());
    match user_media(devices, Some(&picture), Some(&audio_constraints(choice.microphone.as_deref()))).await {
        // No microphone is no reason to do without the picture.
        Err(Problem::NoDevice) => user_media(devices, Some(&picture), None).await.map(|stream| Captured { stream }),
        result => result.map(|stream| Captured { stream }),
    }
}

/// The screen, with the microphone, or with the sound of the screen where there is no microphone.
async fn screen(devices: &MediaDevices, choice: &Choice) -> Result<Captured, Problem> {
    let constraints = DisplayMediaStreamConstraints::new();
    constraints.set_video(&parsed(r#"{"width":{"max":1920},"height":{"max":1080},"frameRate":{"ideal":30,"max":30}}"#));
    constraints.set_audio_bool(true);
    if dom::method(devices, "getDisplayMedia").is_none() {
        return Err(Problem::Unsupported);
    }
    let screen = Captured { stream: resolved(devices.get_display_media_with_constraints(&constraints)).await? };
    if let Some(picture) = screen.picture() {
        // Asks the encoder to keep text sharp rather than motion smooth.
        dom::set_property(&picture, "contentHint", "detail");
    }
    if let Ok(microphone) = user_media(devices, None, Some(&audio_constraints(choice.microphone.as_deref()))).await {
        for track in tracks(&screen.stream.get_audio_tracks()) {
            track.stop();
            screen.stream.remove_track(&track);
        }
        tracks(&microphone.get_audio_tracks()).for_each(|track| screen.stream.add_track(&track));
    }
    Ok(screen)
}

fn tracks(list: &js_sys::Array) -> impl Iterator<Item = MediaStreamTrack> {
    list.iter().filter_map(|track| track.dyn_into().ok())
}

async fn user_media(devices: &MediaDevices, video: Option<&JsValue>, audio: Option<&JsValue>) -> Result<MediaStream, Problem> {
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(video.unwrap_or(&JsValue::FALSE));
    constraints.set_audio(audio.unwrap_or(&JsValue::FALSE));
    resolved(devices.get_user_media_with_constraints(&constraints)).await
}

async fn resolved(promise: Result<Promise, JsValue>) -> Result<MediaStream, Problem> {
    let stream = JsFuture::from(promise.map_err(|error| Problem::from_js(&error))?).await;
    stream.map(JsCast::unchecked_into).map_err(|error| Problem::from_js(&error))
}

/// 720p at 30 frames a second.
fn video_constraints(device: Option<&str>) -> JsValue {
    let size = r#""width":{"ideal":1280},"height":{"ideal":720},"frameRate":{"ideal":30,"max":30}"#;
    parsed(&format!("{{{size}{}}}", chosen(device)))
}

fn audio_constraints(device: Option<&str>) -> JsValue {
    let speech = r#""echoCancellation":true,"noiseSuppression":true,"autoGainControl":true"#;
    parsed(&format!("{{{speech}{}}}", chosen(device)))
}

/// "ideal", so that a device that was unplugged in the meantime is replaced by another.
fn chosen(device: Option<&str>) -> String {
    let id = device.and_then(|id| serde_json::to_string(id).ok());
    id.map(|id| format!(r#","deviceId":{{"ideal":{id}}}"#)).unwrap_or_default()
}

fn parsed(json: &str) -> JsValue {
    js_sys::JSON::parse(json).unwrap_or(JsValue::TRUE)
}

#[cfg(test)]
mod tests {
    use super::{Problem, chosen};

    #[test]
    fn a_chosen_device_is_quoted() {
        assert_eq!(chosen(None), "");
        assert_eq!(chosen(Some("a\"b")), r#","deviceId":{"ideal":"a\"b"}"#);
    }

    #[test]
    fn every_failure_has_a_sentence() {
        for (name, problem) in [
            ("NotAllowedError", Problem::NotAllowed),
            ("NotFoundError", Problem::NoDevice),
            ("NotReadableError", Problem::InUse),
            ("TypeError", Problem::Unsupported),
            ("", Problem::Other),
        ] {
            assert_eq!(Problem::from_name(name), problem);
            assert!(problem.to_string().ends_with('.'));
        }
    }
}
