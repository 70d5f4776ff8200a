import { expect, test } from "../fixtures/test";
import { becomeOwner, expectSignedIn, expectSignedOut, fillSignUp, isScripted, newMember, open, signIn, signOut, signUp } from "../fixtures/site";

test("a member signs up, signs out and signs in again", async ({ page }) => {
  const member = newMember();
  await expectSignedOut(page);
  await signUp(page, member);
  await expectSignedIn(page);
  await open(page, "/");
  await signOut(page);
  await expect(page.getByRole("link", { name: "Sign in" }).first()).toBeVisible();
  await expectSignedOut(page);
  await signIn(page, member);
  await expect(page).not.toHaveURL(/sign-in/);
  await expectSignedIn(page);
});

test("a member signs in with the e-mail address too", async ({ page, visitor }) => {
  const member = newMember();
  await signUp(page, member);
  const other = await visitor();
  await signIn(other, { username: member.email, password: member.password });
  await expect(other).not.toHaveURL(/sign-in/);
  await expectSignedIn(other);
});

test("a new member's channel is there at once", async ({ page, visitor }) => {
  const member = newMember();
  await signUp(page, member);
  const guest = await visitor();
  const response = await guest.goto(`/${member.username}`);
  expect(response?.status()).toBe(200);
  await expect(guest.getByRole("main")).toContainText(member.username);
});

test("a wrong password and an unknown name are refused alike", async ({ page, visitor, problems }) => {
  problems.expect(/status of 4\d\d/);
  const member = newMember();
  await signUp(page, member);
  const guest = await visitor();
  for (const credentials of [
    { username: member.username, password: "not the password" },
    { username: "nobody_at_all", password: member.password },
  ]) {
    await signIn(guest, credentials);
    await expect(guest.getByText("The username or password is not right.")).toBeVisible();
    await expectSignedOut(guest);
  }
});

const REFUSALS = [
  { what: "a reserved username", change: { username: "Admin" }, says: "This username is reserved." },
  { what: "a username with a dash", change: { username: "with-dash" }, says: "letters, digits and _ only" },
  { what: "a short password", change: { password: "short" }, says: "A password has at least" },
];

for (const { what, change, says } of REFUSALS) {
  test(`${what} is refused beside its field`, async ({ page, problems }) => {
    problems.expect(/status of 4\d\d/);
    const member = { ...newMember(), ...change };
    await open(page, "/sign-up");
    // The browser's own checks would speak first; the server must refuse without them.
    await page.locator("form").evaluateAll((forms) => forms.forEach((form) => ((form as HTMLFormElement).noValidate = true)));
    await fillSignUp(page, member);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText(says)).toBeVisible();
    await expect(page).not.toHaveURL(/dashboard/);
    // With scripts the page stays, and what was typed with it.
    if (isScripted()) await expect(page.getByLabel("Email", { exact: true })).toHaveValue(member.email);
  });
}

test("a username is taken whatever its case", async ({ page, visitor, problems }) => {
  problems.expect(/status of 4\d\d/);
  const member = newMember("Ada");
  await signUp(page, member);
  const other = await visitor();
  await open(other, "/sign-up");
  await fillSignUp(other, { ...newMember(), username: member.username.toUpperCase() });
  await other.getByRole("button", { name: "Create account" }).click();
  await expect(other.getByText(/taken/i)).toBeVisible();
  await expectSignedOut(other);
});

test("a member sees where they are signed in, and ends another session", async ({ page, visitor }) => {
  const member = newMember();
  await signUp(page, member);
  const other = await visitor();
  await signIn(other, member);
  await expect(other).not.toHaveURL(/sign-in/);

  await open(page, "/settings/account");
  const sessions = page.getByRole("region", { name: "Where you are signed in" }).getByRole("listitem");
  await expect(sessions).toHaveCount(2);
  await expect(sessions.filter({ hasText: "This browser" })).toHaveCount(1);
  await page.getByRole("button", { name: /^End the session of/ }).click();
  await expect(sessions).toHaveCount(1);
  await expectSignedOut(other);
  await expectSignedIn(page);
});

test("a changed password signs every other browser out", async ({ page, visitor, problems }) => {
  problems.expect(/status of 4\d\d/);
  const member = newMember();
  await signUp(page, member);
  const other = await visitor();
  await signIn(other, member);
  await expect(other).not.toHaveURL(/sign-in/);

  await open(page, "/settings/account");
  await page.getByLabel("Current password", { exact: true }).fill(member.password);
  await page.getByLabel("New password", { exact: true }).fill("a different long one");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Your password is changed.")).toBeVisible();
  await expectSignedIn(page);
  await expectSignedOut(other);
  await signIn(other, member);
  await expect(other.getByText("The username or password is not right.")).toBeVisible();
  await signIn(other, { ...member, password: "a different long one" });
  await expect(other).not.toHaveURL(/sign-in/);
  await expectSignedIn(other);
});

test("the one-time link makes an owner, once", async ({ visitor, instance, problems }) => {
  problems.expect(/status of 4\d\d/);
  const fresh = await instance();
  const link = await fresh.claimLink();
  const owner = await visitor({ origin: fresh.origin });
  await becomeOwner(owner, newMember("owner"), fresh);
  await open(owner, "/settings/account");
  await expect(owner.getByRole("main")).toContainText("Owner of this site");

  const late = await visitor({ origin: fresh.origin });
  await signUp(late, newMember("late"));
  await late.goto(link);
  await open(late, "/settings/account");
  await expect(late.getByRole("main")).not.toContainText("Owner of this site");
});
