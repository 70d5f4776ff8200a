//! The settings of one's own chat.

use crate::{
    api::chat::SetChat,
    components::{
        button::SubmitButton,
        form_state::{FormProblem, FormState},
    },
    state::use_toasts,
};
use domain::chat::{BannedWords, ChatModes, ChatSettings};
use leptos::{form::ActionForm, prelude::*};

/// Who may write, how often, how soon others see it, and which words are not taken. What is saved holds at once.
#[component]
pub fn ChatModesForm(
    initial: ChatSettings,
    /// Whether something was changed and not saved.
    is_dirty: RwSignal<bool>,
) -> impl IntoView {
    let set = ServerAction::<SetChat>::new();
    let state = FormState::new("chat-modes", &["slow_seconds", "held_seconds", "banned_words"], set);
    let toasts = use_toasts();
    Effect::new(move || {
        if set.value().with(|value| matches!(value, Some(Ok(())))) {
            toasts.done("The chat is set.");
            is_dirty.set(false);
        }
    });
    let check = move |event| {
        state.check(&event, |typed| {
            let words = typed.value("banned_words");
            ChatSettings::parse([true; 3], &typed.value("slow_seconds"), &typed.value("held_seconds"), &words).map(drop)
        });
    };
    let ChatSettings { modes, banned_words } = initial;
    let (words_id, words_problem) = (state.id("banned_words"), state.problem("banned_words"));
    view! {
        <ActionForm action=set on:submit:capture=check on:input=move |_| is_dirty.set(true) prop:noValidate=true>
            <FormProblem state/>
            <fieldset class="chat-switches">
                <legend class="field-label">"Who may write"</legend>
                <Switch name="is_enabled" label="The chat is on" is_on=modes.is_enabled/>
                <Switch name="followers_only" label="Followers only" is_on=modes.followers_only/>
                <Switch name="allows_guests" label="Guests may write too, under a name of their choice" is_on=modes.allows_guests/>
            </fieldset>
            <Seconds
                state
                name="slow_seconds"
                label="Slow mode"
                hint="Seconds between two messages of one person. 0 is off."
                value=modes.slow_seconds
                most=ChatModes::MAX_SLOW
            />
            <Seconds
                state
                name="held_seconds"
                label="Hold messages"
                hint="Seconds until others see a message; moderators see it at once and can delete it before. 0 is off."
                value=modes.held_seconds
                most=ChatModes::MAX_HELD
            />
            <div class="field">
                <label class="field-label" for=words_id.clone()>"Banned words"</label>
                <textarea
                    class="field-input chat-words"
                    id=words_id
                    name="banned_words"
                    rows="4"
                    spellcheck="false"
                    aria-describedby="chat-modes-words-problem chat-modes-words-hint"
                >
                    {banned_words.to_lines()}
                </textarea>
                <p class="field-problem" id="chat-modes-words-problem">{move || words_problem.get()}</p>
                <p class="field-hint" id="chat-modes-words-hint">
                    {format!("A word or phrase on each line, {} at most. Messages with one of them are not taken.", BannedWords::MAX)}
                </p>
            </div>
            <SubmitButton is_pending=state.is_pending class="stream-save" label="Save chat settings"/>
        </ActionForm>
    }
}

#[component]
fn Switch(name: &'static str, label: &'static str, is_on: bool) -> impl IntoView {
    view! {
        <label class="chat-switch">
            <input type="checkbox" name=name value="on" checked=is_on/>
            {label}
        </label>
    }
}

#[component]
fn Seconds(
    state: FormState,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: u16,
    most: u16,
) -> impl IntoView {
    let id = state.id(name);
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let problem = state.problem(name);
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <input
                class="field-input"
                id=id
                name=name
                type="number"
                inputmode="numeric"
                min="0"
                max=most.to_string()
                value=value.to_string()
                required=true
                aria-describedby=format!("{problem_id} {hint_id}")
                aria-invalid=move || problem.with(|problem| problem.is_some().then_some("true"))
            />
            <p class="field-problem" id=problem_id>{move || problem.get()}</p>
            <p class="field-hint" id=hint_id>{hint}</p>
        </div>
    }
}
