import { join, resolve } from "node:path";

/** The settings of the storage as they were read; undefined where they are absent or not readable. */
interface StorageValues {
  readonly storageUrl: URL | undefined;
  readonly storagePublicUrl: URL | undefined;
  readonly storageRegion: string | undefined;
  readonly storageBucket: string | undefined;
  readonly storageAccessKey: string | undefined;
  readonly storageSecretKey: string | undefined;
  readonly documentsFolder: string | undefined;
}

/** Where documents are kept. */
export type StorageConfig = ReturnType<typeof storageConfig>;

export function storageConfig(values: StorageValues, dataDir: string) {
  if (values.storageUrl === undefined) {
    return { kind: "folder" as const, folder: resolve(values.documentsFolder ?? join(dataDir, "documents")) };
  }
  return {
    kind: "s3" as const,
    endpoint: values.storageUrl.origin,
    publicEndpoint: values.storagePublicUrl?.origin,
    region: values.storageRegion ?? "",
    bucket: values.storageBucket ?? "",
    accessKey: values.storageAccessKey ?? "",
    secretKey: values.storageSecretKey ?? "",
  };
}

/** Settings of the storage that exclude or need each other, one sentence each. */
export function storageContradictions(
  environment: Readonly<Record<string, string | undefined>>,
  values: StorageValues,
): string[] {
  const isGiven = (name: string) => (environment[name] ?? "") !== "";
  if (!isGiven("STORAGE_URL")) {
    return ["STORAGE_PUBLIC_URL", "STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"]
      .filter(isGiven)
      .map((name) => `${name} means nothing without STORAGE_URL`);
  }
  const found: string[] = [];
  if (!values.storageAccessKey || !values.storageSecretKey) {
    found.push("STORAGE_URL needs STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY");
  }
  if (values.documentsFolder !== undefined) found.push("STORAGE_URL and DOCUMENTS_FOLDER exclude each other");
  return found;
}
