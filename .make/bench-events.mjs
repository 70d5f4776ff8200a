// Prints what bench-events.sh measured: a row of medians per server and number of connections, every run that is not whole,
// and which goals are reached. Usage: node bench-events.mjs <file with a line of JSON per run>
import { readFileSync } from 'node:fs';
import { grouped, judge, median, printGoals, printTable } from './goals.mjs';

const runs = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

const name = ({ target, options, report }) =>
  [target, ...(report.mode === 'deliver' ? [] : [report.mode]), ...(options ? [options] : [])].join(' ');

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

const groups = grouped(runs, (run) => `${name(run)}\n${run.report.connections}`);
printTable(['Server', 'Connections'], groups, columns.map(([title, value]) => [title, ({ report }) => value(report)]));

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
const GROWTH = 1.05;
// Fewer connections leave the core idle most of the time, and the tail is that of the machine.
const MANY = 10_000 * 0.95;

const p99 = (report) => report.delay_ms?.p99;
const cpu = (report) => report.cpu_us_per_event;
const failed = ({ not_connected, connecting }) => not_connected + connecting.failed_attempts;
const ratio = (part, of) => (part == null || !of ? null : part / of);
const middle = (of, value) => median(of.map(({ report }) => value(report)));
const goals = [];
const unmeasured = [];
const want = (what, measured, limit) => (measured == null ? unmeasured.push(what) : goals.push([what, measured, 'at most', limit]));

for (const n of [...new Set(runs.map((run) => run.report.connections))].sort((a, b) => a - b)) {
  if (n < MANY) continue;
  const of = (group, value) => middle(groups.get(`${group}\n${n}`) ?? [], value);
  const floor = of('floor', p99);
  want(`${n}: p99 beside that of the floor`, ratio(of('learnify', p99), floor), FLOOR_RATIO);
  want(`${n}: p99 beside that of nchan`, ratio(of('learnify', p99), of('nchan', p99)), NCHAN_RATIO);
  want(`${n}: us CPU per event`, of('learnify', cpu), CPU_US);
  want(`${n}: KiB per connection`, of('learnify', (report) => report.memory?.kib_per_connection), KIB);
  // More of them take longer, at the pace at which they are let in.
  if (n <= 10_000) want(`${n}: storm, seconds`, of('learnify storm', (report) => report.connecting.seconds), STORM_SECONDS);
  want(`${n}: storm, connections that failed`, of('learnify storm', failed), 0);
  if (n <= 10_000) want(`${n}: p99 from go-live to a connection, ms`, of('learnify golive', p99), GO_LIVE_P99_MS);
  // Nobody who writes to as many sockets does better than the floor.
  const ratioOfFloor = ratio(floor, of('nchan', p99));
  if (ratioOfFloor != null) console.log(`${n}: the floor took ${of('floor', cpu)} us per event, and its p99 is ${ratioOfFloor.toFixed(2)} of nchan's`);
}
const ours = runs.filter(({ target }) => target === 'learnify').map(({ report }) => report);
const faulty = ours.reduce((sum, { missing, duplicates, out_of_order }) => sum + missing + duplicates + out_of_order, 0);
want('missing, doubled or out of order, in all runs', ours.length > 0 ? faulty : null, 0);
const dropped = ours.filter((report) => report.dropped > 0);
want('dropped connections that had to begin anew', dropped.length > 0 ? dropped.reduce((sum, { resyncs }) => sum + resyncs, 0) : null, 0);
const soak = ours.find(({ mode }) => mode === 'soak')?.memory;
want('soak: memory at the end, to that when all were connected (SOAK_SECONDS)', ratio(soak?.after_kib, soak?.connected_kib), GROWTH);
// Both at the same pace. Who never reads is counted among the connections of a run.
const paced = (mode) => runs.filter(({ report, options }) => report.mode === mode && options.includes('--interval-ms'));
want('p99 of others beside dead readers, to that without', ratio(middle(paced('dead'), p99), middle(paced('deliver'), p99)), DEAD_RATIO);
printGoals(judge(goals));
for (const what of unmeasured) console.log(`not measured: ${what}`);
