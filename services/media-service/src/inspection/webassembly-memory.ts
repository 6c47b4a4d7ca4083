// Limits the memory of WebAssembly modules in this process.

/** The part of the standard that is used here; TypeScript declares it for browsers only. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: { readonly Memory: { readonly prototype: Memory } };

const pageBytes = 65_536;

/** From now on a memory cannot grow beyond `maxBytes`: modules see it as out of memory. */
export function limitWebAssemblyMemory(maxBytes: number): void {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * pageBytes > maxBytes)
      throw new RangeError("WebAssembly memory limit exceeded");
    return grow.call(this, pages);
  };
}
