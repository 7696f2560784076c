import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { transcoder } from "../../src/transcoding/transcoder.js";
import { methodsOf, ruleOf } from "./schema.js";
import { echo } from "./server.js";

const plugin = () => {
  const rules = [ruleOf("POST", "/a", { body: "*" }), ruleOf("GET", "/a")];
  const methods = methodsOf(...rules.map((rule) => ({ rule })));
  return transcoder({ methods: methods.map((method) => ({ method, invoke: echo })) });
};

test("a call can be injected without a socket", async () => {
  const app = Fastify();
  await app.register(plugin());
  onTestFinished(() => app.close());

  const posted = await app.inject({ method: "POST", url: "/a", payload: { f_string: "x" } });
  const got = await app.inject("/a?f_string=y");

  expect(posted.json()).toMatchObject({ f_string: "x" });
  expect(got.json()).toMatchObject({ f_string: "y" });
});

test("HTTP/2 is served too, where a body needs no length", async () => {
  const app = Fastify({ http2: true });
  await app.register(plugin());
  await app.listen({ port: 0, host: "127.0.0.1" });
  const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    client.destroy();
    await app.close();
  });

  const call = async (headers: Record<string, string>, body?: string) => {
    const stream = client.request({ ":path": "/a", ...headers }, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    let text = "";
    for await (const piece of stream) text += piece;
    return JSON.parse(text);
  };

  expect(
    await call({ ":method": "POST", "content-type": "application/json" }, '{"f_string":"x"}'),
  ).toMatchObject({
    f_string: "x",
  });
  expect(await call({ ":method": "POST" })).toMatchObject({ f_string: "" });
  expect(await call({ ":method": "GET" })).toMatchObject({ f_string: "" });
});
