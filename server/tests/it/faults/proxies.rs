//! F40: proxies between readers and a server, which keep what passes, cut connections, and take headers away.

use crate::{
    harness::{EventReader, Site},
    process::{Remote, saw},
};
use backend::testing::is_full_size;
use domain::{
    Category, UserId,
    event::{Event, HEARTBEAT_SECONDS, SILENCE_SECONDS, Topic, Update},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

const NEVER: Duration = Duration::from_hours(1);

/// How a proxy treats the connections that come from now on. It always takes the header with the position away.
#[derive(Debug, Clone, Copy)]
struct Manners {
    /// For how long it keeps what the server says after it has passed something on.
    keeps: Duration,
    /// After how long without a word of the server it cuts a connection that was answered.
    cuts: Duration,
    /// After how many bytes it cuts one, wherever that is.
    bytes: usize,
}

impl Default for Manners {
    fn default() -> Self {
        Self { keeps: Duration::ZERO, cuts: NEVER, bytes: usize::MAX }
    }
}

struct Proxy {
    address: SocketAddr,
    manners: Arc<Mutex<Manners>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Proxy {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, manners) = (listener.local_addr().unwrap(), Arc::<Mutex<Manners>>::default());
        let current = Arc::clone(&manners);
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let manners = *current.lock().unwrap();
                // That one side is gone ends both.
                tokio::spawn(async move { drop(relay(client, server, manners).await) });
            }
        });
        Self { address, manners, _accepting: AbortOnDropHandle::new(accepting) }
    }

    fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }
}

async fn relay(client: TcpStream, server: SocketAddr, manners: Manners) -> io::Result<()> {
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(server).await?.into_split();
    let mut from_client = BufReader::new(from_client);
    let mut line = Vec::new();
    while from_client.read_until(b'\n', &mut line).await? > 0 {
        if !line.to_ascii_lowercase().starts_with(b"last-event-id:") {
            to_server.write_all(&line).await?;
        }
        if line == b"\r\n" {
            break;
        }
        line.clear();
    }
    let (mut kept, mut buffer, mut passed) = (Vec::new(), vec![0; 16 * 1024], 0);
    let (mut cut, mut release) = (Instant::now() + NEVER, Instant::now());
    loop {
        tokio::select! {
            read = from_server.read(&mut buffer) => {
                let n = read?;
                if n == 0 {
                    return to_client.write_all(&kept).await;
                }
                cut = Instant::now() + manners.cuts;
                kept.extend_from_slice(&buffer[..n]);
            }
            () = sleep_until(release), if !kept.is_empty() => {
                kept.truncate(manners.bytes - passed);
                to_client.write_all(&kept).await?;
                passed += kept.len();
                release = Instant::now() + manners.keeps;
                kept.clear();
                if passed == manners.bytes {
                    return Ok(());
                }
            }
            () = sleep_until(cut) => return Ok(()),
            _ = from_client.read_u8() => return Ok(()),
        }
    }
}

fn event(n: u128) -> Event {
    Event::StreamEnded { channel: UserId(Uuid::from_u128(n)), category: Category::Study }
}

/// A page behind the proxy, which comes back and says where it stood in both ways that there are.
struct Reader {
    proxy: SocketAddr,
    last: String,
    heard: u128,
    n_heartbeats: u32,
    n_connections: u32,
    longest_silence: Duration,
}

impl Reader {
    fn new(site: &Site, proxy: &Proxy) -> Self {
        let (last, longest_silence) = (site.backend.events.position().to_string(), Duration::ZERO);
        Self { proxy: proxy.address, last, heard: 0, n_heartbeats: 0, n_connections: 0, longest_silence }
    }

    async fn connect(&mut self) -> EventReader {
        self.n_connections += 1;
        let path = format!("/api/stream-updates?topics=streams&after={}", self.last);
        // What went wrong before goes wrong on a connection of its own.
        let answer = Remote::guest().get_with(self.proxy, &path, &[("last-event-id", &self.last)]).await.unwrap();
        answer.events().patient(Duration::from_secs(SILENCE_SECONDS))
    }

    /// Reads to the end of a connection, or until this event.
    async fn read(&mut self, events: &mut EventReader, until: u128) {
        while self.heard < until {
            let began = Instant::now();
            let Some(event) = events.next().await else { return };
            self.longest_silence = self.longest_silence.max(began.elapsed());
            match event.name.as_str() {
                "heartbeat" => self.n_heartbeats += 1,
                "message" => {
                    let update: Update = serde_json::from_str(&event.data).unwrap();
                    assert_eq!(update.event, self::event(self.heard + 1), "each event, once and in order");
                    self.heard += 1;
                }
                name => panic!("{name}: it was not away for long"),
            }
            self.last = event.id;
        }
    }

    async fn hear(&mut self, until: u128) {
        while self.heard < until {
            let mut events = self.connect().await;
            self.read(&mut events, until).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_behind_proxies_that_keep_and_cut_nothing_is_missing_or_doubled() {
    let n_each = if is_full_size() { 1000 } else { 100 };
    let millis = Duration::from_millis;
    let site = Site::on_socket(|config| config).await;
    let proxy = Proxy::before(site.address()).await;
    let mut reader = Reader::new(&site, &proxy);
    let mut told = String::new();
    let mut published = 0;
    for (what, manners) in [
        ("kept for 0.3 s", Manners { keeps: millis(300), ..Manners::default() }),
        ("cut when idle for 20 ms", Manners { cuts: millis(20), ..Manners::default() }),
        ("cut after 4001 bytes", Manners { bytes: 4001, ..Manners::default() }),
    ] {
        proxy.behave(manners);
        reader.n_connections = 0;
        let publishing = async {
            for n in 1..=n_each {
                site.backend.events.publish(&[Topic::Streams], &event(published + n));
                // Now closer to each other than the cut, now not.
                tokio::time::sleep(millis(u64::try_from(n * 7 % 30).unwrap())).await;
            }
        };
        tokio::join!(publishing, reader.hear(published + n_each));
        published += n_each;
        told = format!("{told}; {what}: {} connections", reader.n_connections);
    }
    saw(&format!("F40: each of {published} events came once, in order{told}"));
}

/// Most proxies cut what is silent for a minute, and pages give up what is silent for 35 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn f40_heartbeats_come_more_often_than_proxies_cut() {
    let (manners, n_heartbeats) = if is_full_size() {
        (Manners { keeps: Duration::from_secs(30), cuts: Duration::from_mins(1), ..Manners::default() }, 8)
    } else {
        // As little longer than a heartbeat takes as a busy machine lets it be.
        (Manners { cuts: Duration::from_secs(HEARTBEAT_SECONDS + 3), ..Manners::default() }, 1)
    };
    let site = Site::on_socket(|config| config).await;
    let proxy = Proxy::before(site.address()).await;
    proxy.behave(manners);
    let mut reader = Reader::new(&site, &proxy);
    let mut events = reader.connect().await;
    let publishing = async {
        let beat = Duration::from_secs(HEARTBEAT_SECONDS);
        tokio::time::sleep(beat * n_heartbeats + Duration::from_secs(4)).await;
        site.backend.events.publish(&[Topic::Streams], &event(1));
    };
    tokio::join!(publishing, reader.read(&mut events, 1));
    assert_eq!((reader.heard, reader.n_connections), (1, 1), "it was cut");
    // The first one came at once.
    assert!(reader.n_heartbeats > n_heartbeats, "{} heartbeats", reader.n_heartbeats);
    saw(&format!(
        "F40: a connection that is kept for {:?} and cut when idle for {:?} had {} heartbeats, and was never silent for longer \
         than {:?}",
        manners.keeps, manners.cuts, reader.n_heartbeats, reader.longest_silence
    ));
}
