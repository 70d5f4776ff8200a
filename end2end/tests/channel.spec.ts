import { expect, test } from "../fixtures/test";
import { isScripted, newMember, open, signUp } from "../fixtures/site";

test("a channel page says who teaches and where else they are", async ({ page, visitor }) => {
  const member = newMember("ana");
  await signUp(page, member);
  await open(page, "/settings");
  await page.getByLabel("Name", { exact: true }).fill("Ana Lovelace");
  await page.getByLabel("About you").fill("I **explain** things.\n\n- slowly\n- twice\n\n<script>window.hacked = true</script>");
  await page.getByRole("button", { name: "Save profile" }).click();
  await expect(page.getByText("Your profile is saved.")).toBeVisible();
  await page.getByLabel("GitHub", { exact: true }).fill("https://www.github.com/ana/");
  await page.getByRole("button", { name: "Save links" }).click();
  await expect(page.getByText("Your links are saved.")).toBeVisible();

  const guest = await visitor();
  await open(guest, `/${member.username}`);
  await expect(guest.getByRole("main")).toContainText("Ana Lovelace");
  const about = guest.getByRole("region", { name: "About Ana Lovelace" });
  await expect(about.locator("strong")).toHaveText("explain");
  await expect(about.getByRole("listitem").filter({ hasText: "twice" })).toBeVisible();
  await expect(about.getByRole("link", { name: "GitHub" })).toHaveAttribute("href", "https://github.com/ana");
  await expect(about.getByRole("link", { name: "GitHub" })).toHaveAttribute("rel", /noopener noreferrer/);
  await expect(about).toContainText("Member since");
  await expect(guest.locator(".level")).toHaveText(/Level.*1$/);
  expect(await guest.locator("script:not([nonce])").filter({ hasText: "hacked" }).count()).toBe(0);
});

test("the share menu leads to the usual places", async ({ page }) => {
  const member = newMember("ana");
  await signUp(page, member);
  await open(page, `/${member.username}`);
  const menu = page.locator(".share-menu");
  await expect(menu.getByRole("link", { name: "WhatsApp" })).toBeHidden();
  await menu.getByText("Share", { exact: true }).click();
  for (const name of ["X", "Facebook", "LinkedIn", "WhatsApp", "E-mail"]) {
    const link = menu.getByRole("link", { name, exact: true });
    await expect(link).toBeVisible();
    await expect(link).toHaveAttribute("rel", "noopener noreferrer");
    expect(await link.getAttribute("href")).toContain(member.username);
  }
  if (isScripted()) {
    await page.keyboard.press("Escape");
    await expect(menu.getByRole("link", { name: "WhatsApp" })).toBeHidden();
    await menu.getByText("Share", { exact: true }).click();
    await page.getByRole("heading", { level: 1 }).click();
    await expect(menu.getByRole("link", { name: "WhatsApp" })).toBeHidden();
  }
});

test("other sites are told what is on a channel", async ({ page, visitor }) => {
  const member = newMember("ana");
  await signUp(page, member);
  const guest = await visitor();
  await guest.goto(`/${member.username.toUpperCase()}`);
  const meta = (name: string) => guest.locator(`meta[property="${name}"], meta[name="${name}"]`);
  await expect(meta("og:title")).toHaveAttribute("content", new RegExp(member.username));
  await expect(meta("og:url")).toHaveAttribute("content", new RegExp(`/${member.username}$`));
  await expect(guest.locator("link[rel=canonical]")).toHaveAttribute("href", new RegExp(`/${member.username}$`));
  await expect(meta("twitter:card")).toHaveAttribute("content", "summary_large_image");
  const picture = await meta("og:image").getAttribute("content");
  const answer = await guest.request.get(new URL(picture ?? "").pathname);
  expect(answer.status()).toBe(200);
  expect(answer.headers()["content-type"]).toBe("image/png");
});
