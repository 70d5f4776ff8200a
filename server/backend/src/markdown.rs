//! Markdown as data. Markup inside it is dropped, and whatever cannot be drawn becomes plain text.

use domain::rich_text::{Block, RichText, Span, safe_link};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Reads `CommonMark`. Lists inside lists become one, headings become strong paragraphs, pictures their descriptions.
pub(crate) fn rich_text(source: &str) -> RichText {
    let mut writer = Writer::default();
    for event in Parser::new(source) {
        writer.take(event);
    }
    writer.end_paragraph();
    RichText(writer.blocks)
}

#[derive(Default)]
struct Writer {
    blocks: Vec<Block>,
    /// The paragraph or the item that is being written.
    spans: Vec<Span>,
    n_strong: u32,
    n_emphasized: u32,
    /// The links that are open; one that may not be followed is none.
    links: Vec<Option<String>>,
    /// The outermost list that is open, and how many are.
    list: Option<(bool, Vec<Vec<Span>>)>,
    depth: u32,
    code: Option<String>,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.write(&text, false),
            },
            Event::Code(text) => self.write(&text, true),
            Event::SoftBreak | Event::HardBreak => self.write("\n", false),
            Event::Rule => self.end_paragraph(),
            // Markup of any kind, and what is not turned on.
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.end_paragraph();
                self.n_strong += 1;
            }
            Tag::Strong => self.n_strong += 1,
            Tag::Emphasis => self.n_emphasized += 1,
            Tag::Link { dest_url, .. } => self.links.push(safe_link(&dest_url)),
            Tag::List(first) => {
                self.end_paragraph();
                self.depth += 1;
                self.list.get_or_insert((first.is_some(), Vec::new()));
            }
            Tag::CodeBlock(_) => {
                self.end_paragraph();
                self.code = Some(String::new());
            }
            Tag::Paragraph | Tag::BlockQuote(_) if self.depth == 0 => self.end_paragraph(),
            Tag::Paragraph if !self.spans.is_empty() => self.write("\n", false),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.n_strong = self.n_strong.saturating_sub(1);
                self.end_paragraph();
            }
            TagEnd::Strong => self.n_strong = self.n_strong.saturating_sub(1),
            TagEnd::Emphasis => self.n_emphasized = self.n_emphasized.saturating_sub(1),
            TagEnd::Link => {
                self.links.pop();
            }
            TagEnd::Item => self.end_paragraph(),
            TagEnd::List(_) => {
                self.end_paragraph();
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0
                    && let Some((is_ordered, items)) = self.list.take()
                    && !items.is_empty()
                {
                    self.blocks.push(Block::List { is_ordered, items });
                }
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                let code = code.trim_end();
                match &mut self.list {
                    _ if code.is_empty() => {}
                    Some((_, items)) => {
                        items.push(vec![Span { text: code.to_owned(), is_code: true, ..Span::default() }]);
                    }
                    None => self.blocks.push(Block::Code(code.to_owned())),
                }
            }
            TagEnd::Paragraph if self.depth == 0 => self.end_paragraph(),
            _ => {}
        }
    }

    /// Adds text in the style of the moment, to the run before it when that has the same.
    fn write(&mut self, text: &str, is_code: bool) {
        let span = Span {
            text: text.to_owned(),
            is_strong: self.n_strong > 0,
            is_emphasized: self.n_emphasized > 0,
            is_code,
            link: self.links.last().cloned().flatten(),
        };
        match self.spans.last_mut() {
            Some(last) if is_same_style(last, &span) => last.text.push_str(text),
            _ => self.spans.push(span),
        }
    }

    /// Ends what is being written: an item inside a list, a paragraph elsewhere. Nothing becomes nothing.
    fn end_paragraph(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        if spans.iter().all(|span| span.text.trim().is_empty()) {
            return;
        }
        match &mut self.list {
            Some((_, items)) => items.push(spans),
            None => self.blocks.push(Block::Paragraph(spans)),
        }
    }
}

fn is_same_style(one: &Span, other: &Span) -> bool {
    let flags = |span: &Span| (span.is_strong, span.is_emphasized, span.is_code);
    flags(one) == flags(other) && one.link == other.link
}

#[cfg(test)]
mod tests {
    use super::rich_text;
    use domain::rich_text::{Block, Span};
    use proptest::prelude::*;

    fn plain(text: &str) -> Span {
        Span { text: text.to_owned(), ..Span::default() }
    }

    fn strong(text: &str) -> Span {
        Span { is_strong: true, ..plain(text) }
    }

    #[test]
    fn text_keeps_its_form() {
        let expected = vec![
            Block::Paragraph(vec![
                plain("I "),
                strong("teach"),
                plain(" "),
                Span { is_emphasized: true, ..plain("slowly") },
                plain(",\nwith "),
                Span { is_code: true, ..plain("code") },
                plain("."),
            ]),
            Block::Paragraph(vec![Span { link: Some("https://example.org/a".to_owned()), ..plain("More") }]),
        ];
        assert_eq!(rich_text("I **teach** *slowly*,\nwith `code`.\n\n[More](https://example.org/a)").0, expected);
    }

    #[test]
    fn lists_headings_and_code_are_blocks() {
        let blocks = rich_text("# Title\n- a\n- b\n  1. c\n\n> said\n\n```rust\nfn main() {}\n```").0;
        assert_eq!(
            blocks,
            vec![
                Block::Paragraph(vec![strong("Title")]),
                Block::List { is_ordered: false, items: vec![vec![plain("a")], vec![plain("b")], vec![plain("c")]] },
                Block::Paragraph(vec![plain("said")]),
                Block::Code("fn main() {}".to_owned()),
            ]
        );
        let ordered = rich_text("1. a\n\n   more\n2. b").0;
        let items = vec![vec![plain("a\nmore")], vec![plain("b")]];
        assert_eq!(ordered, vec![Block::List { is_ordered: true, items }]);
        assert!(rich_text(" \n\n").is_empty());
    }

    /// Attempts to get markup or a script through, from lists that go round.
    const HOSTILE: &[&str] = &[
        "<script>alert(1)</script>",
        "a <b onmouseover=alert(1)>b</b> c",
        "<img src=x onerror=alert(1)>",
        "<svg><animate onbegin=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](&#x6A;avascript:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x]( javascript:alert(1))",
        "[x](\u{1}javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:alert(1))",
        "![x](javascript:alert(1))",
        "[![x](https://example.org/a.png)](javascript:alert(1))",
        "<javascript:alert(1)>",
        "<mailto:a@example.org>",
        "[x]: javascript:alert(1)\n\n[x]",
        "[x](//evil.example)",
        "[x](https://good.example@evil.example)",
        "```\n</code><script>alert(1)</script>\n```",
    ];

    fn links(source: &str) -> Vec<String> {
        let spans = rich_text(source).0.into_iter().flat_map(|block| match block {
            Block::Paragraph(spans) => vec![spans],
            Block::List { items, .. } => items,
            Block::Code(_) => Vec::new(),
        });
        spans.flatten().filter_map(|span| span.link).collect()
    }

    #[test]
    fn nothing_hostile_is_linked_and_markup_is_dropped() {
        for source in HOSTILE {
            assert_eq!(links(source), Vec::<String>::new(), "{source}");
        }
        assert_eq!(rich_text("a <b onmouseover=alert(1)>b</b> c").0, vec![Block::Paragraph(vec![plain("a b c")])]);
        assert!(rich_text("<script>\nalert(1)\n</script>").is_empty());
        assert_eq!(rich_text("![A cat](https://example.org/a.png)").0, vec![Block::Paragraph(vec![plain("A cat")])]);
        assert_eq!(links("<https://example.org>"), ["https://example.org"]);
    }

    proptest! {
        #[test]
        fn reading_never_panics(source in "[\\PC\\n#*_`\\[\\]()<>!>-]{0,500}") {
            for link in links(&source) {
                prop_assert!(link.starts_with("https://") || link.starts_with("http://"));
            }
        }
    }
}
