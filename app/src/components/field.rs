//! A field of a form, with its label, its hint and what is wrong with it.

use super::form_state::FormState;
use leptos::prelude::*;

/// A line of text. The problem is tied to the field for assistive technology.
#[component]
pub fn TextField(
    state: FormState,
    /// The name of the field in the form, and in problems.
    name: &'static str,
    label: &'static str,
    /// The `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional)] autocomplete: Option<&'static str>,
    /// A sentence on what is expected.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What stands in the field at first.
    #[prop(optional, into)]
    value: Option<String>,
    #[prop(optional)] min_length: Option<usize>,
    #[prop(optional)] max_length: Option<usize>,
    /// Whether it may be left empty.
    #[prop(optional)]
    is_optional: bool,
) -> impl IntoView {
    let id = state.id(name);
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let described_by = if hint.is_some() { format!("{problem_id} {hint_id}") } else { problem_id.clone() };
    let problem = state.problem(name);
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <input
                class="field-input"
                id=id
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                required=!is_optional
                minlength=min_length.map(|length| length.to_string())
                maxlength=max_length.map(|length| length.to_string())
                aria-describedby=described_by
                aria-invalid=move || problem.with(|problem| problem.is_some().then_some("true"))
            />
            <p class="field-problem" id=problem_id>{move || problem.get()}</p>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
