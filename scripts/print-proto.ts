import {
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescOneof,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** Prints a file descriptor as .proto source. Comments and custom options are left out. */
export function printProto(file: DescFile): string {
  const syntax = file.proto.syntax || "proto2";
  const lines = [`syntax = "${syntax}";`, `package ${file.proto.package};`];
  for (const dependency of file.proto.dependency) lines.push(`import "${dependency}";`);
  for (const message of file.messages) lines.push(...messageLines(message, syntax));
  for (const enumeration of file.enums) lines.push(...enumLines(enumeration));
  for (const extension of file.extensions) lines.push(...extensionLines(extension, syntax));
  return `${lines.join("\n")}\n`;
}

function messageLines(message: DescMessage, syntax: string): string[] {
  const lines: string[] = [];
  for (const nested of message.nestedMessages) {
    if (!nested.proto.options?.mapEntry) lines.push(...messageLines(nested, syntax));
  }
  for (const nested of message.nestedEnums) lines.push(...enumLines(nested));
  for (const nested of message.nestedExtensions) lines.push(...extensionLines(nested, syntax));
  for (const member of message.members) {
    lines.push(...(member.kind === "oneof" ? oneofLines(member, syntax) : [fieldLine(member, syntax)]));
  }
  for (const { start, end } of message.proto.reservedRange) lines.push(`reserved ${start} to ${end - 1};`);
  for (const name of message.proto.reservedName) lines.push(`reserved "${name}";`);
  for (const { start, end } of message.proto.extensionRange) {
    lines.push(`extensions ${start} to ${end > 536870911 ? "max" : end - 1};`);
  }
  return [`message ${message.name} {`, ...lines.map(indent), "}"];
}

function oneofLines(oneof: DescOneof, syntax: string): string[] {
  return [
    `oneof ${oneof.name} {`,
    ...oneof.fields.map((field) => indent(fieldLine(field, syntax, "inside oneof"))),
    "}",
  ];
}

function enumLines(enumeration: DescEnum): string[] {
  const values = enumeration.values.map(({ name, number }) => indent(`${name} = ${number};`));
  const alias = enumeration.proto.options?.allowAlias ? [indent("option allow_alias = true;")] : [];
  return [`enum ${enumeration.name} {`, ...alias, ...values, "}"];
}

function extensionLines(extension: DescExtension, syntax: string): string[] {
  return [`extend .${extension.extendee.typeName} {`, indent(fieldLine(extension, syntax)), "}"];
}

function fieldLine(field: DescField | DescExtension, syntax: string, place?: "inside oneof"): string {
  const label = place === "inside oneof" || field.fieldKind === "map" ? "" : labelOf(field, syntax);
  return `${label}${typeOf(field)} ${field.proto.name} = ${field.number};`;
}

function labelOf(field: DescField | DescExtension, syntax: string): string {
  if (field.fieldKind === "list") return "repeated ";
  if (syntax === "proto3") return field.proto.proto3Optional ? "optional " : "";
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ? "required " : "optional ";
}

function typeOf(field: DescField | DescExtension): string {
  if (field.fieldKind === "map") {
    const value = field.mapKind === "scalar" ? scalarName(field.scalar) : `.${valueType(field)}`;
    return `map<${scalarName(field.mapKey)}, ${value}>`;
  }
  const kind = field.fieldKind === "list" ? field.listKind : field.fieldKind;
  return kind === "scalar" && field.scalar !== undefined ? scalarName(field.scalar) : `.${valueType(field)}`;
}

function valueType(field: DescField | DescExtension): string {
  const type = field.message ?? field.enum;
  if (!type) throw new Error(`${field.name} has neither a scalar, a message nor an enum type`);
  return type.typeName;
}

const scalarName = (scalar: ScalarType) => ScalarType[scalar].toLowerCase();
const indent = (line: string) => `  ${line}`;
