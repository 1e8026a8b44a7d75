import * as api from './api.js'
import * as errors from './errors.js'
import * as events from './events.js'
import * as openid from './openid.js'
import * as options from './options.js'

/** The generated pages: the path in the repository, and the function that makes the Markdown. */
export const PAGES: readonly (readonly [file: string, render: () => Promise<string>])[] = [
  ['docs/reference/api.md', api.render],
  ['docs/reference/options.md', options.render],
  ['docs/reference/events.md', events.render],
  ['docs/errors.md', errors.render],
  ['docs/conformance/openid.md', openid.render],
]
