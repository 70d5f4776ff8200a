import { isScripted, newMember, open, signUp } from "../fixtures/site";
import { png, shownPicture } from "../fixtures/pictures";
import { expect, test } from "../fixtures/test";

test("a member uploads a picture and takes it away again", async ({ page, visitor }) => {
  const member = newMember("face");
  await signUp(page, member);
  await open(page, "/settings");
  await page.getByLabel("Your picture", { exact: true }).setInputFiles(png([200, 30, 30], 300, 300));
  const field = page.locator("form.picture-field").first();
  if (!isScripted()) await field.getByRole("button", { name: "Upload" }).click();
  await expect(page.getByText("Your picture is saved.").first()).toBeVisible();
  const address = await shownPicture(field);
  expect(address).toMatch(/^\/pictures\/[0-9a-f-]{36}\/\d+\.webp$/);
  await shownPicture(page.getByRole("button", { name: /^Account of/ }));

  const guest = await visitor();
  await open(guest, `/${member.username}`);
  await shownPicture(guest.getByRole("main"));

  // It stands beside what its owner says.
  await open(page, `/${member.username}`);
  const chat = page.getByRole("region", { name: "Chat" });
  await chat.getByRole("textbox", { name: "Message" }).fill("This is me");
  await chat.getByRole("button", { name: "Send" }).click();
  await shownPicture(chat.getByRole("article"));
  await open(guest, `/${member.username}`);
  await shownPicture(guest.getByRole("region", { name: "Chat" }).getByRole("article"));

  await open(page, "/settings");
  await field.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("Your picture is removed.").first()).toBeVisible();
  // The side bar may show other people's.
  await expect(page.getByRole("main").locator(".picture")).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Account of/ }).locator(".picture")).toHaveCount(0);
});

test("a file that is no picture is refused beside its field", async ({ page, problems }) => {
  problems.expect(/status of 4\d\d/);
  await signUp(page, newMember("face"));
  await open(page, "/settings");
  const field = page.locator("form.picture-field").last();
  await field.getByLabel("Picture of your stream", { exact: true }).setInputFiles({
    name: "picture.png", mimeType: "image/png", buffer: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"),
  });
  if (!isScripted()) await field.getByRole("button", { name: "Upload" }).click();
  await expect(field.getByRole("alert")).toContainText("This is not a picture that we can use.");
  await expect(field.locator(".picture")).toHaveCount(0);
});
