//! A place in the reactive graph for something of the browser's.

use leptos::{
    prelude::{StoredValue, UpdateValue, WithValue},
    reactive::send_wrapper_ext::SendOption,
};
use std::rc::Rc;

/// Holds a value that may not move between threads, such as a handle on an object of the browser.
///
/// It starts empty and, because nothing fills it there, stays empty on the server. That matters: the server may drop
/// it on another thread than the one that rendered the page, which a filled one would not survive.
pub(crate) struct Slot<T: 'static>(StoredValue<SendOption<Rc<T>>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T: 'static> Slot<T> {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(SendOption::new_local(None)))
    }

    /// What is in it. Nothing, too, after the component that made the slot is gone.
    pub(crate) fn get(self) -> Option<Rc<T>> {
        self.0.try_with_value(|value| (**value).clone()).flatten()
    }

    /// Fills or empties it. What was in it is dropped after the slot is free to be used again.
    pub(crate) fn set(self, value: Option<T>) {
        let mut value = value.map(Rc::new);
        let _former = self.0.try_update_value(|slot| slot.update(|held| std::mem::swap(held, &mut value)));
    }
}
