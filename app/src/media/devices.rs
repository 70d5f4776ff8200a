//! The cameras and microphones that can be chosen from.

use super::capture::media_devices;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MediaDeviceInfo, MediaDeviceKind};

/// A camera or a microphone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Devices {
    pub(crate) cameras: Vec<Device>,
    pub(crate) microphones: Vec<Device>,
}

/// What is connected. Browsers tell names only to a page that was allowed to use one of them.
pub(crate) async fn devices() -> Devices {
    let mut found = Devices::default();
    let Some(promise) = media_devices().ok().and_then(|devices| devices.enumerate_devices().ok()) else { return found };
    let Ok(list) = JsFuture::from(promise).await else { return found };
    for info in js_sys::Array::from(&list).iter().map(JsCast::unchecked_into::<MediaDeviceInfo>) {
        let (list, fallback) = match info.kind() {
            MediaDeviceKind::Videoinput => (&mut found.cameras, "Camera"),
            MediaDeviceKind::Audioinput => (&mut found.microphones, "Microphone"),
            _ => continue,
        };
        let name = Some(info.label()).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("{fallback} {}", list.len() + 1));
        list.push(Device { id: info.device_id(), name });
    }
    found
}
