/**
 * The chunk allocator of a compressed device: which slots are taken, how many bytes they hold, what is on its way back.
 *
 * A page costs ceil(size / chunk) chunks and its metadata; an all-zero page costs the metadata alone. An admitted page
 * holds a reservation of one raw page until its first write says its true size. Released space returns at the next
 * zeroing flush; what a write shrinks returns at once, because the device frees those chunks itself.
 * Reservations bind admission only: a write that grows takes what is physically there, and without room it is dropped and
 * its page poisoned. So does a page that lands without a question; it may even take a slot beyond the advertised ones, for
 * every host believes that all of them are its own.
 *
 * Left out: fragmentation. Chunks are interchangeable, so any free chunk serves any page (as in Compresso and MXT).
 */
import { assert } from '#shared/errors.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'

/** One byte a slot: a state, or a state plus the number of chunks (at most 64). */
const ABSENT = 0
const RESERVED = 1
const STORED = 2
const POISONED = 128
/** Poisoned at its first write: the slot is taken and holds nothing, not even metadata. */
const POISONED_EMPTY = 255

const FIRST_CAPACITY = 1024

export interface PoolSpec {
  readonly physicalBytes: number
  readonly advertisedBytes: number
  readonly chunkBytes: number
  readonly metadataBytes: number
}

export class Pool {
  readonly physicalBytes: number
  readonly maxSlots: number
  /** What a reservation holds: a raw page and its metadata. */
  readonly rawBytes: number
  usedBytes = 0
  pendingZeroBytes = 0
  reservedPages = 0
  /** Taken slots, the poisoned ones included. */
  storedPages = 0
  /** Slots that are poisoned now. */
  poisonedPages = 0
  readonly usedByHost: Float64Array
  readonly storedByHost: Float64Array
  private readonly chunkBytes: number
  /** Bytes that a slot holds, by its code. */
  private readonly bytesOf = new Float64Array(256)
  private slots: Uint8Array[]

  constructor(spec: PoolSpec, hosts: number) {
    this.physicalBytes = spec.physicalBytes
    this.maxSlots = Math.floor(spec.advertisedBytes / PAGE_BYTES)
    this.chunkBytes = spec.chunkBytes
    this.rawBytes = PAGE_BYTES + spec.metadataBytes
    this.usedByHost = new Float64Array(hosts)
    this.storedByHost = new Float64Array(hosts)
    this.slots = Array.from({ length: hosts }, () => new Uint8Array(FIRST_CAPACITY))
    for (let chunks = 0; chunks <= PAGE_BYTES / spec.chunkBytes; chunks++) {
      const bytes = chunks * spec.chunkBytes + spec.metadataBytes
      this.bytesOf[STORED + chunks] = bytes
      this.bytesOf[POISONED + chunks] = bytes
    }
  }

  /** The register of real remaining capacity. */
  get remainingBytes(): number {
    return this.physicalBytes - this.usedBytes - this.pendingZeroBytes
  }

  get reservedBytes(): number {
    return this.reservedPages * this.rawBytes
  }

  /** Pages that may be reserved now. */
  get room(): number {
    const bytes = this.remainingBytes - this.reservedBytes
    return Math.max(0, Math.min(Math.floor(bytes / this.rawBytes), this.maxSlots - this.storedPages - this.reservedPages))
  }

  isPoisoned(host: number, page: number): boolean {
    return (this.slots[host]![page] ?? ABSENT) >= POISONED
  }

  reserve(host: number, page: number): void {
    const slots = this.slotsFor(host, page)
    if (slots[page] !== ABSENT) misplaced(host, page, 'is asked for but already on the device')
    slots[page] = RESERVED
    this.reservedPages++
  }

  /** Bytes by which a write of `sizeBytes` makes the slot larger; a reservation counts for what it reserves, poison for good. */
  growth(host: number, page: number, sizeBytes: number): number {
    const before = this.slots[host]![page] ?? ABSENT
    if (before === ABSENT) misplaced(host, page, 'is written but not on the device')
    if (before >= POISONED) return 0
    const bytes = before === RESERVED ? this.rawBytes : this.bytesOf[before]!
    return this.bytesFor(sizeBytes) - bytes
  }

  /** Drops a write to a page that holds content. */
  poison(host: number, page: number): void {
    const slots = this.slots[host]!
    const before = slots[page] ?? ABSENT
    if (before < STORED || before >= POISONED) misplaced(host, page, 'is poisoned but holds no content')
    slots[page] = before - STORED + POISONED
    this.poisonedPages++
  }

  /** A page that nobody asked about: a slot, and its first write. True if that poisoned it. */
  land(host: number, page: number, sizeBytes: number): boolean {
    this.reserve(host, page)
    return this.write(host, page, sizeBytes)
  }

  /** Pages of a host that were here before the run; `hostPages` are all that the host may ever ask for. */
  stock(host: number, hostPages: number, pages: Uint32Array, sizes: Uint16Array): void {
    const slots = this.slotsFor(host, hostPages - 1, hostPages)
    const { chunkBytes, bytesOf } = this
    let bytes = 0
    for (let i = 0; i < pages.length; i++) {
      const page = pages[i]!
      // Texts are made for those alone who break the law: there may be a hundred million pages.
      if (slots[page] !== ABSENT) misplaced(host, page, 'was here before but is already on the device')
      const code = STORED + Math.ceil(sizes[i]! / chunkBytes)
      slots[page] = code
      bytes += bytesOf[code]!
    }
    this.storedPages += pages.length
    this.storedByHost[host]! += pages.length
    this.usedBytes += bytes
    this.usedByHost[host]! += bytes
  }

  /** As land(), but the first write is dropped. */
  landPoisoned(host: number, page: number): void {
    const slots = this.slotsFor(host, page)
    if (slots[page] !== ABSENT) misplaced(host, page, 'lands but is already on the device')
    slots[page] = POISONED_EMPTY
    this.storedPages++
    this.storedByHost[host]!++
    this.poisonedPages++
  }

  /** Bytes that content of `sizeBytes` compressed bytes takes. */
  bytesFor(sizeBytes: number): number {
    return this.bytesOf[STORED + Math.ceil(sizeBytes / this.chunkBytes)]!
  }

  /** Writes content of `sizeBytes` compressed bytes. True if that poisoned the page just now. */
  write(host: number, page: number, sizeBytes: number): boolean {
    if (sizeBytes > PAGE_BYTES) misplaced(host, page, `compresses to ${sizeBytes} bytes, more than a page`)
    const slots = this.slots[host]!
    const before = slots[page] ?? ABSENT
    if (before === ABSENT) misplaced(host, page, 'is written but not on the device')
    if (before >= POISONED) return false
    if (before === RESERVED) {
      this.reservedPages--
      this.storedPages++
      this.storedByHost[host]!++
    }
    const after = STORED + Math.ceil(sizeBytes / this.chunkBytes)
    const growth = this.bytesOf[after]! - this.bytesOf[before]!
    if (growth > this.remainingBytes) {
      slots[page] = before === RESERVED ? POISONED_EMPTY : before - STORED + POISONED
      this.poisonedPages++
      return true
    }
    slots[page] = after
    this.usedBytes += growth
    this.usedByHost[host]! += growth
    return false
  }

  /** Gives back a slot, or a reservation that was never written. */
  release(host: number, page: number): void {
    const slots = this.slots[host]!
    const before = slots[page] ?? ABSENT
    if (before === ABSENT) misplaced(host, page, 'is released but not on the device')
    slots[page] = ABSENT
    if (before === RESERVED) {
      this.reservedPages--
      return
    }
    const bytes = this.bytesOf[before]!
    this.storedPages--
    this.storedByHost[host]!--
    if (before >= POISONED) this.poisonedPages--
    this.usedBytes -= bytes
    this.usedByHost[host]! -= bytes
    this.pendingZeroBytes += bytes
  }

  /** The zeroing flush: what was released until now is free again. */
  flush(): void {
    this.pendingZeroBytes = 0
  }

  /** Cheap laws, asserted after every step. */
  check(): void {
    let used = 0
    let stored = 0
    for (let host = 0; host < this.slots.length; host++) {
      used += this.usedByHost[host]!
      stored += this.storedByHost[host]!
    }
    assert(used === this.usedBytes, `the device uses ${this.usedBytes} bytes, its hosts ${used}`)
    assert(stored === this.storedPages, `the device stores ${this.storedPages} pages, its hosts ${stored}`)
    assert(this.remainingBytes >= 0, `${this.remainingBytes} bytes remain`)
    assert(this.reservedPages >= 0 && this.storedPages >= this.poisonedPages, 'slot counts are negative')
  }

  /** The whole law: recounts every slot. For tests and the end of a run. */
  audit(): void {
    this.check()
    const pages = { reserved: 0, stored: 0, poisoned: 0 }
    this.slots.forEach((slots, host) => {
      let used = 0
      for (const code of slots) {
        used += this.bytesOf[code]!
        if (code === RESERVED) pages.reserved++
        else if (code !== ABSENT) pages.stored++
        if (code >= POISONED) pages.poisoned++
      }
      assert(used === this.usedByHost[host], `the slots of host index ${host} hold ${used} bytes, not ${this.usedByHost[host]}`)
    })
    assert(pages.reserved === this.reservedPages, `${pages.reserved} slots are reserved, not ${this.reservedPages}`)
    assert(pages.stored === this.storedPages, `${pages.stored} slots are taken, not ${this.storedPages}`)
    assert(pages.poisoned === this.poisonedPages, `${pages.poisoned} slots are poisoned, not ${this.poisonedPages}`)
  }

  snapshot(): ReturnType<Pool['peek']> {
    return structuredClone(this.peek())
  }

  /** The slots themselves, and not copies. */
  peek() {
    const { usedBytes, pendingZeroBytes, reservedPages, storedPages, poisonedPages, usedByHost, storedByHost, slots } = this
    return { usedBytes, pendingZeroBytes, reservedPages, storedPages, poisonedPages, usedByHost, storedByHost, slots }
  }

  restore(from: ReturnType<Pool['snapshot']>): void {
    const { usedByHost, storedByHost, ...rest } = structuredClone(from)
    Object.assign(this, rest)
    this.usedByHost.set(usedByHost)
    this.storedByHost.set(storedByHost)
  }

  private slotsFor(host: number, page: number, capacity = 0): Uint8Array {
    const slots = this.slots[host]!
    if (page < slots.length) return slots
    // Filled: memory that is read before anybody wrote to it costs much more (ARCHITECTURE.md).
    const grown = new Uint8Array(capacity || Math.max(page + 1, slots.length * 2)).fill(ABSENT)
    grown.set(slots)
    this.slots[host] = grown
    return grown
  }
}

/** Apart from where it is found, which is once for every page: there not even the words are put together. */
function misplaced(host: number, page: number, how: string): never {
  assert(false, `page ${page} of host index ${host} ${how}`)
}
