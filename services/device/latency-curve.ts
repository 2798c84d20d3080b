/**
 * Latency of a 64 B access under load, as measured on a small CXL expander and stretched over the device's channels.
 *
 * Between the three measured read shares it interpolates at equal *utilisation*, not at equal GB/s: the curves saturate at
 * 29.5, 42.8 and 26.2 GB/s, and at equal GB/s one that is beyond its knee would swamp its neighbour. On a measured share
 * the table is met exactly. Beyond saturation the latency stays that of saturation: how long the queue in front gets depends on how many
 * accesses the hosts keep under way, so they pay for it (`utilisation` says how much was offered).
 *
 * Left out: bytes that compression spares or adds on the device's own memory channels.
 */

interface Curve {
  readonly readShare: number
  /** [GB/s of reads and writes, ns], ascending; the last point is saturation. */
  readonly points: readonly (readonly [number, number])[]
}

/** P: FACTS 6, BSC Mess, CXL curves: x8-class link, one DDR5-5600 channel, device side. */
export const CURVES: readonly Curve[] = [
  {
    readShare: 0.1,
    points: [
      [0.32, 107.4],
      [6.4, 112.0],
      [12.8, 118.5],
      [18.3, 125.4],
      [21.3, 128.6],
      [24.6, 133.4],
      [25.6, 137.4],
      [26.2, 157],
    ],
  },
  {
    readShare: 0.6,
    points: [
      [0.32, 107.4],
      [6.4, 110.1],
      [12.8, 113.8],
      [18.3, 117.9],
      [21.3, 120.2],
      [24.6, 122.9],
      [25.6, 123.8],
      [27.8, 125.9],
      [29.08, 127.3],
      [35.5, 136.6],
      [40.0, 149.5],
      [42.63, 221.4],
      [42.8, 427],
    ],
  },
  {
    readShare: 0.9,
    points: [
      [0.32, 107.4],
      [6.4, 108.9],
      [12.8, 110.8],
      [18.3, 113.6],
      [21.3, 115.4],
      [24.6, 118.9],
      [25.6, 120.6],
      [27.8, 127.3],
      [29.08, 139.6],
      [29.5, 578],
    ],
  },
]

const BYTES_PER_GB = 1e9

/** Latency in ns and utilisation (offered over saturation; above 1 when overloaded). `readShare` is that of the bytes. */
export function latencyUnder(bytesPerSecond: number, readShare: number, channels: number): { ns: number; utilisation: number } {
  const [low, high, weight] = neighbours(readShare)
  const saturation = saturationOf(low) * (1 - weight) + saturationOf(high) * weight
  const utilisation = bytesPerSecond / (saturation * BYTES_PER_GB * channels)
  const within = Math.min(1, utilisation)
  const ns = latencyAt(low, within) * (1 - weight) + latencyAt(high, within) * weight
  return { ns, utilisation }
}

/** The measured curves on both sides of a read share, and how far it lies towards the second. Outside them: the nearest. */
function neighbours(readShare: number): [Curve, Curve, number] {
  for (let i = 1; i < CURVES.length; i++) {
    const low = CURVES[i - 1]!
    const high = CURVES[i]!
    if (readShare > high.readShare) continue
    const weight = (readShare - low.readShare) / (high.readShare - low.readShare)
    return [low, high, Math.max(0, weight)]
  }
  const last = CURVES.at(-1)!
  return [last, last, 0]
}

function saturationOf(curve: Curve): number {
  return curve.points.at(-1)![0]
}

function latencyAt(curve: Curve, utilisation: number): number {
  const gigabytes = utilisation * saturationOf(curve)
  let [beforeGb, beforeNs] = curve.points[0]!
  if (gigabytes <= beforeGb) return beforeNs
  for (const [gb, ns] of curve.points) {
    if (gigabytes <= gb) return beforeNs + ((ns - beforeNs) * (gigabytes - beforeGb)) / (gb - beforeGb)
    beforeGb = gb
    beforeNs = ns
  }
  return beforeNs
}
