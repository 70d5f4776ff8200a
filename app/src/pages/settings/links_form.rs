//! Links to other networks, in an order of one's own: by the mouse, and by buttons for the keyboard and for fingers.

use super::saved::{SavedNotice, UnsavedHint};
use crate::{
    api::profiles::UpdateSocialLinks,
    components::{
        button::SubmitButton,
        form_state::{FormProblem, FormState},
        page_icons::{PageIcon, PageShape, network_shape},
    },
    document,
    state::use_toasts,
};
use domain::social::{Network, SocialLink, in_order, parse_links};
use leptos::{ev::DragEvent, form::ActionForm, prelude::*};

const FIELDS: &[&str] = &["github", "youtube", "linkedin", "instagram", "x", "facebook"];

type Typed = Vec<(Network, String)>;

/// The links as they stand in the form, saved or not.
#[derive(Clone, Copy)]
pub(super) struct LinksDraft {
    typed: RwSignal<Typed>,
    saved: RwSignal<Typed>,
}

impl LinksDraft {
    pub(super) fn new(links: &[SocialLink]) -> Self {
        let order: Vec<&str> = links.iter().map(|link| link.network.slug()).collect();
        let typed = in_order(&order.join(",")).into_iter().map(|network| {
            let link = links.iter().find(|link| link.network == network);
            (network, link.map(|link| link.shown().to_owned()).unwrap_or_default())
        });
        let typed: Typed = typed.collect();
        Self { saved: RwSignal::new(typed.clone()), typed: RwSignal::new(typed) }
    }

    pub(super) fn is_dirty(self) -> Signal<bool> {
        Signal::derive(move || self.typed.with(|typed| self.saved.with(|saved| typed != saved)))
    }

    fn note_saved(self) {
        self.saved.set(self.typed.get_untracked());
    }

    fn networks(self) -> Vec<Network> {
        self.typed.with(|typed| typed.iter().map(|(network, _)| *network).collect())
    }

    fn order(self) -> String {
        self.networks().iter().map(|network| network.slug()).collect::<Vec<_>>().join(",")
    }

    fn value(self, network: Network) -> String {
        self.typed.with_untracked(|typed| {
            typed.iter().find(|(other, _)| *other == network).map(|(_, text)| text.clone()).unwrap_or_default()
        })
    }

    fn set(self, network: Network, text: String) {
        self.typed.update(|typed| {
            if let Some(field) = typed.iter_mut().find(|(other, _)| *other == network) {
                field.1 = text;
            }
        });
    }

    /// Puts a link where another is. Answers its new place, counted from 1.
    fn move_to(self, network: Network, place: usize) -> Option<usize> {
        let mut moved_to = None;
        self.typed.update(|typed| {
            let from = typed.iter().position(|(other, _)| *other == network);
            if let Some(from) = from.filter(|from| *from != place && place < typed.len()) {
                let link = typed.remove(from);
                typed.insert(place, link);
                moved_to = Some(place + 1);
            }
        });
        moved_to
    }

    fn place(self, network: Network) -> Option<usize> {
        self.typed.with(|typed| typed.iter().position(|(other, _)| *other == network))
    }
}

#[component]
pub(super) fn LinksForm(draft: LinksDraft) -> impl IntoView {
    let update = ServerAction::<UpdateSocialLinks>::new();
    let state = FormState::new("links", FIELDS, update);
    let toasts = use_toasts();
    Effect::new(move || {
        if update.value().with(|value| matches!(value, Some(Ok(())))) {
            draft.note_saved();
            toasts.done("Your links are saved.");
        }
    });
    let check = move |event| {
        state.check(&event, |typed| parse_links(&typed.value("order"), |network| typed.value(network.slug())).map(drop));
    };
    let (dragged, news) = (RwSignal::new(None::<Network>), RwSignal::new(String::new()));
    view! {
        <SavedNotice what="links" text="Your links are saved."/>
        <ActionForm action=update on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <input type="hidden" name="order" value=draft.order() prop:value=move || draft.order()/>
            <ul class="links">
                <For each=move || draft.networks() key=|network| *network let(network)>
                    <LinkRow state draft network dragged news/>
                </For>
            </ul>
            <p class="only-heard" role="status">{move || news.get()}</p>
            <div class="form-foot">
                <SubmitButton is_pending=state.is_pending label="Save links"/>
                <UnsavedHint is_dirty=draft.is_dirty()/>
            </div>
        </ActionForm>
    }
}

/// One network: its handle, its field and its arrows.
#[component]
fn LinkRow(
    state: FormState,
    draft: LinksDraft,
    network: Network,
    dragged: RwSignal<Option<Network>>,
    /// What a screen reader is told when something moved.
    news: RwSignal<String>,
) -> impl IntoView {
    let (slug, problem) = (network.slug(), state.problem(network.slug()));
    let (id, problem_id) = (state.id(slug), format!("{}-problem", state.id(slug)));
    let drag_over = move |event: DragEvent| {
        let Some(other) = dragged.get_untracked() else { return };
        event.prevent_default();
        if other != network
            && let Some(place) = draft.place(network)
        {
            draft.move_to(other, place);
        }
    };
    view! {
        <li class="link-row" class:is-dragged=move || dragged.get() == Some(network) on:dragover=drag_over on:drop=|event| event.prevent_default()>
            <span
                class="link-grip needs-script"
                draggable="true"
                aria-hidden="true"
                on:dragstart=move |_| dragged.set(Some(network))
                on:dragend=move |_| dragged.set(None)
            >
                <PageIcon shape=PageShape::Grip/>
            </span>
            <label class="link-label" for=id.clone()>
                <PageIcon shape=network_shape(network)/>
                {network.label()}
            </label>
            <input
                class="field-input link-input"
                id=id
                name=slug
                type="text"
                inputmode="url"
                autocapitalize="none"
                autocomplete="off"
                spellcheck="false"
                placeholder=network.example()
                maxlength=SocialLink::MAX.to_string()
                value=draft.value(network)
                aria-describedby=problem_id.clone()
                aria-invalid=move || problem.with(|problem| problem.is_some().then_some("true"))
                on:input=move |event| draft.set(network, event_target_value(&event))
            />
            <Arrow draft network news is_up=true/>
            <Arrow draft network news is_up=false/>
            <p class="field-problem" id=problem_id>{move || problem.get()}</p>
        </li>
    }
}

/// Moves a link by one place. At the end of the way it stays, so that the focus does too.
#[component]
fn Arrow(draft: LinksDraft, network: Network, news: RwSignal<String>, is_up: bool) -> impl IntoView {
    let (way, shape) = if is_up { ("up", PageShape::ChevronUp) } else { ("down", PageShape::ChevronDown) };
    let id = format!("links-{network}-{way}");
    let target = move || {
        let place = draft.place(network)?;
        if is_up { place.checked_sub(1) } else { Some(place + 1).filter(|place| *place < Network::ALL.len()) }
    };
    let step = {
        let id = id.clone();
        move |_| {
            if let Some(place) = target().and_then(|place| draft.move_to(network, place)) {
                news.set(format!("{} is number {place} of {}.", network.label(), Network::ALL.len()));
                let id = id.clone();
                // A row that moves in the page loses the focus.
                let _is_asked = request_animation_frame(move || document::focus(&id, false));
            }
        }
    };
    view! {
        <button
            type="button"
            class="button-icon needs-script"
            id=id
            aria-label=format!("Move {} {way}", network.label())
            aria-disabled=move || target().is_none().then_some("true")
            on:click=step
        >
            <PageIcon shape/>
        </button>
    }
}
