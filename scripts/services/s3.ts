import { existsSync } from "node:fs";
import { Client } from "minio";
import { opaqueToken } from "../../src/platform/random.js";
import { installPackages } from "./debian.js";
import { startContainer } from "./docker.js";
import { startPrivateCeph } from "./private-ceph.js";
import { freePort, output, programFolders } from "./programs.js";
import type { Report, ServiceRecipe, StartedService, Way } from "./recipe.js";
import type { Run } from "./run.js";
import { waitUntil } from "./wait.js";

const DEBIAN_PACKAGES = ["ceph-mon", "ceph-osd", "radosgw"];
const IMAGE = "chrislusf/seaweedfs:4.46";

/** S3-compatible storage and keys with which buckets may be created. */
export function s3Recipe(environment: NodeJS.ProcessEnv): ServiceRecipe {
  const installed: Way = {
    name: "installed Ceph programs",
    start: (run) => startFromPrograms(run, environment),
  };
  return {
    name: "S3",
    variable: "TEST_S3_URL",
    identify: identifyS3,
    ways: [
      installed,
      { name: "Docker", start: (run, report) => startFromImage(run, report, environment) },
      {
        name: "apt-get",
        async start(run, report) {
          await installPackages(DEBIAN_PACKAGES, report);
          await stopCrashWatch();
          return installed.start(run, report);
        },
      },
    ],
    remedies: [
      ...(process.platform === "linux"
        ? [`sudo apt-get install -y --no-install-recommends ${DEBIAN_PACKAGES.join(" ")} && npm test`]
        : []),
      "TEST_S3_URL=http://accesskey:secretkey@127.0.0.1:9000 npm test",
      "start a Docker engine, then npm test",
    ],
  };
}

async function startFromPrograms(run: Run, environment: NodeJS.ProcessEnv): Promise<StartedService> {
  const port = await freePort();
  const folders = programFolders(environment);
  const { program, accessKey, secretKey, ended } = await startPrivateCeph(run, { port, folders });
  const address = urlOf(port, accessKey, secretKey);
  await waitUntil(() => identifyS3(address), { timeoutSeconds: 60, givenUp: ended });
  return { address, place: `private, ${program}, port ${port}` };
}

async function startFromImage(
  run: Run,
  report: Report,
  environment: NodeJS.ProcessEnv,
): Promise<StartedService> {
  const [accessKey, secretKey] = ["barong", opaqueToken()];
  const request = {
    image: IMAGE,
    port: 8333,
    dataFolder: "/data",
    environment: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
    args: ["mini", "-dir=/data"],
  };
  const port = await startContainer(run, request, environment, report);
  const address = urlOf(port, accessKey, secretKey);
  await waitUntil(() => identifyS3(address), { timeoutSeconds: 120 });
  return { address, place: `Docker, ${IMAGE}, port ${port}` };
}

/** Where systemd runs, a newly installed Ceph starts to watch for crashes, which nobody has asked for. */
async function stopCrashWatch(): Promise<void> {
  if (!existsSync("/run/systemd/system")) return;
  await output("systemctl", ["disable", "--now", "ceph-crash.service"], { timeoutSeconds: 30 }).catch(
    () => undefined,
  );
}

const urlOf = (port: number, accessKey: string, secretKey: string): string =>
  `http://${encodeURIComponent(accessKey)}:${encodeURIComponent(secretKey)}@127.0.0.1:${port}`;

async function identifyS3(address: string): Promise<string> {
  const { origin, hostname, port, protocol, username, password } = new URL(address);
  const answer = await fetch(origin, { signal: AbortSignal.timeout(5_000) });
  await answer.body?.cancel();
  const client = new Client({
    endPoint: hostname,
    ...(port !== "" && { port: Number(port) }),
    useSSL: protocol === "https:",
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
    region: "us-east-1",
  });
  await client.listBuckets();
  // Ceph's gateway does not name itself.
  return answer.headers.get("server") ?? "S3 storage";
}
