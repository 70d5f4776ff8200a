//! What the server says over the event connection, and what the tabs of a browser say to each other: lines of text.

use super::ledger::Request;
use domain::event::Topic;

/// A tab needs another connection: for which topics, and after which position. One that goes names neither.
pub(super) const WANT: &str = "want";
/// The answer to a call: which topics a tab reads, and after which position.
pub(super) const HAVE: &str = "have";
/// The leader is about to connect, and asks the others what they read.
pub(super) const CALL: &str = "call";
/// The leader connects: for which topics, and after which position. What the server says follows.
pub(super) const OPEN: &str = "open";

/// One thing that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words<'a> {
    /// The connection that it belongs to.
    pub(super) number: u32,
    /// What the server calls it, or one of the above.
    pub(super) kind: &'a str,
    /// A position, if there is one.
    pub(super) id: &'a str,
    pub(super) data: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (number, text) = text.split_once('\n')?;
        let (kind, text) = text.split_once('\n')?;
        let (id, data) = text.split_once('\n')?;
        Some(Self { number: number.parse().ok()?, kind, id, data })
    }

    pub(super) fn to_text(self) -> String {
        [&self.number.to_string(), self.kind, self.id, self.data].join("\n")
    }

    /// The request that the words carry. `None` if another version of this program wrote it.
    pub(super) fn request(self) -> Option<Request> {
        let mut topics = Vec::new();
        for topic in self.data.split(',') {
            topics.push(topic.parse().ok()?);
        }
        Some(Request { topics, after: self.id.parse().ok()? })
    }
}

/// The topics, as addresses and tabs name them.
pub(super) fn list(topics: &[Topic]) -> String {
    topics.iter().map(Topic::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{OPEN, Words, list};
    use crate::realtime::ledger::Request;
    use domain::{
        Category,
        event::{Position, Topic},
    };

    #[test]
    fn words_read_back_as_written() {
        for (id, data) in [("", ""), ("00000000000000ab:42", "{\"a\":1}"), ("x", "two\nlines")] {
            let words = Words { number: 7, kind: "message", id, data };
            assert_eq!(Words::parse(&words.to_text()), Some(words));
        }
        for text in ["", "7", "7\nmessage", "7\nmessage\n", "x\nmessage\n\n", "-1\nmessage\n\n"] {
            assert_eq!(Words::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_request_reads_back_as_written() {
        let after = Position { epoch: 0xab, sequence: 42 };
        let request = Request { topics: vec![Topic::Streams, Topic::Category(Category::Study)], after };
        let (id, data) = (after.to_string(), list(&request.topics));
        let words = Words { number: 7, kind: OPEN, id: &id, data: &data };
        assert_eq!(words.request(), Some(request));
        for (id, data) in [("", data.as_str()), (id.as_str(), ""), (id.as_str(), "streams,of_a_newer_version")] {
            assert_eq!(Words { id, data, ..words }.request(), None);
        }
    }
}
