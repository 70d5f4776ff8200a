//! Going live from the browser: choose a picture, look at it, send it.

mod desk;
pub mod draft;
pub mod encoder;
mod frames;
mod microphone;
mod preview;
pub mod share;
mod sources;
mod stage;
pub mod stream_form;
mod stream_key;

use crate::{
    components::{
        icons::{Icon, Shape},
        leave_guard::hold_while,
        live_badge::ViewerCount,
    },
    media::publish::{Progress, publish},
};
use desk::Desk;
use domain::channel::ChannelPage;
use draft::Draft;
use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};
use microphone::MicrophoneLevel;
use preview::Preview;
use sources::Sources;
use stage::Stage;

/// The picture, where it comes from, and the button that sends it.
#[component]
pub fn Studio(channel: Signal<ChannelPage>, draft: Draft) -> impl IntoView {
    let desk = Desk::new();
    let signal = Memo::new(move |_| channel.with(|channel| channel.live.as_ref().map(|live| live.signal)));
    let stage = Memo::new(move |_| Stage::of(desk.progress.get(), desk.was_on_air.get(), signal.get()));
    send_while_on_air(desk);
    hold_while(desk.is_on_air.into(), "You are live. Leaving this page ends your stream. Leave?");
    let video = NodeRef::new();
    frames::send_while_live(desk, video, signal);
    view! {
        <section class="studio" data-state=move || stage.get().name() aria-label="Studio">
            <Preview desk video/>
            <StageLine desk draft stage channel/>
            <p class="notice notice-problem" role="alert" hidden=move || desk.problem.with(Option::is_none)>
                {move || desk.problem.get()}
            </p>
            <Sources desk/>
            <MicrophoneLevel desk/>
        </section>
    }
}

/// What is going on, how many watch, and the one button that matters.
#[component]
fn StageLine(desk: Desk, draft: Draft, stage: Memo<Stage>, channel: Signal<ChannelPage>) -> impl IntoView {
    let viewers = Signal::derive(move || channel.with(|channel| channel.live.as_ref().map_or(0, |live| live.viewers)));
    let is_elsewhere = move || stage.get() == Stage::Live && !desk.is_on_air.get();
    view! {
        <div class="studio-line">
            <p class="studio-stage" role="status">
                <span class="studio-dot" aria-hidden="true"></span>
                {move || stage.get().words()}
            </p>
            <ViewerCount viewers/>
            <span class="studio-hint">{move || is_elsewhere().then_some("Sent by an encoder or another window.")}</span>
            {move || {
                if desk.is_on_air.get() {
                    view! {
                        <button type="button" class="button button-danger" on:click=move |_| desk.end()>"End stream"</button>
                    }
                    .into_any()
                } else {
                    view! {
                        <button
                            type="button"
                            class="button button-primary needs-script"
                            disabled=move || desk.is_asking.get()
                            on:click=move |_| desk.go_live(draft)
                        >
                            <Icon shape=Shape::Radio/>
                            " Go live"
                        </button>
                    }
                    .into_any()
                }
            }}
        </div>
        <noscript>"Going live from the browser needs JavaScript. With an encoder it does not."</noscript>
    }
}

/// Publishes from "Go live" to "End stream". What ends the effect ends the broadcast: the button, or leaving the page.
fn send_while_on_air(desk: Desk) {
    Effect::new(move || {
        if !desk.is_on_air.get() {
            return;
        }
        spawn_local_scoped_with_cancellation(async move {
            let tell = |progress| {
                desk.progress.try_set(Some(progress));
                if progress == Progress::Sending {
                    desk.was_on_air.try_set(true);
                }
            };
            let refusal = publish(move || desk.picture(), tell, move |connection| desk.hold(connection)).await;
            desk.problem.try_set(Some(refusal.message));
            desk.end();
        });
    });
}
