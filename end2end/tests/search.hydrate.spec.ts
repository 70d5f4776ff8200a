import { expect, test } from "../fixtures/test";
import { newMember, open, signUp } from "../fixtures/site";

test("suggestions come while typing and are chosen by keyboard", async ({ page, visitor }) => {
  const member = newMember("suggest");
  await signUp(page, member);
  const guest = await visitor();
  await open(guest, "/search?term=nobody_of_this_name");
  const field = guest.getByRole("combobox", { name: "Search for" });
  await field.fill(member.username.slice(0, -1));
  const list = guest.getByRole("listbox", { name: "Channels" });
  await expect(list.getByRole("option", { name: member.username })).toBeVisible();
  await expect(field).toHaveAttribute("aria-expanded", "true");
  await field.press("Escape");
  await expect(list).toBeHidden();
  await field.press("Backspace");
  await expect(list.getByRole("option").first()).toBeVisible();
  await field.press("ArrowDown");
  await expect(list.getByRole("option").first()).toHaveAttribute("aria-selected", "true");
  await expect(field).toHaveAttribute("aria-activedescendant", "suggestion-0");
  await field.press("Enter");
  await expect(guest).toHaveURL(/\/suggest_/);
});

test("results follow the term without another page load", async ({ page }) => {
  await open(page, "/search?term=first");
  const documents = await page.evaluate(() => performance.timeOrigin);
  const field = page.getByRole("search").getByLabel("Search");
  await field.fill("second & third");
  await field.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("second & third");
  await expect(page.getByRole("combobox")).toHaveValue("second & third");
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("first");
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(documents);
});
