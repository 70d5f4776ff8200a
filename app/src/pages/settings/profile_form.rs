//! Name and bio, with a look at how others will read it.

use super::saved::{SavedNotice, UnsavedHint};
use crate::{
    api::profiles::{UpdateProfile, preview_bio},
    components::{
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
        rich_text::RichTextView,
    },
    state::use_toasts,
};
use domain::profile::{Bio, DisplayName, Profile};
use leptos::{form::ActionForm, prelude::*};

/// The fields as they stand in the form, saved or not.
#[derive(Clone, Copy)]
pub(super) struct ProfileDraft {
    display_name: RwSignal<String>,
    bio: RwSignal<String>,
    saved: RwSignal<(String, String)>,
}

impl ProfileDraft {
    pub(super) fn new(display_name: String, bio: String) -> Self {
        let saved = RwSignal::new((display_name.clone(), bio.clone()));
        Self { display_name: RwSignal::new(display_name), bio: RwSignal::new(bio), saved }
    }

    pub(super) fn is_dirty(self) -> Signal<bool> {
        Signal::derive(move || self.saved.with(|(name, bio)| *name != self.display_name.get() || *bio != self.bio.get()))
    }

    /// The name that others see.
    pub(super) fn name(self) -> String {
        self.saved.with(|(name, _)| name.clone())
    }

    fn note_saved(self) {
        self.saved.set((self.display_name.get_untracked(), self.bio.get_untracked()));
    }
}

#[component]
pub(super) fn ProfileForm(draft: ProfileDraft) -> impl IntoView {
    let update = ServerAction::<UpdateProfile>::new();
    let state = FormState::new("profile", &["display_name", "bio"], update);
    let toasts = use_toasts();
    Effect::new(move || {
        if update.value().with(|value| matches!(value, Some(Ok(())))) {
            draft.note_saved();
            toasts.done("Your profile is saved.");
        }
    });
    let check = move |event| {
        state.check(&event, |typed| Profile::parse(&typed.value("display_name"), &typed.value("bio")).map(drop));
    };
    view! {
        <SavedNotice what="profile" text="Your profile is saved."/>
        <ActionForm action=update on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <TextField
                state
                name="display_name"
                label="Name"
                autocomplete="name"
                hint="What others see. Your username stays as it is."
                value=draft.display_name.get_untracked()
                max_length=DisplayName::MAX
                on:input=move |event| draft.display_name.set(event_target_value(&event))
            />
            <BioField state draft/>
            <div class="form-foot">
                <SubmitButton is_pending=state.is_pending label="Save profile"/>
                <UnsavedHint is_dirty=draft.is_dirty()/>
            </div>
        </ActionForm>
    }
}

/// The words about oneself, how many are left, and how they will look.
#[component]
fn BioField(state: FormState, draft: ProfileDraft) -> impl IntoView {
    let is_previewing = RwSignal::new(false);
    let preview = Action::new(|bio: &String| preview_bio(bio.clone()));
    let toggle = move |_| {
        is_previewing.update(|is_previewing| *is_previewing = !*is_previewing);
        if is_previewing.get_untracked() {
            preview.dispatch(draft.bio.get_untracked());
        }
    };
    let problem = state.problem("bio");
    let n_typed = move || draft.bio.with(|bio| bio.trim().chars().count());
    view! {
        <div class="field">
            <div class="field-line">
                <label class="field-label" for=state.id("bio")>"About you"</label>
                <button
                    type="button"
                    class="button button-small needs-script"
                    aria-pressed=move || is_previewing.get().to_string()
                    on:click=toggle
                >
                    "Preview"
                </button>
            </div>
            <textarea
                class="field-input field-area"
                id=state.id("bio")
                name="bio"
                rows="6"
                maxlength=Bio::MAX.to_string()
                aria-describedby="profile-bio-problem profile-bio-hint"
                aria-invalid=move || problem.with(|problem| problem.is_some().then_some("true"))
                hidden=move || is_previewing.get()
                prop:value=move || draft.bio.get()
                on:input=move |event| draft.bio.set(event_target_value(&event))
            >
                {draft.bio.get_untracked()}
            </textarea>
            <div class="field-preview" hidden=move || !is_previewing.get() aria-live="polite">
                {move || {
                    preview
                        .value()
                        .get()
                        .map(|read| match read {
                            Ok(text) if text.is_empty() => view! { <p class="watch-nothing">"Nothing is written here yet."</p> }.into_any(),
                            Ok(text) => view! { <RichTextView text/> }.into_any(),
                            Err(error) => view! { <p class="field-problem">{error.to_string()}</p> }.into_any(),
                        })
                }}
            </div>
            <p class="field-problem" id="profile-bio-problem">{move || problem.get()}</p>
            <div class="field-line">
                <p class="field-hint" id="profile-bio-hint">
                    "Markdown works: **strong**, *emphasis*, `code`, lists, [links](https://example.org)."
                </p>
                <p class="field-hint field-count">{n_typed} {format!(" / {}", Bio::MAX)}</p>
            </div>
        </div>
    }
}
