import { expect, test } from "../fixtures/test";
import { EventReader } from "../fixtures/events";
import { decodedFrames, revealStreamKey, startPublisher } from "../fixtures/media";
import { sleep } from "../fixtures/program";
import { card, expectPlayer, newMember, open, openCurrent, signUp } from "../fixtures/site";

test("a publisher that comes back within the grace window keeps its broadcast and its viewers", async ({ visitor, site }) => {
  test.setTimeout(120_000);
  const streamer = newMember("grace");
  const [a, b] = [await visitor(), await visitor()];
  await signUp(a, streamer);
  await open(a, "/dashboard");
  const key = await revealStreamKey(a);
  const events = await EventReader.open(site.origin, "streams");

  let publisher = await startPublisher(site.origin, key);
  try {
    await openCurrent(b, "/");
    await expect(card(b, streamer.username).first()).toContainText("LIVE");
    await openCurrent(b, `/${streamer.username}`);
    await expectPlayer(b, "live", 15_000);

    await publisher.stop("SIGKILL");
    await expectPlayer(b, "reconnecting", 12_000);
    await sleep(2_000);
    const frames = await decodedFrames(b);
    publisher = await startPublisher(site.origin, key);
    await expectPlayer(b, "live", 15_000);
    await expect.poll(() => decodedFrames(b), { timeout: 15_000 }).toBeGreaterThan(frames + 20);

    const ours = (data: { event: { stream_started: { stream: { username: string } } } }) =>
      data.event.stream_started.stream.username === streamer.username;
    expect(events.count("stream_started", ours), "one broadcast").toBe(1);
    expect(events.count("stream_ended"), "which did not end").toBe(0);
  } finally {
    events.close();
    await publisher.stop("SIGINT");
  }
});
