import type { Random } from './random.js'
import type { SceneSettings } from './scene.js'

/**
 * Schedules that come together too rarely by chance. `outage`: the store fails for all while a refresh is under way.
 * `losses`: the calls of one process are lost one after the other during a long refresh. `two answers`: a process is frozen
 * during a refresh at a provider that answers a second one too. `failover`: the store loses what was just written, and
 * processes notice it at other grants. `clocks`: a process whose clock is wrong notes a failure, and dies. `slow looks`: the
 * looks around a logout take seconds. `background`: a process dies while it renews a token that can still be used.
 * `sleep`: a machine sleeps while a refresh is signed, and its monotonic clock stands still. `refusal`: a process comes back
 * with the answer while another is refused. `pauses`: the provider wants long pauses. `ends`: a grant ends while it is
 * renewed. `undone`: logins that have joined a grant fail, and leave it.
 */
export type Theme =
  | 'outage'
  | 'losses'
  | 'two answers'
  | 'failover'
  | 'clocks'
  | 'slow looks'
  | 'background'
  | 'sleep'
  | 'refusal'
  | 'pauses'
  | 'ends'
  | 'undone'

export const THEMES: readonly [Theme, ...Theme[]] = [
  'outage',
  'losses',
  'two answers',
  'failover',
  'clocks',
  'slow looks',
  'background',
  'sleep',
  'refusal',
  'pauses',
  'ends',
  'undone',
]

/** What a theme needs of the settings. */
export function settingsFor(theme: Theme | undefined, random: Random): Partial<SceneSettings> {
  switch (theme) {
    case 'outage':
    case 'losses':
      return { rotation: 'strict', renewInBackground: false, lifeMs: 15_000, timeoutMs: 10_000 }
    case 'two answers':
      return { rotation: 'grace', graceMs: 30_000, renewInBackground: false, lifeMs: 15_000 }
    case 'failover':
      return { rotation: 'strict', cacheMs: random.pick([0, 1_000]), lifeMs: 15_000 }
    case 'clocks':
      return { clocksAgree: false, rotation: 'strict', renewInBackground: false, lifeMs: 15_000 }
    case 'slow looks':
      return { cacheMs: 10_000, lifeMs: 60_000 }
    case 'background':
      return { renewInBackground: true, lifeMs: 60_000, refreshBeforeSeconds: 30 }
    case 'sleep':
      return { rotation: 'strict', renewInBackground: false, lifeMs: 15_000 }
    case 'refusal':
      return { rotation: 'lenient', renewInBackground: false, lifeMs: 15_000 }
    case 'pauses':
      return { clocksAgree: true, renewInBackground: false, lifeMs: 15_000 }
    case 'ends':
      return { cacheMs: 0, renewInBackground: false, lifeMs: 15_000, timeoutMs: 30_000 }
    case 'undone':
      return { cacheMs: random.pick([0, 10_000]), lifeMs: 15_000 }
    case undefined:
      return {}
  }
}
