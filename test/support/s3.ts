import { randomUUID } from "node:crypto";
import { Client } from "minio";
import { systemClock } from "../../src/platform/clock.js";
import type { S3Settings } from "../../src/ports/storage/s3-storage.js";

/** A bucket that does not exist yet, in the storage of TEST_S3_URL. */
export function s3Settings(url: string): S3Settings {
  const { origin, username, password } = new URL(url);
  return {
    endpoint: origin,
    publicEndpoint: undefined,
    region: "us-east-1",
    bucket: `barong-test-${randomUUID()}`,
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
    clock: systemClock,
  };
}

/** Past our own code, for what it must not do by itself. */
export function plainClient({ endpoint, accessKey, secretKey, region }: S3Settings): Client {
  const { protocol, hostname, port } = new URL(endpoint);
  return new Client({
    endPoint: hostname,
    ...(port !== "" && { port: Number(port) }),
    useSSL: protocol === "https:",
    ...{ accessKey, secretKey, region },
  });
}

/** Deletes the bucket with everything in it, if there is one. */
export async function deleteBucket(settings: S3Settings): Promise<void> {
  const client = plainClient(settings);
  if (!(await client.bucketExists(settings.bucket))) return;
  const names: string[] = [];
  for await (const { name } of client.listObjectsV2(settings.bucket, "", true)) names.push(name);
  await client.removeObjects(settings.bucket, names);
  await client.removeBucket(settings.bucket);
}
