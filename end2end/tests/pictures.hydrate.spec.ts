import { card, newMember, open, openCurrent, signUp } from "../fixtures/site";
import { png, shownPicture } from "../fixtures/pictures";
import { expect, test } from "../fixtures/test";

test("a bomb is refused, and so is what the browser can tell by itself", async ({ page, problems }) => {
  problems.expect(/status of 422/);
  await signUp(page, newMember("bomb"));
  await open(page, "/settings");
  const field = page.locator("form.picture-field").first();
  const input = field.getByLabel("Your picture", { exact: true });
  const alert = field.getByRole("alert");
  const requests: string[] = [];
  page.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));

  await input.setInputFiles({ name: "picture.gif", mimeType: "image/gif", buffer: Buffer.from("GIF89a") });
  await expect(alert).toContainText("This is not a picture that we can use.");
  await input.setInputFiles({ name: "picture.png", mimeType: "image/png", buffer: Buffer.alloc(4 * 1024 * 1024 + 1) });
  await expect(alert).toContainText("This file is too large.");
  expect(requests.filter((request) => request.includes("/api/pictures")), "neither was sent").toEqual([]);

  await input.setInputFiles(png([0, 0, 0], 8, 8, { width: 20_000, height: 20_000 }));
  await expect(alert).toContainText("This picture has too many pixels.");
  expect(requests).toContain("POST /api/pictures/avatar");
  await input.setInputFiles(png([0, 0, 200], 100, 100));
  await expect(alert).toBeHidden();
  await shownPicture(field);
});

test("the card of a live stream shows a frame of it, and then what its streamer chose, on a page that is open", async ({ visitor }) => {
  test.setTimeout(120_000);
  const streamer = newMember("frame");
  const [a, b] = [await visitor(), await visitor()];
  await openCurrent(b, "/");
  await signUp(a, streamer);
  await open(a, "/dashboard");
  await a.getByRole("button", { name: "Go live", exact: true }).click();
  const cards = card(b, streamer.username);
  const frame = await shownPicture(cards.first().locator(".cover"));

  const settings = await a.context().newPage();
  await open(settings, "/settings");
  await settings.getByLabel("Picture of your stream", { exact: true }).setInputFiles(png([20, 160, 60], 1280, 720));
  await expect(settings.getByText("Your picture is saved.").first()).toBeVisible();
  const address = () => cards.first().locator(".cover img").evaluate((image: HTMLImageElement) => new URL(image.currentSrc).pathname);
  await expect.poll(address).not.toBe(frame);
  await settings.close();
  await a.getByRole("button", { name: "End stream", exact: true }).click();
  await expect(cards).toHaveCount(0);
});
