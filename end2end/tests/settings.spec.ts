import { readFile } from "node:fs/promises";
import { expect, test } from "../fixtures/test";
import { expectSignedIn, expectSignedOut, isScripted, newMember, open, signIn, signUp } from "../fixtures/site";

test("every part of the settings is a page of its own", async ({ page }) => {
  await signUp(page, newMember());
  await open(page, "/settings");
  const tabs = page.getByRole("navigation", { name: "Settings" });
  for (const [name, path] of [
    ["Channel", "/settings/channel"],
    ["Chat", "/settings/chat"],
    ["Notifications", "/settings/notifications"],
    ["Account", "/settings/account"],
    ["Profile", "/settings"],
  ] as const) {
    await tabs.getByRole("link", { name, exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`${path}$`));
    await expect(tabs.locator("[aria-current=page]")).toHaveText(name);
  }
});

test("a link to somewhere else is refused beside its field, and kept", async ({ page, problems }) => {
  problems.expect(/status of 4\d\d/);
  await signUp(page, newMember());
  await open(page, "/settings");
  const field = page.getByLabel("YouTube", { exact: true });
  await field.fill("https://evil.example/watch");
  await page.getByRole("button", { name: "Save links" }).click();
  await expect(page.getByText("This is no link to YouTube, such as youtube.com/@name.")).toBeVisible();
  if (isScripted()) {
    await expect(field).toHaveValue("https://evil.example/watch");
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toBeFocused();
  }
});

test("the e-mail address is changed with the password", async ({ page, visitor, problems }) => {
  problems.expect(/status of 4\d\d/);
  const member = newMember();
  await signUp(page, member);
  await open(page, "/settings/account");
  const form = page.getByRole("region", { name: "E-mail address" });
  await expect(form).toContainText(member.email);
  await form.getByLabel("New e-mail address").fill(`new.${member.email}`);
  await form.getByLabel("Your password").fill("not the password");
  await form.getByRole("button", { name: "Change e-mail address" }).click();
  await expect(page.getByText("This is not your current password.")).toBeVisible();
  await form.getByLabel("New e-mail address").fill(`new.${member.email}`);
  await form.getByLabel("Your password").fill(member.password);
  await form.getByRole("button", { name: "Change e-mail address" }).click();
  await expect(page.getByText("Your e-mail address is changed.")).toBeVisible();
  await expect(form).toContainText(`new.${member.email}`);
  const other = await visitor();
  await signIn(other, { username: `new.${member.email}`, password: member.password });
  await expect(other).not.toHaveURL(/sign-in/);
});

test("a member takes their data away", async ({ page }) => {
  const member = newMember();
  await signUp(page, member);
  await open(page, "/settings/account");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Export my data" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`learnify-${member.username}.json`);
  const data = JSON.parse(await readFile(await download.path(), "utf8"));
  expect(data.account[0].email).toBe(member.email);
  expect(JSON.stringify(data)).not.toContain("password");
});

test("a deleted account is gone, everywhere", async ({ page, visitor, problems }) => {
  problems.expect(/status of 4\d\d/);
  const member = newMember();
  await signUp(page, member);
  const other = await visitor();
  await signIn(other, member);
  await expect(other).not.toHaveURL(/sign-in/);
  await expectSignedIn(other);

  await open(page, "/settings/account");
  const form = page.getByRole("region", { name: "Delete this account" });
  await form.getByLabel("Your username").fill("somebody_else");
  await form.getByLabel("Your password, to confirm").fill(member.password);
  await form.getByRole("button", { name: "Delete my account" }).click();
  await expect(page.getByText(`Type ${member.username} to delete this account.`)).toBeVisible();
  await form.getByLabel("Your username").fill(member.username);
  await form.getByLabel("Your password, to confirm").fill(member.password);
  await form.getByRole("button", { name: "Delete my account" }).click();
  await expect(page.getByRole("link", { name: "Sign in" }).first()).toBeVisible();
  await expectSignedOut(page);
  await expectSignedOut(other);
  expect((await page.goto(`/${member.username}`))?.status()).toBe(404);
});
