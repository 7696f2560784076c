import { randomHex } from "../../src/platform/random.js";
import { type Spread, spreadOf } from "../figures.js";
import type { Product } from "../product.js";

export interface SignUps {
  readonly name: string;
  readonly p50Milliseconds: Spread;
  readonly cpuMilliseconds: Spread;
  /** CPU time, divided by that of the first in the same round. */
  readonly cpuRatio: Spread;
}

/** Signs so many up at each server in turn, one after the other, round by round. */
export async function measureSignUps(
  servers: readonly { readonly name: string; readonly server: Product }[],
  { rounds, signUps }: { readonly rounds: number; readonly signUps: number },
): Promise<SignUps[]> {
  const measured = servers.map(({ name, server }) => ({ name, server, rounds: [] as Turn[] }));
  for (const { server } of measured) await turnOf(server, Math.ceil(signUps / 2));
  for (let round = 0; round < rounds; round += 1)
    for (const { server, rounds: own } of measured) own.push(await turnOf(server, signUps));
  const yardstick = measured[0]?.rounds ?? [];
  return measured.map(({ name, rounds: own }) => ({
    name,
    p50Milliseconds: spreadOf(own.map(({ p50 }) => p50)),
    cpuMilliseconds: spreadOf(own.map(({ cpu }) => cpu)),
    cpuRatio: spreadOf(own.map(({ cpu }, at) => cpu / (yardstick[at]?.cpu ?? Number.NaN))),
  }));
}

interface Turn {
  readonly p50: number;
  readonly cpu: number;
}

async function turnOf(server: Product, signUps: number): Promise<Turn> {
  const took: number[] = [];
  const before = await server.cpuMicroseconds();
  for (let call = 0; call < signUps; call += 1) {
    const began = performance.now();
    const answer = await fetch(`http://127.0.0.1:${server.http}/api/v2/identity/users`, {
      method: "POST",
      body: new URLSearchParams({ email: `${randomHex(12)}@example.com`, password: "Tecohvi0" }),
    });
    await answer.arrayBuffer();
    if (answer.status !== 201) throw new Error(`a sign-up was answered ${answer.status}`);
    took.push(performance.now() - began);
  }
  const after = await server.cpuMicroseconds();
  return { p50: spreadOf(took).median, cpu: (after - before) / signUps / 1000 };
}
