import { openDatabase } from "../../../src/database/database.js";
import { insertAccount } from "../accounts-table.js";

// Inserts accounts in pairs, each pair in one transaction and several at a time, and prints the number of each pair
// whose commit has been acknowledged. Goes on until it is killed.
const [url = "", prefix = ""] = process.argv.slice(2);
const database = await openDatabase({ url, poolSize: 8, queryTimeoutMs: 20_000 });
let next = 0;

async function writePairs(): Promise<void> {
  for (;;) {
    const number = next++;
    await database.transaction(async (tx) => {
      await insertAccount(database, `${prefix}-${number}-left`, tx);
      await insertAccount(database, `${prefix}-${number}-right`, tx);
    });
    process.stdout.write(`${number}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, writePairs));
