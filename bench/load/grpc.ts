import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { CONCURRENCY, type Load } from "./load.js";

const CHANNELS = 4;
const READY_MS = 10_000;

interface UnaryMethod<Input extends DescMessage, Output extends DescMessage> {
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: Input;
  readonly output: Output;
}

export interface GrpcCall<Input extends DescMessage, Output extends DescMessage> {
  readonly method: UnaryMethod<Input, Output>;
  /** An empty one unless it is given. */
  readonly request?: MessageShape<Input>;
  /** Whether an answer is the expected one. */
  readonly isGood?: (answer: MessageShape<Output>) => boolean;
}

/** Makes the same call on a few HTTP/2 connections that stay open. */
export async function grpcLoad<Input extends DescMessage, Output extends DescMessage>(
  port: number,
  { method, request, isGood = () => true }: GrpcCall<Input, Output>,
): Promise<Load> {
  const clients = Array.from({ length: CHANNELS }, () => connect(port));
  await Promise.all(clients.map(ready));
  const bytes = Buffer.from(toBinary(method.input, request ?? create(method.input)));
  return {
    async run(seconds) {
      const start = performance.now();
      const end = start + seconds * 1000;
      let completed = 0;
      const callUntilEnd = async (client: Client): Promise<void> => {
        while (performance.now() < end) {
          const answer = fromBinary(method.output, await call(client, method, bytes));
          if (!isGood(answer)) throw new Error(`${method.name}: ${JSON.stringify(answer)}`);
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

const unchanged = (bytes: Buffer): Buffer => bytes;

const call = (
  client: Client,
  { parent, name }: UnaryMethod<DescMessage, DescMessage>,
  request: Buffer,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const path = `/${parent.typeName}/${name}`;
    client.makeUnaryRequest<Buffer, Buffer>(path, unchanged, unchanged, request, (error, answer) => {
      if (answer) resolve(answer);
      else reject(error ?? new Error(`${name} answered nothing`));
    });
  });
