import AXE from "axe-core";
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures/test";
import { becomeOwner, newMember, open, signUp } from "../fixtures/site";

/** Serious and critical violations of the page as it is, each with the elements it is about. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE.source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof AXE }).axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" | ")}`);
  });
}

for (const colorScheme of ["dark", "light"] as const) {
  test(`every page can be used by everybody, ${colorScheme}`, async ({ visitor, problems }) => {
    test.setTimeout(180_000);
    problems.expect(/status of 404/);
    const page = await visitor({ colorScheme, reducedMotion: "reduce" });
    const member = newMember("axe");
    const found: string[] = [];
    const look = async (path: string) => {
      await open(page, path);
      for (const violation of await violations(page)) found.push(`${path}: ${violation}`);
    };
    for (const path of ["/", "/category/study", "/search?term=axe", "/search?term=nothing_of_this_name", "/sign-in", "/sign-up"]) await look(path);
    await signUp(page, member);
    for (const path of [
      "/", "/dashboard", "/dashboard/community", "/following", "/notifications", "/settings", "/settings/channel", "/settings/account",
      `/${member.username}`, `/search?term=${member.username}`, "/nobody_of_this_name",
    ]) await look(path);
    expect(found).toEqual([]);
  });

  test(`the administrators' page can be used by everybody, ${colorScheme}`, async ({ visitor, instance }) => {
    test.setTimeout(60_000);
    const server = await instance();
    const page = await visitor({ origin: server.origin, colorScheme, reducedMotion: "reduce" });
    await becomeOwner(page, newMember("owner"), server);
    await open(page, "/admin");
    expect(await violations(page)).toEqual([]);
  });
}
