import { expect, test } from "../fixtures/test";
import { isScripted, newMember, open, signUp } from "../fixtures/site";

test("a member writes, and everybody reads it", async ({ page, visitor }) => {
  const [streamer, learner] = [newMember("teach"), newMember("learn")];
  await signUp(page, streamer);
  const other = await visitor();
  await signUp(other, learner);
  await open(other, `/${streamer.username}`);
  const chat = other.getByRole("region", { name: "Chat" });
  await chat.getByRole("textbox", { name: "Message" }).fill("Is there homework? See https://example.org/a");
  await chat.getByRole("button", { name: "Send" }).click();
  await expect(chat.getByRole("log")).toContainText("Is there homework?");
  await expect(chat.getByRole("link", { name: "https://example.org/a" })).toHaveAttribute("rel", /nofollow/);

  await open(page, `/${streamer.username}`);
  await expect(page.getByRole("log")).toContainText("Is there homework?");
  await expect(page.getByRole("log")).toContainText(learner.username);
  const guest = await visitor();
  await open(guest, `/${streamer.username}`);
  await expect(guest.getByRole("log")).toContainText("Is there homework?");
  await expect(guest.getByRole("region", { name: "Chat" }).getByRole("link", { name: "Sign in" })).toBeVisible();
});

test("what is too long is refused, and with scripts it stays in the field", async ({ page, visitor, problems }) => {
  problems.expect(/status of 4\d\d/);
  const streamer = newMember("limits");
  await signUp(page, streamer);
  const other = await visitor();
  await signUp(other, newMember("long"));
  await open(other, `/${streamer.username}`);
  const chat = other.getByRole("region", { name: "Chat" });
  const field = chat.getByRole("textbox", { name: "Message" });
  // One long word, which must not push the button out of the chat.
  await field.fill("x".repeat(501));
  if (isScripted()) await expect(chat.getByText("1 too many")).toBeVisible();
  await chat.getByRole("button", { name: "Send" }).click();
  const refusal = chat.getByText("A message has at most 500 characters.");
  await expect(refusal).toBeVisible();
  if (!isScripted()) return;
  await expect(field).toHaveValue("x".repeat(501));
  // Typing on takes the refusal away; Enter brings it back.
  await field.press("End");
  await field.press("x");
  await expect(refusal).toBeHidden();
  await field.press("Enter");
  await expect(refusal).toBeVisible();
  await expect(field).toHaveValue("x".repeat(502));
});

test("where only followers write, following opens the field", async ({ page, visitor }) => {
  const streamer = newMember("closed");
  await signUp(page, streamer);
  await open(page, "/settings/chat");
  await page.getByLabel("Followers only").check();
  await page.getByRole("button", { name: "Save chat settings" }).click();
  const other = await visitor();
  await signUp(other, newMember("joins"));
  const chat = other.getByRole("region", { name: "Chat" });
  await expect(async () => {
    await open(other, `/${streamer.username}`);
    await expect(chat.getByText("Only followers of this channel write here.")).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(chat.getByRole("textbox", { name: "Message" })).toHaveCount(0);
  await chat.getByRole("button", { name: "Follow to write" }).click();
  await chat.getByRole("textbox", { name: "Message" }).fill("I am in");
  await chat.getByRole("button", { name: "Send" }).click();
  await expect(chat.getByRole("log")).toContainText("I am in");
  await expect(other.getByText("1 follower", { exact: true }).first()).toBeVisible();
});

test("the owner sets the modes of the chat", async ({ page, visitor }) => {
  const streamer = newMember("modes");
  await signUp(page, streamer);
  await open(page, "/settings/chat");
  await page.getByLabel("Guests may write too").check();
  await page.getByRole("spinbutton", { name: "Slow mode" }).fill("30");
  await page.getByRole("button", { name: "Save chat settings" }).click();
  const guest = await visitor();
  await expect
    .poll(async () => {
      await open(guest, `/${streamer.username}`);
      return guest.getByRole("region", { name: "Chat" }).innerText();
    })
    .toContain("Slow 30 s");
  const chat = guest.getByRole("region", { name: "Chat" });
  await chat.getByLabel("Your name").fill("A passer-by");
  await chat.getByRole("textbox", { name: "Message" }).fill("Hello from outside");
  await chat.getByRole("button", { name: /^Send/ }).click();
  await expect(chat.getByRole("log")).toContainText("A passer-by");
  await expect(chat.getByRole("log")).toContainText("Hello from outside");
});
