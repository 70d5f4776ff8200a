//! Rules about the source that no compiler checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty());
    files
}

/// Lines of `app` outside tests that hold `words`.
fn lines_with(words: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources("app/src") {
        for line in text.lines().filter(|line| line.contains(words) && !line.trim_start().starts_with("//")) {
            found.push(format!("{}: {}", path.file_name().unwrap().to_string_lossy(), line.trim()));
        }
    }
    found
}

#[test]
fn the_side_is_asked_for_in_one_place() {
    let mut found = lines_with("cfg(");
    found.retain(|line| !line.ends_with("#[cfg(test)]") && !line.starts_with("platform.rs:"));
    assert_eq!(found, ["error.rs: #[cfg(feature = \"ssr\")]"]);
}

#[test]
fn no_markup_is_made_from_text() {
    assert_eq!(lines_with("inner_html"), Vec::<String>::new());
}

#[test]
fn nothing_is_left_to_do() {
    for folder in [
        "app/src",
        "app/domain/src",
        "frontend/src",
        "server/src",
        "server/backend/src",
        "server/load/src",
        "server/media/src",
        "server/publisher/src",
    ] {
        for (path, text) in sources(folder) {
            let word = ["TO", "DO"].concat();
            assert!(!text.contains(&word), "{}", path.display());
        }
    }
}
