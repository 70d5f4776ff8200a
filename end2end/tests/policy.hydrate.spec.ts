import { expect, test } from "../fixtures/test";
import { newMember, open, signUp } from "../fixtures/site";

// A violation of the content security policy, a hydration warning or an exception fails any test by itself;
// here is the walk that meets every page, once by address and once by link.

test("a walk through the site by its links loads no page anew and offends nothing", async ({ page }) => {
  await open(page, "/");
  const started = await page.evaluate(() => performance.timeOrigin);
  await page.locator('main a[href="/category/coding"]').first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Coding & Technology");
  await page.goBack();
  await expect(page.locator('main a[href="/category/study"]').first()).toBeVisible();
  await page.locator('main a[href="/category/study"]').first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Study & Focus");
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(started);
});

test("every answer carries the policy, with a nonce of its own", async ({ request, site }) => {
  const nonces = new Set<string>();
  for (const path of ["/", "/", "/sign-in", "/nobody_of_this_name"]) {
    const headers = (await request.get(`${site.origin}${path}`)).headers();
    const policy = headers["content-security-policy"] ?? "";
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).not.toContain("'unsafe-inline'");
    expect(policy, path).not.toContain("'unsafe-eval'");
    expect(headers["x-content-type-options"], path).toBe("nosniff");
    nonces.add(policy.match(/'nonce-([^']+)'/)?.[1] ?? "none");
  }
  expect(nonces.size).toBe(4);
});

test("a script that somebody slips into the page does not run", async ({ page, problems }) => {
  problems.expect(/content security policy/i);
  await open(page, "/");
  const ran = await page.evaluate(async () => {
    // Parsed from markup, as injected text would be.
    document.body.insertAdjacentHTML(
      "beforeend",
      '<img src="/favicon.svg" alt="" onload="window.intruder = true"><iframe srcdoc="<script>parent.intruder = true</script>"></iframe>',
    );
    await new Promise((done) => setTimeout(done, 500));
    return "intruder" in window;
  });
  expect(ran).toBe(false);
});

test("camera and microphone are for the dashboard only", async ({ page, problems }) => {
  problems.expect(/camera is not allowed in this document/);
  await open(page, "/");
  const allowed = () => page.evaluate(() => navigator.mediaDevices.getUserMedia({ video: true }).then(() => true, () => false));
  expect(await allowed()).toBe(false);
  await signUp(page, newMember("cam"));
  await open(page, "/dashboard");
  expect(await allowed()).toBe(true);
});
