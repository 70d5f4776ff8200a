//! The only module that asks which side it runs on: the same functions, once for each.

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod server;

/// Where the head of a document says which page it is, if the page's code is downloaded apart.
pub(crate) const PAGE_META: &str = "page";
/// Where it says of which build of the site it is.
pub(crate) const BUILD_META: &str = "build";
/// The offer to load a newer version, a popover that waits in every document.
pub(crate) const NEW_VERSION: &str = "new-version";

#[cfg(not(feature = "ssr"))]
pub(crate) use browser::*;
#[cfg(feature = "ssr")]
pub(crate) use server::*;
