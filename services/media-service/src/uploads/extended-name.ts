// `filename*` of a form's file (RFC 8187): .NET sends a name in any script there, and beside it a `filename` of which only ASCII is left.
import type { Readable } from "node:stream";

/** What is kept to find a header that two chunks share. */
const maxHeader = 8 * 1024;
const extendedName =
  /content-disposition:[ \t]*form-data;(?=[^\r\n]*\bname="?file"?)[^\r\n]*;[ \t]*filename\*[ \t]*=[ \t]*"?utf-8'[^'\r\n]*'([^;"\s]+)[^\r\n]*\r\n/i;

/**
 * Watches a form as it arrives, for the parser knows no `filename*`. Call it before the form is read, and what it returns when the
 * parser has come to the file: that ends the watching.
 */
export function watchExtendedName(form: Readable): () => string | undefined {
  let text = "";
  let found: string | undefined;
  const look = (chunk: Buffer) => {
    text += chunk.toString("latin1");
    found ??= extendedName.exec(text)?.[1];
    text = text.slice(-maxHeader);
  };
  form.on("data", look);
  return () => {
    form.off("data", look);
    try {
      return found === undefined ? undefined : decodeURIComponent(found);
    } catch {
      return undefined;
    }
  };
}
