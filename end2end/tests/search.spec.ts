import { expect, test } from "../fixtures/test";
import { isScripted, newMember, open, signUp } from "../fixtures/site";

test("a channel is found from the bar at the top", async ({ page, visitor }) => {
  const member = newMember("finder");
  await signUp(page, member);
  const guest = await visitor();
  await open(guest, "/");
  await guest.getByRole("search").getByLabel("Search").fill(member.username.toUpperCase());
  await guest.getByRole("search").getByLabel("Search").press("Enter");
  await expect(guest).toHaveURL(/\/search\?term=/);
  await expect(guest.getByRole("heading", { level: 1 })).toContainText("Results for");
  const found = guest.getByRole("region", { name: "Channels" });
  await expect(found.getByRole("link", { name: member.username })).toBeVisible();
  await guest.getByRole("navigation", { name: "Kinds of results" }).getByRole("link", { name: "Channels" }).click();
  await expect(guest).toHaveURL(/in=channels/);
  await found.getByRole("link", { name: member.username }).click();
  await expect(guest).toHaveURL(new RegExp(`/${member.username}$`));
});

test("nothing found is said, with a way on", async ({ page }) => {
  await open(page, "/search?term=qqqqqqzzzz");
  await expect(page.getByRole("main")).toContainText("Nothing found for “qqqqqqzzzz”");
  await expect(page.locator('main a[href="/"]')).toBeVisible();
  await expect(page).toHaveTitle(/qqqqqqzzzz · Search/);
});

test("a search for nothing goes home", async ({ page }) => {
  await page.goto("/search?term=%20");
  await expect(page).toHaveURL(/\/$/);
});

test("on a phone the field is behind a button", async ({ visitor }) => {
  const page = await visitor({ viewport: { width: 390, height: 800 } });
  await open(page, "/");
  const field = page.getByRole("search").getByLabel("Search");
  await expect(field).toBeHidden();
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(field).toBeVisible();
  if (isScripted()) await expect(field).toBeFocused();
  await field.fill("anything");
  await field.press("Enter");
  await expect(page).toHaveURL(/\/search\?term=anything/);
});
