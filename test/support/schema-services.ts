import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";

/** Every service in the generated code. */
export async function servicesOfSchema(): Promise<DescService[]> {
  const gen = join(import.meta.dirname, "../../gen");
  const files = readdirSync(gen, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_pb.ts"),
  );
  const modules = await Promise.all(files.map((name) => import(join(gen, name)) as Promise<object>));
  return modules.flatMap((module) => Object.values(module).filter(isService));
}

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}
