//! The keys of the player.

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    TogglePlay,
    ToggleSound,
    ToggleFullScreen,
    TogglePictureInPicture,
    ToggleTheatre,
    Louder,
    Softer,
    ShowKeys,
}

/// The keys as the list of them shows them.
pub(crate) const KEYS: [(&str, &str); 8] = [
    ("Space or K", "Pause and play"),
    ("M", "Sound on and off"),
    ("↑", "Louder, while the player has the focus"),
    ("↓", "Softer, while the player has the focus"),
    ("F", "Full screen"),
    ("I", "Picture in picture"),
    ("T", "Theatre mode: as wide as the page"),
    ("?", "This list"),
];

/// A key that was pressed, and where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Press {
    pub(crate) key: String,
    /// Typed into a field, or a shortcut of the browser's.
    pub(crate) is_for_others: bool,
    /// On something that the space bar works by itself, such as a button.
    pub(crate) is_on_control: bool,
    pub(crate) is_in_player: bool,
}

/// What a pressed key does. The arrows scroll the page, unless the player has the focus.
pub(crate) fn command(press: &Press) -> Option<Command> {
    if press.is_for_others {
        return None;
    }
    match press.key.to_lowercase().as_str() {
        " " if !press.is_on_control => Some(Command::TogglePlay),
        "k" => Some(Command::TogglePlay),
        "m" => Some(Command::ToggleSound),
        "f" => Some(Command::ToggleFullScreen),
        "i" => Some(Command::TogglePictureInPicture),
        "t" => Some(Command::ToggleTheatre),
        "arrowup" if press.is_in_player => Some(Command::Louder),
        "arrowdown" if press.is_in_player => Some(Command::Softer),
        "?" => Some(Command::ShowKeys),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Press, command};

    fn press(key: &str) -> Press {
        Press { key: key.to_owned(), ..Press::default() }
    }

    #[test]
    fn keys_work_in_either_case() {
        for key in ["m", "M"] {
            assert_eq!(command(&press(key)), Some(Command::ToggleSound));
        }
        assert_eq!(command(&press("?")), Some(Command::ShowKeys));
        assert_eq!(command(&press("t")), Some(Command::ToggleTheatre));
        assert_eq!(command(&press("x")), None);
    }

    #[test]
    fn keys_of_others_are_left_alone() {
        assert_eq!(command(&Press { is_for_others: true, ..press("m") }), None);
        assert_eq!(command(&Press { is_on_control: true, ..press(" ") }), None);
        assert_eq!(command(&press(" ")), Some(Command::TogglePlay));
    }

    #[test]
    fn arrows_scroll_outside_the_player() {
        assert_eq!(command(&press("ArrowUp")), None);
        assert_eq!(command(&Press { is_in_player: true, ..press("ArrowUp") }), Some(Command::Louder));
        assert_eq!(command(&Press { is_in_player: true, ..press("ArrowDown") }), Some(Command::Softer));
    }
}
