import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { createFileRegistry, type DescFile, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const root = join(import.meta.dirname, "..", "..");

/** The schema with its comments, which generated code leaves out. */
export function readSchema(): FileRegistry {
  const program = join(root, "node_modules", ".bin", "buf");
  const image = execFileSync(program, ["build", "proto", "-o", "-", "--as-file-descriptor-set"], {
    cwd: root,
  });
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
}

/** The schema's files that are ours, by name. */
export const ownFiles = (schema: FileRegistry): DescFile[] =>
  [...schema.files]
    .filter(({ name }) => name.startsWith("barong/"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
