//! Text with a little form, as data: what can be drawn without ever being markup.

use serde::{Deserialize, Serialize};

/// A text as the blocks it is made of. It nests no deeper than this.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RichText(pub Vec<Block>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Line ends inside it are line ends.
    Paragraph(Vec<Span>),
    List {
        is_ordered: bool,
        items: Vec<Vec<Span>>,
    },
    /// Lines as they are.
    Code(String),
}

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Span {
    pub text: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_strong: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_emphasized: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_code: bool,
    /// Where it leads; only what [`safe_link`] let pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl RichText {
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first line without any form, for places that show nothing else.
    pub fn first_line(&self) -> String {
        let text = match self.0.first() {
            Some(Block::Paragraph(spans)) => plain(spans),
            Some(Block::List { items, .. }) => items.first().map(|item| plain(item)).unwrap_or_default(),
            Some(Block::Code(text)) => text.clone(),
            None => String::new(),
        };
        text.lines().next().unwrap_or_default().trim().to_owned()
    }
}

fn plain(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// The longest address that is linked, in bytes.
const MAX_LINK: usize = 500;

/// An address that may be linked: by http or https, to a host in plain letters, without anything hidden in it.
pub fn safe_link(address: &str) -> Option<String> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // Letters of other alphabets can pass for Latin ones; a name before the host passes for the host.
    let is_host_plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte));
    let is_visible = !rest.chars().any(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\\' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    });
    (is_web && is_host_plain && is_visible && address.len() <= MAX_LINK)
        .then(|| format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{Block, RichText, Span, safe_link};
    use proptest::prelude::*;

    #[test]
    fn only_web_addresses_are_linked() {
        for (address, linked) in [
            ("https://example.org", Some("https://example.org")),
            (" HTTP://example.org/a?b=c#d ", Some("http://example.org/a?b=c#d")),
            ("https://example.org:8443/ü", Some("https://example.org:8443/ü")),
            ("example.org", None),
            ("//example.org", None),
            ("/settings", None),
            ("javascript:alert(1)", None),
            ("javascript://example.org/%0aalert(1)", None),
            ("JaVaScRiPt:alert(1)", None),
            ("java\nscript:alert(1)", None),
            ("data:text/html,<script>", None),
            ("vbscript:x", None),
            ("mailto:a@example.org", None),
            ("https://", None),
            ("https:///example.org", None),
            ("https://example.org@evil.example", None),
            ("https://ex\u{430}mple.org", None),
            ("https://example.org/\u{202e}gpj", None),
            ("https://example.org\\evil", None),
            ("https://example.org/a b", None),
        ] {
            assert_eq!(safe_link(address).as_deref(), linked, "{address:?}");
        }
        assert_eq!(safe_link(&format!("https://example.org/{}", "x".repeat(500))), None);
    }

    #[test]
    fn the_first_line_has_no_form() {
        let span = |text: &str| Span { text: text.to_owned(), is_strong: true, ..Span::default() };
        let text = RichText(vec![Block::Paragraph(vec![span("I "), span("explain.\nMore.")])]);
        assert_eq!(text.first_line(), "I explain.");
        assert_eq!(RichText::default().first_line(), "");
    }

    #[test]
    fn travels_as_short_json() {
        let text = RichText(vec![Block::Paragraph(vec![Span { text: "a".to_owned(), ..Span::default() }])]);
        let json = serde_json::to_string(&text).expect("plain data");
        assert_eq!(json, r#"[{"paragraph":[{"text":"a"}]}]"#);
        assert_eq!(serde_json::from_str::<RichText>(&json).expect("it was just written"), text);
    }

    proptest! {
        #[test]
        fn whatever_is_linked_is_a_web_address(text in "\\PC*") {
            if let Some(link) = safe_link(&text) {
                prop_assert!(link.starts_with("https://") || link.starts_with("http://"));
            }
        }
    }
}
