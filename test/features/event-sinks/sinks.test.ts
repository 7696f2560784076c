import { QueryTypes } from "sequelize";
import { expect, test } from "vitest";
import { createUnroutable } from "../../../src/features/event-sinks/unroutable.js";
import { cursorOf, nameMatcher, placeIn } from "../../../src/features/events/rules.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

describeEachDatabase("a server that tells nobody of events", (database) => {
  const app = startedApp(database);

  test("writes them down, and nothing else", async () => {
    const email = await activeMember(app);
    const account = await app.rooms.accounts.byEmail(email);

    const channels = await app.database.sequelize.query<{ channel: string }>(
      "SELECT DISTINCT channel FROM outbox",
      { type: QueryTypes.SELECT },
    );

    expect(channels).toEqual([{ channel: "mail" }]);
    expect((await app.rooms.events.of(account?.id ?? 0)).length).toBeGreaterThan(3);
  });
});

test("a filter lets whole names and beginnings of names pass, and everything when it is empty", () => {
  const passes = nameMatcher(["model.*", "system.user.password.reset"]);
  const names = [
    "model.user.created",
    "models",
    "system.user.password.reset",
    "system.user.password.reset.token",
  ];

  expect(names.filter(passes)).toEqual(["model.user.created", "system.user.password.reset"]);
  expect(names.filter(nameMatcher([]))).toEqual(names);
  expect(names.filter(nameMatcher(["*"]))).toEqual(names);
});

test("a cursor stands for its place, and other texts for none", () => {
  const epoch = "0d1f6c3a-5b7e-4c2d-9a8f-1e2d3c4b5a69";
  const places = [0, 1, 123_456_789_012].map((position) => ({ epoch, position }));
  expect(places.map((place) => placeIn(cursorOf(place)))).toEqual(places);
  const one = cursorOf({ epoch, position: 1 });
  const others = [
    ...["", "MQ", `${one}=`, `${one} `],
    ...["v1.1", "v1.-1", `v1.${epoch}.-1`, `v1.${epoch}.01`, `v1.${epoch}`].map((text) =>
      Buffer.from(text).toString("base64url"),
    ),
  ];
  expect(others.map(placeIn)).toEqual(others.map(() => undefined));
});

test("for each key it is told once a minute that nobody listens, with how many there were", () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const told: object[] = [];
  const logger = { ...silentLogger, warn: (details: object) => void told.push(details) };
  const unroutable = createUnroutable({ clock: () => now, logger });
  const one = { exchange: "barong.events.model", routingKey: "user.created" };
  const other = { ...one, routingKey: "user.updated" };

  for (const address of [one, one, other, one]) unroutable.note(address);
  now = secondsAfter(now, 61);
  unroutable.note(one);

  expect(told).toEqual([
    { ...one, messages: 1 },
    { ...other, messages: 1 },
    { ...one, messages: 3 },
  ]);
});
