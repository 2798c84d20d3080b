/**
 * What pages compress to. A content is named by a short text that travels in mail: a measured profile (`redis_json`),
 * `zero`, `incompressible`, `ratio=2.5`, a mix (`redis_json*0.7+zero*0.3`), or `drift=redis_json`: how a page's size
 * moves when it is written in place.
 *
 * A size is drawn per page, independent of its neighbours and of its age; left out: that neighbouring pages resemble
 * each other, and every cause of a size but the page's own past (drift).
 */
import { ColdpoolError, assert } from './errors.ts'
import { PAGE_BYTES } from './page/page-table.ts'

export const CODECS = ['lz4', 'zstd1', 'deflate1'] as const
export type Codec = (typeof CODECS)[number]

export const PROFILE_NAMES = ['redis_json', 'sqlite', 'sort', 'gcc', 'bfs'] as const
export type ProfileName = (typeof PROFILE_NAMES)[number]

export const DRIFT_NAMES = ['redis_json'] as const
export type DriftName = (typeof DRIFT_NAMES)[number]

/** Compressed sizes in bytes of real pages, ascending, one entry a page; 0 is an all-zero page. Quantile u: sizes[⌊u·n⌋]. */
export type Profiles = Readonly<Record<ProfileName, Readonly<Record<Codec, Uint16Array>>>>

/** How the LZ4 size of a changed page moves, by the size before: row r serves sizes from lows[r] up to the next row. */
export interface Drift {
  /** Share of the pages that changed from one second to the next while this was measured. */
  readonly changedPerSecond: number
  readonly observations: number
  readonly lows: Uint16Array
  /** Row-major; each row holds the mean change in bytes of `slices` equal slices of the observations, ascending. */
  readonly changes: Int16Array
  readonly slices: number
}
export type Drifts = Readonly<Record<DriftName, Drift>>

/** A content's sizes. Units lie in the open interval (0, 1). */
export interface SizeLaw {
  /** Compressed bytes, 0 (zero page) to 4096 (stored raw), of a page filled with it. */
  readonly draw: (unit: number) => number
  /** Compressed bytes after a write of it into a page of size `before` (0 to 4096). */
  readonly after: (before: number, unit: number) => number
}

export type Content =
  | { readonly kind: 'profile'; readonly name: ProfileName }
  | { readonly kind: 'zero' | 'incompressible' }
  | { readonly kind: 'ratio'; readonly ratio: number }
  | { readonly kind: 'mix'; readonly parts: readonly { readonly share: number; readonly content: Content }[] }
  | { readonly kind: 'drift'; readonly name: DriftName }

/** Sizes under one codec. Resolve a text once; the law it gives is free of parsing. */
export class ContentSizes {
  readonly #profiles: Profiles
  readonly #drifts: Drifts
  readonly #codec: Codec
  readonly #laws = new Map<string, SizeLaw>()

  constructor(profiles: Profiles, drifts: Drifts, codec: Codec) {
    this.#profiles = profiles
    this.#drifts = drifts
    this.#codec = codec
  }

  resolve(text: string): SizeLaw {
    let law = this.#laws.get(text)
    if (law === undefined) {
      law = this.#lawOf(parseContent(text))
      this.#laws.set(text, law)
    }
    return law
  }

  draw(text: string, unit: number): number {
    return this.resolve(text).draw(unit)
  }

  after(text: string, before: number, unit: number): number {
    return this.resolve(text).after(before, unit)
  }

  #lawOf(content: Content): SizeLaw {
    switch (content.kind) {
      case 'zero':
        return fixed(0)
      case 'incompressible':
        return fixed(PAGE_BYTES)
      case 'ratio':
        // A page that holds anything at all is no zero page.
        return fixed(Math.max(1, Math.round(PAGE_BYTES / content.ratio)))
      case 'profile':
        return measured(this.#profiles[content.name][this.#codec])
      case 'mix':
        return mixed(
          content.parts.map((part) => part.share),
          content.parts.map((part) => this.#lawOf(part.content)),
        )
      // A drift, the one kind that is left.
      default: {
        const profile = this.#profiles[content.name]
        return drifting(this.#drifts[content.name], profile.lz4, profile[this.#codec])
      }
    }
  }
}

function fixed(size: number): SizeLaw {
  return { draw: () => size, after: () => size }
}

function measured(sizes: Uint16Array): SizeLaw {
  const draw = (unit: number): number => sizes[Math.floor(unit * sizes.length)]!
  return { draw, after: (_before, unit) => draw(unit) }
}

function mixed(shares: readonly number[], laws: readonly SizeLaw[]): SizeLaw {
  const draw = (unit: number): number => {
    let part = 0
    let below = 0
    while (part < shares.length - 1 && unit >= below + shares[part]!) below += shares[part++]!
    // The part's own unit; shares sum to 1 up to rounding only.
    return laws[part]!.draw(Math.min((unit - below) / shares[part]!, 1 - 2 ** -32))
  }
  return { draw, after: (_before, unit) => draw(unit) }
}

/**
 * Drift was measured with LZ4. Under another codec a size stands for the LZ4 size of the same rank in the profile, on
 * the assumption that pages keep their order from codec to codec.
 */
function drifting(drift: Drift, lz4: Uint16Array, sizes: Uint16Array): SizeLaw {
  const { lows, changes, slices } = drift
  assert(lows[0] === 0, 'the rows of a drift begin at size 0')
  const rowOf = new Uint8Array(PAGE_BYTES + 1)
  for (let row = 0; row < lows.length; row++) rowOf.fill(row, lows[row])
  const toLz4 = sameRank(sizes, lz4)
  const fromLz4 = sameRank(lz4, sizes)
  const after = (before: number, unit: number): number => {
    const from = toLz4[before]!
    const change = changes[rowOf[from]! * slices + Math.floor(unit * slices)]!
    if (change === 0) return before
    // A page that was not zero is none after a write either: as good as never seen in the recording.
    return fromLz4[Math.min(PAGE_BYTES, Math.max(from === 0 ? 0 : 1, from + change))]!
  }
  return { draw: measured(sizes).draw, after }
}

/** For every size 0 … 4096 the one at the same rank of the other sample; ties stand at their middle. */
function sameRank(from: Uint16Array, to: Uint16Array): Uint16Array {
  const table = new Uint16Array(PAGE_BYTES + 1)
  let low = 0
  for (let size = 0; size <= PAGE_BYTES; size++) {
    let high = low
    while (high < from.length && from[high] === size) high++
    table[size] = from === to ? size : to[Math.min(to.length - 1, Math.floor(((low + high) / 2 / from.length) * to.length))]!
    low = high
  }
  table[0] = 0
  return table
}

const EXPECTED = `a profile (${PROFILE_NAMES.join(', ')}), zero, incompressible, ratio=R with R >= 1, NAME*SHARE+NAME*SHARE, or drift=NAME`
const NUMBER = /^\d+(\.\d+)?(e[+-]?\d+)?$/

/** Throws CP_SCENARIO_SHAPE if the text names no content. */
export function parseContent(text: string): Content {
  if (text.startsWith('ratio=')) {
    const ratio = numberOf(text.slice('ratio='.length))
    if (ratio >= 1) return { kind: 'ratio', ratio }
    throw wrong(text, 'it has no ratio of 1 or more')
  }
  if (text.startsWith('drift=')) {
    const name = DRIFT_NAMES.find((known) => known === text.slice('drift='.length))
    if (name !== undefined) return { kind: 'drift', name }
    throw wrong(text, `its drift was not measured (only: ${DRIFT_NAMES.join(', ')})`)
  }
  return text.includes('*') ? mixOf(text) : plainOf(text, text)
}

function mixOf(text: string): Content {
  const parts = text.split('+').map((part) => {
    const star = part.indexOf('*')
    const share = numberOf(part.slice(star + 1))
    if (star < 0 || !(share > 0 && share <= 1)) throw wrong(text, `the part '${part}' has no share above 0 and up to 1`)
    return { share, content: plainOf(part.slice(0, star), text) }
  })
  const sum = parts.reduce((total, part) => total + part.share, 0)
  if (Math.abs(sum - 1) > 1e-6) throw wrong(text, `its shares sum to ${sum}, not 1`)
  return { kind: 'mix', parts }
}

function plainOf(name: string, text: string): Content {
  if (name === 'zero' || name === 'incompressible') return { kind: name }
  const profile = PROFILE_NAMES.find((known) => known === name)
  if (profile === undefined) throw wrong(text, `'${name}' is not known`)
  return { kind: 'profile', name: profile }
}

function numberOf(text: string): number {
  return NUMBER.test(text) ? Number(text) : NaN
}

function wrong(text: string, problem: string): ColdpoolError {
  return new ColdpoolError('CP_SCENARIO_SHAPE', `content '${text.slice(0, 80)}'`, problem, EXPECTED)
}
