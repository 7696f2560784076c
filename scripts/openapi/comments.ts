import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";

type Commented = DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescService;

/** What the schema says above a declaration, a line a paragraph. */
export function commentOf(declaration: Commented): string {
  const lines = (getComments(declaration).leading ?? "").split("\n").map((line) => line.trim());
  return lines
    .filter((line) => !line.startsWith("buf:lint:"))
    .join("\n")
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replaceAll("\n", " "))
    .join("\n\n");
}

/** The first sentence without its full stop, and what follows it. */
export function firstSentence(text: string): readonly [first: string, rest: string] {
  const end = /\.(?=\s|$)/.exec(text)?.index ?? text.length;
  return [text.slice(0, end), text.slice(end + 1).trim()];
}
