import { join } from "node:path";
import { test } from "../fixtures/test";
import { ROOT } from "../fixtures/program";
import { becomeOwner, newMember, open, signIn, signUp } from "../fixtures/site";

const WIDTHS = [390, 820, 1440];

test("pictures of every page", async ({ visitor, instance, problems }) => {
  problems.expect(/./);
  const server = await instance({ args: ["--demo"] });
  const owner = newMember("owner");
  await becomeOwner(await visitor({ origin: server.origin }), owner, server);
  for (const colorScheme of ["dark", "light"] as const) {
    const page = await visitor({ origin: server.origin, colorScheme });
    const take = async (name: string, path: string) => {
      await open(page, path);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: Math.round(width * (width < 600 ? 2.1 : 0.7)) });
        await page.waitForTimeout(500);
        await page.screenshot({ path: join(ROOT, `target/screenshots/${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    };
    await page.goto(server.origin);
    // The demonstration's publishers need a moment.
    await page.getByRole("article").filter({ hasText: "LIVE" }).first().waitFor({ timeout: 30_000 });
    const live = await page.locator("article a").first().getAttribute("href");
    await take("home", "/");
    await take("category", "/category/coding");
    await take("watch", live ?? "/");
    await take("search", "/search?term=rust");
    await take("sign-in", "/sign-in");
    await take("sign-up", "/sign-up");
    await take("not-found", "/nobody_of_this_name");
    const member = newMember("screen");
    await signUp(page, member);
    await take("dashboard", "/dashboard");
    await take("settings", "/settings");
    await take("following-empty", "/following");
    await page.goto(`${server.origin}${live ?? "/"}`);
    await page.getByRole("button", { name: "Follow", exact: true }).click();
    await take("following", "/following");
    await take("community", "/dashboard/community");
    await take("notifications", "/notifications");
    await take("settings-channel", "/settings/channel");
    await take("settings-chat", "/settings/chat");
    await take("settings-notifications", "/settings/notifications");
    await take("settings-account", "/settings/account");
    await take("offline", `/${member.username}`);
    await page.context().clearCookies();
    await signIn(page, owner);
    await page.waitForURL(/^(?!.*sign-in)/);
    await take("admin", "/admin");
  }
});
