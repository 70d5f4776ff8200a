//! The report about a server, made of its samples.

mod chart;

use crate::performance::{Chart, Figure, Line, Report, Table};
use backend::{
    cache::{Namespace, Numbers, PerNamespace},
    performance::{Latency, Sample, Served, alerts},
};
use domain::event::Position;
use std::time::Duration;

/// What a number is a number of.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Count,
    PerSecond,
    Millis,
    Percent,
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::PerSecond => format!("{value:.1}"),
            Self::Millis if value < 10.0 => format!("{value:.1} ms"),
            Self::Millis if value < 10_000.0 => format!("{value:.0} ms"),
            Self::Millis => format!("{:.0} s", value / 1000.0),
            Self::Percent => format!("{value:.0} %"),
        }
    }

    fn maybe(self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| self.text(value))
    }
}

/// What a line shows of a sample; nothing where there was nothing to measure.
type Measure = Box<dyn Fn(&Sample) -> Option<f64>>;

/// The report about a server that has been there for `uptime`, made of samples that were read at `position` or later. The
/// newest is the last.
pub(super) fn report(position: Position, samples: &[Sample], uptime: Duration) -> Report {
    Report {
        position,
        alerts: alerts(samples).iter().map(ToString::to_string).collect(),
        figures: figures(samples, uptime),
        charts: charts(samples),
        tables: tables(samples),
    }
}

fn figures(samples: &[Sample], uptime: Duration) -> Vec<Figure> {
    let figure = |name: &str, value: String, note: String| Figure { name: name.to_owned(), value, note };
    let newest = samples.last().cloned().unwrap_or_default();
    let Sample { database, event_connections, media, .. } = &newest;
    let latest = samples.iter().rev().find_map(|sample| sample.pages.latency);
    let cache = samples.iter().flat_map(|sample| sample.cache).fold(Numbers::default(), Numbers::plus);
    let per_second = per_second(&newest.pages, newest.took) + per_second(&newest.api, newest.took);
    let in_use = database.open.saturating_sub(database.idle);
    vec![
        figure("Requests", Unit::PerSecond.text(per_second), "a second, pages and API".to_owned()),
        figure("Latency", Unit::Millis.maybe(latest.map(|latency| millis(latency.p95))), "p95 of pages".to_owned()),
        figure("Cache hit rate", Unit::Percent.maybe(cache.hit_rate()), "in ten minutes".to_owned()),
        figure("Database", in_use.to_string(), format!("of {} connections in use", database.size)),
        figure("Event connections", event_connections.open.to_string(), format!("of {} at most", event_connections.most)),
        figure("Viewers", media.viewers.to_string(), format!("of {}", count(media.publishers, "stream"))),
        figure("Running", crate::format::duration(millis_of(uptime)), "since the last start".to_owned()),
    ]
}

fn charts(samples: &[Sample]) -> Vec<Chart> {
    let latency = |of: fn(&Sample) -> &Served| {
        let line = |name, quantile: fn(Latency) -> Duration| -> (&str, Measure) {
            (name, Box::new(move |sample| of(sample).latency.map(|latency| millis(quantile(latency)))))
        };
        [line("p50", |latency| latency.p50), line("p95", |latency| latency.p95), line("p99", |latency| latency.p99)]
    };
    let count = |name, of: fn(&Sample) -> usize| -> (&str, Measure) { (name, Box::new(move |sample| Some(float(of(sample))))) };
    let requests: [(&str, Measure); 2] = [
        ("Pages", Box::new(|sample| Some(per_second(&sample.pages, sample.took)))),
        ("API", Box::new(|sample| Some(per_second(&sample.api, sample.took)))),
    ];
    let cache = Namespace::ALL.map(|namespace| -> (&str, Measure) {
        (label(namespace), Box::new(move |sample| numbers(&sample.cache, namespace).hit_rate()))
    });
    let database = [
        count("Open", |sample| sample.database.open),
        count("Idle", |sample| sample.database.idle),
        count("Waiting for one", |sample| sample.database.waiting),
    ];
    let media = [
        count("Streams", |sample| usize::try_from(sample.media.publishers).unwrap_or(usize::MAX)),
        count("Viewers", |sample| usize::try_from(sample.media.viewers).unwrap_or(usize::MAX)),
    ];
    vec![
        drawn("Requests a second", Unit::PerSecond, samples, requests),
        drawn("Latency of pages", Unit::Millis, samples, latency(|sample| &sample.pages)),
        drawn("Latency of the API", Unit::Millis, samples, latency(|sample| &sample.api)),
        drawn("Cache hit rate", Unit::Percent, samples, cache),
        drawn("Database connections", Unit::Count, samples, database),
        drawn("Event connections", Unit::Count, samples, [count("Open", |sample| sample.event_connections.open)]),
        drawn("Streams and viewers", Unit::Count, samples, media),
    ]
}

fn drawn(name: &str, unit: Unit, samples: &[Sample], lines: impl IntoIterator<Item = (&'static str, Measure)>) -> Chart {
    let measured: Vec<(&str, Vec<Option<f64>>)> =
        lines.into_iter().map(|(name, measure)| (name, samples.iter().map(measure).collect())).collect();
    let most = measured.iter().flat_map(|(_, values)| values).flatten().copied().fold(0.0, f64::max);
    let top = if matches!(unit, Unit::Percent) { 100.0 } else { chart::round_up(most) };
    let line = |(name, values): (&str, Vec<Option<f64>>)| {
        let known = values.iter().flatten().copied();
        Line {
            name: name.to_owned(),
            path: chart::path(&values, top),
            now: unit.maybe(values.last().copied().flatten()),
            least: unit.maybe(known.clone().reduce(f64::min)),
            most: unit.maybe(known.reduce(f64::max)),
        }
    };
    Chart { name: name.to_owned(), top: unit.text(top), lines: measured.into_iter().map(line).collect() }
}

fn tables(samples: &[Sample]) -> Vec<Table> {
    Namespace::ALL
        .map(|namespace| {
            let here = samples.iter().map(|sample| numbers(&sample.cache, namespace)).fold(Numbers::default(), Numbers::plus);
            let everywhere = samples.iter().filter_map(|sample| sample.cache_everywhere.as_ref());
            let everywhere = everywhere.map(|cache| numbers(cache, namespace)).reduce(Numbers::plus);
            let row = |name: &str, of: fn(Numbers) -> String| {
                (name.to_owned(), of(here), everywhere.map_or_else(|| "–".to_owned(), of))
            };
            let rows = vec![
                row("Hit rate", |numbers| Unit::Percent.maybe(numbers.hit_rate())),
                row("Hits", |numbers| numbers.hits.to_string()),
                row("Stale", |numbers| numbers.stale.to_string()),
                row("Misses", |numbers| numbers.misses.to_string()),
                row("Refreshes", |numbers| numbers.refreshes.to_string()),
                row("Time saved", |numbers| format!("{:.1} s", numbers.saved.as_secs_f64())),
            ];
            Table { name: format!("Cache: {}", label(namespace).to_lowercase()), rows }
        })
        .into()
}

const fn label(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Home => "Home page",
        Namespace::Category => "Categories",
        Namespace::Channel => "Channels",
        Namespace::Recommended => "Recommended",
    }
}

fn numbers(cache: &PerNamespace, namespace: Namespace) -> Numbers {
    let mut all = Namespace::ALL.into_iter().zip(cache);
    all.find(|(known, _)| *known == namespace).map(|(_, numbers)| *numbers).unwrap_or_default()
}

fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// The first step may be as short as nothing.
fn per_second(served: &Served, took: Duration) -> f64 {
    float(usize::try_from(served.n).unwrap_or(usize::MAX)) / took.as_secs_f64().max(1.0)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn millis_of(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "what is shown has four digits")]
const fn float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::Unit;
    use crate::performance::Report;
    use backend::{
        cache::Numbers,
        database::PoolUse,
        performance::{EventConnections, Sample},
    };
    use domain::event::Position;
    use std::time::Duration;

    fn report(samples: &[Sample], uptime: Duration) -> Report {
        super::report(Position { epoch: 1, sequence: 2 }, samples, uptime)
    }

    fn sample(hits: u64, misses: u64) -> Sample {
        let mut sample = Sample {
            took: Duration::from_secs(5),
            database: PoolUse { size: 16, open: 5, idle: 2, waiting: 0 },
            event_connections: EventConnections { open: 7, most: 100 },
            is_bus_connected: true,
            ..Sample::default()
        };
        sample.pages.n = 20;
        sample.cache[0] = Numbers { hits, misses, ..Numbers::default() };
        sample
    }

    #[test]
    fn a_server_without_samples_has_a_report() {
        let report = report(&[], Duration::ZERO);
        assert!(report.alerts.is_empty());
        assert!(report.charts.iter().flat_map(|chart| &chart.lines).all(|line| line.path.is_empty() && line.now == "–"));
    }

    #[test]
    fn figures_and_charts_say_what_the_samples_say() {
        let report = report(&[sample(0, 0), sample(9, 1)], Duration::from_hours(2));
        let figure = |name: &str| report.figures.iter().find(|figure| figure.name == name).unwrap();
        assert_eq!(figure("Requests").value, "4.0");
        assert_eq!((figure("Database").value.as_str(), figure("Database").note.as_str()), ("3", "of 16 connections in use"));
        assert_eq!(figure("Cache hit rate").value, "90 %");
        assert_eq!((figure("Latency").value.as_str(), figure("Running").value.as_str()), ("–", "2 h"));
        let chart = |name: &str| report.charts.iter().find(|chart| chart.name == name).unwrap();
        let connections = chart("Event connections");
        assert_eq!((connections.top.as_str(), connections.lines[0].most.as_str()), ("10", "7"));
        assert_eq!(connections.text(), "Event connections, the last ten minutes; Open: now 7, at least 7, at most 7");
        assert_eq!(chart("Cache hit rate").lines[0].least, "90 %", "where nothing was asked there is no rate");
        let home = &report.tables[0];
        assert_eq!(home.rows[1], ("Hits".to_owned(), "9".to_owned(), "–".to_owned()), "Redis does not tell");
    }

    #[test]
    fn all_servers_are_added_up_where_redis_tells() {
        let mut samples = [sample(1, 0), sample(2, 0), sample(4, 0)];
        for sample in &mut samples[1..] {
            let everywhere = Numbers { hits: 10, saved: Duration::from_millis(250), ..Numbers::default() };
            sample.cache_everywhere = Some([everywhere; 4]);
        }
        let home = &report(&samples, Duration::ZERO).tables[0];
        assert_eq!(home.rows[1], ("Hits".to_owned(), "7".to_owned(), "20".to_owned()));
        assert_eq!(home.rows[5].2, "0.5 s");
    }

    #[test]
    fn numbers_are_short() {
        for (unit, value, text) in [
            (Unit::Count, 12.0, "12"),
            (Unit::PerSecond, 3.25, "3.2"),
            (Unit::Millis, 0.84, "0.8 ms"),
            (Unit::Millis, 84.2, "84 ms"),
            (Unit::Millis, 65_000.0, "65 s"),
            (Unit::Percent, 99.6, "100 %"),
        ] {
            assert_eq!(unit.text(value), text);
        }
    }
}
