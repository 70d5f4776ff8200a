import type { Page } from "@playwright/test";
import { chat, field, menu, messages, say } from "../fixtures/chat";
import { expect, test } from "../fixtures/test";
import { newMember, openCurrent, signUp, type Member } from "../fixtures/site";

/** A channel with its owner and a member, both on its page. */
async function room(visitor: () => Promise<Page>): Promise<{ owner: Page; ben: Page; streamer: Member; learner: Member }> {
  const [streamer, learner] = [newMember("room"), newMember("ben")];
  const [owner, ben] = [await visitor(), await visitor()];
  await signUp(owner, streamer);
  await signUp(ben, learner);
  await openCurrent(owner, `/${streamer.username}`);
  await openCurrent(ben, `/${streamer.username}`);
  return { owner, ben, streamer, learner };
}

test("two people talk, answer, react and correct themselves", async ({ visitor }) => {
  const { owner, ben } = await room(visitor);
  await say(ben, "Hello :wave: `let x = 1;`");
  await expect(messages(ben)).toHaveCount(1);
  await expect(messages(owner)).toHaveText(/Hello 👋 let x = 1;/);
  await menu(owner, "Hello", "Reply");
  await say(owner, "Welcome!");
  await expect(messages(ben).last()).toContainText("Welcome!");
  await expect(messages(ben).last().getByRole("link")).toContainText("Hello");
  await menu(ben, "Welcome!", "React: celebrate");
  await expect(messages(owner).last().getByRole("button", { name: "celebrate, 1" })).toBeVisible();
  await menu(ben, "Hello", "Edit");
  await field(ben).fill("Hello again");
  await field(ben).press("Enter");
  await expect(messages(owner).first()).toContainText("Hello again");
  await expect(messages(owner).first()).toContainText("edited");
});

test("the owner deletes, pins, times out, and it is in the log", async ({ visitor }) => {
  const { owner, ben, learner } = await room(visitor);
  await say(ben, "worth keeping");
  await say(ben, "something rude");
  await expect(messages(owner)).toHaveCount(2);
  await menu(owner, "worth keeping", "Pin");
  await expect(ben.getByRole("complementary", { name: "Pinned message" })).toContainText("worth keeping");
  await menu(owner, "something rude", "Delete");
  await expect(messages(ben)).toHaveCount(1);
  await menu(owner, "worth keeping", "Time out for 10 min");
  await expect(chat(ben)).toContainText("A moderator asked you to wait");
  await expect(field(ben)).toHaveCount(0);
  await chat(owner).getByRole("button", { name: "Moderation" }).click();
  const log = owner.getByRole("dialog", { name: "Moderation" });
  await expect(log).toContainText(`timed out ${learner.username}`);
  await expect(log).toContainText("something rude");
});

test("slow mode reaches open pages and counts down", async ({ visitor }) => {
  const { owner, ben } = await room(visitor);
  await chat(owner).getByRole("button", { name: "Moderation" }).click();
  await owner.getByLabel("Slow mode").selectOption("5");
  await expect(chat(ben)).toContainText("Slow 5 s");
  await say(ben, "first");
  const send = chat(ben).getByRole("button", { name: /^Send/ });
  await expect(send).toBeDisabled();
  await expect(send).toHaveText(/[1-5] s/);
  await field(ben).fill("second");
  await field(ben).press("Enter");
  await expect(messages(ben)).toHaveCount(1);
  await expect(send).toBeEnabled({ timeout: 10_000 });
  await field(ben).press("Enter");
  await expect(messages(ben)).toHaveCount(2);
});

test("a message sent without a network goes out once, when it is back", async ({ visitor, problems }) => {
  problems.expect(/ERR_INTERNET_DISCONNECTED|Failed to fetch|net::/);
  const { owner, ben } = await room(visitor);
  await ben.context().setOffline(true);
  await say(ben, "into the void");
  await expect(messages(ben)).toHaveCount(1);
  await say(owner, "are you there?");
  await expect(chat(ben).getByRole("button", { name: "Send again" })).toBeVisible({ timeout: 20_000 });
  await ben.context().setOffline(false);
  await chat(ben).getByRole("button", { name: "Send again" }).click();
  await expect(messages(owner)).toHaveCount(2);
  await expect(messages(ben)).toHaveCount(2, { timeout: 20_000 });
  await expect(chat(ben)).toContainText("are you there?");
  await expect(chat(ben).getByRole("button", { name: "Send again" })).toHaveCount(0);
});

test("who reads further up is not moved", async ({ visitor }) => {
  test.setTimeout(120_000);
  const { owner, ben, streamer } = await room(visitor);
  // Five messages in ten seconds are allowed, so they are tall.
  for (let n = 0; n < 5; n += 1) await say(ben, `tall ${n}\n${"line\n\n".repeat(40)}`);
  await expect(messages(owner)).toHaveCount(5);
  const log = chat(owner).getByRole("log");
  await log.evaluate((element) => element.scrollTo(0, -1000));
  const newest = chat(owner).getByRole("button", { name: /newest|new$/ });
  await expect(newest).toBeVisible();
  const before = await log.evaluate((element) => element.scrollTop);
  const other = await visitor();
  await signUp(other, newMember("carl"));
  await openCurrent(other, `/${streamer.username}`);
  await say(other, "news");
  await expect(newest).toHaveText("1 new");
  expect(await log.evaluate((element) => element.scrollTop)).toBe(before);
  await newest.click();
  await expect(messages(owner).last()).toContainText("news");
  await expect(newest).toHaveCount(0);
});

test("names are completed, emoji are picked, keys suffice", async ({ visitor }) => {
  const { owner, ben, learner } = await room(visitor);
  await say(ben, "I am here");
  await expect(messages(owner)).toHaveCount(1);
  await field(owner).pressSequentially(`Hi @${learner.username.slice(0, 4)}`);
  await expect(chat(owner).getByRole("option")).toHaveText([`@${learner.username}`]);
  await field(owner).press("Enter");
  await expect(field(owner)).toHaveValue(`Hi @${learner.username} `);
  await chat(owner).getByRole("button", { name: "Emoji" }).click();
  await chat(owner).getByRole("button", { name: ":crab:" }).click();
  await field(owner).press("Enter");
  await expect(messages(ben).last()).toContainText("🦀");
  await expect(messages(ben).last().locator(".is-me")).toHaveText(`@${learner.username}`);

  await chat(ben).getByRole("log").focus();
  await ben.keyboard.press("ArrowUp");
  await expect(messages(ben).last()).toBeFocused();
  await ben.keyboard.press("Enter");
  const items = chat(ben).getByRole("group", { name: "What to do with this message" });
  await expect(items.getByRole("button").first()).toBeFocused();
  await ben.keyboard.press("Escape");
  await expect(items).toBeHidden();
});
