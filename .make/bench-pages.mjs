// Plays the parts of bench-pages.sh together, prints a table, and writes target/bench/pages.json.
// Usage: node bench-pages.mjs <folder with the programs>
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { grouped, judge, median, printGoals, printTable, rounded } from './goals.mjs';

const programs = process.argv[2];
const work = 'target/bench/pages';
const report = 'target/bench/pages.json';
const origin = 'http://127.0.0.1:4010';

const number = (name, usual, most) => {
  const value = Number(process.env[name] || usual);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`${name} is a number from 1 to ${most}`);
  return value;
};
const seconds = number('SECONDS_EACH', 20, 600);
const repeat = number('REPEAT', 3, 100);
const starts = number('STARTS', 20, 1000);

// What is asked for. Half of the rate of visitors is also the even pace at which their latency is measured.
const VISITORS_PER_CORE_SECOND = 5000;
const MEMBERS_PER_CORE_SECOND = 400;
const VISITOR_P99_MS = 20;
const COLD_P95_MS = 150;
const HIT_RATE = 95;
// Longer than a server takes to know which others there are, after which it reads everything anew.
const WARM_UP_SECONDS = 6;
// Who asks a cold server: one, or as many at once.
const COLD_BROWSERS = [1, 8];
// Open connections of visitors who come at an even pace: more than are asking at any time.
const CONNECTIONS = 256;
const PATIENCE_MS = 30_000;
const FILL_MS = 30 * 60_000;

// The first core is the server's.
const others = `1-${availableParallelism() - 1}`;
const token = randomBytes(32).toString('hex');
const running = new Set();
// So that Ctrl-C reaches the handler below, whatever it interrupts.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
process.on('exit', () => running.forEach((child) => child.kill('SIGTERM')));

const say = (text) => console.log(`[${String(Math.round(performance.now() / 1000)).padStart(4)}s] ${text}`);

// Starts a program on some cores. Each line that it prints is given to whoever waits for the next one.
const start = (name, cores, program, env, input = 'ignore') => {
  const log = openSync(`${work}/${name}.log`, 'a');
  const child = spawn('taskset', ['-c', cores, program], { env: { ...process.env, ...env }, stdio: [input, 'pipe', log] });
  running.add(child);
  const ended = new Promise((resolve) => child.once('close', resolve)).then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (patience) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${name} says nothing; see ${work}/${name}.log`)), patience);
    });
    const { value, done } = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer));
    if (done) throw new Error(`${name} ended; see ${work}/${name}.log`);
    return value;
  };
  return { child, ended, next };
};

const startServer = async (site, env = {}) => {
  const server = start('server', '0', `${programs}/learnify`, {
    LEARNIFY_ADDRESS: new URL(origin).host,
    PUBLIC_ORIGIN: origin,
    MEDIA_PORT: '4010',
    DATABASE_URL: site.database_url,
    DATA_DIR: `${work}/data`,
    RATE_LIMIT_FACTOR: '1000000',
    METRICS_TOKEN: token,
    RUST_LOG: 'error',
    ...env,
  });
  const line = await server.next(PATIENCE_MS);
  if (!line.startsWith('Learnify is ready')) throw new Error(`the server says: ${line}`);
  return server;
};

const stop = async ({ child, ended }) => {
  child.kill('SIGTERM');
  await ended;
};

// Runs the load, and answers its report.
const load = (site, server, who, options) =>
  new Promise((resolve, reject) => {
    const cookie = who === 'member' ? `__Host-sid=${site.session}` : '';
    const pids = ['--pid', server.child.pid, '--database-pid', site.database_pid];
    const words = ['-c', others, `${programs}/pages`, '--url', `${origin}/`, ...pids, ...options].map(String);
    const child = execFile('taskset', words, { env: { ...process.env, LOAD_COOKIE: cookie } }, (error, out, said) => {
      running.delete(child);
      if (error) reject(new Error(`the load failed: ${said}`));
      else resolve(JSON.parse(out));
    });
    running.add(child);
  });

// Looks at one page as a browser would get it, unpacked.
const look = async (site, who) => {
  const cookie = who === 'member' ? { cookie: `__Host-sid=${site.session}` } : {};
  const answer = await fetch(`${origin}/`, { headers: { 'accept-encoding': 'gzip, br', ...cookie } });
  const html = await answer.text();
  // What is streamed comes behind the end of the document.
  const isWhole = html.includes('</html>') && html.endsWith('</script>') && /href="\/person\d+"/.test(html);
  if (answer.status !== 200 || !isWhole || html.includes(`Account of ${site.name}`) !== (who === 'member')) {
    writeFileSync(`${work}/page.html`, html);
    throw new Error(`the page of a ${who} is not right: status ${answer.status}; see ${work}/page.html`);
  }
  return html.length;
};

// What the server counted of its caches: given away at once, and questions in all.
const counted = async () => {
  const answer = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`/metrics has status ${answer.status}`);
  const sums = { hits: 0, stale: 0, misses: 0 };
  for (const [, name, n] of (await answer.text()).matchAll(/^learnify_cache_(hits|stale|misses)_total\{.*\} (\d+)/gm)) sums[name] += Number(n);
  return { given: sums.hits + sums.stale, asked: sums.hits + sums.stale + sums.misses };
};

// The part of the sorted numbers that so many of a hundred do not exceed.
const quantile = (numbers, percent) => {
  const sorted = numbers.filter((value) => value != null).sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
};

// One step of a measurement: the load's report, what the caches did, and how many streams started and stopped meanwhile.
const measure = async (site, server, name, who, options) => {
  say(`${name}, ${who}`);
  const length = await look(site, who);
  const [before, streamsBefore, began] = [await counted(), await site.streams(), performance.now()];
  const result = await load(site, server, who, options);
  const [after, streams, took] = [await counted(), await site.streams(), (performance.now() - began) / 1000];
  await look(site, who);
  const asked = after.asked - before.asked;
  return {
    name,
    who,
    characters: length,
    hit_rate: asked > 0 ? rounded(((after.given - before.given) * 100) / asked) : null,
    cache_questions: asked,
    started_per_second: rounded((streams.started - streamsBefore.started) / took, 1),
    stopped_per_second: rounded((streams.stopped - streamsBefore.stopped) / took, 1),
    ...result,
  };
};

const steps = [
  ['as fast as it goes', 'visitor', ['--seconds', seconds]],
  [`${VISITORS_PER_CORE_SECOND / 2}/s`, 'visitor', ['--seconds', seconds, '--rate', VISITORS_PER_CORE_SECOND / 2, '--connections', CONNECTIONS]],
  ['as fast as it goes', 'member', ['--seconds', seconds, '--connections', 8]],
  [`${MEMBERS_PER_CORE_SECOND / 2}/s`, 'member', ['--seconds', seconds, '--rate', MEMBERS_PER_CORE_SECOND / 2, '--connections', CONNECTIONS]],
];

// Warm: each server is used for a while, and then measured.
const warm = async (site) => {
  const runs = [];
  for (let n = 0; n < repeat; n += 1) {
    const server = await startServer(site);
    for (const who of ['visitor', 'member']) await load(site, server, who, ['--seconds', WARM_UP_SECONDS, '--connections', 8]);
    for (const step of steps) runs.push(await measure(site, server, ...step));
    await stop(server);
  }
  return runs;
};

// Cold: a new server each time, of which the first pages are asked for that it gives out, all at once.
const cold = async (site, who, browsers) => {
  say(`cold, ${browsers} ${who}, ${starts} starts`);
  const each = [];
  for (let n = 0; n < starts; n += 1) {
    const server = await startServer(site);
    const result = await load(site, server, who, ['--once', '--connections', browsers]);
    await stop(server);
    if (result.answers !== browsers) throw new Error(`a cold server gave ${result.answers} of ${browsers} pages`);
    each.push(...result.each_ms);
  }
  const latency_ms = { p50: quantile(each, 50), p95: quantile(each, 95), longest: Math.max(...each) };
  return { name: 'cold', who, starts, browsers, latency_ms, each_ms: each };
};

// The same work for every page: a server that keeps nothing.
const withoutCache = async (site) => {
  const off = Object.fromEntries(['STREAMS', 'CHANNEL', 'RECOMMENDED', 'STALE', 'KEEP'].map((name) => [`CACHE_${name}_MILLIS`, '0']));
  const server = await startServer(site, { ...off, PAGE_LIFETIME_MILLIS: '0' });
  const runs = [];
  for (const who of ['visitor', 'member']) {
    await load(site, server, who, ['--seconds', 1, '--connections', 1]);
    runs.push(await measure(site, server, 'nothing kept, one after the other', who, ['--seconds', Math.min(seconds, 10), '--connections', 1]));
  }
  await stop(server);
  return runs;
};

const table = (runs) => {
  const columns = [
    ['pages/s', (run) => run.per_second],
    ['pages per second of a core', (run) => run.per_core_second],
    ['CPU per page, us', (run) => run.cpu_us_per_answer],
    ['p50 ms', (run) => run.latency_ms?.p50],
    ['p95 ms', (run) => run.latency_ms?.p95],
    ['p99 ms', (run) => run.latency_ms?.p99],
    ['longest ms', (run) => run.latency_ms?.longest],
    ['hit rate, %', (run) => run.hit_rate],
    ["server's core", (run) => run.server_cpu],
    ['PostgreSQL, cores', (run) => run.database_cpu],
    ["load's core", (run) => run.own_cpu],
    ['streams started/s', (run) => run.started_per_second],
    ['stopped/s', (run) => run.stopped_per_second],
  ];
  printTable(['Home page'], grouped(runs, (run) => `${run.who}, ${run.name}`), columns);
};

// What is asked for, and what was measured: the middle of all runs.
const reached = (runs, colds) => {
  const of = (who, name, value) => median(runs.filter((run) => run.who === who && run.name === name).map(value));
  const [[fast], [even]] = steps;
  const warmRuns = runs.filter((run) => steps.some(([name]) => name === run.name));
  const given = warmRuns.reduce((sum, run) => sum + (run.hit_rate ?? 0) * run.cache_questions, 0);
  const asked = warmRuns.reduce((sum, run) => sum + run.cache_questions, 0);
  return judge([
    ['visitors per second of a core', of('visitor', fast, (run) => run.per_core_second), 'at least', VISITORS_PER_CORE_SECOND],
    [`p99 of visitors at ${even}, ms`, of('visitor', even, (run) => run.latency_ms?.p99), 'below', VISITOR_P99_MS],
    ['members per second of a core', of('member', fast, (run) => run.per_core_second), 'at least', MEMBERS_PER_CORE_SECOND],
    ['hit rate of the cache, %', asked > 0 ? given / asked : null, 'above', HIT_RATE],
    ...colds.map(({ who, browsers, latency_ms: { p95 } }) => [
      `p95 of a cold home page, ${who}, ${browsers} at once, ms`,
      p95,
      'below',
      COLD_P95_MS,
    ]),
  ]);
};

const main = async () => {
  rmSync(work + '/data', { recursive: true, force: true });
  say('filling a database');
  const busy = start('busy_site', others, `${programs}/examples/busy_site`, {}, 'pipe');
  const site = JSON.parse(await busy.next(FILL_MS));
  site.streams = async () => {
    busy.child.stdin.write('\n');
    return JSON.parse(await busy.next(PATIENCE_MS));
  };
  say(`${site.members} members, ${site.live} live streams, ${site.streams_per_second} start and as many stop in a second`);
  const runs = await warm(site);
  const colds = [];
  for (const browsers of COLD_BROWSERS) for (const who of ['visitor', 'member']) colds.push(await cold(site, who, browsers));
  runs.push(...(await withoutCache(site)));
  busy.child.stdin.end();
  await busy.ended;

  table(runs);
  for (const { who, browsers, latency_ms: { p50, p95, longest } } of colds) {
    console.log(`cold, ${who}, ${browsers} at once, ${starts} new servers: p50 ${p50} ms, p95 ${p95} ms, longest ${longest} ms`);
  }
  for (const run of runs) {
    const { refused, not_compressed, too_short, broken, unanswered, own_cpu, database_cpu } = run;
    const faults = Object.entries({ refused, not_compressed, too_short, broken, unanswered }).filter(([, n]) => n > 0);
    if (own_cpu > 0.7) faults.push(['the load was busy, so the times say more of it than of the server', own_cpu]);
    if (own_cpu + database_cpu > availableParallelism() - 1.1) faults.push(['load and PostgreSQL had no core left', rounded(own_cpu + database_cpu)]);
    if (run.started_per_second < site.streams_per_second * 0.9) faults.push(['streams started per second', run.started_per_second]);
    if (run.stopped_per_second < site.streams_per_second * 0.9) faults.push(['streams stopped per second', run.stopped_per_second]);
    if (faults.length > 0) console.log(`not as it should be: ${run.who}, ${run.name}: ${faults.map((fault) => fault.join(' ')).join(', ')}`);
  }
  const goals = reached(runs, colds);
  printGoals(goals);
  const { members, live, streams_per_second } = site;
  const bus = process.env.REDIS_URL ? 'Redis' : 'PostgreSQL';
  const settings = { members, live, streams_per_second, bus, seconds, repeat, starts, programs, other_cores: others };
  writeFileSync(report, `${JSON.stringify({ settings, goals, runs, cold: colds }, null, 1)}\n`);
  say(`kept in ${report}`);
};

main().then(
  () => process.exit(0),
  (error) => {
    console.error(`\n${error.message}`);
    process.exit(1);
  },
);
