//! What a client proposes.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::error::{IceError, RtcError, SdpError};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::{Candidate, Rtc, RtcConfig};

use super::Client;
use crate::candidates;
use crate::socket::{self, MediaSocket};

/// A video codec that a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264, constrained baseline (RFC 6184).
    H264,
}

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To send frames.
    Publish,
    /// To receive packets.
    Watch,
}

/// Why a client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket or the list of interfaces.
    #[error("network: {0}")]
    Network(#[from] io::Error),
    /// The answer is not SDP.
    #[error("answer: {0}")]
    Sdp(#[from] SdpError),
    /// The answer does not fit the offer, or the session failed.
    #[error("session: {0}")]
    Session(#[from] RtcError),
    /// An interface has an address that cannot be a candidate.
    #[error("candidate: {0}")]
    Candidate(#[from] IceError),
    /// There was nothing to negotiate.
    #[error("neither audio nor video")]
    Empty,
}

/// An offer on its way.
pub struct Offer {
    goal: Goal,
    rtc: Box<Rtc>,
    socket: MediaSocket,
    candidates: Vec<SocketAddr>,
    video: Option<Mid>,
    audio: Option<Mid>,
    pending: SdpPendingOffer,
    sdp: String,
}

impl Offer {
    /// Opens a socket and makes an offer of these video codecs, the favourite first, and of Opus audio.
    ///
    /// Must be called inside a tokio runtime.
    pub fn new(goal: Goal, codecs: &[VideoCodec], audio: bool) -> Result<Self, ClientError> {
        let socket = socket::bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0))?;
        let bound = socket.local_addr()?;
        let candidates = candidates::list(bound, &[], &candidates::interfaces()?, None);

        let mut config = RtcConfig::new().clear_codecs().enable_opus(audio, false).set_rtp_mode(goal == Goal::Watch);
        for codec in codecs {
            match codec {
                VideoCodec::Vp8 => config = config.enable_vp8(true),
                VideoCodec::H264 => config.codec_config().add_h264(108.into(), Some(109.into()), true, 0x42_e01f),
            }
        }
        let mut rtc = Box::new(config.build(Instant::now()));
        for address in &candidates {
            rtc.add_local_candidate(Candidate::host(*address, "udp")?);
        }
        let direction = match goal {
            Goal::Publish => Direction::SendOnly,
            Goal::Watch => Direction::RecvOnly,
        };
        let mut change = rtc.sdp_api();
        let audio = audio.then(|| change.add_media(MediaKind::Audio, direction, None, None, None));
        let video = (!codecs.is_empty()).then(|| change.add_media(MediaKind::Video, direction, None, None, None));
        let (offer, pending) = change.apply().ok_or(ClientError::Empty)?;
        let sdp = offer.to_sdp_string();
        let socket = MediaSocket::new(socket)?;
        Ok(Self { goal, rtc, socket, candidates, video, audio, pending, sdp })
    }

    /// What to hand to the server.
    pub fn sdp(&self) -> &str {
        &self.sdp
    }

    /// Takes the server's answer.
    pub fn accept(mut self, answer: &str) -> Result<Client, ClientError> {
        let answer = SdpAnswer::from_sdp_string(answer)?;
        self.rtc.sdp_api().accept_answer(self.pending, answer)?;
        Ok(Client::new(self.goal, self.rtc, self.socket, self.candidates, self.video, self.audio))
    }
}
