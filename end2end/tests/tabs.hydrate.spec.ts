import type { Page } from "@playwright/test";
import { chat } from "../fixtures/chat";
import { countConnections } from "../fixtures/events";
import { expect, test } from "../fixtures/test";
import { revealStreamKey, startPublisher } from "../fixtures/media";
import { card, newMember, open, openCurrent, signUp } from "../fixtures/site";

/** Over HTTP/1.1 a browser opens six connections to a host, so that many with a connection each would be too many. */
const TABS = 8;
/** Until when another tab has the connection of one that is gone. */
const TAKEN_OVER_MS = 5000;

test("eight tabs are kept current over one connection, which outlives the tab that has it", async ({ page, context, visitor, site }) => {
  test.setTimeout(180_000);
  const streamer = newMember("tabs");
  const a = await visitor();
  await signUp(a, streamer);
  await open(a, "/dashboard");
  const key = await revealStreamKey(a);

  const tabs = [page];
  while (tabs.length < TABS) tabs.push(await context.newPage());
  const connections = new Map(tabs.map((tab) => [tab, countConnections(tab)]));
  const connected = () => tabs.filter((tab) => !tab.isClosed() && (connections.get(tab)?.() ?? 0) > 0);
  for (const tab of tabs) await openCurrent(tab, "/");
  await expect.poll(() => connected().length).toBe(1);

  const publisher = await startPublisher(site.origin, key);
  try {
    for (const tab of tabs) await expect(card(tab, streamer.username).first()).toContainText("LIVE");
    expect(connected().length).toBe(1);

    // Its successor connects, and nobody misses what happens meanwhile.
    const [leader] = connected();
    const closedAt = Date.now();
    await leader?.close();
    await expect.poll(() => connected().length, { intervals: [50], timeout: TAKEN_OVER_MS }).toBe(1);
    console.log(`F46: another of ${TABS} tabs had the connection ${Date.now() - closedAt} ms after the first was closed`);
  } finally {
    await publisher.stop("SIGINT");
  }
  const others = tabs.filter((tab) => !tab.isClosed());
  expect(others.length).toBe(TABS - 1);
  for (const tab of others) await expect(card(tab, streamer.username)).toHaveCount(0, { timeout: 30_000 });
  await expect.poll(() => connected().length).toBe(1);
  for (const tab of others) await expect(tab.locator("[data-status]")).toHaveAttribute("data-status", "live");
});

test("tabs with the pages of different channels share a connection", async ({ page, context, visitor }) => {
  test.setTimeout(120_000);
  const [ana, ben] = [newMember("ana"), newMember("ben")];
  const settings = [await visitor(), await visitor()];
  const tabs = [page, await context.newPage()];
  const connections = tabs.map(countConnections);
  for (const [n, member] of [ana, ben].entries()) {
    await signUp(settings[n] as Page, member);
    await openCurrent(tabs[n] as Page, `/${member.username}`);
  }
  for (const [n, settingsPage] of settings.entries()) {
    await open(settingsPage, "/settings/channel");
    await settingsPage.getByLabel("Title", { exact: true }).fill(`Lesson ${n}`);
    await settingsPage.getByLabel("Category", { exact: true }).selectOption({ label: "Creativity & Arts" });
    await settingsPage.getByRole("button", { name: "Save", exact: true }).click();
    await expect((tabs[n] as Page).getByRole("heading", { level: 1 })).toHaveText(`Lesson ${n}`);
  }
  expect(connections.reduce((sum, count) => sum + count(), 0)).toBe(1);
});

test("a tab that crashes beside others is no longer present", async ({ page, context, visitor }) => {
  test.setTimeout(120_000);
  const streamer = newMember("crash");
  const owner = await visitor();
  await signUp(owner, streamer);
  // Who signed up looks at their channel, and counts there.
  await owner.close();
  const ben = await visitor();
  await openCurrent(ben, `/${streamer.username}`);
  await expect(chat(ben)).toContainText("1 person here");

  // The first tab leads, and connects for the second.
  await openCurrent(page, "/");
  const tab = await context.newPage();
  const connections = [page, tab].map(countConnections);
  await openCurrent(tab, `/${streamer.username}`);
  await expect(chat(ben)).toContainText("2 people here");
  expect(connections.map((count) => count())).toEqual([1, 0]);

  const crashed = tab.waitForEvent("crash");
  // Its process ends instead of answering.
  void tab.goto("chrome://crash").catch(() => {});
  await crashed;
  await expect(chat(ben)).toContainText("1 person here", { timeout: 30_000 });
  await expect(page.locator("[data-status]")).toHaveAttribute("data-status", "live");
});
