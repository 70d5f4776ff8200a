import { expect, test } from "../fixtures/test";
import { card, newMember, open, signUp } from "../fixtures/site";

const SDP = { "content-type": "application/sdp" };

test.describe("refused in the words of HTTP, with nothing half-made", () => {
  test("publishing", async ({ request, site, page }) => {
    const publish = (headers: Record<string, string>, data: string) =>
      request.post(`${site.origin}/whip`, { headers: { ...SDP, ...headers }, data });
    const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    expect((await publish({}, offer)).status(), "no key").toBe(401);
    expect((await publish({ authorization: "Bearer wrong" }, offer)).status(), "a wrong key").toBe(401);
    expect((await publish({ authorization: `Bearer ${"x".repeat(5000)}` }, offer)).status(), "an endless key").toBe(401);
    expect((await publish({ authorization: "Basic dXNlcjpwYXNz" }, offer)).status(), "another scheme").toBe(401);
    const large = await publish({ authorization: "Bearer wrong" }, "a".repeat(2_000_000));
    expect([401, 413], "an oversized offer").toContain(large.status());

    for (const method of ["PUT", "GET"]) {
      const response = await request.fetch(`${site.origin}/whip`, { method });
      expect(response.status(), method).toBe(405);
    }
    expect(site.isRunning()).toBe(true);
    await open(page, "/");
    await expect(page.getByRole("article").filter({ hasText: "LIVE" })).toHaveCount(0);
  });

  test("publishing nonsense as oneself", async ({ page, site, problems }) => {
    problems.expect(/status of 4\d\d/);
    const member = newMember("bad");
    await signUp(page, member);
    // The page's own cookies, so that the session is the one that publishes.
    const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const publish = (data: string, headers = SDP) =>
      fetch(`${site.origin}/whip`, { method: "POST", headers: { ...headers, cookie: cookies, origin: site.origin }, body: data });

    for (const nonsense of ["", "hello", "v=0\r\n", "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", "\0".repeat(100), "m=".repeat(5000)]) {
      const response = await publish(nonsense);
      expect(response.status, JSON.stringify(nonsense.slice(0, 20))).toBe(400);
    }
    expect((await publish("a".repeat(2_000_000))).status).toBe(413);
    expect((await publish("v=0\r\n", { "content-type": "text/plain" })).status).toBe(415);
    await open(page, "/");
    await expect(card(page, member.username)).toHaveCount(0);
    expect(site.isRunning()).toBe(true);
  });

  test("watching", async ({ request, site, page }) => {
    const watch = (username: string, data = "v=0\r\n") =>
      request.post(`${site.origin}/whep/${username}`, { headers: SDP, data });
    expect((await watch("nobody_of_this_name")).status(), "nobody").toBe(404);
    const member = newMember("off");
    await signUp(page, member);
    expect([404, 409], "not live").toContain((await watch(member.username)).status());
    const response = await request.fetch(`${site.origin}/whep/${member.username}`, { method: "PATCH" });
    expect(response.status(), "a method that does not belong here").toBe(405);
  });

  test("requests that no browser makes", async ({ request, site }) => {
    expect((await request.fetch(`${site.origin}/`, { method: "TRACE" })).status()).toBe(405);
    const crossSite = await request.post(`${site.origin}/api/app/api/accounts/sign_out`, {
      headers: { origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" },
      form: {},
    });
    expect(crossSite.status(), "a form of another site").toBe(403);
    const large = await request.post(`${site.origin}/api/app/api/accounts/sign_in`, {
      headers: { origin: site.origin, "content-type": "application/x-www-form-urlencoded" },
      data: `username=${"a".repeat(2_000_000)}`,
    });
    expect([400, 413], "an oversized form").toContain(large.status());
    for (const path of ["/.env", "/.git/config", "/data/secrets.toml", "/pkg/../../Cargo.toml", "/%2e%2e/Cargo.toml"]) {
      expect((await request.get(`${site.origin}${path}`)).status(), path).toBe(404);
    }
    expect((await request.get(`${site.origin}/readyz`)).status()).toBe(200);
  });
});
