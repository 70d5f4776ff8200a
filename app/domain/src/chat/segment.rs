//! The parts of a message that are shown differently: links, mentions, code and emoji.
//!
//! Every part keeps the characters it was written with, so that together they are the message again.
//! Nothing here makes markup: a part is drawn as a text node, or as a link whose address begins with http.

use super::emoji;

/// A part of a message, with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    Plain(&'a str),
    /// An address that can be followed: http or https, a plain host, nothing that poses as another host.
    Link(&'a str),
    /// A username behind an `@`.
    Mention(&'a str),
    /// Code within a line, with its backticks.
    Code(&'a str),
    /// Code of several lines, with its backticks.
    Block(&'a str),
    /// A short code in colons, and the emoji it stands for.
    Emoji(&'a str, &'static str),
}

impl<'a> Segment<'a> {
    /// The characters it was written with.
    pub const fn source(self) -> &'a str {
        match self {
            Self::Plain(source)
            | Self::Link(source)
            | Self::Mention(source)
            | Self::Code(source)
            | Self::Block(source)
            | Self::Emoji(source, _) => source,
        }
    }

    /// What is read: code without its backticks, the emoji instead of its code.
    pub fn shown(self) -> &'a str {
        match self {
            Self::Code(source) => source.trim_matches('`'),
            Self::Block(source) => source.trim_matches('`').trim_matches('\n'),
            Self::Emoji(_, glyph) => glyph,
            other => other.source(),
        }
    }
}

/// Takes a message apart.
pub fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut at, mut previous) = (0, 0, ' ');
    while let Some(c) = rest(text, at).chars().next() {
        if let Some(segment) = special(rest(text, at), previous) {
            push_plain(&mut found, text, plain, at);
            at += segment.source().len();
            plain = at;
            previous = ' ';
            found.push(segment);
        } else {
            at += c.len_utf8();
            previous = c;
        }
    }
    push_plain(&mut found, text, plain, at);
    found
}

/// The usernames that are mentioned, in lower case, each once.
pub fn mentions(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for segment in segments(text) {
        if let Segment::Mention(source) = segment {
            let name = source.trim_start_matches('@').to_ascii_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn push_plain<'a>(found: &mut Vec<Segment<'a>>, text: &'a str, from: usize, to: usize) {
    if let Some(run) = text.get(from..to).filter(|run| !run.is_empty()) {
        found.push(Segment::Plain(run));
    }
}

/// What begins here, if it is not plain text.
fn special(rest: &str, previous: char) -> Option<Segment<'_>> {
    match rest.as_bytes().first()? {
        b'`' => code(rest),
        b':' => emoji_code(rest),
        b'@' if !is_word(previous) => mention(rest),
        b'h' | b'H' if !is_word(previous) => link(rest),
        _ => None,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first `length` bytes.
fn head(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or_default()
}

fn code(rest: &str) -> Option<Segment<'_>> {
    if let Some(inner) = rest.strip_prefix("```") {
        let end = inner.find("```").filter(|end| !head(inner, *end).trim_matches('`').trim().is_empty())?;
        return Some(Segment::Block(head(rest, end + 6)));
    }
    let inner = rest.strip_prefix('`')?;
    let end = inner.find('`')?;
    let code = head(inner, end);
    (!code.trim().is_empty() && !code.contains('\n')).then(|| Segment::Code(head(rest, end + 2)))
}

fn emoji_code(rest: &str) -> Option<Segment<'_>> {
    let (name, _) = rest.strip_prefix(':')?.split_once(':')?;
    let glyph = emoji::glyph(name)?;
    Some(Segment::Emoji(head(rest, name.len() + 2), glyph))
}

fn mention(rest: &str) -> Option<Segment<'_>> {
    const LENGTHS: std::ops::RangeInclusive<usize> = crate::user::Username::MIN..=crate::user::Username::MAX;
    let name = rest.strip_prefix('@')?;
    let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let ends_there = !self::rest(name, length).starts_with(is_word);
    (LENGTHS.contains(&length) && ends_there).then(|| Segment::Mention(head(rest, length + 1)))
}

fn link(rest: &str) -> Option<Segment<'_>> {
    let has = |scheme: &str| head(rest, scheme.len()).eq_ignore_ascii_case(scheme);
    let scheme = ["https://", "http://"].into_iter().find(|scheme| has(scheme))?;
    let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`".contains(c)).unwrap_or(rest.len());
    let address = without_punctuation(head(rest, end));
    let authority = self::rest(address, scheme.len()).split(['/', '?', '#']).next()?;
    is_plain_host(authority).then_some(Segment::Link(address))
}

/// A dot at the end of a sentence is no part of the address, nor is a bracket that was opened before it.
fn without_punctuation(mut address: &str) -> &str {
    while let Some(last) = address.chars().next_back() {
        let is_unopened = |open: char| address.matches(last).count() > address.matches(open).count();
        let is_punctuation = match last {
            ')' => is_unopened('('),
            ']' => is_unopened('['),
            _ => ".,;:!?'*_~|}".contains(last),
        };
        if !is_punctuation {
            break;
        }
        address = head(address, address.len() - last.len_utf8());
    }
    address
}

/// A host and perhaps a port. Nothing before an `@`, which would pose as the host, and no letters that only look like others.
fn is_plain_host(authority: &str) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let is_port = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let labels_are_plain =
        host.split('.').all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    is_port && labels_are_plain
}

#[cfg(test)]
mod tests {
    use super::{Segment, mentions, segments};
    use proptest::prelude::*;

    fn links(text: &str) -> Vec<&str> {
        let link = |segment| if let Segment::Link(source) = segment { Some(source) } else { None };
        segments(text).into_iter().filter_map(link).collect()
    }

    #[test]
    fn links_are_found_and_end_where_they_end() {
        for (text, expected) in [
            ("see https://example.org.", vec!["https://example.org"]),
            ("(https://example.org/a_(b))", vec!["https://example.org/a_(b)"]),
            ("HTTP://Example.org/path?q=1&r=2#s, and more", vec!["HTTP://Example.org/path?q=1&r=2#s"]),
            ("https://a.example/ü x", vec!["https://a.example/ü"]),
            ("http://localhost:3000/x", vec!["http://localhost:3000/x"]),
            ("<https://example.org>", vec!["https://example.org"]),
            ("https://a.example https://b.example", vec!["https://a.example", "https://b.example"]),
        ] {
            assert_eq!(links(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_a_plain_address_is_no_link() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.org",
            "https://",
            "https://good.example@evil.example/",
            "https://good.example\\@evil.example/",
            "https://еxample.org/",
            "xhttps://example.org",
            "https:// example.org",
            "https://.example",
            "https://example.org:x/",
            "`https://example.org`",
            "//example.org",
        ] {
            assert!(links(text).is_empty(), "{text:?} {:?}", links(text));
        }
    }

    #[test]
    fn mentions_are_usernames_at_the_beginning_of_a_word() {
        assert_eq!(mentions("@ana, @Ben_2! mail@ana.example (@ANA) @ab @é_x"), ["ana", "ben_2"]);
        assert_eq!(mentions(&format!("@{} @{}", "x".repeat(20), "y".repeat(21))), ["x".repeat(20)]);
        assert!(mentions("`@ana`").is_empty());
    }

    #[test]
    fn code_and_emoji_have_their_own_parts() {
        assert_eq!(
            segments("a `b` :tada: ```\nlet x;\n``` :nope: `"),
            [
                Segment::Plain("a "),
                Segment::Code("`b`"),
                Segment::Plain(" "),
                Segment::Emoji(":tada:", "🎉"),
                Segment::Plain(" "),
                Segment::Block("```\nlet x;\n```"),
                Segment::Plain(" :nope: `"),
            ]
        );
        assert_eq!(Segment::Block("```\nlet x;\n```").shown(), "let x;");
        assert_eq!(Segment::Code("`b`").shown(), "b");
    }

    proptest! {
        /// Whatever is written, no character is lost or doubled.
        #[test]
        fn the_parts_are_the_message_again(text in "\\PC{0,80}|[`:@a-z./ \\n]{0,120}|(https?://[a-z.@\\\\:/)(]{0,12} ?){0,4}") {
            let again: String = segments(&text).into_iter().map(Segment::source).collect();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn links_begin_with_their_scheme(text in "[hHtTpPsS:/@a-z.]{0,60}") {
            for link in links(&text) {
                let lower = link.to_ascii_lowercase();
                prop_assert!(lower.starts_with("http://") || lower.starts_with("https://"));
            }
        }
    }
}
