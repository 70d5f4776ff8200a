//! Which build of the site this is, so that a page of another one can be told.

use std::{fs, sync::Arc};

/// How much of each hash is enough to tell builds apart.
const LENGTH: usize = 6;

/// The list of hashes that the build gave the files in `pkg` as part of their names. None where they have none.
pub(crate) fn hashes() -> Option<String> {
    fs::read_to_string(std::env::current_exe().ok()?.with_file_name("hash.txt")).ok()
}

/// A name for what those files say together; where they have no hashes, the version.
pub(crate) fn id(hashes: Option<&str>) -> Arc<str> {
    let Some(hashes) = hashes else { return env!("CARGO_PKG_VERSION").into() };
    let parts = hashes.lines().filter_map(|line| line.split_whitespace().last());
    parts.flat_map(|hash| hash.chars().take(LENGTH)).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn another_file_is_another_build() {
        assert_eq!(&*id(Some("js: 9KHmezB3y2hmf6\nwasm: PUauGFVnu1SgBr\n")), "9KHmezPUauGF");
        assert_ne!(id(Some("js: a\nwasm: b\n")), id(Some("js: a\nwasm: c\n")));
        assert_eq!(&*id(None), env!("CARGO_PKG_VERSION"));
    }
}
