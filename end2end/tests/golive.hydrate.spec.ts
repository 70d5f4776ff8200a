import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures/test";
import {
  cardAppears, decodedFrames, median, mediaTime, noteMediaTimes, resetMediaTimes, revealStreamKey, startPublisher,
} from "../fixtures/media";
import { card, expectPlayer, newMember, open, openCurrent, signUp } from "../fixtures/site";

const RUNS = 10;
/** How often the stream is opened, in the last of the runs. */
const VISITS = 3;
/** From the server's answer to the publisher, which comes before any media, to the card on somebody else's page. */
const CARD_MS = 1000;
/** From the click on a card to picture that moves. */
const PICTURE_MS = 1500;

/** Opens the card, waits for picture that moves, goes back home, and answers how long the picture took. */
async function visit(page: Page, username: string): Promise<number> {
  await resetMediaTimes(page);
  const clicked = await page.evaluate(() => performance.timeOrigin + performance.now());
  await card(page, username).getByRole("link").first().click();
  const picture = (await mediaTime(page, "decoded")) - clicked;
  await expectPlayer(page, "live");
  const frames = await decodedFrames(page);
  await expect.poll(() => decodedFrames(page)).toBeGreaterThan(frames + 20);
  await page.getByRole("link", { name: "Learnify, home" }).click();
  await expect(card(page, username).first()).toBeVisible();
  // The next visit is to join anew.
  await page.getByRole("button", { name: "Close the mini player" }).click();
  return picture;
}

// Tells how long it took beside the aim. A busy machine is slow without anything being wrong, so the aim is no assertion.
function tell(what: string, times: number[], aim: number) {
  const each = times.map((time) => time.toFixed(0)).join(" ");
  console.log(`${what}, ms: ${each}; median ${median(times).toFixed(0)}, aim ${aim}`);
}

test("a stream from the browser shows on an open page by itself, plays, and leaves", async ({ visitor }) => {
  test.setTimeout(300_000);
  const streamer = newMember("ana");
  const [a, b] = [await visitor(), await visitor()];
  await noteMediaTimes(a);
  await noteMediaTimes(b);
  await openCurrent(b, "/");
  await signUp(a, streamer);
  await open(a, "/dashboard");
  await a.getByLabel("Title", { exact: true }).fill("Ownership in an afternoon");
  await a.getByLabel("Category", { exact: true }).selectOption({ label: "Study & Focus" });

  const documents = await b.evaluate(() => performance.timeOrigin);
  const delays: number[] = [];
  const pictures: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await resetMediaTimes(a);
    const seen = await cardAppears(b, streamer.username);
    await a.getByRole("button", { name: "Go live", exact: true }).click();
    delays.push((await seen()) - (await mediaTime(a, "answered")));
    await expect(card(b, streamer.username).first()).toContainText("Ownership in an afternoon");
    await expect(card(b, streamer.username).first()).toContainText(streamer.username);
    if (run >= RUNS - VISITS) pictures.push(await visit(b, streamer.username));
    await a.getByRole("button", { name: "End stream", exact: true }).click();
    await expect(card(b, streamer.username)).toHaveCount(0);
  }
  expect(await b.evaluate(() => performance.timeOrigin), "the page was never loaded anew").toBe(documents);

  tell("card after the answer to the offer", delays, CARD_MS);
  tell("picture after the click", pictures, PICTURE_MS);
});

test("an encoder with a stream key goes live just so", async ({ visitor, site }) => {
  test.setTimeout(120_000);
  const streamer = newMember("obs");
  const [a, b] = [await visitor(), await visitor()];
  await noteMediaTimes(b);
  await signUp(a, streamer);
  await open(a, "/dashboard");
  const page = await a.content();
  const key = await revealStreamKey(a);
  expect(page, "the key is not in the page before it is asked for").not.toContain(key);

  await openCurrent(b, "/");
  const publisher = await startPublisher(site.origin, key);
  try {
    await expect(card(b, streamer.username).first()).toContainText("LIVE");
    const pictures: number[] = [];
    for (let run = 0; run < VISITS; run += 1) pictures.push(await visit(b, streamer.username));
    tell("picture after the click", pictures, PICTURE_MS);
  } finally {
    await publisher.stop("SIGINT");
  }
  await expect(card(b, streamer.username)).toHaveCount(0, { timeout: 20_000 });
});

test("a watch page that is open turns live and back by itself", async ({ visitor, site }) => {
  const streamer = newMember("flip");
  const [a, b] = [await visitor(), await visitor()];
  await signUp(a, streamer);
  await open(a, "/dashboard");
  const key = await revealStreamKey(a);
  await openCurrent(b, `/${streamer.username}`);
  await expectPlayer(b, "offline");
  const publisher = await startPublisher(site.origin, key);
  try {
    await expectPlayer(b, "live", 15_000);
  } finally {
    await publisher.stop("SIGINT");
  }
  await expectPlayer(b, "ended", 20_000);
});
