import { createConnection, type RowDataPacket } from "mysql2/promise";
import { opaqueToken } from "../../src/platform/random.js";
import { installPackages } from "./debian.js";
import { startContainer } from "./docker.js";
import { startPrivateMysql } from "./private-mysql.js";
import { freePort, programFolders } from "./programs.js";
import type { Report, ServiceRecipe, StartedService, Way } from "./recipe.js";
import type { Run } from "./run.js";
import { waitUntil } from "./wait.js";

const DEBIAN_PACKAGES = ["mariadb-server-core", "mariadb-client-core"];
const IMAGE = "mysql:8.4";

/** A server of the MySQL family and an account on it which may create databases. */
export function mysqlRecipe(environment: NodeJS.ProcessEnv): ServiceRecipe {
  const installed: Way = {
    name: "an installed server program",
    start: (run, report) => startFromProgram(run, report, environment),
  };
  return {
    name: "MySQL",
    variable: "TEST_MYSQL_URL",
    identify: identifyMysql,
    ways: [
      installed,
      { name: "Docker", start: (run, report) => startFromImage(run, report, environment) },
      {
        name: "apt-get",
        async start(run, report) {
          await installPackages(DEBIAN_PACKAGES, report);
          return installed.start(run, report);
        },
      },
    ],
    remedies: [
      process.platform === "darwin"
        ? "brew install mariadb && npm test"
        : `sudo apt-get install -y --no-install-recommends ${DEBIAN_PACKAGES.join(" ")} && npm test`,
      "TEST_MYSQL_URL=mysql://root:password@127.0.0.1:3306 npm test",
      "start a Docker engine, then npm test",
    ],
  };
}

type Start = (run: Run, report: Report, environment: NodeJS.ProcessEnv) => Promise<StartedService>;

const startFromProgram: Start = async (run, _report, environment) => {
  const password = newPassword();
  const port = await freePort();
  const { program, ended } = await startPrivateMysql(run, {
    port,
    password,
    folders: programFolders(environment),
  });
  const address = urlOf(port, password);
  await waitUntil(() => identifyMysql(address), { timeoutSeconds: 60, givenUp: ended });
  return { address, place: `private, ${program}, port ${port}` };
};

const startFromImage: Start = async (run, report, environment) => {
  const password = newPassword();
  const port = await startContainer(
    run,
    {
      image: IMAGE,
      port: 3306,
      dataFolder: "/var/lib/mysql",
      environment: { MYSQL_ROOT_PASSWORD: password },
      args: ["--skip-log-bin", "--performance-schema=OFF", "--mysqlx=OFF", "--max-connections=300"],
    },
    environment,
    report,
  );
  const address = urlOf(port, password);
  await waitUntil(() => identifyMysql(address), { timeoutSeconds: 120 });
  return { address, place: `Docker, ${IMAGE}, port ${port}` };
};

// The account may read and write files of the user who runs the tests, so other users of the machine must not get in.
const newPassword = opaqueToken;

const urlOf = (port: number, password: string) => `mysql://root:${password}@127.0.0.1:${port}`;

async function identifyMysql(address: string): Promise<string> {
  const connection = await createConnection({ uri: address, connectTimeout: 5_000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>("SELECT VERSION() AS version");
    const version = String(rows[0]?.version);
    return version.includes("MariaDB") ? `MariaDB ${version.split("-")[0]}` : `MySQL ${version}`;
  } finally {
    await connection.end();
  }
}
