import { openCurrent } from "../fixtures/site";
import { expect, test } from "../fixtures/test";

// The same as in .make/size.mjs.
const BUDGET = 300_000;
/** What a first visit must download before the page is whole. Pictures come later, and are the streamers'. */
const COUNTED = ["Document", "Stylesheet", "Script", "Font", "Fetch", "XHR", "Other"];

test("the first visit stays within its budget", async ({ visitor }) => {
  const page = await visitor();
  const network = await page.context().newCDPSession(page);
  const known = new Map<string, { url: string; type: string }>();
  const sizes: { url: string; type: string; bytes: number }[] = [];
  network.on("Network.responseReceived", ({ requestId, response, type }) => known.set(requestId, { url: response.url, type }));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = known.get(requestId);
    if (request) sizes.push({ ...request, bytes: encodedDataLength });
  });
  await network.send("Network.enable");

  await openCurrent(page, "/");
  await page.evaluate(() => document.fonts.ready.then(() => undefined));

  const counted = sizes.filter(({ type }) => COUNTED.includes(type));
  const total = counted.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { url, type, bytes } of counted) console.log(`${String(bytes).padStart(8)}  ${type.padEnd(10)}  ${new URL(url).pathname}`);
  console.log(`${String(total).padStart(8)}  in all`);
  expect(counted.some(({ url }) => url.endsWith(".wasm")), "the program was seen to arrive").toBe(true);
  expect(total).toBeLessThanOrEqual(BUDGET);
});
