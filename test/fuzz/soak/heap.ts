/** How much memory the application had in use at a moment. */
export interface HeapSample {
  /** Since the start, in **seconds**. */
  readonly at: number
  readonly bytes: number
}

/** What the memory did, between an early and a late part of the run. */
export interface HeapTrend {
  /** Which parts are compared, in words. */
  readonly parts: string
  readonly earlyBytes: number
  readonly lateBytes: number
  /** How much more the late part may have. */
  readonly allowedBytes: number
  readonly isFlat: boolean
}

const MIB = 1024 * 1024

/** What may be left of a login that has ended, in **bytes**. */
const BYTES_OF_END = 1024

/** From how many seconds on a run has a second minute and a last one that are different. */
const LONG = 180

/**
 * Compares the second minute with the last one: in the first, the process still compiles and fills its caches. A run of less
 * than three minutes compares thirds, and notices a fast leak only.
 *
 * @param seconds how long the run has taken
 * @param ends how many logins have ended in it that the process itself remembers for hours, so that they do not come back
 */
export function heapTrend(samples: readonly HeapSample[], seconds: number, ends = 0): HeapTrend {
  const isLong = seconds >= LONG
  // Of a short run, by their number: on a busy machine, they do not come when they should.
  const third = Math.max(1, Math.floor(samples.length / 3))
  const [early, late] = isLong
    ? [
        samples.filter(({ at }) => at >= 60 && at < 120),
        samples.filter(({ at }) => at >= seconds - 60),
      ]
    : [samples.slice(-2 * third, -third), samples.slice(-third)]
  const [earlyBytes, lateBytes] = [mean(early), mean(late)]
  const usual = isLong ? Math.max(4 * MIB, earlyBytes / 10) : 24 * MIB
  const allowedBytes = usual + ends * BYTES_OF_END
  return {
    parts: isLong ? 'second and last minute' : 'second and last third',
    earlyBytes,
    lateBytes,
    allowedBytes,
    isFlat: !(lateBytes - earlyBytes > allowedBytes),
  }
}

function mean(samples: readonly HeapSample[]): number {
  return samples.reduce((sum, { bytes }) => sum + bytes, 0) / samples.length
}

/** Bytes as people write them. */
export function inMebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
