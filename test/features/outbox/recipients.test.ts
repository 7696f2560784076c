import { afterEach, expect, test, vi } from "vitest";
import { DeliveryRefused } from "../../../src/ports/delivery.js";
import { describeEachDatabase } from "../../support/databases.js";
import { aReceiver, startOutboxes } from "../../support/outboxes.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describeEachDatabase("recipients of one account", (kind) => {
  test("whose limit is reached do not hold up the others, which keep their order", async () => {
    const { post, outbox, rows, close } = await startOutboxes(kind);
    closing.push(close);
    const writer = outbox(undefined);
    const links = Array.from({ length: 4 }, (_, at) => `link ${at}`);
    const notices = Array.from({ length: 3 }, (_, at) => `notice ${at}`);
    for (const word of links) await post(writer, { recipient: "links", payload: { word } });
    for (const word of notices) await post(writer, { recipient: "notices", payload: { word } });
    const receiver = aReceiver({ lanes: 1, batch: 3, perRecipient: { most: 3, seconds: 3600 } });

    outbox(receiver, { pollSeconds: 3600 });

    await vi.waitFor(() => expect(receiver.taken).toHaveLength(6));
    const words = receiver.words();
    expect(words.filter((word) => word.startsWith("link"))).toEqual(links.slice(0, 3));
    expect(words.filter((word) => word.startsWith("notice"))).toEqual(notices);
    await vi.waitFor(async () =>
      expect((await rows()).map(({ state }) => state)).toEqual([
        ...["sent", "sent", "sent", "waiting"],
        ...["sent", "sent", "sent"],
      ]),
    );
  });

  test("are served one after the other each, whatever is tried again for another", async () => {
    const { post, outbox, time, close } = await startOutboxes(kind);
    closing.push(close);
    const receiver = aReceiver({ batch: 8 });
    receiver.refuse("one 0", new DeliveryRefused("not now", { permanent: false }));
    const writer = outbox(undefined);
    for (let at = 0; at < 3; at++) {
      await post(writer, { recipient: "one", payload: { word: `one ${at}` } });
      await post(writer, { payload: { word: `none ${at}` } });
      await post(writer, { recipient: "two", payload: { word: `two ${at}` } });
    }

    outbox(receiver);

    await vi.waitFor(() => expect(receiver.taken).toHaveLength(6));
    receiver.refuse("one 0", undefined);
    time.advance(60);
    await vi.waitFor(() => expect(receiver.taken).toHaveLength(9));
    for (const name of ["one", "two", "none"])
      expect(receiver.words().filter((word) => word.startsWith(name))).toEqual(
        [0, 1, 2].map((at) => `${name} ${at}`),
      );
  });
});
