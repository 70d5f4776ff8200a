//! What is wrong with a form at the moment, found here before it was sent or by the server afterwards.

use crate::{ApiError, document};
use domain::Error;
use leptos::{prelude::*, server_fn::ServerFn};
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, SubmitEvent};

/// The state of one form around a server function.
#[derive(Clone, Copy)]
pub struct FormState {
    /// Begins the ids of the fields, so that two forms on a page do not clash.
    pub form: &'static str,
    fields: &'static [&'static str],
    refused_here: RwSignal<Option<Error>>,
    refused_there: Signal<Option<ApiError>>,
    /// Whether an answer is awaited.
    pub is_pending: Signal<bool>,
}

impl FormState {
    /// Follows an action. `fields` are the names of the fields that show their problems beside them.
    pub fn new<S>(form: &'static str, fields: &'static [&'static str], action: ServerAction<S>) -> Self
    where
        S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
        S::Output: Send + Sync + 'static,
    {
        let (value, is_pending) = (action.value(), action.pending());
        let refused_there = Signal::derive(move || value.with(|value| value.as_ref()?.as_ref().err().cloned()));
        let state = Self { form, fields, refused_here: RwSignal::new(None), refused_there, is_pending: is_pending.into() };
        state.focus_first_problem();
        state
    }

    /// Checks what was typed before it is sent. What is refused here is not sent; without script the server checks alone.
    pub fn check(self, event: &SubmitEvent, parse: impl FnOnce(&Typed) -> Result<(), Error>) {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let Some(Ok(data)) = form.map(|form| FormData::new_with_form(&form)) else { return };
        let problem = parse(&Typed(data)).err();
        if problem.is_some() {
            event.prevent_default();
        }
        self.refused_here.set(problem);
    }

    /// The sentence beside a field, if that field was refused.
    pub fn problem(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.with_problem(|error| error.problem_with(field).map(str::to_owned)))
    }

    /// The sentence above the form: what belongs to none of its fields.
    pub fn general_problem(self) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.with_problem(|error| {
                let is_shown_beside_a_field = self.fields.iter().any(|field| error.problem_with(field).is_some());
                (!is_shown_beside_a_field).then(|| error.to_string())
            })
        })
    }

    /// The id of a field.
    pub fn id(self, field: &str) -> String {
        format!("{}-{field}", self.form)
    }

    fn with_problem(self, read: impl FnOnce(&ApiError) -> Option<String>) -> Option<String> {
        match self.refused_here.get() {
            Some(error) => read(&ApiError::Domain(error)),
            // The answer to the last attempt is old news once the next one is under way.
            None if self.is_pending.get() => None,
            None => self.refused_there.with(|error| error.as_ref().and_then(read)),
        }
    }

    fn focus_first_problem(self) {
        Effect::new(move |_| {
            let first = self.fields.iter().find(|field| self.problem(field).with(Option::is_some));
            if let Some(field) = first {
                document::focus(&self.id(field), true);
            }
        });
    }
}

/// What was typed into a form.
pub struct Typed(FormData);

impl Typed {
    /// The value of a field, empty if there is no such field.
    pub fn value(&self, field: &str) -> String {
        self.0.get(field).as_string().unwrap_or_default()
    }
}

/// The sentence above a form, announced when it appears.
#[component]
pub fn FormProblem(state: FormState) -> impl IntoView {
    let problem = state.general_problem();
    view! {
        <div role="alert">
            {move || problem.get().map(|text| view! { <p class="notice notice-problem">{text}</p> })}
        </div>
    }
}
