/**
 * Lays out the third-party .proto files the schema imports in `.cache/proto`, taken from installed npm packages, so that
 * their versions are those of the lockfile and no copy of somebody else's file is kept in the repository.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { printProto } from "./print-proto.js";

const root = join(import.meta.dirname, "..");
const target = join(root, ".cache", "proto");

const GAX = "google-gax/build/protos";
const REFLECTION = "@grpc/reflection/build/proto";
const copies: Record<string, string> = {
  "google/api/annotations.proto": GAX,
  "google/api/http.proto": GAX,
  "google/api/httpbody.proto": GAX,
  "google/rpc/code.proto": GAX,
  "google/rpc/error_details.proto": GAX,
  "google/rpc/status.proto": GAX,
  "grpc/reflection/v1/reflection.proto": REFLECTION,
  "grpc/reflection/v1alpha/reflection.proto": REFLECTION,
};

function place(path: string): string {
  const file = join(target, path);
  mkdirSync(dirname(file), { recursive: true });
  return file;
}

rmSync(target, { recursive: true, force: true });
for (const [path, source] of Object.entries(copies)) {
  copyFileSync(join(root, "node_modules", source, path), place(path));
}
copyFileSync(
  join(root, "node_modules/grpc-health-check/proto/health/v1/health.proto"),
  place("grpc/health/v1/health.proto"),
);
// No npm package ships this file; printing it from the validator's own descriptor keeps the two in step.
writeFileSync(place("buf/validate/validate.proto"), printProto(file_buf_validate_validate));
