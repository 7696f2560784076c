import { expect, test } from "vitest";
import { isFetchable } from "../../src/platform/fetch-ports.js";

const HIGHEST = 65_535;

/** Asks nobody: what `fetch` does not bar itself ends here. */
const nobody = {
  dispatch(_request: unknown, handler: { onError(fault: Error): void }): boolean {
    queueMicrotask(() => handler.onError(Object.assign(new Error("asked"), { code: "ASKED" })));
    return true;
  },
};

async function isAsked(port: number): Promise<boolean> {
  const fault = await fetch(`http://127.0.0.1:${port}/`, {
    dispatcher: nobody,
  } as unknown as RequestInit).then(
    () => undefined,
    ({ cause }: { cause?: { code?: unknown } }) => cause?.code,
  );
  return fault === "ASKED";
}

test("every port at which fetch asks nobody is known", async () => {
  const barred: number[] = [];
  for (let port = 0; port <= HIGHEST; port += 1) if (!(await isAsked(port))) barred.push(port);

  expect(barred).toContain(25);
  expect(barred.filter((port) => isFetchable(new URL(`http://host:${port}/`)))).toEqual([]);
});

test("the usual ones are asked", () => {
  const usual = ["http://host", "https://host", "http://host:8080", "https://host:8443", "http://host:3000"];

  expect(usual.filter((url) => !isFetchable(new URL(url)))).toEqual([]);
});
