// Bounds what WebAssembly modules of this process may grow to.

/** What is used here of the standard; the compiler describes it for browsers alone. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: { readonly Memory: { readonly prototype: Memory } };

const pageBytes = 65_536;

/** From now on a memory that would grow beyond `mostBytes` fails to, as at its own maximum: modules take it for a lack of memory. */
export function boundWebAssemblyMemory(mostBytes: number): void {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * pageBytes > mostBytes) throw new RangeError("beyond the memory allowed");
    return grow.call(this, pages);
  };
}
