//! A reader on the way from hyper to the thread.

use super::{
    super::{Place, standing::Standing},
    inbox::{Inbox, Message},
};
use backend::events::{Membership, Start};
use domain::UserId;
use socket2::SockRef;
use std::sync::Arc;

/// What the kernel keeps for a reader that is behind, in bytes: some hundred events.
const SEND_BUFFER: usize = 64 * 1024;

/// A reader whose socket is on its way. Dropped before that arrives, it leaves the hub and gives its place back.
pub(crate) struct Arrival {
    pub(super) reader: u64,
    pub(super) inbox: Arc<Inbox>,
    pub(super) newcomer: Option<Newcomer>,
}

/// What a reader brings along.
pub(super) struct Newcomer {
    pub(super) start: Start,
    pub(super) membership: Membership,
    pub(super) standing: Standing,
    pub(super) place: Place,
    /// Whether its page is of another build of the site.
    pub(super) is_of_another_build: bool,
    pub(super) stream: Option<mio::net::TcpStream>,
}

impl Arrival {
    /// Hides these people from the reader.
    pub(in crate::http::events) fn hide(&mut self, hidden: Vec<UserId>) {
        if let Some(newcomer) = &mut self.newcomer {
            newcomer.membership.hide(hidden);
        }
    }

    /// Notes whether its page is of another build of the site, which it is then told.
    pub(in crate::http::events) fn note_build(&mut self, is_of_another_build: bool) {
        if let Some(newcomer) = &mut self.newcomer {
            newcomer.is_of_another_build = is_of_another_build;
        }
    }

    /// Brings the socket, which is not blocking, and to which the head of the answer was written.
    pub(crate) fn arrive(mut self, stream: std::net::TcpStream) {
        prepare(&stream);
        if let Some(mut newcomer) = self.newcomer.take() {
            newcomer.stream = Some(mio::net::TcpStream::from_std(stream));
            self.inbox.push(Message::Arrive(self.reader, Box::new(newcomer)));
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.newcomer.is_some() {
            self.inbox.push(Message::Leave(self.reader));
        }
    }
}

/// Has the kernel do no more for a socket than events need. Whatever it refuses stays as it is.
fn prepare(stream: &std::net::TcpStream) {
    let socket = SockRef::from(stream);
    // It would let a reader that does not read have megabytes.
    drop(socket.set_send_buffer_size(SEND_BUFFER));
    // Events are few and small, so there is nothing to pace, and no need of what the system reckons for that otherwise.
    #[cfg(target_os = "linux")]
    drop(socket.set_tcp_congestion(b"reno"));
}
