//! Whole runs against a server of a few lines, which is right or wrong as a test wants it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails here is the test")]

use load::{
    args::{Address, Dropping, Mode, Publishing, Settings},
    report::Report,
    run::run,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// What a server does with an event of this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    LeaveOut(usize),
    Repeat(usize),
    /// With the one after it.
    Swap(usize),
}

struct Server {
    events: Mutex<Vec<String>>,
    is_new: Condvar,
    fault: Fault,
}

impl Server {
    /// Serves until the tests are over.
    fn start(fault: Fault) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Self { events: Mutex::default(), is_new: Condvar::new(), fault });
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, stream) = (Arc::clone(&server), stream.unwrap());
                // Whoever is served may leave at any time.
                thread::spawn(move || drop(server.serve(stream)));
            }
        });
        address
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let (mut first, mut length, mut after) = (String::new(), 0, 0);
            reader.read_line(&mut first)?;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                match line.trim().split_once(": ") {
                    None => break,
                    Some(("content-length", value)) => length = value.parse().unwrap(),
                    Some(("last-event-id", value)) => after = value.parse().unwrap(),
                    Some(_) => {}
                }
            }
            if first.starts_with("GET") {
                return self.tell(&mut stream, after);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            self.events.lock().unwrap().push(String::from_utf8(body).unwrap());
            self.is_new.notify_all();
            stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        }
    }

    fn tell(&self, stream: &mut TcpStream, after: usize) -> std::io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let mut n_told = after;
        loop {
            let event = {
                let events = self.is_new.wait_while(self.events.lock().unwrap(), |events| events.len() <= n_told).unwrap();
                events[n_told].clone()
            };
            n_told += 1;
            let data = match self.fault {
                Fault::LeaveOut(n) if n == n_told => continue,
                Fault::Swap(n) if n == n_told => continue,
                Fault::Repeat(n) if n == n_told => format!("id: {n_told}\ndata: {event}\n\nid: {n_told}\ndata: {event}\n\n"),
                Fault::Swap(n) if n + 1 == n_told => {
                    let earlier = self.events.lock().unwrap()[n - 1].clone();
                    format!("id: {n_told}\ndata: {event}\n\nid: {n_told}\ndata: {earlier}\n\n")
                }
                _ => format!("id: {n_told}\ndata: {event}\n\n"),
            };
            write!(stream, "{:x}\r\n{data}\r\n", data.len())?;
        }
    }
}

const CONNECTIONS: usize = 20;
const EVENTS: u64 = 20;

fn measure(fault: Fault, dropping: Option<Dropping>) -> Report {
    let socket = Server::start(fault);
    let to = |path: &str| Address { socket, path: path.to_owned() };
    let interval = Duration::from_millis(20);
    let settings = Settings {
        mode: Mode::Deliver,
        url: to("/events"),
        publishing: Some(Publishing {
            to: to("/publish"),
            body: "{marker}".to_owned(),
            media_type: "text/plain".to_owned(),
            token: None,
        }),
        pids: vec![std::process::id()],
        connections: CONNECTIONS,
        dead: 2,
        time: interval * u32::try_from(EVENTS).unwrap(),
        interval,
        starts: 1,
        dropping,
        threads: 2,
        addresses: 3,
        at_once: 5,
        patience: Duration::from_secs(30),
    };
    run(&settings).unwrap()
}

/// A run in which nothing is published.
fn waiting(mode: Mode, socket: SocketAddr) -> Settings {
    Settings {
        mode,
        url: Address { socket, path: "/".to_owned() },
        publishing: None,
        pids: Vec::new(),
        connections: CONNECTIONS,
        dead: 0,
        time: Duration::from_secs(1),
        interval: Duration::from_secs(1),
        starts: 2,
        dropping: None,
        threads: 1,
        addresses: 1,
        at_once: 1,
        patience: Duration::from_secs(30),
    }
}

fn faults(report: &Report) -> (usize, u64, u64, u64) {
    (report.not_connected, report.missing, report.duplicates, report.out_of_order)
}

#[test]
fn everything_comes_also_to_who_was_away() {
    let dropping = Dropping { percent: 50, every: None, away: Duration::from_millis(60) };
    let report = measure(Fault::None, Some(dropping));
    assert_eq!((report.events, faults(&report)), (EVENTS, (0, 0, 0, 0)), "{report:?}");
    assert_eq!(report.delivered, EVENTS * CONNECTIONS as u64);
    assert!(report.dropped > 0 && report.dropped < CONNECTIONS as u64, "{report:?}");
    assert_eq!((report.dead, report.dead_ended_by_server), (2, 0));
    assert!(report.delay_ms.is_some() && report.memory.is_some() && report.cpu_us_per_event.is_some());
}

#[test]
fn what_a_server_does_wrong_shows() {
    let n = CONNECTIONS as u64;
    for (fault, expected) in
        [(Fault::LeaveOut(7), (0, n, 0, 0)), (Fault::Repeat(7), (0, 0, n, 0)), (Fault::Swap(7), (0, 0, 0, n))]
    {
        assert_eq!(faults(&measure(fault, None)), expected, "{fault:?}");
    }
}

#[test]
fn each_stream_that_goes_live_is_waited_for() {
    let socket = Server::start(Fault::None);
    let live = |started_at: u64| format!(r#"{{"stream":{{"live":{{"started_at":{started_at}}}}}}}"#);
    let (first, second) = (live(1_732_960_000_123), live(1_732_960_000_456));
    let events = [
        format!(r#"{{"stream_started":{first}}}"#),
        format!(r#"{{"stream_updated":{first}}}"#),
        format!(r#"{{"stream_started":{second}}}"#),
    ];
    for event in events {
        let mut stream = TcpStream::connect(socket).unwrap();
        write!(stream, "POST /publish HTTP/1.1\r\ncontent-length: {}\r\n\r\n{event}", event.len()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
    }
    let report = run(&waiting(Mode::GoLive, socket)).unwrap();
    assert_eq!((report.events, report.delivered, faults(&report)), (2, 2 * CONNECTIONS as u64, (0, 0, 0, 0)));
}

#[test]
fn a_server_that_is_not_there_ends_the_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = listener.local_addr().unwrap();
    drop(listener);
    let settings = Settings { connections: 3, patience: Duration::from_secs(30), ..waiting(Mode::Storm, socket) };
    let report = run(&settings).unwrap();
    assert_eq!((report.not_connected, report.delivered), (3, 0));
    assert!(report.connecting.failed_attempts >= 3);
}
