import type { Clock } from "../../platform/clock.js";
import type { SecretKey } from "../../platform/key-ring.js";
import { hmacSha256Hex } from "../../platform/secrets.js";
import type { StorageConfig } from "../../platform/storage-config.js";
import { createFolderStorage } from "./folder-storage.js";
import { createS3Storage } from "./s3-storage.js";
import type { Storage } from "./storage.js";

export interface StorageNeeds {
  /** Where clients reach the API of this server, without a trailing slash. */
  readonly apiUrl: string;
  /** The key ring for secrets at rest. */
  readonly keys: readonly SecretKey[];
  readonly clock: Clock;
}

/** Path under which this server answers links to a folder's files. Gateways let it pass: the link itself is the permission. */
const LINKS_PATH = "/identity/files";

/** The storage that the configuration names. */
export function createStorage(config: StorageConfig, { apiUrl, keys, clock }: StorageNeeds): Storage {
  if (config.kind === "s3") return createS3Storage({ ...config, clock });
  const [first, ...older] = keys.map(linkKeyOf);
  if (!first) throw new Error("links to files need a key ring");
  return createFolderStorage({
    folder: config.folder,
    baseUrl: `${apiUrl}${LINKS_PATH}`,
    linkKeys: [first, ...older],
    clock,
  });
}

// A key of its own: what is signed with one purpose in mind must be good for no other.
const linkKeyOf = ({ key }: SecretKey): Uint8Array =>
  Buffer.from(hmacSha256Hex(key, "links to files"), "hex");
