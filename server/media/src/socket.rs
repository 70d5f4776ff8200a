//! One UDP socket that knows which of its own addresses a packet came to, and can answer from it.
//!
//! A plain wildcard socket answers a STUN request with whatever source address the routing table prefers. On a
//! machine with several addresses that is often not the address the peer sent to, and the peer drops the answer
//! without a word. `quinn-udp` reads and sets the address per packet.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Holds a keyframe for hundreds of viewers. The kernel may grant less; that is not an error.
const KERNEL_BUFFER: usize = 4 << 20;

/// Room for one datagram or for one batch that the kernel joined (GRO).
const RECEIVE_BUFFER: usize = 1 << 16;

/// Opens the port. An IPv6 wildcard takes IPv4 too; without IPv6 in the system it becomes an IPv4 wildcard.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    match open(address) {
        Err(error) if address.is_ipv6() && address.ip().is_unspecified() => {
            open(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port())).or(Err(error))
        }
        opened => opened,
    }
}

fn open(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    // Best effort: the system's own limit may be lower.
    let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
    let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// One received datagram.
#[derive(Debug)]
pub(crate) struct Datagram<'a> {
    /// Where it came from, IPv4 written as IPv4.
    pub(crate) source: SocketAddr,
    /// Our address that it was sent to, if the system told.
    pub(crate) local: Option<IpAddr>,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
}

/// The buffers that packets are received into, apart from [`MediaSocket`] so that both can be borrowed.
pub(crate) struct Buffers {
    bytes: Vec<Vec<u8>>,
    meta: Vec<RecvMeta>,
    filled: usize,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![vec![0; RECEIVE_BUFFER]; BATCH_SIZE], meta: vec![RecvMeta::default(); BATCH_SIZE], filled: 0 }
    }

    /// The datagrams of the last [`receive`](MediaSocket::receive).
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.bytes.iter().zip(&self.meta).take(self.filled).flat_map(|(bytes, meta)| {
            let bytes = bytes.get(..meta.len).unwrap_or_default();
            bytes.chunks(meta.stride.max(1)).map(|bytes| Datagram {
                source: SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port()),
                local: meta.dst_ip.map(|ip| ip.to_canonical()),
                bytes,
            })
        })
    }
}

/// The socket of all peers, inside a tokio runtime.
pub(crate) struct MediaSocket {
    io: UdpSocket,
    state: UdpSocketState,
    ipv6: bool,
}

impl MediaSocket {
    /// Must be called inside a tokio runtime.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let ipv6 = socket.local_addr()?.is_ipv6();
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self { io: UdpSocket::from_std(socket)?, state, ipv6 })
    }

    /// Waits until there may be something to receive.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    /// Receives a batch without waiting; `false` when there was nothing.
    pub(crate) fn receive(&self, buffers: &mut Buffers) -> io::Result<bool> {
        buffers.filled = 0;
        let received = self.io.try_io(Interest::READABLE, || {
            let mut slices: Vec<IoSliceMut<'_>> = buffers.bytes.iter_mut().map(|bytes| IoSliceMut::new(bytes)).collect();
            self.state.recv((&self.io).into(), &mut slices, &mut buffers.meta)
        });
        match received {
            Ok(filled) => {
                buffers.filled = filled;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends without waiting; `false` when the packet was dropped. UDP may lose packets anyway, and a full
    /// send buffer must not hold up everybody else.
    pub(crate) fn send(&self, local: Option<IpAddr>, destination: SocketAddr, bytes: &[u8]) -> bool {
        let destination = match (destination, self.ipv6) {
            (SocketAddr::V4(v4), true) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
            (destination, _) => destination,
        };
        let transmit = Transmit { destination, ecn: None, contents: bytes, segment_size: None, src_ip: local };
        self.io.try_io(Interest::WRITABLE, || self.state.try_send((&self.io).into(), &transmit)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wildcard_socket_answers_from_the_address_that_was_asked() {
        let socket = bind("[::]:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let server = MediaSocket::new(socket).unwrap();
        let mut buffers = Buffers::new();

        // 127.0.0.2 is not the address that the routing table would pick for an answer to 127.0.0.1.
        let asked: SocketAddr = format!("127.0.0.2:{port}").parse().unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.send_to(b"question", asked).await.unwrap();

        while !server.receive(&mut buffers).unwrap() {
            server.readable().await.unwrap();
        }
        let datagram = buffers.datagrams().next().unwrap();
        assert_eq!(datagram.bytes, b"question");
        assert_eq!(datagram.source, client.local_addr().unwrap());
        assert_eq!(datagram.local, Some(asked.ip()));

        assert!(server.send(datagram.local, datagram.source, b"answer"));
        let mut answer = [0; 16];
        let (length, from) = client.recv_from(&mut answer).await.unwrap();
        assert_eq!((answer.get(..length), from), (Some(b"answer".as_slice()), asked));
    }
}
