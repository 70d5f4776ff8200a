import { expect, test } from "../fixtures/test";
import { isScripted, newMember, open, signUp } from "../fixtures/site";
import type { Page } from "@playwright/test";

const followButton = (page: Page) => page.getByRole("main").getByRole("button", { name: "Follow", exact: true });
const followingButton = (page: Page) => page.getByRole("main").getByRole("button", { name: "Following", exact: true });

/** Chooses the same button of a question that has opened. */
const answer = (page: Page, name: string) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

test("a member follows a channel, finds it again and stops", async ({ page, visitor }) => {
  const teacher = newMember("teacher");
  await signUp(await visitor(), teacher);
  await signUp(page, newMember("learner"));

  await open(page, `/${teacher.username}`);
  await expect(page.getByText("0 followers").first()).toBeVisible();
  await followButton(page).click();
  await expect(followingButton(page)).toBeVisible();
  await expect(page.getByText("1 follower", { exact: true }).first()).toBeVisible();

  await open(page, "/following");
  await expect(page.getByRole("heading", { name: "Not live" })).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: teacher.username }).click();
  await expect(page).toHaveURL(new RegExp(`/${teacher.username}$`));

  await open(page, `/${teacher.username}`);
  await followingButton(page).click();
  await answer(page, "Keep following");
  await expect(followingButton(page)).toBeVisible();
  await followingButton(page).click();
  await answer(page, "Unfollow");
  await expect(followButton(page)).toBeVisible();
  await expect(page.getByText("0 followers").first()).toBeVisible();
  await open(page, "/following");
  await expect(page.getByText("You do not follow anybody yet")).toBeVisible();
});

test("a guest is led to sign in, and back", async ({ page, visitor }) => {
  const teacher = newMember("teacher");
  await signUp(await visitor(), teacher);
  await open(page, `/${teacher.username}`);
  await page.getByRole("main").getByRole("link", { name: "Follow", exact: true }).click();
  await expect(page).toHaveURL(`/sign-in?next=/${teacher.username}`);
});

test("nobody follows their own channel", async ({ page }) => {
  const member = newMember("alone");
  await signUp(page, member);
  await open(page, `/${member.username}`);
  await expect(page.getByText("0 followers").first()).toBeVisible();
  await expect(followButton(page)).toHaveCount(0);
  await expect(page.getByRole("button", { name: `Block @${member.username}` })).toHaveCount(0);
});

test("a new follower is told, found, appointed and dismissed", async ({ page, visitor }) => {
  const [teacher, learner] = [newMember("teacher"), newMember("learner")];
  const other = await visitor();
  await signUp(other, learner);
  await signUp(page, teacher);
  await open(other, `/${teacher.username}`);
  await followButton(other).click();
  await expect(followingButton(other)).toBeVisible();

  await open(page, "/");
  await page.getByRole("link", { name: "Notifications, 1 unread" }).click();
  await expect(page.getByRole("link", { name: `${learner.username} follows you` })).toBeVisible();
  if (!isScripted()) await page.getByRole("button", { name: "Mark all as read" }).click();
  await expect(page.getByRole("link", { name: "Notifications", exact: true })).toBeVisible();

  await open(page, "/dashboard/community");
  await expect(page.getByText("1 follower").first()).toBeVisible();
  await page.getByLabel("A part of the name").fill("nobody has this");
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page.getByText("Nobody found")).toBeVisible();
  await page.getByRole("link", { name: "Show all" }).click();
  await page.getByRole("button", { name: `Make ${learner.username} a moderator` }).click();
  await open(page, "/dashboard/community?circle=moderators");
  await page.getByRole("button", { name: `Dismiss ${learner.username}` }).click();
  await expect(page.getByText("You have no moderators")).toBeVisible();
});

test("who is blocked finds nothing, until it is taken back", async ({ page, visitor, problems }) => {
  problems.expect(/status of 404/);
  const [teacher, learner] = [newMember("teacher"), newMember("learner")];
  const other = await visitor();
  await signUp(other, learner);
  await signUp(page, teacher);
  await open(page, `/${learner.username}`);
  await page.getByRole("button", { name: `Block @${learner.username}` }).click();
  await answer(page, "Block");
  await expect(async () => {
    expect((await other.goto(`/${teacher.username}`))?.status()).toBe(404);
  }).toPass();
  // The page of who is blocked is being loaded anew, to say that it is gone.
  await expect(async () => {
    await open(page, "/dashboard/community?circle=blocked");
    await expect(page.getByText("Blocked since")).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await page.getByRole("button", { name: `Unblock ${learner.username}` }).click();
  await expect(page.getByText("You have not blocked anybody")).toBeVisible();
  await expect(async () => {
    expect((await other.goto(`/${teacher.username}`))?.status()).toBe(200);
  }).toPass();
});

test("a member chooses what to be told", async ({ page }) => {
  await signUp(page, newMember("quiet"));
  await open(page, "/notifications");
  const mentions = page.getByLabel("Somebody mentions you in a chat");
  await expect(mentions).toBeChecked();
  await mentions.uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await open(page, "/notifications");
  await expect(mentions).not.toBeChecked();
  await expect(page.getByLabel("A channel you follow goes live")).toBeChecked();
});
