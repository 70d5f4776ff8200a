//! The text of a message: its length, what it may hold, and what is taken out of it.

use crate::{
    chat::segment::{Segment, segments},
    user::string_conversions,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// 1 to 500 characters with at most 3 links and 5 mentions, without anything that could not be seen or would turn the
/// direction of what follows.
///
/// Only what a person types is parsed; a stored message is shown as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageText(String);

impl MessageText {
    pub const MAX: usize = 500;
    pub const MAX_LINKS: usize = 3;
    pub const MAX_MENTIONS: usize = 5;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = clean(text);
        if !has_ink(&text) {
            return Err("Write something first.".to_owned());
        }
        if text.chars().count() > Self::MAX {
            return Err(format!("A message has at most {} characters.", Self::MAX));
        }
        let (mut n_links, mut n_mentions) = (0, 0);
        for segment in segments(&text) {
            match segment {
                Segment::Link(_) => n_links += 1,
                Segment::Mention(_) => n_mentions += 1,
                _ => {}
            }
        }
        if n_links > Self::MAX_LINKS {
            return Err(format!("A message has at most {} links.", Self::MAX_LINKS));
        }
        if n_mentions > Self::MAX_MENTIONS {
            return Err(format!("A message mentions at most {} people.", Self::MAX_MENTIONS));
        }
        Ok(Self(text))
    }
}

string_conversions!(MessageText);

/// Takes out what is not text: control characters, marks of direction, spaces without width. Line breaks stay, two in a
/// row at most; tabs become spaces.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::new();
    let mut n_breaks = 0;
    for c in text.chars() {
        let c = match c {
            '\t' => ' ',
            '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
            _ => c,
        };
        if c == '\n' {
            n_breaks += 1;
            if n_breaks <= 2 {
                cleaned.push(c);
            }
        } else if !c.is_control() && !is_invisible(c) {
            n_breaks = 0;
            cleaned.push(c);
        }
    }
    cleaned.trim().to_owned()
}

/// Marks of direction (UAX 9), and what has no width and joins nothing.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    )
}

/// Whether anything of it can be seen.
pub(crate) fn has_ink(text: &str) -> bool {
    let is_blank = |c: char| {
        matches!(
            c,
            '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}'
                | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
        )
    };
    text.chars().any(|c| !c.is_whitespace() && !is_blank(c))
}

/// The same words, whatever their case and spaces: what a repetition is told by.
pub fn folded(text: &str) -> String {
    let mut folded = String::new();
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// The beginning of a message, as a reply quotes it.
pub fn excerpt(text: &str) -> String {
    const LENGTH: usize = 90;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", line.split_at(end).0),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::{MessageText, clean, excerpt, folded};
    use proptest::prelude::*;

    #[test]
    fn length_links_and_mentions_are_bounded() {
        let link = "https://example.org/a ";
        for text in ["a", " a ", &"ü".repeat(500), &link.repeat(3), "@ana @ben @carl @dora @emil", "👩🏽‍💻", "1\n2"] {
            assert!(text.parse::<MessageText>().is_ok(), "{text:?}");
        }
        for text in [
            "",
            " \n ",
            &"x".repeat(501),
            &link.repeat(4),
            "@ana @ben @carl @dora @emil @finn",
            "\u{200b}\u{202e}",
            "\u{3164}",
            "\u{200d}\u{fe0f}",
        ] {
            assert!(text.parse::<MessageText>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_taken_out() {
        for (text, cleaned) in [
            ("a\u{0}b\u{7}c", "abc"),
            ("safe\u{202e}gpj.exe", "safegpj.exe"),
            ("a\u{2066}b\u{2069}", "ab"),
            ("a\tb", "a b"),
            ("a\r\nb", "a\nb"),
            ("a\n\n\n\n\nb", "a\n\nb"),
            ("a\u{2028}b", "a\nb"),
            (" \u{200b} a \u{feff} ", "a"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }

    #[test]
    fn repetitions_are_told_by_their_words() {
        assert_eq!(folded("  Hello\n WORLD "), "hello world");
        assert_eq!(excerpt("a \n b"), "a b");
        assert_eq!(excerpt(&"ü".repeat(100)).chars().count(), 91);
    }

    proptest! {
        #[test]
        fn what_was_parsed_parses_again_to_itself(text in "\\PC{0,60}|[a-z@:/` \\n\\t\u{202e}\u{200b}]{0,80}") {
            if let Ok(parsed) = text.parse::<MessageText>() {
                prop_assert_eq!(parsed.as_str().parse::<MessageText>(), Ok(parsed.clone()));
            }
        }
    }
}
