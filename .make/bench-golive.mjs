// Has streams go live while many connections wait for it, and prints what the load reports.
// Usage: node bench-golive.mjs <folder with the programs> <origin> <pid of the server> <connections> <starts>
// Environment: METRICS_TOKEN, as the server has it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const [programs, origin, pid, connections, starts] = process.argv.slice(2);
const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGTERM')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// Runs a program beside the load, away from the server's core.
const run = (program, words, env = {}) =>
  new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env } };
    const child = execFile('taskset', ['-c', '1', `${programs}/${program}`, ...words.map(String)], options, (error, out, said) => {
      running.delete(child);
      if (error) reject(new Error(`${program} failed: ${said || out}`));
      else resolve(out);
    });
    running.add(child);
  });

const call = async (path, form, cookie = '') => {
  const answer = await fetch(`${origin}/api/app/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
    body: new URLSearchParams(form),
  });
  if (!answer.ok) throw new Error(`${path} has status ${answer.status}: ${await answer.text()}`);
  return answer;
};

const nConnected = async () => {
  const answer = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${process.env.METRICS_TOKEN}` } });
  if (!answer.ok) throw new Error(`/metrics has status ${answer.status}`);
  return Number(/^learnify_event_connections (\d+)/m.exec(await answer.text())?.[1]);
};

const username = `bench_${randomBytes(4).toString('hex')}`;
const password = randomBytes(16).toString('hex');
const signedUp = await call('accounts/sign_up', { username, email: `${username}@example.org`, password });
const cookie = signedUp.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
const key = await (await call('channels/reveal_stream_key', {}, cookie)).json();

const url = `${origin}/api/stream-updates?topics=streams`;
const heard = run('load', ['golive', '--url', url, '--connections', connections, '--starts', starts, '--pid', pid]);
heard.catch(() => {});
for (const end = Date.now() + PATIENCE_MS; (await nConnected()) < Number(connections); ) {
  if (Date.now() > end) throw new Error('the connections were not made in time');
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
// One after the other: each ends before the next begins. A small picture, since the load is on the same core.
const picture = ['--width', 160, '--height', 90, '--fps', 5, '--bitrate', 50];
for (let n = 0; n < Number(starts); n++) {
  await run('publisher', ['--url', `${origin}/whip`, '--seconds', 2, ...picture], { LEARNIFY_STREAM_KEY: key });
}
process.stdout.write(await heard);
