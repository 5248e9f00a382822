// XXH64, by its public specification (Yann Collet, xxHash algorithm description 0.1.1).
const prime1: u64 = 0x9e3779b185ebca87
const prime2: u64 = 0xc2b2ae3d27d4eb4f
const prime3: u64 = 0x165667b19e3779f9
const prime4: u64 = 0x85ebca77c2b2ae63
const prime5: u64 = 0x27d4eb2f165667c5

// @ts-ignore: decorator
@inline
function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * prime2, 31) * prime1
}
// @ts-ignore: decorator
@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * prime1 + prime4
}

/** The XXH64 of `length` bytes. */
export function xxh64(pointer: usize, length: usize, seed: u64): u64 {
  const end = pointer + length
  let hash: u64
  if (length >= 32) {
    let a = seed + prime1 + prime2, b = seed + prime2, c = seed, d = seed - prime1
    while (pointer + 32 <= end) {
      a = round(a, load<u64>(pointer))
      b = round(b, load<u64>(pointer, 8))
      c = round(c, load<u64>(pointer, 16))
      d = round(d, load<u64>(pointer, 24))
      pointer += 32
    }
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  } else hash = seed + prime5
  hash += <u64>length
  for (; pointer + 8 <= end; pointer += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(pointer)), 27) * prime1 + prime4
  if (pointer + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(pointer) * prime1), 23) * prime2 + prime3
    pointer += 4
  }
  for (; pointer < end; pointer++) hash = rotl<u64>(hash ^ (<u64>load<u8>(pointer) * prime5), 11) * prime1
  hash = (hash ^ (hash >> 33)) * prime2
  hash = (hash ^ (hash >> 29)) * prime3
  return hash ^ (hash >> 32)
}
