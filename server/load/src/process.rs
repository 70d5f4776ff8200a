//! What Linux says of processes: their memory, their time, and how many files they may open.

use std::fs;

/// How much memory processes hold, in KiB, and how long they computed, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub resident_kib: u64,
    pub cpu_us: u64,
}

/// The sum over these processes. None where Linux says nothing of one of them.
pub fn usage(pids: &[u32]) -> Option<Usage> {
    let mut sum = Usage::default();
    for pid in pids {
        let Usage { resident_kib, cpu_us } = usage_at(&format!("/proc/{pid}"))?;
        sum.resident_kib += resident_kib;
        sum.cpu_us += cpu_us;
    }
    (!pids.is_empty()).then_some(sum)
}

/// How long a process and all of its children computed, in microseconds, also those that are gone; such as PostgreSQL, which
/// has a process for each connection.
pub fn family_cpu_us(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let of_child = |child: &str| usage_at(&format!("/proc/{child}")).map_or(0, |usage| usage.cpu_us);
    let of_children: u64 = children.split_whitespace().map(of_child).sum();
    Some(of_children + in_us(ticks(&stat, 4)?))
}

/// Of this process.
pub fn own_usage() -> Option<Usage> {
    usage_at("/proc/self")
}

fn usage_at(folder: &str) -> Option<Usage> {
    let status = fs::read_to_string(format!("{folder}/status")).ok()?;
    let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
    Some(Usage { resident_kib: resident(&status)?, cpu_us: in_us(ticks(&stat, 2)?) })
}

fn in_us(ticks: u64) -> u64 {
    ticks * 1_000_000 / rustix::param::clock_ticks_per_second()
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// proc(5): the fields from the 14th on, counted behind the name, which may hold anything. The first two are of the process, in
/// its own code and in the kernel; two more of its children that are gone.
fn ticks(stat: &str, n_fields: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields = rest.split_whitespace().skip(11).take(n_fields);
    fields.map(|field| field.parse::<u64>().ok()).sum()
}

/// The memory of all TCP sockets of this machine, at both ends, in KiB.
pub fn kernel_tcp_kib() -> Option<u64> {
    tcp_pages(&fs::read_to_string("/proc/net/sockstat").ok()?).map(|pages| pages * rustix::param::page_size() as u64 / 1024)
}

fn tcp_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}

/// Allows this process so many open files, or as many as the system lets it have, and answers how many that are.
pub fn allow_files(n: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(n);
    let set = |current: u64, maximum: Option<u64>| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).map(|()| current)
    };
    match limit.current {
        Some(current) if current < n => {
            // Only an administrator may raise the upper limit too.
            let raised = if n > most { set(n, Some(n)) } else { set(n, limit.maximum) };
            raised.or_else(|_refused| set(most.min(n), limit.maximum)).unwrap_or(current)
        }
        Some(current) => current,
        None => n,
    }
}

#[cfg(test)]
mod tests {
    use super::{allow_files, family_cpu_us, own_usage, resident, tcp_pages, ticks, usage};

    #[test]
    fn what_linux_says_is_understood() {
        let stat = "4 (a b) c) S 1 4 4 0 -1 4194560 1 2 3 4 70 30 5 6 20 0 1 0 9 10 11";
        assert_eq!((ticks(stat, 2), ticks(stat, 4)), (Some(100), Some(111)));
        assert_eq!(resident("Name:\tx\nVmRSS:\t   12345 kB\n"), Some(12345));
        let sockstat = "sockets: used 200\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 42\nUDP: inuse 1 mem 3\n";
        assert_eq!(tcp_pages(sockstat), Some(42));
    }

    #[test]
    fn of_this_process_and_of_none() {
        assert!(own_usage().is_some_and(|usage| usage.resident_kib > 0));
        assert_eq!(usage(&[]), None);
        assert_eq!(usage(&[u32::MAX]), None);
        assert!(family_cpu_us(std::process::id()).is_some());
        assert_eq!(family_cpu_us(u32::MAX), None);
    }
    #[test]
    fn no_more_files_than_the_system_gives() {
        let now = allow_files(0);
        assert!(now > 0);
        assert!(allow_files(now) >= now && allow_files(u64::MAX / 2) >= now);
    }
}
