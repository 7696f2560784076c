import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { findProgram, output } from "./programs.js";
import { Unavailable } from "./recipe.js";
import type { Run } from "./run.js";
import { startServer } from "./server.js";

const SERVERS = ["mariadbd", "mysqld"];
const MARIADB_INSTALLERS = ["mariadb-install-db", "mysql_install_db"];

export interface PrivateMysqlSettings {
  readonly port: number;
  /** For root@127.0.0.1, the only account which can log in from outside the folder of the run. */
  readonly password: string;
  /** Where to look for programs. */
  readonly folders: readonly string[];
}

export interface PrivateMysql {
  /** The full path of the server program. */
  readonly program: string;
  /** Never resolves; rejects with the tail of the server's log when the server ends. */
  readonly ended: Promise<never>;
}

/** Starts a MariaDB or MySQL of the current user in a folder of the run. It may not accept connections yet. */
export async function startPrivateMysql(run: Run, settings: PrivateMysqlSettings): Promise<PrivateMysql> {
  const program = findProgram(SERVERS, settings.folders);
  if (program === undefined)
    throw new Unavailable(`no ${SERVERS.join(" or ")} on PATH or in the usual folders`);

  const folder = run.newFolder("mysql");
  mkdirSync(join(folder, "tmp"));
  const version = await output(program, ["--no-defaults", "--version"], { timeoutSeconds: 20 });
  const isMariadb = version.includes("MariaDB");
  await (isMariadb ? createMariadbFiles(folder, settings.folders) : createMysqlFiles(program, folder));

  writeFileSync(join(folder, "accounts.sql"), accountStatements(settings.password), { mode: 0o600 });
  const options = [
    ...base(folder),
    ...serverOptions(folder, settings.port),
    ...(isMariadb ? MARIADB_OPTIONS : MYSQL_OPTIONS),
  ];
  return { program, ended: startServer(run, program, options, join(folder, "server.log")) };
}

/** Valid for every step, from the creation of the files to the running server. */
const base = (folder: string): string[] => [
  // Must come first: the settings of an installed server are not ours.
  "--no-defaults",
  // Both products refuse to run as root unless told so by name.
  `--user=${userInfo().username}`,
  `--datadir=${join(folder, "files")}`,
];

const serverOptions = (folder: string, port: number): string[] => [
  "--bind-address=127.0.0.1",
  `--port=${port}`,
  `--socket=${join(folder, "socket")}`,
  `--pid-file=${join(folder, "pid")}`,
  `--tmpdir=${join(folder, "tmp")}`,
  `--init-file=${join(folder, "accounts.sql")}`,
  "--skip-name-resolve",
  "--skip-log-bin",
  "--character-set-server=utf8mb4",
  "--max-connections=300",
  "--performance-schema=OFF",
  "--innodb-buffer-pool-size=64M",
  // 0 would lose committed rows when a test kills the server; 2 loses them only with the machine.
  "--innodb-flush-log-at-trx-commit=2",
  "--innodb-flush-method=nosync",
  "--innodb-doublewrite=0",
];

const MYSQL_OPTIONS = ["--mysqlx=OFF", "--secure-file-priv=", "--loose-innodb-redo-log-capacity=64M"];

const MARIADB_OPTIONS = [
  "--collation-server=utf8mb4_unicode_ci",
  "--innodb-log-file-size=8M",
  // MariaDB is laxer by default; this is what MySQL starts with.
  "--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
];

async function createMariadbFiles(folder: string, folders: readonly string[]): Promise<void> {
  const installer = findProgram(MARIADB_INSTALLERS, folders);
  if (installer === undefined)
    throw new Unavailable(`mariadbd is here, but not ${MARIADB_INSTALLERS.join(" or ")}`);
  await output(
    installer,
    [
      ...base(folder),
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
      "--innodb-log-file-size=8M",
    ],
    { timeoutSeconds: 120 },
  );
}

const createMysqlFiles = (program: string, folder: string) =>
  output(program, [...base(folder), "--initialize-insecure", "--loose-innodb-redo-log-capacity=64M"], {
    timeoutSeconds: 120,
  });

// Both servers read one statement a line here and report a second one only in their log.
const accountStatements = (password: string) =>
  [
    "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';",
    `ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;",
    "",
  ].join("\n");
