import { request, type APIRequestContext, type Page } from "@playwright/test";
import { sleep } from "../fixtures/program";
import { newMember, openCurrent, signUp } from "../fixtures/site";
import { expect, test } from "../fixtures/test";

const PER_SECOND = 20;
const SECONDS = 20;
/** Each of them writes less often than five times in ten seconds. */
const WRITERS = 60;

interface Frames {
  /** From one frame to the next. A machine that draws without a graphics card drops some whatever the page does. */
  durations: number[];
  /** From the beginning of a frame until its style, layout and paint are done: what the page itself costs. */
  costs: number[];
  longTasks: number[];
}

declare global {
  interface Window {
    frameTimes?: Frames & { isOver: boolean };
  }
}

/** Somebody with an account and no browser, who calls the server functions as a page does. */
async function writer(origin: string): Promise<APIRequestContext> {
  const context = await request.newContext({ baseURL: origin, extraHTTPHeaders: { origin, accept: "application/json" } });
  const { username, email, password } = newMember("w");
  const answer = await context.post("/api/app/api/accounts/sign_up", { form: { username, email, password }, maxRedirects: 0 });
  expect(answer.status(), "a new account").toBeLessThan(400);
  return context;
}

/** Notes how long each frame of the page takes, and each task that blocks it for longer than 50 ms. */
const watchFrames = (page: Page) =>
  page.evaluate(() => {
    const frames = { durations: [] as number[], costs: [] as number[], longTasks: [] as number[], isOver: false };
    window.frameTimes = frames;
    new PerformanceObserver((list) => {
      if (!frames.isOver) frames.longTasks.push(...list.getEntries().map((entry) => entry.duration));
    }).observe({ type: "longtask" });
    let last = performance.now();
    const tick = (now: number) => {
      frames.durations.push(now - last);
      last = now;
      const begin = performance.now();
      // A message that is sent from here arrives after this frame was drawn.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => frames.costs.push(performance.now() - begin);
      port2.postMessage(null);
      if (!frames.isOver) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });

const framesOf = (page: Page): Promise<Frames> =>
  page.evaluate(() => {
    const frames = window.frameTimes ?? { durations: [], costs: [], longTasks: [], isOver: true };
    frames.isOver = true;
    return { durations: frames.durations, costs: frames.costs, longTasks: frames.longTasks };
  });

/** A share of a thousand of the values, in milliseconds with one decimal. */
function at(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.floor(((sorted.length - 1) * share) / 1000)] ?? 0;
  return Math.round(value * 10) / 10;
}

// A measurement, not a test of every day: how smooth a page stays while twenty messages arrive each second.
test("frames while twenty messages arrive each second", async ({ page, site }) => {
  const streamer = newMember("bench");
  await signUp(page, streamer);
  await openCurrent(page, `/${streamer.username}`);
  const chat = page.getByRole("region", { name: "Chat" });
  const channel = await chat.locator('input[name="channel"]').inputValue();
  const writers: APIRequestContext[] = [];
  for (let n = 0; n < WRITERS; n += 1) writers.push(await writer(site.origin));

  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
  };
  const busyBefore = await busy();
  await watchFrames(page);
  const [begin, total, sending] = [Date.now(), PER_SECOND * SECONDS, [] as Promise<number>[]];
  for (let n = 0; n < total; n += 1) {
    await sleep(begin + (n * 1000) / PER_SECOND - Date.now());
    const text = `message ${n}: some words, \`code\`, and a link https://example.org/${n} :wave:`;
    const sent = writers[n % WRITERS]?.post("/api/app/api/chat/send_message", { form: { channel, text } });
    if (sent) sending.push(sent.then((answer) => answer.status()));
  }
  const statuses = await Promise.all(sending);
  await expect(chat.getByRole("log")).toContainText(`message ${total - 1}:`);
  const { durations, costs, longTasks } = await framesOf(page);
  const elapsed = durations.reduce((sum, duration) => sum + duration, 0);
  const work = ((await busy()) - busyBefore) * 1000;
  for (const context of writers) await context.dispose();

  const report = {
    messages: total,
    per_second: PER_SECOND,
    refused: statuses.filter((status) => status !== 200).length,
    rows: await chat.getByRole("log").getByRole("article").count(),
    frames: durations.length,
    frame_cost_ms: { p50: at(costs, 500), p95: at(costs, 950), p99: at(costs, 990), longest: at(costs, 1000) },
    work_ms_per_frame_at_60_hz: Math.round(((work / elapsed) * 1000 * 10) / 60) / 10,
    frame_ms: { p50: at(durations, 500), p95: at(durations, 950), p99: at(durations, 990), longest: at(durations, 1000) },
    long_tasks: longTasks.length,
    longest_task_ms: at(longTasks, 1000),
  };
  console.log(`\n${JSON.stringify(report)}`);
  expect(report.refused, "every message was taken").toBe(0);
});
