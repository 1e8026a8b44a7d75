import type { TestProvider } from '../../../src/testing.js'
import type { Stage, StageOptions } from './stage.js'

/** One way that a login or a logout can go. */
export interface Way {
  /** As in the table of the guide. */
  readonly title: string
  readonly options?: StageOptions
  /** How the same way goes at oidc-provider, with the same result. */
  readonly playAtOidcProvider?: (stage: Stage) => Promise<void>
  /** Ends on the page that is looked at. */
  readonly play: (stage: Stage, provider: TestProvider) => Promise<void>
}

/** Logs in, and forgets what was seen of it. */
export async function logIn(stage: Stage, path = '/page'): Promise<void> {
  await stage.visit(path)
  await stage.seen()
  stage.begin()
}
