// Prints what bench-events.sh measured: a row of medians per server and number of connections, every run that is not whole,
// and which goals are reached. Usage: node bench-events.mjs <file with a line of JSON per run>
import { readFileSync } from 'node:fs';

const runs = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

const median = (numbers) => {
  const sorted = numbers.filter((number) => number != null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const name = ({ target, options, report }) =>
  [target, ...(report.mode === 'deliver' ? [] : [report.mode]), ...(options ? [options] : [])].join(' ');

const groups = new Map();
for (const run of runs) {
  const key = `${name(run)}\n${run.report.connections}`;
  groups.set(key, [...(groups.get(key) ?? []), run.report]);
}

const columns = [
  ['p50 ms', (report) => report.delay_ms?.p50],
  ['p99 ms', (report) => report.delay_ms?.p99],
  ['us CPU per event', (report) => report.cpu_us_per_event],
  ['KiB per connection', (report) => report.memory?.kib_per_connection],
  ['KiB in the kernel, both ends', (report) => report.memory?.kernel_kib_per_connection],
  ['connecting s', (report) => report.connecting.seconds],
  ['connects per s', (report) => report.connecting.per_second],
  ['load on its core', (report) => report.own_cpu],
];

const row = (cells) => `| ${cells.join(' | ')} |`;
console.log(row(['Server', 'Connections', 'Runs', ...columns.map(([title]) => title)]));
console.log(row(['Server', 'Connections', 'Runs', ...columns].map(() => '---')));
for (const [key, reports] of groups) {
  const cells = columns.map(([, value]) => {
    const number = median(reports.map(value));
    return number == null ? '' : String(Math.round(number * 100) / 100);
  });
  console.log(row([...key.split('\n'), reports.length, ...cells]));
}

for (const run of runs) {
  const { not_connected, missing, duplicates, out_of_order, own_cpu } = run.report;
  const faults = Object.entries({ not_connected, missing, duplicates, out_of_order }).filter(([, n]) => n > 0);
  if (own_cpu > 0.7) faults.push(['the load was busy, so the figures say more of it than of the server', own_cpu]);
  if (faults.length > 0) {
    console.log(`not whole: ${name(run)}, ${run.report.connections}: ${faults.map(([what, n]) => `${what} ${n}`).join(', ')}`);
  }
}

// The goals. Those beside others count what was measured in the same run.
const FLOOR_RATIO = 1.2;
const NCHAN_RATIO = 0.6;
const CPU_US = 7;
const KIB = 2;
const STORM_SECONDS = 5;
const GO_LIVE_P99_MS = 300;
const DEAD_RATIO = 1.2;
// Fewer connections leave the core idle most of the time, and the tail is that of the machine.
const MANY = 10_000 * 0.95;

const median_of = (name, n, value) => median((groups.get(`${name}\n${n}`) ?? []).map(value));
const judge = (what, value, limit) => {
  if (value == null) return;
  const digits = Math.round(value * 100) / 100;
  console.log(`${value <= limit ? 'reached' : 'NOT REACHED'}: ${what}: ${digits} (at most ${limit})`);
};
const ratio = (part, of) => (part == null || !of ? null : part / of);

const p99 = (report) => report.delay_ms?.p99;
for (const n of [...new Set(runs.map((run) => run.report.connections))].sort((a, b) => a - b)) {
  if (n >= MANY) {
    const [ours, floor, nchan] = ['learnify', 'floor', 'nchan'].map((target) => median_of(target, n, p99));
    judge(`${n}: p99 beside that of the floor`, ratio(ours, floor), FLOOR_RATIO);
    judge(`${n}: p99 beside that of nchan`, ratio(ours, nchan), NCHAN_RATIO);
    // Where the floor does not reach it, nobody who writes to as many sockets does.
    judge(`${n}: p99 of the floor beside that of nchan`, ratio(floor, nchan), NCHAN_RATIO);
    for (const target of ['learnify', 'floor']) {
      judge(`${n}: us CPU per event of ${target}`, median_of(target, n, (report) => report.cpu_us_per_event), CPU_US);
    }
    judge(`${n}: KiB per connection`, median_of('learnify', n, (report) => report.memory?.kib_per_connection), KIB);
    judge(`${n}: storm, seconds`, median_of('learnify storm', n, (report) => report.connecting.seconds), STORM_SECONDS);
    if (n <= 10_000) judge(`${n}: p99 from go-live to a connection, ms`, median_of('learnify golive', n, p99), GO_LIVE_P99_MS);
  }
}
// Dead readers are counted among the connections of their run.
const groupOf = (mode) => [...groups].find(([key]) => key.startsWith(`learnify ${mode}`))?.[1].map(p99);
judge('p99 beside dead readers, to that without', ratio(median(groupOf('dead') ?? []), median(groupOf('--interval-ms') ?? [])), DEAD_RATIO);
