import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { createGuideProject } from './guide-app.js'
import type { GuideApp, GuideProject } from './guide-app.js'
import { createMovableClock } from './movable-clock.js'
import type { MovableClock } from './movable-clock.js'
import { startProvidersElsewhere } from './providers-elsewhere.js'
import type { ProvidersElsewhere } from './providers-elsewhere.js'
import { startRecipe } from './recipe.js'
import type { RecipeOptions } from './recipe.js'

/** What the tests of a recipe share: an internet of their own, and a clock for their apps. */
export interface RecipeScene {
  readonly elsewhere: ProvidersElsewhere
  /** Runs the app of a recipe until the tests are over. */
  start(
    page: string,
    environment: Readonly<Record<string, string>>,
    change?: RecipeOptions['change'],
    isBlock?: RecipeOptions['isBlock'],
  ): Promise<GuideApp>
  /** Lets the apps' clock be one more hour ahead: access tokens expire, and the provider's clock goes on as before. */
  passAnHour(): Promise<void>
  /** What the apps' clock shows, in **seconds** since the epoch, for tokens that are about this moment. */
  appSeconds(): number
  /** The requests that these addresses got, such as `POST https://oauth2.googleapis.com/revoke`. */
  requestsTo(address: string): ProvidersElsewhere['requests']
}

/** Sets the scene for the tests of a file or a suite. Each test begins without requests. */
export function setRecipeScene(): RecipeScene {
  let project: GuideProject
  let clock: MovableClock
  let hours = 0
  let elsewhere: ProvidersElsewhere

  beforeAll(async () => {
    project = await createGuideProject()
    clock = await createMovableClock()
    elsewhere = await startProvidersElsewhere()
  })
  beforeEach(() => {
    elsewhere.requests.length = 0
  })
  afterAll(async () => {
    await project.remove()
    await elsewhere.close()
    await clock.remove()
  })

  return {
    get elsewhere() {
      return elsewhere
    },
    start: (page, environment, change, isBlock) =>
      startRecipe(page, {
        project,
        elsewhere,
        environment: { ...clock.environment, ...environment },
        ...(change && { change }),
        ...(isBlock && { isBlock }),
      }),
    async passAnHour() {
      hours += 1
      await clock.putForward(hours * 3_600_000)
    },
    appSeconds: () => Math.floor(Date.now() / 1000) + hours * 3600,
    requestsTo: (address) => elsewhere.requests.filter(({ to }) => to === address),
  }
}
