import type { Page } from "@playwright/test";
import { Cable } from "../fixtures/cable";
import { messages, say } from "../fixtures/chat";
import { countConnections } from "../fixtures/events";
import { expect, test } from "../fixtures/test";
import { newMember, openCurrent, signUp } from "../fixtures/site";

/** Until when a page that wakes up shows what was said while it slept. */
const AWAKE_MS = 2000;

/** A member's channel, on whose page the member is, and the reader too. */
async function room(reader: Page, visitor: () => Promise<Page>): Promise<Page> {
  const streamer = newMember("sleep");
  const owner = await visitor();
  await signUp(owner, streamer);
  await openCurrent(owner, `/${streamer.username}`);
  await openCurrent(reader, `/${streamer.username}`);
  return owner;
}

/** Says something, and waits until it is stored. */
async function tell(owner: Page, text: string) {
  const stored = owner.waitForResponse((response) => response.url().includes("/chat/send_message"));
  await say(owner, text);
  expect((await stored).ok()).toBe(true);
}

/** Something is said before, while and after the reader sleeps. */
async function missNothing(owner: Page, reader: Page, sleep: { begin: () => Promise<void>; end: () => Promise<void> }) {
  await tell(owner, "before");
  await expect(messages(reader)).toHaveText([/before/]);
  await sleep.begin();
  await tell(owner, "meanwhile");
  await tell(owner, "and a moment later");
  expect(await messages(reader).count()).toBe(1);
  await sleep.end();
  const awakeAt = Date.now();
  await expect(messages(reader)).toHaveCount(3, { timeout: AWAKE_MS });
  console.log(`F45: what was said while a page slept was there ${Date.now() - awakeAt} ms after it woke up`);
  await tell(owner, "after");
  await expect(messages(reader)).toHaveText([/before/, /meanwhile/, /and a moment later/, /after/]);
  await expect(reader.locator("[data-status]")).toHaveAttribute("data-status", "live");
}

test("a page that the browser put to sleep is current soon after", async ({ page, visitor }) => {
  const connections = countConnections(page);
  const owner = await room(page, visitor);
  // Playwright keeps every page in the foreground, where browsers put none to sleep, so it is told what a browser tells.
  const hear = (event: string) => page.evaluate((event) => void document.dispatchEvent(new Event(event)), event);
  await missNothing(owner, page, {
    begin: async () => {
      await hear("freeze");
      await expect.poll(connections).toBe(0);
    },
    end: () => hear("resume"),
  });
});

test("a page whose machine slept is current soon after the network is back", async ({ visitor, site, problems }) => {
  problems.expect(/net::ERR_|Failed to fetch/);
  const cable = await Cable.to(site.origin);
  try {
    const page = await visitor({ origin: cable.origin });
    const owner = await room(page, visitor);
    await missNothing(owner, page, {
      begin: async () => {
        // The browser lets connections be that are open, so what it tells the page must be made true.
        cable.unplug();
        await page.context().setOffline(true);
        await expect(page.locator("[data-status]")).toHaveAttribute("data-status", "offline");
      },
      end: async () => {
        cable.plug();
        await page.context().setOffline(false);
      },
    });
  } finally {
    cable.close();
  }
});
