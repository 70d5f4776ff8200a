import type { Page } from "@playwright/test";
import { becomeOwner, newMember, open, openCurrent, signUp } from "../fixtures/site";
import { expect, test } from "../fixtures/test";

const accountMenu = (page: Page) => page.getByRole("button", { name: /^Account of/ });
const link = (page: Page) => page.getByRole("banner").getByRole("link", { name: "Performance" });

/** The value of one of the figures at the top. */
const figure = (page: Page, name: string) =>
  page.getByRole("main").locator("dl > div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd").first();

test("a member finds nothing at the administrators' address, and no link to it", async ({ page, problems }) => {
  problems.expect(/status of 404/);
  await signUp(page, newMember());
  await open(page, "/");
  await accountMenu(page).click();
  await expect(page.getByRole("link", { name: "Settings" })).toBeVisible();
  await expect(link(page)).toHaveCount(0);
  const response = await page.goto("/admin");
  expect(response?.status()).toBe(404);
  await expect(page.getByText("There is nothing here")).toBeVisible();
});

test("an administrator sees figures that change without a reload", async ({ visitor, instance }) => {
  test.setTimeout(90_000);
  const server = await instance();
  const owner = await visitor({ origin: server.origin });
  await becomeOwner(owner, newMember("owner"), server);
  await open(owner, "/");
  await accountMenu(owner).click();
  await link(owner).click();
  await expect(owner.getByRole("heading", { name: "Performance", level: 1 })).toBeVisible();
  await expect(owner.getByText("Nothing needs attention.")).toBeVisible();

  // Further navigation would lose this mark.
  await owner.evaluate(() => document.body.setAttribute("data-mark", ""));
  await expect(figure(owner, "Event connections")).toHaveText("1", { timeout: 20_000 });
  const guest = await visitor({ origin: server.origin });
  await openCurrent(guest, "/");
  await expect(figure(owner, "Event connections")).toHaveText("2", { timeout: 20_000 });
  const chart = owner.getByRole("img", { name: /^Event connections/ });
  await expect(chart).toHaveAccessibleName(/Open: now 2, .*at most 2/);
  const before = await chart.locator("path").last().getAttribute("d");
  await expect.poll(() => chart.locator("path").last().getAttribute("d"), { timeout: 20_000 }).not.toBe(before);

  await owner.getByRole("button", { name: "Empty the cache" }).click();
  await expect(owner.getByText("Every page is read anew.")).toBeVisible();
  await expect(owner.locator("body[data-mark]")).toHaveCount(1);
});
