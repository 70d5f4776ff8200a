import type { Page } from "@playwright/test";
import { decodedFrames, revealStreamKey, startPublisher } from "../fixtures/media";
import { card, expectPlayer, newMember, open, openCurrent, signUp } from "../fixtures/site";
import { expect, test } from "../fixtures/test";

const sideBar = (page: Page) => page.getByRole("navigation", { name: "Main" });
const followButton = (page: Page) => page.getByRole("main").getByRole("button", { name: "Follow", exact: true });

test("the number of followers moves on other open pages", async ({ page, visitor }) => {
  const teacher = newMember("teacher");
  await signUp(page, teacher);
  await openCurrent(page, `/${teacher.username}`);
  const guest = await visitor();
  await openCurrent(guest, `/${teacher.username}`);
  const learner = await visitor();
  await signUp(learner, newMember("learner"));
  await openCurrent(learner, `/${teacher.username}`);
  const otherTab = await learner.context().newPage();
  await openCurrent(otherTab, `/${teacher.username}`);

  await followButton(learner).click();
  await expect(guest.getByText("1 follower", { exact: true }).first()).toBeVisible();
  await expect(page.getByText("1 follower", { exact: true }).first()).toBeVisible();
  await expect(otherTab.getByRole("main").getByRole("button", { name: "Following", exact: true })).toBeVisible();
  await expect(sideBar(otherTab).getByRole("link", { name: teacher.username })).toBeVisible();
  await expect(page.getByRole("link", { name: "Notifications, 1 unread" })).toBeVisible();
});

test("the button keeps the focus, and the question answers Escape", async ({ page, visitor }) => {
  const teacher = newMember("teacher");
  await signUp(await visitor(), teacher);
  await signUp(page, newMember("learner"));
  await openCurrent(page, `/${teacher.username}`);
  await followButton(page).focus();
  await page.keyboard.press("Enter");
  const following = page.getByRole("main").getByRole("button", { name: "Following", exact: true });
  await expect(following).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Keep following" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Keep following" })).toBeHidden();
  await expect(following).toBeFocused();
});

test("a follow that the server refuses is taken back", async ({ page, visitor, problems }) => {
  problems.expect(/status[ a-z]* 503/);
  const teacher = newMember("teacher");
  await signUp(await visitor(), teacher);
  await signUp(page, newMember("learner"));
  await openCurrent(page, `/${teacher.username}`);
  await page.route("**/api/app/api/follows/follow", (route) =>
    route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ domain: "unavailable" }) }),
  );
  await followButton(page).click();
  await expect(page.getByText("Learnify is busy or restarting.")).toBeVisible();
  await expect(followButton(page)).toBeVisible();
  await expect(page.getByText("0 followers").first()).toBeVisible();
});

test("a block in the middle of a stream ends it for the blocked viewer and for nobody else", async ({ page, visitor, site, problems }) => {
  test.setTimeout(120_000);
  problems.expect(/status of 404/);
  const [teacher, learner] = [newMember("teacher"), newMember("learner")];
  await signUp(page, teacher);
  await open(page, "/dashboard");
  const publisher = await startPublisher(site.origin, await revealStreamKey(page));
  try {
    const [blocked, guest] = [await visitor(), await visitor()];
    await signUp(blocked, learner);
    for (const viewer of [blocked, guest]) {
      await openCurrent(viewer, `/${teacher.username}`);
      await expectPlayer(viewer, "live", 30_000);
    }
    const list = await blocked.context().newPage();
    await openCurrent(list, "/");
    await expect(card(list, teacher.username).first()).toBeVisible();
    await expect(sideBar(list).getByRole("link", { name: teacher.username })).toBeVisible();

    await openCurrent(page, `/${learner.username}`);
    await page.getByRole("button", { name: `Block @${learner.username}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Block", exact: true }).click();
    await expect(blocked.getByRole("region", { name: "Player" })).toHaveCount(0, { timeout: 20_000 });
    await expect(card(list, teacher.username)).toHaveCount(0, { timeout: 20_000 });
    await expect(sideBar(list).getByRole("link", { name: teacher.username })).toHaveCount(0);
    const frames = await decodedFrames(guest);
    await expect.poll(() => decodedFrames(guest), { message: "the guest's picture goes on" }).toBeGreaterThan(frames + 10);
  } finally {
    await publisher.stop();
  }
});

test("the side bar follows who goes live", async ({ page, visitor, site }) => {
  test.setTimeout(90_000);
  const teacher = newMember("teacher");
  await signUp(page, teacher);
  await open(page, "/dashboard");
  const key = await revealStreamKey(page);
  const learner = await visitor();
  await signUp(learner, newMember("learner"));
  await open(learner, `/${teacher.username}`);
  await followButton(learner).click();
  await expect(sideBar(learner).getByRole("link", { name: teacher.username })).toBeVisible();
  await openCurrent(learner, "/following");
  await expect(learner.getByRole("heading", { name: "Not live" })).toBeVisible();
  const publisher = await startPublisher(site.origin, key);
  try {
    await expect(sideBar(learner).getByRole("link", { name: /live, \d+ watching/ })).toBeVisible({ timeout: 20_000 });
    await expect(learner.getByRole("heading", { name: "Live now" })).toBeVisible();
    await expect(learner.getByRole("link", { name: "Notifications, 1 unread" })).toBeVisible();
  } finally {
    await publisher.stop();
  }
});
