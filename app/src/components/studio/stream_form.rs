//! Title and category of the stream, before and while it is live.

use super::draft::Draft;
use crate::{
    api::channels::UpdateStream,
    components::{
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
    },
    state::use_toasts,
};
use domain::{
    Category,
    channel::{StreamSettings, StreamTitle},
};
use leptos::{form::ActionForm, prelude::*};

#[component]
pub fn StreamForm(draft: Draft) -> impl IntoView {
    let update = ServerAction::<UpdateStream>::new();
    let state = FormState::new("stream", &["title", "category"], update);
    let toasts = use_toasts();
    Effect::new(move || {
        if update.value().with(|value| matches!(value, Some(Ok(())))) {
            draft.note_saved();
            toasts.done("Saved.");
        }
    });
    let check = move |event| {
        state.check(&event, |typed| StreamSettings::parse(&typed.value("title"), &typed.value("category")).map(drop));
    };
    let (title, category) = (draft.title.get_untracked(), draft.category.get_untracked());
    let (category_id, problem) = (state.id("category"), state.problem("category"));
    view! {
        <section class="panel" aria-labelledby="stream-settings">
            <h2 class="panel-title" id="stream-settings">"Your stream"</h2>
            <ActionForm action=update on:submit:capture=check prop:noValidate=true>
                <FormProblem state/>
                <TextField
                    state
                    name="title"
                    label="Title"
                    value=title
                    min_length=StreamTitle::MIN
                    max_length=StreamTitle::MAX
                    on:input=move |event| draft.title.set(event_target_value(&event))
                />
                <div class="field">
                    <label class="field-label" for=category_id.clone()>"Category"</label>
                    <select
                        class="field-input"
                        id=category_id
                        name="category"
                        aria-describedby="stream-category-problem"
                        on:change=move |event| draft.category.set(event_target_value(&event))
                    >
                        {Category::ALL
                            .map(|choice| view! { <option value=choice.slug() selected=choice.slug() == category>{choice.label()}</option> })
                            .collect_view()}
                    </select>
                    <p class="field-problem" id="stream-category-problem">{move || problem.get()}</p>
                </div>
                <SubmitButton is_pending=state.is_pending class="stream-save" label="Save"/>
            </ActionForm>
        </section>
    }
}
