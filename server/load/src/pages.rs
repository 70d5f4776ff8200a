//! Load for pages: browsers that ask for one page again and again, each answer checked.
//!
//! They ask as quickly as they are answered, or at an even pace whether or not the server keeps up. Then a page takes as long
//! as from the moment at which it was to be asked for, so that no waiting is hidden. Or each asks once and leaves.
//!
//! * [`crowd`]: the browsers of a run. * [`browser`]: one of them. * [`plan`]: who asks when.

pub mod args;
pub mod browser;
pub mod crowd;
pub mod plan;
pub mod report;
