//! Emoji that can be picked or written as a short code.

/// The short codes without their colons, and what they stand for. Their order is that of the picker.
pub const SHORT_CODES: [(&str, &str); 56] = [
    ("smile", "😄"),
    ("grin", "😁"),
    ("joy", "😂"),
    ("wink", "😉"),
    ("blush", "😊"),
    ("heart_eyes", "😍"),
    ("sunglasses", "😎"),
    ("nerd", "🤓"),
    ("thinking", "🤔"),
    ("neutral", "😐"),
    ("confused", "😕"),
    ("sad", "😢"),
    ("cry", "😭"),
    ("angry", "😠"),
    ("scream", "😱"),
    ("sleepy", "😴"),
    ("mind_blown", "🤯"),
    ("party", "🥳"),
    ("wave", "👋"),
    ("thumbsup", "👍"),
    ("thumbsdown", "👎"),
    ("ok", "👌"),
    ("clap", "👏"),
    ("pray", "🙏"),
    ("muscle", "💪"),
    ("raise_hand", "🙋"),
    ("eyes", "👀"),
    ("brain", "🧠"),
    ("heart", "❤️"),
    ("broken_heart", "💔"),
    ("fire", "🔥"),
    ("star", "⭐"),
    ("sparkles", "✨"),
    ("100", "💯"),
    ("tada", "🎉"),
    ("trophy", "🏆"),
    ("rocket", "🚀"),
    ("bulb", "💡"),
    ("question", "❓"),
    ("warning", "⚠️"),
    ("check", "✅"),
    ("x", "❌"),
    ("bug", "🐛"),
    ("crab", "🦀"),
    ("computer", "💻"),
    ("keyboard", "⌨️"),
    ("books", "📚"),
    ("pencil", "✏️"),
    ("art", "🎨"),
    ("music", "🎵"),
    ("microscope", "🔬"),
    ("chart", "📈"),
    ("clock", "⏰"),
    ("coffee", "☕"),
    ("pizza", "🍕"),
    ("cat", "🐱"),
];

/// What a short code stands for.
pub fn glyph(name: &str) -> Option<&'static str> {
    SHORT_CODES.iter().find(|(code, _)| *code == name).map(|(_, glyph)| *glyph)
}

#[cfg(test)]
mod tests {
    use super::{SHORT_CODES, glyph};

    #[test]
    fn every_code_is_there_once() {
        let mut codes = SHORT_CODES.map(|(code, _)| code);
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(glyph("crab"), Some("🦀"));
        assert_eq!(glyph("crabs"), None);
    }
}
