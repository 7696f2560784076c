import { Sequelize } from "sequelize";
import type { MysqlAddress } from "./address.js";
import { embeddedDialect, refuseTableRebuilds } from "./embedded/dialect.js";
import type { EmbeddedFile } from "./embedded/file.js";
import { guardQueries } from "./guarded-query.js";
import { prepareConnections } from "./mysql/connections.js";
import { internalsOf } from "./sequelize-internals.js";

interface Limits {
  readonly poolSize: number;
  readonly queryTimeoutMs: number;
  readonly lockWaitMs: number;
}

/** A Sequelize on a MySQL server. */
export function openMysql(address: MysqlAddress, limits: Limits): Sequelize {
  const sequelize = new Sequelize({
    dialect: "mysql",
    host: address.host,
    port: address.port,
    username: address.user,
    password: address.password,
    database: address.database,
    timezone: "+00:00",
    logging: false,
    pool: { max: limits.poolSize, min: 0, acquire: limits.queryTimeoutMs, idle: 60_000 },
    dialectOptions: {
      charset: "utf8mb4",
      connectTimeout: Math.min(limits.queryTimeoutMs, 5000),
      // An UPDATE counts the rows it found, changed or not, as on SQLite.
      flags: "+FOUND_ROWS",
      typeCast: true,
      ...(address.tls === undefined ? {} : { ssl: address.tls }),
    },
  });
  const internals = internalsOf(sequelize);
  // We set the zone together with the session's other settings.
  internals.config.keepDefaultTimezone = true;
  // Otherwise the first query opens a connection beside the pool, only to ask for the version.
  internals.options.databaseVersion = "8.4.0";
  prepareConnections(internals.connectionManager, limits);
  guardQueries(internals, "mysql", limits.queryTimeoutMs);
  return sequelize;
}

/** A Sequelize on an embedded file; its rows have the same types as those from MySQL. */
export function openEmbedded(file: EmbeddedFile, limits: Limits): Sequelize {
  const sequelize = new Sequelize({
    dialect: "sqlite",
    storage: file.path,
    dialectModule: embeddedDialect(file),
    logging: false,
  });
  const internals = internalsOf(sequelize);
  // Our rows come with their types; Sequelize's parsers would take them for text.
  internals.connectionManager._clearTypeParser();
  guardQueries(internals, "sqlite", limits.queryTimeoutMs);
  refuseTableRebuilds(sequelize);
  return sequelize;
}
