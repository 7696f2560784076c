/**
 * A plugin of buf that writes openapi.json, the REST face of the schema as OpenAPI 3.1. `npm run generate` runs it after the code is
 * generated, since it reads the schema with the server's own code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createEcmaScriptPlugin, runNodeJs, type Schema } from "@bufbuild/protoplugin";
import { documentOf } from "./document.js";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
  version: string;
};

const writeDocument = (schema: Schema): void => {
  const document = documentOf(schema.files, version);
  schema.generateFile("openapi.json").print(JSON.stringify(document, undefined, 2));
};

runNodeJs(
  createEcmaScriptPlugin({ name: "protoc-gen-barong-openapi", version: "v1", generateTs: writeDocument }),
);
