//! What is being written: the words, what they answer or correct, and how long the writer has to wait.

use domain::{
    MessageId,
    chat::{Quote, text::MessageText},
};
use leptos::prelude::*;

/// The state of the field and of what stands around it.
#[derive(Clone, Copy)]
pub(crate) struct Composing {
    pub(crate) text: RwSignal<String>,
    pub(crate) reply: RwSignal<Option<Quote>>,
    /// The message that is corrected instead of writing a new one.
    pub(crate) edit: RwSignal<Option<MessageId>>,
    pub(crate) guest_name: RwSignal<String>,
    /// Until when the writer has to wait, by this browser's clock, in milliseconds.
    pub(crate) waits_until: RwSignal<f64>,
    /// A sentence on why what was written is not sent.
    pub(crate) problem: RwSignal<Option<String>>,
    /// Counts the wishes to have the field in focus.
    pub(crate) focus: RwSignal<u32>,
}

impl Composing {
    pub(crate) fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            reply: RwSignal::new(None),
            edit: RwSignal::new(None),
            guest_name: RwSignal::new(String::new()),
            waits_until: RwSignal::new(0.0),
            problem: RwSignal::new(None),
            focus: RwSignal::new(0),
        }
    }

    /// Begins an answer.
    pub(crate) fn answer(self, quote: Quote) {
        self.edit.set(None);
        self.reply.set(Some(quote));
        self.focus.update(|n| *n += 1);
    }

    /// Begins a correction.
    pub(crate) fn correct(self, id: MessageId, text: String) {
        self.reply.set(None);
        self.edit.set(Some(id));
        self.text.set(text);
        self.focus.update(|n| *n += 1);
    }

    /// Goes back to writing a new message.
    pub(crate) fn cancel(self) {
        if self.edit.get_untracked().is_some() {
            self.text.set(String::new());
        }
        self.edit.set(None);
        self.reply.set(None);
        self.problem.set(None);
        self.focus.update(|n| *n += 1);
    }

    /// How many characters are left, once that is worth knowing.
    pub(crate) fn left(self) -> Option<i64> {
        const WORTH_KNOWING: i64 = 100;
        let length = self.text.with(|text| text.trim().chars().count());
        let left = i64::try_from(MessageText::MAX).unwrap_or(0) - i64::try_from(length).unwrap_or(i64::MAX);
        (left <= WORTH_KNOWING).then_some(left)
    }
}

/// The beginning of a mention that ends at the caret: where its `@` stands, in bytes, and what is typed of the name.
/// The caret is counted as browsers count, in UTF-16 units.
pub(crate) fn mention_before(text: &str, caret: u32) -> Option<(usize, String)> {
    let mut units = 0;
    let end = text
        .char_indices()
        .find_map(|(at, c)| {
            let is_there = units >= caret as usize;
            units += c.len_utf16();
            is_there.then_some(at)
        })
        .unwrap_or(text.len());
    let before = text.get(..end)?;
    let at = before.rfind('@')?;
    let (head, name) = (before.get(..at)?, before.get(at + 1..)?);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_name = name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !head.ends_with(is_word)).then(|| (at, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::mention_before;

    #[test]
    fn a_mention_is_completed_at_the_caret() {
        for (text, caret, expected) in [
            ("@an", 3, Some((0, "an"))),
            ("@an", 1, Some((0, ""))),
            ("@an", 0, None),
            ("🎉 @b", 5, Some((5, "b"))),
            ("hi @ana and", 7, Some((3, "ana"))),
            ("hi @ana and", 11, None),
            ("mail@ana", 8, None),
            ("", 0, None),
            ("@ana", 99, Some((0, "ana"))),
        ] {
            let found = mention_before(text, caret);
            assert_eq!(found.as_ref().map(|(at, name)| (*at, name.as_str())), expected, "{text:?} {caret}");
        }
    }
}
