import { isIP } from 'node:net'

/** Whether an address belongs to the public internet: not to this machine, its network, or a range that is set aside (IANA registries, RFC 6890). */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 4) return isPublicV4(address.split('.').map(Number))
  return version === 6 && isPublicV6(groupsOf(address))
}

function isPublicV4([a = 0, b = 0, c = 0]: number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100 && b >= 64 && b < 128) return false
  if (a === 169 && b === 254) return false
  if (a === 172 && b >= 16 && b < 32) return false
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99))) return false
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return false
  return !(a === 203 && b === 0 && c === 113)
}

function isPublicV6(groups: number[]): boolean {
  const [a = 0, b = 0] = groups
  // IPv4 in IPv6 clothes: mapped (::ffff:0:0/96) and translated (64:ff9b::/96).
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  const isTranslated = a === 0x64 && b === 0xff9b && groups.slice(2, 6).every((group) => group === 0)
  if (isMapped || isTranslated) return isPublicV4(lastBytes(groups))
  // Only 2000::/3 is given out; of it Teredo, documentation and 6to4 are not reached directly.
  if (a < 0x2000 || a > 0x3fff) return false
  return !(a === 0x2001 && (b === 0 || b === 0xdb8)) && a !== 0x2002 && a !== 0x3fff
}

function groupsOf(address: string): number[] {
  const [whole = ''] = address.split('%')
  // The dotted form of the last 32 bits.
  const plain = whole.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [p = 0, q = 0, r = 0, s = 0] = bytes.map(Number)
    return `${(p * 256 + q).toString(16)}:${(r * 256 + s).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const parse = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)))
  if (tail === undefined) return parse(head)
  const [before, behind] = [parse(head), parse(tail)]
  return [...before, ...Array<number>(Math.max(0, 8 - before.length - behind.length)).fill(0), ...behind]
}

const lastBytes = (groups: number[]): number[] => groups.slice(6).flatMap((group) => [group >> 8, group & 0xff])
