//! The entry point of the WASM bundle: takes over the page that the server rendered.

// A page is one nested type; the default depth is less than the deepest page has.
#![recursion_limit = "512"]

use app::root::{App, announce_history, load_opened_page};
use leptos::{mount::hydrate_from, prelude::document};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Called by the script in the page once the bundle is loaded.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let (Some(body), Some(root)) = (document().body(), document().document_element()) else { return };
    spawn_local(async move {
        load_opened_page().await;
        announce_history();
        hydrate_from(body, App).forget();
        // From here on the page answers to clicks, and what comes comes gently. Tests wait for this.
        let _is_set = root.set_attribute("data-ready", "");
    });
}
