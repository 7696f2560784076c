import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { CONCURRENCY, type Load } from "./load.js";

const CHANNELS = 4;
const READY_MS = 10_000;

interface UnaryMethod {
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: DescMessage;
  readonly output: DescMessage;
}

/** Calls a method with an empty request, on a few HTTP/2 connections that stay open. */
export async function grpcLoad(port: number, method: UnaryMethod): Promise<Load> {
  const clients = Array.from({ length: CHANNELS }, () => connect(port));
  await Promise.all(clients.map(ready));
  return {
    async run(seconds) {
      const start = performance.now();
      const end = start + seconds * 1000;
      let completed = 0;
      const callUntilEnd = async (client: Client): Promise<void> => {
        while (performance.now() < end) {
          await call(client, method);
          completed++;
        }
      };
      await Promise.all(
        clients.flatMap((client) =>
          Array.from({ length: CONCURRENCY / CHANNELS }, () => callUntilEnd(client)),
        ),
      );
      return { completed, seconds: (performance.now() - start) / 1000 };
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}

// Channels to one address share a connection unless they are told not to.
const connect = (port: number): Client =>
  new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });

const ready = (client: Client): Promise<void> =>
  new Promise((resolve, reject) => {
    const deadline = performance.timeOrigin + performance.now() + READY_MS;
    client.waitForReady(deadline, (error) => (error ? reject(error) : resolve()));
  });

const call = (client: Client, { parent, name, input, output }: UnaryMethod): Promise<Message> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest<Message, Message>(
      `/${parent.typeName}/${name}`,
      (message) => Buffer.from(toBinary(input, message)),
      (bytes) => fromBinary(output, bytes),
      create(input),
      (error, answer) => {
        if (answer) resolve(answer);
        else reject(error ?? new Error(`${name} answered nothing`));
      },
    );
  });
