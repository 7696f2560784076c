import { openLibsql } from "./libsql-driver.js";
import type { NativeHandle } from "./native.js";
import { openNodeSqlite } from "./node-driver.js";

/** Opens the file with Node's own SQLite where it is complete (22.16 and later), else with libsql. */
export function openNative(path: string): NativeHandle {
  return openNodeSqlite(path) ?? openLibsql(path);
}
