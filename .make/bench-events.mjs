// Prints what bench-events.sh measured: a row of medians per server and number of connections, and every run that is not
// whole. Usage: node bench-events.mjs <file with a line of JSON per run>
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
