import { expect, test } from "../fixtures/test";
import { newMember, open, signUp } from "../fixtures/site";

test("unsaved changes are asked about, and only those", async ({ page }) => {
  await signUp(page, newMember());
  await open(page, "/settings");
  const questions: string[] = [];
  let answer = false;
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void (answer ? dialog.accept() : dialog.dismiss());
  });
  const tabs = page.getByRole("navigation", { name: "Settings" });
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Ana Lovelace");
  await expect(page.getByText("Not saved yet")).toBeVisible();
  await tabs.getByRole("link", { name: "Account" }).click();
  expect(questions).toEqual(["What you changed here is not saved. Leave without saving?"]);
  await expect(page).toHaveURL(/\/settings$/);
  await expect(name).toHaveValue("Ana Lovelace");

  await page.getByRole("button", { name: "Save profile" }).click();
  await expect(page.getByText("Your profile is saved.")).toBeVisible();
  await expect(page.getByText("Not saved yet")).toBeHidden();
  await tabs.getByRole("link", { name: "Account" }).click();
  await expect(page).toHaveURL(/account$/);
  expect(questions).toHaveLength(1);

  await tabs.getByRole("link", { name: "Profile" }).click();
  await page.getByLabel("About you").fill("Something");
  answer = true;
  await tabs.getByRole("link", { name: "Account" }).click();
  await expect(page).toHaveURL(/account$/);
  expect(questions).toHaveLength(2);
});

test("going back is asked about too", async ({ page }) => {
  await signUp(page, newMember());
  await open(page, "/settings/account");
  let answer = false;
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void (answer ? dialog.accept() : dialog.dismiss());
  });
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Profile" }).click();
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Ana Lovelace");
  await expect(page.getByText("Not saved yet")).toBeVisible();
  await page.evaluate(() => history.back());
  await expect.poll(() => questions).toEqual(["What you changed here is not saved. Leave without saving?"]);
  await expect(page).toHaveURL(/\/settings$/);
  await expect(name).toHaveValue("Ana Lovelace");
  answer = true;
  await page.evaluate(() => history.back());
  await expect(page).toHaveURL(/account$/);
  await expect(name).toHaveCount(0);
  expect(questions).toHaveLength(2);
});

test("the chat's settings are held too", async ({ page }) => {
  await signUp(page, newMember());
  await open(page, "/settings/chat");
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    void dialog.dismiss();
  });
  await page.getByLabel("Followers only").check();
  await expect(page.getByText("Not saved yet")).toBeVisible();
  const account = page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Account" });
  await account.click();
  expect(questions).toHaveLength(1);
  await page.getByRole("button", { name: "Save chat settings" }).click();
  await expect(page.getByText("Not saved yet")).toBeHidden();
  await account.click();
  await expect(page).toHaveURL(/account$/);
  expect(questions).toHaveLength(1);
});

test("a bio is looked at before it is saved", async ({ page }) => {
  await signUp(page, newMember());
  await open(page, "/settings");
  await page.getByLabel("About you").fill("I **explain** <b>things</b>.");
  const preview = page.getByRole("button", { name: "Preview" });
  await preview.click();
  await expect(page.locator(".field-preview strong")).toHaveText("explain");
  await expect(page.locator(".field-preview b")).toHaveCount(0);
  await preview.click();
  await expect(page.getByLabel("About you")).toHaveValue("I **explain** <b>things</b>.");
});

test("links are ordered by the keyboard and by the mouse", async ({ page }) => {
  await signUp(page, newMember());
  await open(page, "/settings");
  const names = () => page.locator(".link-label").allTextContents();
  const first = ["GitHub", "YouTube", "LinkedIn", "Instagram", "X", "Facebook"];
  expect((await names()).map((name) => name.trim())).toEqual(first);
  const down = page.getByRole("button", { name: "Move GitHub down" });
  await down.focus();
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await names()).map((name) => name.trim()).slice(0, 2)).toEqual(["YouTube", "GitHub"]);
  await expect(down).toBeFocused();
  await expect(page.getByText("GitHub is number 2 of 6.")).toBeAttached();

  await page.getByLabel("GitHub", { exact: true }).fill("github.com/ana");
  await page.getByLabel("Facebook", { exact: true }).fill("facebook.com/ana");
  const grip = (name: string) => page.locator(".link-row").filter({ hasText: name }).locator(".link-grip");
  await grip("Facebook").dragTo(grip("YouTube"));
  await expect.poll(async () => (await names())[0]?.trim()).toBe("Facebook");
  await page.getByRole("button", { name: "Save links" }).click();
  await expect(page.getByText("Your links are saved.")).toBeVisible();
  await open(page, "/settings");
  expect((await names()).map((name) => name.trim()).slice(0, 2)).toEqual(["Facebook", "GitHub"]);
});
