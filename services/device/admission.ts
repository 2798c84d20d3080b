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
  const admitted = new Uint32Array(pages.length)
  const refused = new Uint32Array(pages.length)
  const reasons = new Uint8Array(pages.length)
  const closed = spec.offline.some(({ fromNs, toNs }) => fromNs <= nowNs && nowNs < toNs)
    ? OFFLINE
    : pressure > 0 && shares === undefined
      ? PRESSURE
      : ADMITTED
  let yes = 0
  let no = 0
  for (let i = 0; i < pages.length; i++) {
    let verdict = closed
    if (verdict === ADMITTED && shares?.refuses(host) === true) verdict = SHARE
    else if (verdict === ADMITTED && shares?.divided !== true && !pool.hasRoom) verdict = FULL
    else if (verdict === ADMITTED && sizes[i]! > spec.rejectAboveBytes) verdict = INCOMPRESSIBLE
    if (verdict === ADMITTED) {
      if (shares) shares.claims.reserve(host, pages[i]!)
      else pool.reserve(host, pages[i]!)
      admitted[yes++] = pages[i]!
    } else {
      refused[no] = pages[i]!
      reasons[no++] = verdict
    }
  }
  return { admitted: admitted.slice(0, yes), refused: refused.slice(0, no), reasons: reasons.slice(0, no) }
}
