// Reads ahead: WebAssembly has no prefetch, but loads that nothing waits for are on their way together. Each function returns a sum that the caller
// has to keep, or the loads would be left out.

export const cacheLineBytes: usize = 64
const linesAtOnce: usize = 512

/** Touches the lines of a stretch, all of which is there. Few instructions for each, so that a processor has as many under way as it can. */
// @ts-ignore: decorator
@inline
export function touch(from: usize, bytes: usize): i32 {
  const end = from + bytes, wholeEnd = from + (bytes & ~(linesAtOnce - 1))
  let sink: i32 = 0
  for (; from < wholeEnd; from += linesAtOnce) {
    sink += load<i32>(from); sink += load<i32>(from, 64); sink += load<i32>(from, 128); sink += load<i32>(from, 192)
    sink += load<i32>(from, 256); sink += load<i32>(from, 320); sink += load<i32>(from, 384); sink += load<i32>(from, 448)
  }
  for (; from < end; from += cacheLineBytes) sink += load<i32>(from)
  return sink
}

/** Touches the first and the last bytes of a stretch, so that the addresses of several are looked up together before their lines come. */
// @ts-ignore: decorator
@inline
export function touchEnds(from: usize, bytes: usize): i32 {
  return load<i32>(from) + load<i32>(from + bytes - 4)
}
