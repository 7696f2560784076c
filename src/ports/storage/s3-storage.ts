import http from "node:http";
import https from "node:https";
import { Client } from "minio";
import { attachmentNamed } from "../../platform/attachment.js";
import type { Clock } from "../../platform/clock.js";
import { bounded } from "./bounded.js";
import { measured, sha256Of } from "./content.js";
import { assertKey, assertLifetime, isKey } from "./rules.js";
import { createTransport } from "./s3-transport.js";
import type { Content, Storage } from "./storage.js";

export interface S3Settings {
  /** `https://s3.example.com`, without a path. */
  readonly endpoint: string;
  /** Where browsers reach the same storage, when that is elsewhere. */
  readonly publicEndpoint: string | undefined;
  readonly region: string;
  /** Made at first use when it is missing and the keys allow it. */
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly clock: Clock;
  /** How long the storage may be silent at any step. */
  readonly silenceMs?: number;
  /** How long one operation may take altogether, a slow trickle included. */
  readonly timeoutMs?: number;
  /** How many keys are asked for at once, 1000 at most. */
  readonly pageSize?: number;
}

/** Keeps files in a bucket of any S3-compatible storage; links lead there. */
export function createS3Storage(settings: S3Settings): Storage {
  const { endpoint, publicEndpoint, bucket, region, clock } = settings;
  const { silenceMs = 10_000, timeoutMs = 60_000, pageSize = 1000 } = settings;
  // Files come seldom: a connection kept for them would often turn out to be closed by the other side.
  const agent = new (endpoint.startsWith("https:") ? https : http).Agent();
  const client = clientAt(endpoint, settings, { agent, silenceMs });
  const signer = clientAt(publicEndpoint ?? endpoint, settings, { agent, silenceMs });
  const within = <T>(operation: (signal: AbortSignal) => Promise<T>) =>
    bounded(timeoutMs, reasonOf, operation);

  // Not by the client's putObject, which holds the content in memory, and hangs when it cannot be read to its end.
  async function send(key: string, content: Content, sha256: string, signal: AbortSignal): Promise<void> {
    const headers = { "content-length": content.bytes, "content-type": content.contentType };
    const body = measured(content, signal);
    try {
      const request = { method: "PUT", bucketName: bucket, objectName: key, headers };
      const answer = await client.makeRequestStreamAsync(request, body, sha256, [200], region);
      // It says all by its status; read no further, its connection is not held.
      answer.destroy();
    } finally {
      body.destroy();
    }
  }

  let hasBucket = false;

  /** Asked for before the first content is sent: a storage may hang up on a long one instead of saying what is amiss. */
  async function ensureBucket(): Promise<void> {
    if (hasBucket) return;
    if (!(await client.bucketExists(bucket))) await makeBucket();
    hasBucket = true;
  }

  async function makeBucket(): Promise<void> {
    try {
      await client.makeBucket(bucket, region);
    } catch (fault) {
      // Of several processes that start at once, one makes it.
      if (codeOf(fault) === "BucketAlreadyOwnedByYou") return;
      throw new Error(`there is no bucket ${bucket}, and it cannot be made (${codeOf(fault)})`, {
        cause: fault,
      });
    }
  }

  return {
    async put(key, content) {
      assertKey(key);
      await within(async (signal) => {
        const sha256 = await sha256Of(content, signal);
        // Keys that may do no more than store files are refused here.
        await ensureBucket().catch(undefinedWhen(["AccessDenied"]));
        try {
          await send(key, content, sha256, signal);
        } catch (fault) {
          hasBucket = false;
          throw fault;
        }
      });
    },

    async delete(key) {
      assertKey(key);
      await within(() => client.removeObject(bucket, key).catch(undefinedWhen(NO_BUCKET)));
    },

    async linkTo(key, { seconds, fileName, contentType }) {
      assertKey(key);
      assertLifetime(seconds);
      return signer.presignedGetObject(
        bucket,
        key,
        seconds,
        {
          "response-content-disposition": attachmentNamed(fileName),
          "response-content-type": contentType,
          "response-cache-control": "private, no-store",
        },
        clock(),
      );
    },

    async *keysBefore(moment) {
      let continuation = "";
      do {
        const page = await within(() =>
          client
            .listObjectsV2Query(bucket, "", continuation, "", pageSize, "")
            .catch(undefinedWhen(NO_BUCKET)),
        );
        const objects = page?.objects ?? [];
        // What others keep in the same bucket is not ours to tell of.
        const keys = objects.flatMap(({ name, lastModified }) =>
          name !== undefined && isKey(name) && lastModified < moment ? [name] : [],
        );
        if (keys.length > 0) yield keys;
        continuation = page?.isTruncated ? page.nextContinuationToken : "";
      } while (continuation !== "");
    },

    async check() {
      hasBucket = false;
      await within(ensureBucket);
    },

    async close() {
      agent.destroy();
    },
  };
}

/** Nothing is in a bucket that does not exist yet. */
const NO_BUCKET = ["NoSuchBucket"];

function clientAt(
  endpoint: string,
  { accessKey, secretKey, region }: S3Settings,
  { agent, silenceMs }: { agent: http.Agent; silenceMs: number },
): Client {
  const { protocol, hostname, port } = new URL(endpoint);
  const client = new Client({
    endPoint: hostname.replace(/^\[|\]$/g, ""),
    ...(port !== "" && { port: Number(port) }),
    useSSL: protocol === "https:",
    accessKey,
    secretKey,
    // Given, it is never asked for: signing a link needs no connection.
    region,
    pathStyle: true,
    transport: createTransport(protocol, silenceMs),
    transportAgent: agent,
    // It would send a content again that has been read already.
    retryOptions: { disableRetry: true },
  });
  // Over TLS the client would sign requests without their content.
  client.enableSHA256 = true;
  return client;
}

const undefinedWhen =
  (codes: readonly unknown[]) =>
  (fault: unknown): undefined => {
    if (!codes.includes(codeOf(fault))) throw fault;
    return undefined;
  };

const reasonOf = (fault: unknown): string =>
  `the storage cannot be used (${codeOf(fault) ?? (fault instanceof Error ? fault.message : String(fault))})`;

/** What S3 calls an error, or what the network does. */
const codeOf = (fault: unknown): unknown =>
  fault instanceof Error && "code" in fault ? fault.code : undefined;
