/** What each field of a mail holds, in words: for docs/PROTOCOL.md, beside the table that decides its type (messages.ts). */
import type { MESSAGES, Kind } from './messages.ts'

type Notes = { readonly [K in Kind]: { readonly [F in keyof (typeof MESSAGES)[K]['fields']]: string } }

const PAGES = 'page numbers of the host'

export const FIELD_NOTES: Notes = {
  profile: {
    pages: 'how many pages of 4 KiB it may have; the first profile decides',
    allocateBytesPerSecond:
      'how fast it touches them for the first time, in order; 0: only the rows of accesses do; the first profile decides',
    threads: 'how many of its accesses can stall at a time; the first profile decides',
    contiguous: '1: the pages of a class lie side by side; 0: they lie scattered',
    shift: 'moves which pages belong to which class, 0 to 1',
    share: 'for each class its share of the pages; they sum to 1',
    reads: 'for each class, reads per page and second of work',
    writes: 'for each class, writes per page and second of work',
    miss: 'for each class, the share of its accesses that miss the CPU cache, 0 to 1',
    stored: 'for each class, the content of its pages when they are allocated',
    written: 'for each class, the content that its writes leave behind',
    sweepBytesPerSecond: 'how fast the sweep goes over the pages; 0: there is none',
    sweepWrites: '1: it overwrites whole pages; 0: it reads them',
    sweepPooledOnly: '1: it passes over pages that are not on a device',
    sweepPasses: 'how often it goes round; 0: without end',
    sweepContent: 'the content that it writes',
  },
  accesses: {
    epoch: 'number of the epoch, for people',
    workNs: 'work time over which the rows are spread, in order',
    pages: 'for each row the page, 0 to pages − 1 of the profile',
    reads: 'for each row, reads of that page',
    writes: 'for each row, writes',
    llcReads: 'for each row, reads of 64 B that miss the CPU cache; no rows: as reads',
    llcWritebacks: 'for each row, write-backs of 64 B; no rows: as writes',
  },
  left: {},
  progress: {
    workNs: 'nanoseconds of work since the start',
    allocated: 'pages allocated so far',
    epochsDone: 'epochs replayed to their end',
    sweepPassesDone: 'whole rounds of the sweep',
  },
  killed: { cause: 'oom or sigbus' },
  demote: { batch: "the host's number for the question", pages: PAGES, sizes: 'what each compresses to, in bytes; 0: all zero' },
  admitted: { batch: 'the number of the question', pages: PAGES },
  refused: {
    batch: 'the number of the question',
    pages: PAGES,
    reasons: 'for each page why, as an index into the list of reasons',
  },
  written: { pages: PAGES, sizes: 'what each compresses to now, in bytes' },
  released: { pages: PAGES },
  traffic: {
    spanNs: 'time since the last report',
    readBytes: 'read from the device',
    writeBytes: 'written to it',
    compressedReads: 'reads of 64 B that met a compressed page',
    recompressions: 'pages that were compressed or decompressed whole',
    pages: 'pages that the hotness monitor saw touched',
    reads: 'reads of each',
    writes: 'writes of each',
  },
  pressure: { level: '0 to 1000' },
  load: {
    rawReadNs: 'latency of a read of 64 B from a page that is stored raw',
    compressedReadNs: 'from a compressed page',
    zeroReadNs: 'from an all-zero page',
    writeNs: 'latency of a write of 64 B',
    utilisation: 'offered load over what can be served; above 1 there is a queue',
    devLoad: 'class of CXL, 0 (light) to 3 (severe)',
  },
  poisoned: { pages: PAGES },
  hotlist: {
    granulePages: 'pages in a unit',
    units: 'unit u begins at page u · granulePages',
    counts: 'accesses that were counted in each',
    dropped: 'units for which there was no room',
  },
  hints: { pages: PAGES, latencyMs: 'for each page, milliseconds from the scan to the first touch' },
  promote: { pages: PAGES },
  promoted: {
    home: 'pages that come home',
    declined: 'pages for which there was no room',
    gone: 'pages that were no longer in the pool, or cannot be moved',
  },
  stop: {},
  pause: { paused: '1: writers pause; 0: they go on' },
  landed: { pages: PAGES, sizes: 'what the content of each compresses to, in bytes' },
  poll: {},
  remaining: { bytes: 'bytes that are neither used nor waiting to be zeroed' },
  stocked: {
    hostPages: 'pages that the host has in all',
    pages: PAGES,
    sizes: 'what the content of each compresses to, in bytes',
  },
  damon: { pages: PAGES, samples: 'for each page, how many samples of the last 100 ms found its region touched' },
}
