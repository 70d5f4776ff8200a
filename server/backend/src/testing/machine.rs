//! Another machine, as far as the network can tell: a namespace of Linux, and cables to it that can be cut.

use std::{
    net::Ipv4Addr,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// Where systems keep the program that makes both.
const PROGRAMS: [&str; 4] = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"];

/// Numbers what this process makes.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Removed with its test.
pub struct Machine {
    ip: &'static str,
    name: String,
}

impl Machine {
    /// One without a cable. None where this process may not make one, which only administrators of a Linux may.
    pub fn new() -> Option<Self> {
        let ip = PROGRAMS.into_iter().find(|program| Path::new(program).exists())?;
        let name = format!("learnify-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let is_made = Command::new(ip).args(["netns", "add", &name]).output().is_ok_and(|output| output.status.success());
        let machine = is_made.then(|| Self { ip, name })?;
        run(ip, &format!("-n {} link set lo up", machine.name));
        Some(machine)
    }

    /// Another cable between this machine and that one.
    pub fn cable(&self) -> Cable {
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let [_, _, high, low] = process.to_be_bytes();
        // Four addresses, of which two are for the ends, in a private range that belongs to this process.
        let [_, _, _, last] = (number % 64 * 4).to_be_bytes();
        let (here, there) = (Ipv4Addr::new(10, high, low, last + 1), Ipv4Addr::new(10, high, low, last + 2));
        // The names of links are short.
        let (end, far_end, machine) = (format!("lf{process}-{number}"), format!("cable{number}"), &self.name);
        let cable = Cable { ip: self.ip, end, here, there };
        run(self.ip, &format!("link add {} type veth peer name {far_end} netns {machine}", cable.end));
        run(self.ip, &format!("addr add {here}/30 dev {}", cable.end));
        run(self.ip, &format!("-n {machine} addr add {there}/30 dev {far_end}"));
        run(self.ip, &format!("-n {machine} link set {far_end} up"));
        cable.mend();
        cable
    }

    /// A command that runs a program there. It is still that program's process which is to be killed.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.ip);
        command.args(["netns", "exec", &self.name, program]);
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Err(error) = Command::new(self.ip).args(["netns", "del", &self.name]).output() {
            tracing::warn!(%error, "the machine of a test stays");
        }
    }
}

/// Removed with its test.
pub struct Cable {
    ip: &'static str,
    end: String,
    /// The address of this end.
    pub here: Ipv4Addr,
    /// The address of the other machine.
    pub there: Ipv4Addr,
}

impl Cable {
    /// From now on nothing passes, and nobody over there is told.
    pub fn cut(&self) {
        // Were it the other end, the system there would know, and refuse at once what is to be sent.
        run(self.ip, &format!("link set {} down", self.end));
    }

    pub fn mend(&self) {
        run(self.ip, &format!("link set {} up", self.end));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        if let Err(error) = Command::new(self.ip).args(["link", "del", &self.end]).output() {
            tracing::warn!(%error, "a cable of a test stays");
        }
    }
}

fn run(ip: &str, arguments: &str) {
    let output = Command::new(ip).args(arguments.split(' ')).output().expect("ip");
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
