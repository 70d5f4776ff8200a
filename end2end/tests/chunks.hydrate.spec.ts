import { expect, test } from "../fixtures/test";
import { open } from "../fixtures/site";

for (const [path, heading] of [
  ["/category/study", "Study & Focus"],
  ["/sign-in", "Welcome back"],
  ["/sign-up", "Join Learnify"],
] as const) {
  test(`${path} works when it is opened directly`, async ({ page }) => {
    await open(page, path);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
  });
}

/** The parts of the program that are fetched when a page needs them. */
const PARTS = /\/pkg\/(chunk|split)_.*\.wasm/;

test("a page whose code does not arrive says so, and opens when it can", async ({ page, problems }) => {
  problems.expect(/ERR_FAILED|Failed to fetch/);
  await open(page, "/");
  await page.route(PARTS, (route) => route.abort());
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").getByRole("heading", { name: "This page did not load" })).toBeVisible();
  await expect(page).toHaveURL("/sign-in");
  await page.unroute(PARTS);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "Welcome back" })).toBeVisible();
});

test("a page that is opened directly is read while its code does not arrive, and comes alive when it does", async ({
  page,
  problems,
}) => {
  problems.expect(/ERR_FAILED|Failed to fetch/);
  await page.route(PARTS, (route) => route.abort());
  const failed = page.waitForEvent("requestfailed", (request) => PARTS.test(request.url()));
  await page.goto("/category/study");
  await failed;
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Study & Focus");
  await expect(page.locator("html[data-ready]")).toHaveCount(0);
  await page.unroute(PARTS);
  await expect(page.locator("html[data-ready]")).toHaveCount(1, { timeout: 20_000 });
});

test("a page of another version than the server is offered to be loaded anew", async ({ page }) => {
  const offer = page.getByText("There is a new version of this page.");
  await page.route("**/api/stream-updates*", (route) =>
    route.continue({ url: route.request().url().replace(/build=[^&]+/, "build=an-earlier-one") }),
  );
  await open(page, "/");
  await expect(offer).toBeVisible();
  await expect(page.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
  await offer.getByRole("button", { name: "Later" }).click();
  await expect(offer).toBeHidden();
  await page.reload();
  await expect(offer).toBeVisible();
  await page.unroute("**/api/stream-updates*");
  await Promise.all([page.waitForEvent("load"), offer.getByRole("link", { name: "Load it" }).click()]);
  await expect(page.getByRole("banner").getByText("Live", { exact: true })).toBeVisible();
  await expect(offer).toBeHidden();
});
