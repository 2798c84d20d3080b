/**
 * Which pages of a range are in a state, four at a time. Without a branch, for in which state a page is is as good as random to
 * the processor.
 */

/** Puts the pages in [from, end) whose state is `wanted` into `found`, ascending, and says how many; `found` has room for one more than all. */
export function findState(state: Uint8Array, wanted: number, from: number, end: number, found: Uint32Array): number {
  const aligned = Math.min(end, from + (-(state.byteOffset + from) & 3))
  const count = one(state, wanted, from, aligned, found, 0)
  const tail = end - ((end - aligned) & 3)
  return one(state, wanted, tail, end, found, four(state, wanted, aligned, tail, found, count))
}

function one(state: Uint8Array, wanted: number, from: number, end: number, found: Uint32Array, before: number): number {
  let count = before
  for (let page = from; page < end; page++) {
    found[count] = page
    count += ((state[page]! ^ wanted) - 1) >>> 31
  }
  return count
}

/** Of whole words of the buffer. */
function four(state: Uint8Array, wanted: number, from: number, end: number, found: Uint32Array, before: number): number {
  if (from === end) return before
  let count = before
  const words = new Uint32Array(state.buffer, state.byteOffset + from, (end - from) >>> 2)
  const all = wanted * 0x01010101
  for (let i = 0, page = from; i < words.length; i++, page += 4) {
    const differing = words[i]! ^ all
    // The top bit of each byte: is it zero? The sum carries into it from any of the seven bits below, and no further.
    const same = ~(((differing & 0x7f7f7f7f) + 0x7f7f7f7f) | differing) & 0x80808080
    found[count] = page
    count += (same >>> 7) & 1
    found[count] = page + 1
    count += (same >>> 15) & 1
    found[count] = page + 2
    count += (same >>> 23) & 1
    found[count] = page + 3
    count += same >>> 31
  }
  return count
}
