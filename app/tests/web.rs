//! What only a browser can prove: that the event connection patches the page, survives a loss, ends with the page, and is
//! shared with the other pages of the browser.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use app::{
    realtime::{provide_realtime, use_realtime},
    stream_list::use_stream_list,
};
use domain::{
    Category, Timestamp,
    event::{Event, Heartbeat, Position, Topic, TopicSequence, Update},
    stream::{self, CategoryRow, Live, StreamCard, StreamScope, StreamSnapshot},
};
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Stands in for the browser's `EventSource`: it keeps every connection, and says what the test wants it to.
#[wasm_bindgen(inline_js = "
export function replaceEventSource() {
  window.connections = [];
  window.EventSource = class extends EventTarget {
    constructor(url) { super(); this.url = url; window.connections.push(this); }
    close() { this.isClosed = true; }
  };
}
export const addresses = () => window.connections.map((connection) => connection.url);
export const nOpen = () => window.connections.filter((connection) => !connection.isClosed).length;
export function say(kind, data, lastEventId) {
  window.connections.at(-1).dispatchEvent(new MessageEvent(kind, { data, lastEventId }));
}
export const fail = () => window.connections.at(-1).dispatchEvent(new Event('error'));
export const hideLocks = () => Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
export const showLocks = () => delete navigator.locks;
export function openTab(name, words) {
  window.tab = document.body.appendChild(document.createElement('iframe'));
  const { navigator, BroadcastChannel } = window.tab.contentWindow;
  navigator.locks.request(name, () => {});
  new BroadcastChannel(name).postMessage(words);
}
export const crashTab = () => window.tab.remove();
const clock = Date.now;
export function sleep(millis) {
  Date.now = () => clock() + millis;
  document.dispatchEvent(new Event('visibilitychange'));
}
export const wake = () => { Date.now = clock; };
export const wait = (millis) => new Promise((done) => setTimeout(done, millis));
")]
extern "C" {
    #[wasm_bindgen(js_name = replaceEventSource)]
    fn replace_event_source();
    fn addresses() -> Vec<String>;
    #[wasm_bindgen(js_name = nOpen)]
    fn n_open() -> u32;
    fn say(kind: &str, data: &str, last_event_id: &str);
    fn fail();
    #[wasm_bindgen(js_name = hideLocks)]
    fn hide_locks();
    #[wasm_bindgen(js_name = showLocks)]
    fn show_locks();
    /// A tab that says only this.
    #[wasm_bindgen(js_name = openTab)]
    fn open_tab(name: &str, words: &str);
    #[wasm_bindgen(js_name = crashTab)]
    fn crash_tab();
    /// The page is looked at, so many milliseconds later than it seems.
    fn sleep(millis: u32);
    /// The clock goes right again.
    fn wake();
    async fn wait(millis: u32) -> JsValue;
}

fn at(sequence: u64) -> Position {
    Position { epoch: 1, sequence }
}

fn snapshot() -> StreamSnapshot {
    let rows = Category::ALL.map(|category| CategoryRow { category, total: 0, streams: Vec::new() });
    StreamSnapshot { position: at(7), rows: rows.to_vec(), hero: None, upcoming: Vec::new() }
}

fn card(title: &str) -> StreamCard {
    StreamCard {
        channel: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
        username: "ana".parse().unwrap(),
        display_name: "Ana".to_owned(),
        title: title.to_owned(),
        category: Category::Study,
        avatar: None,
        cover: None,
        live: Live {
            broadcast: "00000000-0000-0000-0000-000000000002".parse().unwrap(),
            started_at: Timestamp(0),
            signal: stream::Signal::Live,
            viewers: 0,
        },
    }
}

fn topics(sequence: u64) -> Vec<TopicSequence> {
    vec![TopicSequence { topic: Topic::Streams, sequence }]
}

/// The server greets: the topic stands at `sequence`.
fn greet(sequence: u64) {
    let heartbeat = Heartbeat { position: at(7), topics: topics(sequence) };
    say("heartbeat", &serde_json::to_string(&heartbeat).unwrap(), "");
}

fn publish(position: u64, sequence: u64, event: Event) {
    let update = Update { topics: topics(sequence), event };
    say("message", &serde_json::to_string(&update).unwrap(), &at(position).to_string());
}

/// A page with two lists of all live streams and the state of the connection, after it has connected. It is there until
/// the handle is dropped.
async fn page() -> (web_sys::HtmlElement, impl Drop) {
    replace_event_source();
    let page = open_page();
    until(|| n_open() == 1).await;
    page
}

/// The same beside the pages that are there.
fn open_page() -> (web_sys::HtmlElement, impl Drop) {
    let document = web_sys::window().unwrap().document().unwrap();
    let root: web_sys::HtmlElement = document.create_element("div").unwrap().unchecked_into();
    document.body().unwrap().append_child(&root).unwrap();
    let handle = mount_to(root.clone(), || {
        provide_realtime();
        let status = use_realtime().status();
        let titles = move |list: Signal<StreamSnapshot>| {
            move || {
                list.with(|list| {
                    list.rows.iter().flat_map(|row| &row.streams).map(|card| card.title.clone()).collect::<Vec<_>>().join(",")
                })
            }
        };
        let (first, second) = (use_stream_list(snapshot(), StreamScope::Home), use_stream_list(snapshot(), StreamScope::Home));
        view! { {titles(first)} "|" {titles(second)} "|" {move || format!("{:?}", status.get())} }
    });
    (root, handle)
}

/// Waits for a state. A test that waits for what does not come ends with the browser's patience.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        wait(5).await;
    }
}

fn text(root: &web_sys::HtmlElement) -> String {
    root.text_content().unwrap_or_default()
}

#[wasm_bindgen_test]
async fn events_patch_the_page_over_one_connection() {
    let (root, _page) = page().await;
    assert_eq!(text(&root), "||Waiting");
    assert_eq!(addresses(), ["/api/stream-updates?topics=streams&after=0000000000000001:7&build="]);
    greet(3);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    wait(50).await;
    assert_eq!(text(&root), "Ownership|Ownership|Live");
    let renamed = Event::StreamUpdated { stream: card("Lifetimes"), previous_category: Category::Study };
    publish(12, 5, renamed);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    wait(50).await;
    assert_eq!(text(&root), "Lifetimes|Lifetimes|Live", "what came twice is taken once");
    assert_eq!(n_open(), 1);
}

#[wasm_bindgen_test]
async fn a_lost_connection_goes_on_where_it_was() {
    let (root, _page) = page().await;
    greet(3);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    fail();
    until(|| text(&root).ends_with("Reconnecting")).await;
    until(|| n_open() == 1).await;
    let addresses = addresses();
    assert_eq!(addresses.len(), 2);
    assert!(addresses[1].ends_with("&after=0000000000000001:9&build="), "{addresses:?}");
    assert_eq!(n_open(), 1);
    greet(4);
    wait(50).await;
    assert_eq!(text(&root), "Ownership|Ownership|Live");
}

/// F45: when the machine slept the connection is dead, and nothing says so.
#[wasm_bindgen_test]
async fn a_page_that_wakes_up_connects_anew_at_once() {
    let (root, _page) = page().await;
    greet(3);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    until(|| text(&root) == "Ownership|Ownership|Live").await;
    sleep(10_000);
    wait(200).await;
    assert_eq!((addresses().len(), n_open()), (1, 1), "that is no longer than between two heartbeats");
    sleep(30_000);
    until(|| addresses().len() == 2 && n_open() == 1).await;
    wake();
    assert!(addresses()[1].ends_with("&after=0000000000000001:9&build="), "{:?}", addresses());
    greet(4);
    publish(12, 5, Event::StreamUpdated { stream: card("Lifetimes"), previous_category: Category::Study });
    until(|| text(&root) == "Lifetimes|Lifetimes|Live").await;
}

#[wasm_bindgen_test]
async fn what_cannot_be_read_is_passed_over() {
    let (root, _page) = page().await;
    greet(3);
    say("message", "not json", "0000000000000001:8");
    say("message", r#"{"topics":[],"event":{"kind":"of_a_newer_server"}}"#, "0000000000000001:8");
    say("heartbeat", "{}", "");
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    wait(50).await;
    assert_eq!(text(&root), "Ownership|Ownership|Live");
}

#[wasm_bindgen_test]
async fn a_page_that_is_gone_hears_nothing() {
    let (root, page) = page().await;
    greet(3);
    drop(page);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    wait(50).await;
    assert!(!text(&root).contains("Ownership"));
}

#[wasm_bindgen_test]
async fn pages_share_a_connection_and_pass_it_on() {
    let (first_root, first) = page().await;
    greet(3);
    let (second_root, _second) = open_page();
    // The first page connects anew, for both.
    until(|| addresses().len() == 2 && n_open() == 1).await;
    greet(3);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    until(|| text(&first_root) == "Ownership|Ownership|Live" && text(&second_root) == "Ownership|Ownership|Live").await;

    drop(first);
    until(|| addresses().len() == 3 && n_open() == 1).await;
    assert!(addresses()[2].ends_with("&after=0000000000000001:9&build="), "{:?}", addresses());
    greet(4);
    let renamed = Event::StreamUpdated { stream: card("Lifetimes"), previous_category: Category::Study };
    publish(12, 5, renamed);
    until(|| text(&second_root) == "Lifetimes|Lifetimes|Live").await;
}

#[wasm_bindgen_test]
async fn a_page_is_told_that_the_shared_connection_is_lost() {
    let (_first_root, _first) = page().await;
    greet(3);
    let (second_root, _second) = open_page();
    until(|| addresses().len() == 2 && n_open() == 1).await;
    greet(3);
    until(|| text(&second_root) == "||Live").await;
    fail();
    until(|| text(&second_root) == "||Reconnecting").await;
    until(|| addresses().len() == 3 && n_open() == 1).await;
    greet(3);
    publish(9, 4, Event::StreamStarted { stream: card("Ownership") });
    until(|| text(&second_root) == "Ownership|Ownership|Live").await;
}

#[wasm_bindgen_test]
async fn what_a_tab_read_that_crashed_is_read_no_more() {
    let (root, _page) = page().await;
    greet(3);
    let channel = Topic::Channel("00000000-0000-0000-0000-000000000001".parse().unwrap());
    open_tab("events  ", &format!("1\nwant\n{}\n{channel}", at(7)));
    until(|| n_open() == 1 && addresses().last().unwrap().contains(&channel.to_string())).await;
    greet(3);
    until(|| text(&root) == "||Live").await;
    crash_tab();
    until(|| n_open() == 1 && !addresses().last().unwrap().contains(&channel.to_string())).await;
    assert!(addresses().last().unwrap().ends_with("?topics=streams&after=0000000000000001:7&build="), "{:?}", addresses());
}

#[wasm_bindgen_test]
async fn where_nothing_can_be_shared_each_page_has_a_connection() {
    hide_locks();
    let (_first_root, _first) = page().await;
    let (_second_root, _second) = open_page();
    until(|| n_open() == 2).await;
    show_locks();
}
