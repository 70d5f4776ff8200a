import { expect, test } from "../fixtures/test";
import { open } from "../fixtures/site";

const CATEGORIES = {
  coding: "Coding & Technology",
  creativity: "Creativity & Arts",
  study: "Study & Focus",
  innovation: "Innovation & Business",
};

test("the home page shows every category", async ({ page }) => {
  await open(page, "/");
  await expect(page).toHaveTitle(/Learnify/);
  await expect(page.getByRole("main")).toBeVisible();
  for (const [slug, name] of Object.entries(CATEGORIES)) {
    await expect(page.locator(`main a[href="/category/${slug}"]`).first()).toContainText(name);
  }
});

test("a category has its own page and title", async ({ page }) => {
  await open(page, "/category/study");
  await expect(page).toHaveTitle(/Study & Focus/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Study & Focus");
});

for (const path of ["/category/nothing", "/nobody_of_this_name", "/no/such/page"]) {
  test(`${path} is answered with status 404 and a page that helps`, async ({ page, problems }) => {
    problems.expect(/status of 404/);
    const response = await page.goto(path);
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("main")).toContainText("There is nothing here");
    await expect(page.locator('main a[href="/"]').first()).toBeVisible();
  });
}

test("every link of the home page leads somewhere", async ({ page, request, site }) => {
  await open(page, "/");
  const links = await page.locator("a[href^='/']").evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
  for (const link of new Set(links)) {
    const response = await request.get(`${site.origin}${link}`);
    expect(response.status(), link).toBe(200);
  }
});
