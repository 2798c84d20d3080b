/**
 * Whether a demotion is admitted, page by page. It sees what a control plane can see: its own state and the
 * remaining-capacity register less the reservations in flight. Compressed sizes are unknown before compression, so only
 * the option `rejectAboveBytes` (a device that tries first) looks at them.
 *
 * Where hosts have shares, those decide before the device does, and say when there is pressure (shares.ts). Where it is cut into
 * parts, they alone decide: what fits its part fits the device, whatever slots its neighbours' leaks have taken.
 */
import { REFUSAL_REASONS, type RefusalReason } from '#shared/messages.ts'
import type { Pool } from './pool.ts'
import type { Shares } from './shares.ts'
import type { DeviceSpec } from './spec.ts'

const ADMITTED = -1

const reason = (name: RefusalReason) => REFUSAL_REASONS.indexOf(name)
const FULL = reason('full')
const PRESSURE = reason('pressure')
const SHARE = reason('share')
const OFFLINE = reason('offline')
const INCOMPRESSIBLE = reason('incompressible')

const NO_PAGES = new Uint32Array(0)
const NO_REASONS = new Uint8Array(0)

interface Decision {
  readonly admitted: Uint32Array
  readonly refused: Uint32Array
  /** Indices of REFUSAL_REASONS, one per refused page. */
  readonly reasons: Uint8Array
}

/** Decides a batch in its own order and reserves the room of what is admitted. */
export function decide(
  batch: { readonly pages: Uint32Array; readonly sizes: Uint16Array },
  host: number,
  nowNs: number,
  pressure: number,
  pool: Pool,
  spec: Pick<DeviceSpec, 'offline' | 'rejectAboveBytes'>,
  shares?: Shares,
): Decision {
  const { pages, sizes } = batch
  const verdicts = new Int8Array(pages.length)
  const closed = spec.offline.some(({ fromNs, toNs }) => fromNs <= nowNs && nowNs < toNs)
    ? OFFLINE
    : pressure > 0 && shares === undefined
      ? PRESSURE
      : ADMITTED
  let { room } = pool
  let yes = 0
  for (let i = 0; i < pages.length; i++) {
    let verdict = closed
    if (verdict === ADMITTED && shares?.refuses(host) === true) verdict = SHARE
    else if (verdict === ADMITTED && shares?.divided !== true && room === 0) verdict = FULL
    else if (verdict === ADMITTED && sizes[i]! > spec.rejectAboveBytes) verdict = INCOMPRESSIBLE
    verdicts[i] = verdict
    if (verdict !== ADMITTED) continue
    if (shares) shares.claims.reserve(host, pages[i]!)
    else pool.reserve(host, pages[i]!)
    room--
    yes++
  }
  return yes === pages.length ? { admitted: pages, refused: NO_PAGES, reasons: NO_REASONS } : split(pages, verdicts, yes)
}

function split(pages: Uint32Array, verdicts: Int8Array, yes: number): Decision {
  const admitted = new Uint32Array(yes)
  const refused = new Uint32Array(pages.length - yes)
  const reasons = new Uint8Array(refused.length)
  let at = 0
  let no = 0
  for (let i = 0; i < pages.length; i++) {
    if (verdicts[i] === ADMITTED) admitted[at++] = pages[i]!
    else {
      refused[no] = pages[i]!
      reasons[no++] = verdicts[i]!
    }
  }
  return { admitted, refused, reasons }
}
