/** The yardstick: the least that a JSON answer costs with Fastify, to a GET and to a POST with a body. */
import Fastify from "fastify";
import { secondsOf, systemClock } from "../../src/platform/clock.js";

const [httpPort] = process.argv.slice(2).map(Number);

const app = Fastify();
const time = async () => ({ time: secondsOf(systemClock()) });
app.get("/time", time);
app.post("/time", time);
await app.listen({ host: "127.0.0.1", port: httpPort ?? 0 });
