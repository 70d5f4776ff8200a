//! How numbers, names and moments are written. The same on both sides, so the first render matches;
//! what depends on the reader's own zone and language is in [`crate::components::local_time`].

use domain::Timestamp;

/// A count in at most four characters: 999, 1.2K, 34K, 5.6M.
pub fn count(n: u32) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => scaled(n, 1_000, 'K'),
        _ => scaled(n, 1_000_000, 'M'),
    }
}

/// Rounds down: a thousand is only claimed once it is there.
fn scaled(n: u32, unit: u32, suffix: char) -> String {
    let (whole, tenth) = (n / unit, n % unit * 10 / unit);
    if whole < 10 && tenth > 0 { format!("{whole}.{tenth}{suffix}") } else { format!("{whole}{suffix}") }
}

/// The first letters of the first two words of a name, in capitals.
pub fn initials(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.chars().next());
    words.take(2).flat_map(char::to_uppercase).collect()
}

/// A number below `variants` that is always the same for the same text, to give people a color and a pattern of their own.
pub fn variant_of(text: &str, variants: u32) -> u32 {
    // FNV-1a: short, and spread well enough for a handful of buckets.
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % variants
}

/// A moment in UTC, as it stands in the page until the browser knows better: "23 Nov 2026, 11:19 UTC".
pub fn utc(moment: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = moment.to_rfc3339();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).copied().unwrap_or("");
    let minutes = time.rsplit_once(':').map_or(time, |(minutes, _seconds)| minutes);
    format!("{} {month} {year}, {minutes} UTC", day.trim_start_matches('0'))
}

/// A day in UTC: "23 Nov 2026".
pub fn day(moment: Timestamp) -> String {
    let mut text = utc(moment);
    text.truncate(text.find(',').unwrap_or(text.len()));
    text
}

/// How long something takes, in hours and minutes: "2 h 05 min", "45 min". What has begun counts as a minute.
pub fn duration(millis: u64) -> String {
    match (millis / 3_600_000, millis / 60_000 % 60) {
        (0, minutes) => format!("{} min", minutes.max(1)),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// The time until a moment, in the two largest units: "2 d 3 h", "1 h 5 min", "4 min 09 s". Nothing once it has come.
pub fn time_until(moment: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = moment.millis_since(now) / 1000;
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, 0) => None,
        (0, 0, minutes, seconds) => Some(format!("{minutes} min {seconds:02} s")),
        (0, hours, minutes, _) => Some(format!("{hours} h {minutes:02} min")),
        (days, hours, _, _) => Some(format!("{days} d {hours} h")),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, day, duration, initials, time_until, utc, variant_of};
    use domain::Timestamp;

    #[test]
    fn counts_stay_short() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1K"),
            (1_999, "1.9K"),
            (10_900, "10K"),
            (999_999, "999K"),
            (1_200_000, "1.2M"),
            (u32::MAX, "4294M"),
        ] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn initials_come_from_words() {
        for (name, text) in [("ana", "A"), ("Ada Lovelace", "AL"), ("grace_brewster hopper", "GB"), ("___", ""), ("éa", "É")] {
            assert_eq!(initials(name), text);
        }
    }

    #[test]
    fn variants_are_stable_and_in_range() {
        assert_eq!(variant_of("ana", 6), variant_of("ana", 6));
        assert!((0..100).all(|n| variant_of(&format!("user{n}"), 6) < 6));
    }

    #[test]
    fn moments_in_utc() {
        assert_eq!(utc(Timestamp(1_795_432_745_678)), "23 Nov 2026, 11:19 UTC");
        assert_eq!(utc(Timestamp(0)), "1 Jan 1970, 00:00 UTC");
        assert_eq!(day(Timestamp(1_795_432_745_678)), "23 Nov 2026");
    }

    #[test]
    fn durations_are_hours_and_minutes() {
        for (minutes, text) in [(0, "1 min"), (45, "45 min"), (60, "1 h"), (125, "2 h 05 min"), (1_500, "25 h")] {
            assert_eq!(duration(minutes * 60_000), text);
        }
    }

    #[test]
    fn time_until_names_two_units() {
        for (seconds, text) in [
            (0, None),
            (9, Some("0 min 09 s")),
            (3_599, Some("59 min 59 s")),
            (3_900, Some("1 h 05 min")),
            (183_600, Some("2 d 3 h")),
        ] {
            assert_eq!(time_until(Timestamp(seconds * 1000), Timestamp(0)).as_deref(), text);
        }
        assert_eq!(time_until(Timestamp(0), Timestamp(5000)), None);
    }
}
